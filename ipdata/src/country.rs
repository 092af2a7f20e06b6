//! A country database in the field layout of GeoIP2-Country.

use std::time::{Duration, UNIX_EPOCH};

use mmdb_writer::{Ipv4Aliasing, Value, Writer};

use crate::range::{InvalidRange, Range};

/// What a database says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountryDatabase {
    /// `database_type` of the metadata. Readers take a type that contains
    /// `Country` for a country database.
    pub kind: String,
    /// English description: source, licence and date of the data.
    pub description: String,
    /// Build time, in seconds since 1970-01-01 UTC: the date of the data, not
    /// of the build, so that the output can be reproduced.
    pub build_epoch: u64,
}

/// Why a database could not be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// An entry's range is not one.
    #[error(transparent)]
    Range(#[from] InvalidRange),
    /// The writer refused.
    #[error("the database cannot be written: {0}")]
    Write(#[from] mmdb_writer::Error),
}

impl CountryDatabase {
    /// Builds the database. Of entries that overlap, the last holds.
    ///
    /// Each record has `country.iso_code` with the code as given; it is not
    /// checked, since real databases also hold codes that name no country.
    ///
    /// # Errors
    /// When a range is invalid or the entries do not fit the format.
    pub fn build<R, C>(
        &self,
        entries: impl IntoIterator<Item = (R, C)>,
    ) -> Result<Vec<u8>, BuildError>
    where
        R: TryInto<Range, Error: Into<InvalidRange>>,
        C: AsRef<str>,
    {
        // No aliases: the database answers for the entries and nothing else.
        let mut writer = Writer::builder(self.kind.as_str())
            .description(&[("en", self.description.as_str())])
            .ipv4_aliasing(Ipv4Aliasing::Disabled)
            .build_epoch(UNIX_EPOCH + Duration::from_secs(self.build_epoch))
            .build();
        for (range, code) in entries {
            let range = range.try_into().map_err(Into::into)?;
            let country = Value::map([("iso_code", Value::from(code.as_ref()))]);
            let record = Value::map([("country", country)]);
            writer.insert_range(range.first(), range.last(), &record)?;
        }
        Ok(writer.to_bytes()?)
    }
}

/// Builds a country database from `entries`, for tests: `name` is both type and
/// description.
///
/// ```
/// let bytes = weir_ipdata::country_mmdb(
///     [("203.0.113.0/24", "US"), ("2001:db8::/32", "DE")],
///     "Test-Country",
///     1_700_000_000,
/// )?;
/// assert!(!bytes.is_empty());
/// # Ok::<(), weir_ipdata::BuildError>(())
/// ```
///
/// # Errors
/// As [`CountryDatabase::build`].
pub fn country_mmdb<R, C>(
    entries: impl IntoIterator<Item = (R, C)>,
    name: &str,
    build_epoch: u64,
) -> Result<Vec<u8>, BuildError>
where
    R: TryInto<Range, Error: Into<InvalidRange>>,
    C: AsRef<str>,
{
    let database = CountryDatabase {
        kind: name.to_owned(),
        description: name.to_owned(),
        build_epoch,
    };
    database.build(entries)
}
