//! Names and their proof, from real peers to the record and the verdict.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod answers;
mod databases;
mod hellos;
mod play;
mod resolvers;
mod restart;
