//! An operator that was found, and whose law it is under.

use std::{fmt, sync::Arc};

use ipnetwork::IpNetwork;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::provider::{Provider, Review};
use crate::jurisdiction::CountryCode;

/// By what a provider was found.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum MatchedBy {
    /// The narrowest of the ranges that hold the address.
    Range(IpNetwork),
    /// The number of the AS that announces the address.
    As(u32),
    /// The narrowest of the name patterns that fit.
    Name(String),
}

/// `198.51.100.0/24`, `AS64496`, `*.provider.example`.
impl fmt::Display for MatchedBy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Range(range) => range.fmt(f),
            Self::As(number) => write!(f, "AS{number}"),
            Self::Name(pattern) => f.pad(pattern),
        }
    }
}

/// A provider that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Match {
    /// The provider.
    pub provider: Arc<Provider>,
    /// By what.
    pub by: MatchedBy,
}

/// Under whose law the operator of a destination is.
///
/// Only `country` may satisfy a condition. What the table says without its
/// counting stands in `stated`, for people.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Domicile {
    /// Legal home of the operator's ultimate parent; `None` when no reviewed
    /// statement names it.
    pub country: Option<CountryCode>,
    /// Id of the operator in `providers.toml`; `None` when it lists none for
    /// the destination.
    pub provider: Option<Arc<str>>,
    /// The operator's legal entity.
    pub legal_entity: Option<Arc<str>>,
    /// Its ultimate parent.
    pub parent: Option<Arc<str>>,
    /// By what the operator was found.
    pub matched_by: Option<MatchedBy>,
    /// Day on which the statement was last compared with its sources.
    pub reviewed: Option<Date>,
    /// Why no country counts, when none does.
    pub reason: Option<String>,
    /// The country that the table names although it does not count.
    pub stated: Option<CountryCode>,
    /// Whether the operator publishes that its addresses are in several places at once;
    /// `None` when the table does not say.
    pub anycast: Option<bool>,
}

impl Domicile {
    /// No operator is known, for this reason.
    pub fn unknown(reason: String) -> Self {
        Self {
            country: None,
            provider: None,
            legal_entity: None,
            parent: None,
            matched_by: None,
            reviewed: None,
            reason: Some(reason),
            stated: None,
            anycast: None,
        }
    }
}

impl Match {
    /// Under whose law the provider is on a day.
    pub fn domicile(self, day: Date) -> Domicile {
        let provider = &self.provider;
        let (country, reason) = match provider.domicile_on(day) {
            Ok(country) => (Some(country), None),
            Err(error) => (None, Some(error.to_string())),
        };
        Domicile {
            country,
            provider: Some(Arc::clone(&provider.id)),
            legal_entity: Some(Arc::clone(&provider.legal_entity)),
            parent: Some(Arc::clone(&provider.parent)),
            reviewed: match provider.review {
                Review::Reviewed(day) => Some(day),
                Review::Unreviewed(_) => None,
            },
            stated: country.is_none().then_some(provider.domicile),
            anycast: provider.anycast,
            matched_by: Some(self.by),
            reason,
        }
    }
}
