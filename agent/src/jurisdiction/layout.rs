//! The country in a record, in each layout that vendors use.
//!
//! - GeoIP2, GeoLite2, DB-IP, and what `cargo xtask setup` builds: a map
//!   `country` with `iso_code`; beside it `registered_country`, which is where
//!   the block is registered and not where it is hosted, so it never stands in;
//! - IPinfo and others, flat: `country_code`, or `country` with two letters.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

/// What a record says of its country of hosting.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stated<'d> {
    /// The code as it is there; not checked.
    pub(super) code: &'d str,
    /// The field it is in.
    pub(super) field: &'static str,
}

/// The fields of a record that this stage reads.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Record<'d> {
    #[serde(borrow, default)]
    country: Country<'d>,
    #[serde(borrow, default)]
    country_code: Country<'d>,
    #[serde(borrow, default)]
    registered_country: Country<'d>,
}

impl<'d> Record<'d> {
    /// The country of hosting, if the record has one.
    pub(super) fn hosted(&self) -> Option<Stated<'d>> {
        match (self.country, self.country_code) {
            (Country::Map(Some(code)), _) => Some(Stated {
                code,
                field: "country.iso_code",
            }),
            (_, Country::Text(code)) => Some(Stated {
                code,
                field: "country_code",
            }),
            // IPinfo writes the country's name here and its code beside it.
            (Country::Text(code), _) if code.len() == 2 => Some(Stated {
                code,
                field: "country",
            }),
            _ => None,
        }
    }

    /// The country of registration, if the record has one.
    pub(super) fn registered(&self) -> Option<Stated<'d>> {
        match self.registered_country {
            Country::Map(Some(code)) => Some(Stated {
                code,
                field: "registered_country.iso_code",
            }),
            _ => None,
        }
    }
}

/// A field that is a text in some layouts and a map in others.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Country<'d> {
    #[default]
    Absent,
    Text(&'d str),
    Map(Option<&'d str>),
}

impl<'de: 'd, 'd> Deserialize<'de> for Country<'d> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(CountryVisitor)
    }
}

struct CountryVisitor;

impl<'de> Visitor<'de> for CountryVisitor {
    type Value = Country<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a country code or a map with `iso_code`")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Country::Text(text))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut code = None;
        while let Some(key) = map.next_key::<&str>()? {
            if key == "iso_code" {
                code = Some(map.next_value::<&str>()?);
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Country::Map(code))
    }
}
