//! What a report says of data flow, as conditions on the record.
//!
//! Read from `claims.toml` of the set (`docs/claims.md`) and evaluated by
//! [`crate::claim`].

mod check;

use std::{collections::BTreeSet, fmt};

use jiff::civil::Date;
use serde::Serialize;

pub(super) use self::check::check;
use super::countries::Territory;

/// The sentences of a report: those that the record can bear out, and those that it
/// cannot.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claims {
    /// Title of the report.
    pub report: String,
    /// Day on which somebody last compared the claims with the report.
    pub reviewed: Date,
    /// Sentences that speak of data flow, in the order of the file.
    pub stated: Vec<ReportClaim>,
    /// Sentences that no packet proves, in the order of the file.
    pub out_of_reach: Vec<OutOfReach>,
}

/// A sentence that flows bear out or contradict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct ReportClaim {
    /// Name of the claim, unique in the file.
    pub id: String,
    /// What is claimed, in the project's own words.
    pub statement: String,
    /// Sections of the report that say so.
    pub section: Vec<String>,
    /// Of which products.
    pub products: Selection,
    /// What must hold of their flows.
    pub condition: Condition,
    /// Whether it holds, too, of a product of which no workload was seen.
    pub absent_ok: bool,
    /// Whether flows that an entry of `platform.toml` declares are left out of account.
    pub except_shared: bool,
}

/// A sentence that no packet proves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OutOfReach {
    /// Name, unique in the file.
    pub id: String,
    /// What the report says, in the project's own words.
    pub statement: String,
    /// Sections of the report that say so.
    pub section: Vec<String>,
    /// Why flows do not show it.
    pub reason: String,
}

/// The products that a claim speaks of, by name.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Selection {
    /// Every product of the set.
    All,
    /// These.
    Only(BTreeSet<String>),
    /// Every product of the set but these.
    AllBut(BTreeSet<String>),
}

impl Selection {
    /// Whether the product is one of them.
    pub fn contains(&self, product: &str) -> bool {
        match self {
            Self::All => true,
            Self::Only(names) => names.contains(product),
            Self::AllBut(names) => !names.contains(product),
        }
    }
}

/// `all`, `identity-access, control-plane`, `all but dns`.
impl fmt::Display for Selection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let names = match self {
            Self::All => return f.pad("all"),
            Self::Only(names) => names,
            Self::AllBut(names) => {
                f.write_str("all but ")?;
                names
            }
        };
        for (at, name) in names.iter().enumerate() {
            let comma = if at == 0 { "" } else { ", " };
            write!(f, "{comma}{name}")?;
        }
        Ok(())
    }
}

/// What must hold of the flows of a claim's products. What each means, to the flow, is
/// in [`crate::claim`].
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Condition {
    /// They call nothing outside the platform.
    NoExternalDestination,
    /// Outside they call only what an entry in force declares and a page discloses.
    OnlyDeclaredAndDisclosed,
    /// What they call outside is hosted there, and its operator's parent is at home
    /// there.
    HostingAndDomicileWithin {
        /// Where.
        within: Vec<Territory>,
    },
    /// Of the claim's products, only these call anything outside.
    ExternalProcessingConfinedTo {
        /// Which.
        products: BTreeSet<String>,
    },
    /// Nobody outside the platform reaches them.
    NoExternalInitiator,
    /// No operator takes more than a share of the bytes that they send outside.
    NoProviderAbove {
        /// The share, from 1 to 100 of a hundred.
        percent: u8,
    },
    /// Each of their entries with a page was used.
    EveryDisclosedProviderSeen {
        /// Ids of entries that are listed as unused, and must be.
        unused: BTreeSet<String>,
    },
}

impl Condition {
    /// Name of each, in the order in which they are listed.
    pub const LABELS: [&'static str; 7] = [
        "no_external_destination",
        "only_declared_and_disclosed",
        "hosting_and_domicile_within",
        "external_processing_confined_to",
        "no_external_initiator",
        "no_provider_above",
        "every_disclosed_provider_seen",
    ];

    /// As it is written.
    pub const fn label(&self) -> &'static str {
        let [
            destination,
            declared,
            within,
            confined,
            initiator,
            share,
            seen,
        ] = Self::LABELS;
        match self {
            Self::NoExternalDestination => destination,
            Self::OnlyDeclaredAndDisclosed => declared,
            Self::HostingAndDomicileWithin { .. } => within,
            Self::ExternalProcessingConfinedTo { .. } => confined,
            Self::NoExternalInitiator => initiator,
            Self::NoProviderAbove { .. } => share,
            Self::EveryDisclosedProviderSeen { .. } => seen,
        }
    }
}
