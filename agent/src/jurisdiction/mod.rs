//! Stage 4: where the destination is hosted and by whom, by which sources.

mod agree;
mod answer;
mod country;
mod database;
mod databases;
mod description;
mod error;
mod facts;
mod files;
mod image;
pub mod install;
mod layout;
mod reload;
mod sidecar;
mod special;
#[cfg(test)]
mod tests;

pub use answer::{Agreement, Answers, AsNumber, Located, Operator, Place, SourceAnswer};
pub use country::{CountryCode, UnknownCountryCode};
pub use databases::Databases;
pub use description::{DatabaseFile, Description, MAX_AGE_DAYS};
pub use error::{DatabaseError, Fault};
pub use files::{IP_DATA, IpData, Look};
pub use image::Image;
pub use reload::{Refusal, Reloaded};
pub use sidecar::SidecarError;
