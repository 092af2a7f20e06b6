//! Stage 4: where the destination is hosted, by which sources.

mod country;

pub use country::{Agreement, CountryCode, HostedIn, Located, SourceAnswer, UnknownCountryCode};
