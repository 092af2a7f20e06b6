//! Stage 4: where the destination is hosted, by which sources, and under whose
//! law its operator is.

mod country;
mod database;
mod databases;
mod error;
mod freshness;
mod layout;
mod providers;
mod special;
#[cfg(test)]
mod tests;

pub use country::{Agreement, CountryCode, HostedIn, Located, SourceAnswer, UnknownCountryCode};
pub use database::{Description, Image};
pub use databases::Databases;
pub use error::{DatabaseError, Fault};
pub use freshness::Freshness;
pub use providers::{
    Domicile, DomicileError, Match, MatchedBy, NamePattern, NamePatternError, Provider,
    ProviderKind, Providers, Review,
};
