//! Whose a destination is and where, so that addresses of one provider are one finding.

use std::{fmt, net::IpAddr, str::FromStr, sync::Arc};

use ipnetwork::IpNetwork;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::Severity;
use crate::{
    jurisdiction::{Agreement, AsNumber, CountryCode, Located},
    record::Scope,
};

/// Prefix length of an address group over IPv4.
const GROUP_V4: u8 = 24;
/// The same over IPv6: what a site is given (RFC 6177).
const GROUP_V6: u8 = 48;

/// What takes destinations together.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Group {
    /// A provider of `providers.toml`, by id.
    Provider(Arc<str>),
    /// An autonomous system, where no provider is known.
    System(AsNumber),
    /// A network, where neither is: `/24`, over IPv6 `/48`.
    Network(IpNetwork),
    /// Everything of a kind, product and severity, beyond the findings that are kept apart.
    Many(Severity),
}

impl Group {
    /// The group of a flow's destination; `None` where the record has none.
    pub(crate) fn of(flow: &Located) -> Option<Self> {
        let record = &flow.flow.flow.record;
        if !matches!(record.scope, Scope::Exact | Scope::Unseen) {
            return None;
        }
        if let Some(provider) = &flow.operator_domicile.provider {
            return Some(Self::Provider(Arc::clone(provider)));
        }
        if let Some(operator) = &flow.place.operator.value {
            return Some(Self::System(operator.asn));
        }
        let address = record.address.to_canonical();
        let length = match address {
            IpAddr::V4(_) => GROUP_V4,
            IpAddr::V6(_) => GROUP_V6,
        };
        let network = IpNetwork::new(address, length).ok()?;
        IpNetwork::new(network.network(), length)
            .ok()
            .map(Self::Network)
    }

    /// The operator, without any address: a label of metrics.
    pub fn operator(&self) -> String {
        match self {
            Self::Provider(id) => id.to_string(),
            Self::System(number) => number.to_string(),
            Self::Network(_) => String::new(),
            Self::Many(_) => "(many)".to_owned(),
        }
    }
}

/// `provider-a`, `AS64500`, `203.0.113.0/24`, `(many)`.
impl fmt::Display for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Network(network) => network.fmt(f),
            _ => f.pad(&self.operator()),
        }
    }
}

/// Where a destination is, as far as that is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Jurisdiction {
    /// Hosted in this country, by all sources or most of them.
    Country(CountryCode),
    /// In several places at once.
    Anycast,
    /// Sources disagree.
    Disputed,
    /// No source knows.
    Unknown,
}

impl Jurisdiction {
    /// Of a flow's destination.
    pub(crate) fn of(flow: &Located) -> Self {
        match flow.country() {
            Some(country) => Self::Country(country),
            None if flow.anycast() == Some(true) => Self::Anycast,
            None if flow.place.hosted_in.agreement == Agreement::Disputed => Self::Disputed,
            None => Self::Unknown,
        }
    }
}

/// `US`, `anycast`, `disputed`, `unknown`.
impl fmt::Display for Jurisdiction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Country(country) => country.fmt(f),
            Self::Anycast => f.pad("anycast"),
            Self::Disputed => f.pad("disputed"),
            Self::Unknown => f.pad("unknown"),
        }
    }
}

/// The text names no jurisdiction.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is no jurisdiction: expected a country, anycast, disputed or unknown")]
pub struct UnknownJurisdiction(String);

impl FromStr for Jurisdiction {
    type Err = UnknownJurisdiction;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(match text {
            "anycast" => Self::Anycast,
            "disputed" => Self::Disputed,
            "unknown" => Self::Unknown,
            country => match country.parse() {
                Ok(country) => Self::Country(country),
                Err(_) => return Err(UnknownJurisdiction(text.to_owned())),
            },
        })
    }
}

impl Serialize for Jurisdiction {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for Jurisdiction {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}
