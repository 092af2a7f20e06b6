//! Stage 4: where the destination is hosted, by which sources, and under whose
//! law its operator is.

mod agree;
mod answer;
mod country;
mod database;
mod databases;
mod encrypted_dns;
mod error;
mod facts;
mod freshness;
mod layout;
mod locator;
mod providers;
mod special;
mod statement;
#[cfg(test)]
mod tests;

pub use answer::{Agreement, Answers, AsNumber, Located, Operator, Place, SourceAnswer};
pub use country::{CountryCode, UnknownCountryCode};
pub use database::{DatabaseFile, Description, Image, MAX_AGE_DAYS};
pub use databases::Databases;
pub use encrypted_dns::{EncryptedDns, Encryption};
pub use error::{DatabaseError, Fault};
pub use freshness::Freshness;
pub use locator::Locator;
pub use providers::{
    Domicile, DomicileError, Match, MatchedBy, NamePattern, NamePatternError, Provider,
    ProviderKind, Providers, Review,
};
