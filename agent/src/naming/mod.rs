//! Stage 3: under which names the workload knew the destination, and what each is
//! worth.
//!
//! ```text
//! payloads ─> hear ─> streams (put together) ─> wire (parsed) ─┬─> asked ─> table (answered)
//!                                                              └─> presented
//! Attributed ─────────────────────────────────────────────────> namer ─> Named
//! ```

mod asked;
mod domain_name;
mod hear;
mod name;
mod namer;
mod presented;
mod resolvers;
mod snapshot;
mod streams;
mod table;
#[cfg(test)]
mod tests;
mod trust;
pub mod wire;

pub use domain_name::{DomainName, NameFault};
pub use name::{Contradiction, Grade, Missing, Name, Named, Names, Source, Transport};
pub use namer::{Namer, NamingCounts};
pub use resolvers::Resolvers;
pub use snapshot::{Snapshot, SnapshotError};
pub use table::{GRACE_S, LONGEST_S, MOST_NAMES, MOST_OF_ADDRESS, MOST_OF_ONE};
pub use wire::client_hello::Ech;
