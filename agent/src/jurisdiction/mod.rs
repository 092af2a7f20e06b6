//! Stage 4: where the destination is hosted, by which sources, and under whose
//! law its operator is.

mod agree;
mod answer;
mod country;
mod database;
mod databases;
mod description;
mod encrypted_dns;
mod error;
mod facts;
mod files;
mod freshness;
mod image;
pub mod install;
mod layout;
mod locator;
mod providers;
mod reload;
mod relocate;
mod sidecar;
mod special;
mod statement;
#[cfg(test)]
mod tests;

pub use answer::{Agreement, Answers, AsNumber, Located, Operator, Place, SourceAnswer};
pub use country::{CountryCode, UnknownCountryCode};
pub use databases::Databases;
pub use description::{DatabaseFile, Description, MAX_AGE_DAYS};
pub use encrypted_dns::{EncryptedDns, Encryption};
pub use error::{DatabaseError, Fault};
pub use files::{IP_DATA, IpData};
pub use freshness::Freshness;
pub use image::Image;
pub use locator::Locator;
pub use providers::{
    Domicile, DomicileError, Match, MatchedBy, NamePattern, NamePatternError, Provider,
    ProviderKind, Providers, Review,
};
pub use reload::{Refusal, Reloaded};
pub use relocate::Relocator;
pub use sidecar::SidecarError;
