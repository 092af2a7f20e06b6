//! Stage 4: where the destination is hosted, by which sources.

mod country;
mod database;
mod databases;
mod error;
mod layout;
mod special;
#[cfg(test)]
mod tests;

pub use country::{Agreement, CountryCode, HostedIn, Located, SourceAnswer, UnknownCountryCode};
pub use database::{Description, Image};
pub use databases::Databases;
pub use error::{DatabaseError, Fault};
