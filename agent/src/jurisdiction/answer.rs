//! Answers about a destination's place, with every source beside them.

use std::{borrow::Cow, fmt, num::ParseIntError, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Domicile, EncryptedDns, country::CountryCode};
use crate::naming::Named;

/// How far the sources agree. Only answers that count are counted: a source
/// with a note is beside the others, not among them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// Every source that answered gave the same, and at least one answered.
    Unanimous,
    /// More than half of those that answered gave the same.
    Majority,
    /// No answer has a majority.
    Disputed,
    /// No source answered.
    Unknown,
}

impl Agreement {
    /// Name in output and records.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Unanimous => "unanimous",
            Self::Majority => "majority",
            Self::Disputed => "disputed",
            Self::Unknown => "unknown",
        }
    }
}

/// What one database says to one question.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct SourceAnswer<T> {
    /// Name of the database as the configuration gives it.
    pub source: Arc<str>,
    /// Its answer; `None` when it holds none for the address.
    pub value: Option<T>,
    /// Prefix that the answer is for, in CIDR notation.
    pub prefix: Option<Arc<str>>,
    /// Why it does not count for the agreement, such as that it is too old, or
    /// why there is no answer.
    pub note: Option<Arc<str>>,
}

/// The answer to one question, with every source's.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Answers<T> {
    /// The answer that the agreement supports; `None` when disputed or unknown.
    pub value: Option<T>,
    /// How far the sources agree.
    pub agreement: Agreement,
    /// Each database that speaks to this question at all.
    pub sources: Vec<SourceAnswer<T>>,
    /// Why there is no value, when there is none.
    pub reason: Option<Cow<'static, str>>,
}

impl<T> Answers<T> {
    /// No answer, and why.
    pub fn unknown(reason: impl Into<Cow<'static, str>>) -> Self {
        Self {
            value: None,
            agreement: Agreement::Unknown,
            sources: Vec::new(),
            reason: Some(reason.into()),
        }
    }
}

/// Number of an autonomous system (RFC 6793).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(transparent)]
pub struct AsNumber(pub u32);

impl fmt::Display for AsNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("AS{}", self.0))
    }
}

impl FromStr for AsNumber {
    type Err = ParseIntError;

    /// Reads `AS64500` or `64500`.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let digits = text
            .strip_prefix("AS")
            .or_else(|| text.strip_prefix("as"))
            .unwrap_or(text);
        digits.parse().map(Self)
    }
}

/// Who announces the address to the internet.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Operator {
    /// The autonomous system: operators are the same if this is.
    pub asn: AsNumber,
    /// Organisation it is registered to, as the source writes it.
    pub organisation: Option<Arc<str>>,
}

impl fmt::Display for Operator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.organisation {
            Some(organisation) => write!(f, "{} {organisation}", self.asn),
            None => self.asn.fmt(f),
        }
    }
}

/// All that the databases say of an address, each question for itself.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Place {
    /// Country in which the machine stands, by geolocation.
    pub hosted_in: Answers<CountryCode>,
    /// Country in which the block of addresses, or the autonomous system, is
    /// registered.
    pub registered_in: Answers<CountryCode>,
    /// Autonomous system and organisation. Sources agree if the number is the
    /// same.
    pub operator: Answers<Operator>,
    /// Whether the address is announced from several places at once. One source
    /// that says so is enough for `Some(true)`.
    pub anycast: Answers<bool>,
}

impl Place {
    /// Nothing is known, for one reason.
    pub fn unknown(reason: &'static str) -> Self {
        Self {
            hosted_in: Answers::unknown(reason),
            registered_in: Answers::unknown(reason),
            operator: Answers::unknown(reason),
            anycast: Answers::unknown(reason),
        }
    }

    /// Country of hosting that a decision may rest on: what all sources say, or
    /// most of them, and not of an anycast address, which is in several.
    pub fn country(&self) -> Option<CountryCode> {
        match self.hosted_in.agreement {
            _ if self.is_anycast() => None,
            Agreement::Unanimous | Agreement::Majority => self.hosted_in.value,
            Agreement::Disputed | Agreement::Unknown => None,
        }
    }

    /// Whether a source says that the address is in several places.
    pub fn is_anycast(&self) -> bool {
        self.anycast.value == Some(true)
    }
}

/// A named flow with its place and its operator's legal home.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Located {
    /// The flow with its workload and names.
    pub flow: Named,
    /// Where it is hosted and by whom.
    pub place: Arc<Place>,
    /// Under whose law its operator is.
    pub operator_domicile: Arc<Domicile>,
    /// Whether the destination answers encrypted DNS.
    pub encrypted_dns: Option<EncryptedDns>,
}

impl Located {
    /// Whether the destination is in several places, by the databases or by what its
    /// operator publishes; `None` where neither says.
    pub fn anycast(&self) -> Option<bool> {
        match (self.place.anycast.value, self.operator_domicile.anycast) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            (Some(false), _) | (_, Some(false)) => Some(false),
            (None, None) => None,
        }
    }

    /// Country of hosting that a decision may rest on: see [`Place::country`].
    pub fn country(&self) -> Option<CountryCode> {
        self.place
            .country()
            .filter(|_| self.anycast() != Some(true))
    }
}
