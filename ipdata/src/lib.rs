//! Builds MaxMind-format country databases: for set-up, from the text files of
//! Debian's `tor-geoipdb`, and for tests, from ranges that the test states.
//!
//! The same input gives the same bytes, so a database's digest says what it was
//! built from.

mod country;
mod range;
pub mod tor_geoip;

pub use country::{BuildError, CountryDatabase, country_mmdb};
pub use range::{InvalidRange, Range};
