//! The facts in a record, in each layout that vendors use.
//!
//! Layouts are told apart by what a record has, never by the name of the file
//! or its `database_type`, so that a renamed or merged database is read all the
//! same:
//!
//! - GeoIP2, GeoLite2, DB-IP, and what `cargo xtask setup` builds: maps
//!   `country` and `registered_country` with `iso_code`; `traits.is_anycast`;
//!   `autonomous_system_number` and `autonomous_system_organization`, flat or
//!   in `traits`;
//! - IPinfo, flat: `country_code`, or `country` with two letters; `asn` as
//!   `AS64500` with `as_name` or `name`; `is_anycast`;
//! - others, flat: `country_code` alone.
//!
//! Where a flat record describes an autonomous system (`asn` with `name`, not
//! `as_name`), its country is that of the system's registration: IPinfo's ASN
//! database takes it from WHOIS. It never stands in for the country of hosting,
//! as little as `registered_country` does.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::answer::AsNumber;

/// What a record states, with the field that it is in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Stated<T> {
    /// As it is there; a code is not checked.
    pub(super) value: T,
    /// The field it is in.
    pub(super) field: &'static str,
}

fn stated<T>(value: T, field: &'static str) -> Option<Stated<T>> {
    Some(Stated { value, field })
}

/// Every field that a layout may state a fact in, for messages.
pub(super) const FIELDS: &str = "country.iso_code, country_code, country, \
registered_country.iso_code, autonomous_system_number, asn, traits.is_anycast, is_anycast";

/// The fields of a record that this stage reads.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Record<'d> {
    #[serde(borrow, default)]
    country: Country<'d>,
    #[serde(borrow, default)]
    country_code: Country<'d>,
    #[serde(borrow, default)]
    registered_country: Country<'d>,
    #[serde(borrow, default)]
    autonomous_system_number: Scalar<'d>,
    #[serde(borrow, default)]
    autonomous_system_organization: Scalar<'d>,
    #[serde(borrow, default)]
    asn: Scalar<'d>,
    #[serde(borrow, default)]
    as_name: Scalar<'d>,
    #[serde(borrow, default)]
    name: Scalar<'d>,
    #[serde(borrow, default)]
    is_anycast: Scalar<'d>,
    #[serde(borrow, default)]
    traits: Traits<'d>,
}

/// GeoIP2's map `traits`.
#[derive(Debug, Default, Deserialize)]
struct Traits<'d> {
    #[serde(borrow, default)]
    autonomous_system_number: Scalar<'d>,
    #[serde(borrow, default)]
    autonomous_system_organization: Scalar<'d>,
    #[serde(borrow, default)]
    is_anycast: Scalar<'d>,
}

impl<'d> Record<'d> {
    /// The country of hosting, if the record has one.
    pub(super) fn hosted(&self) -> Option<Stated<&'d str>> {
        match self.country {
            Country::Map(Some(code)) => stated(code, "country.iso_code"),
            _ if self.describes_system() => None,
            _ => self.flat_country(),
        }
    }

    /// The country of registration, if the record has one.
    pub(super) fn registered(&self) -> Option<Stated<&'d str>> {
        match self.registered_country {
            Country::Map(Some(code)) => stated(code, "registered_country.iso_code"),
            _ if self.describes_system() => self.flat_country(),
            _ => None,
        }
    }

    /// The autonomous system, if the record has one. Numbers that are none
    /// (0 stands for "not announced") are no statement.
    pub(super) fn system(&self) -> Option<Stated<AsNumber>> {
        [
            (self.autonomous_system_number, "autonomous_system_number"),
            (
                self.traits.autonomous_system_number,
                "traits.autonomous_system_number",
            ),
            (self.asn, "asn"),
        ]
        .into_iter()
        .find_map(|(number, field)| stated(number.system()?, field))
    }

    /// Name of the organisation that runs the autonomous system.
    pub(super) fn organisation(&self) -> Option<&'d str> {
        let flat = self.asn.system().map(|_| [self.as_name, self.name]);
        [
            self.autonomous_system_organization,
            self.traits.autonomous_system_organization,
        ]
        .into_iter()
        .chain(flat.into_iter().flatten())
        .find_map(Scalar::text)
    }

    /// Whether the record says that the address is in several places.
    pub(super) fn anycast(&self) -> Option<Stated<bool>> {
        [
            (self.traits.is_anycast, "traits.is_anycast"),
            (self.is_anycast, "is_anycast"),
        ]
        .into_iter()
        .find_map(|(flag, field)| stated(flag.flag()?, field))
    }

    fn flat_country(&self) -> Option<Stated<&'d str>> {
        match (self.country, self.country_code) {
            (_, Country::Text(code)) if !code.is_empty() => stated(code, "country_code"),
            // IPinfo writes the country's name here and its code beside it.
            (Country::Text(code), _) if code.len() == 2 => stated(code, "country"),
            _ => None,
        }
    }

    fn describes_system(&self) -> bool {
        self.asn.system().is_some() && self.name.text().is_some() && self.as_name.text().is_none()
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

/// A field of which vendors disagree on the type. What is neither text, number
/// nor flag is of another vendor's layout and says nothing here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Scalar<'d> {
    #[default]
    Absent,
    Text(&'d str),
    Number(u64),
    Flag(bool),
}

impl<'d> Scalar<'d> {
    fn text(self) -> Option<&'d str> {
        match self {
            Self::Text(text) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    fn system(self) -> Option<AsNumber> {
        let number = match self {
            Self::Text(text) => text.parse().ok()?,
            Self::Number(number) => AsNumber(u32::try_from(number).ok()?),
            Self::Absent | Self::Flag(_) => return None,
        };
        (number != AsNumber(0)).then_some(number)
    }

    fn flag(self) -> Option<bool> {
        match self {
            Self::Flag(flag) => Some(flag),
            Self::Text("true" | "1") | Self::Number(1) => Some(true),
            Self::Text("false" | "0") | Self::Number(0) => Some(false),
            _ => None,
        }
    }
}

impl<'de: 'd, 'd> Deserialize<'de> for Scalar<'d> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ScalarVisitor)
    }
}

struct ScalarVisitor;

impl<'de> Visitor<'de> for ScalarVisitor {
    type Value = Scalar<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Scalar::Text(text))
    }

    fn visit_bool<E>(self, flag: bool) -> Result<Self::Value, E> {
        Ok(Scalar::Flag(flag))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Self::Value, E> {
        Ok(Scalar::Number(number))
    }

    fn visit_u128<E>(self, _: u128) -> Result<Self::Value, E> {
        Ok(Scalar::Absent)
    }

    fn visit_i64<E>(self, number: i64) -> Result<Self::Value, E> {
        Ok(u64::try_from(number).map_or(Scalar::Absent, Scalar::Number))
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Scalar::Absent)
    }

    fn visit_borrowed_bytes<E>(self, _: &'de [u8]) -> Result<Self::Value, E> {
        Ok(Scalar::Absent)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(Scalar::Absent)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(Scalar::Absent)
    }
}
