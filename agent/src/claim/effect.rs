//! What one flow means to one claim.

use std::{fmt, sync::Arc};

use jiff::civil::Date;
use serde::Serialize;

use crate::{
    jurisdiction::{CountryCode, Located},
    policy::{Condition, Policy, ReportClaim, Territory},
    record::{Direction, Scope},
    verdict::{Judged, Verdict},
};

/// Why a flow speaks against a claim, or leaves a doubt; the worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Why {
    /// No entry declares it.
    Undeclared,
    /// An entry names it and does not admit its place or operator.
    OutOfJurisdiction,
    /// It is hosted outside the claimed countries.
    HostedOutside,
    /// Its operator's parent is at home outside the claimed countries.
    DomiciledOutside,
    /// The only entry that names it is no longer in force.
    Expired,
    /// The entry that declares it names no page.
    Undisclosed,
    /// It goes outside the platform.
    External,
    /// It goes outside, and its product is none of those to which that is confined.
    NotConfined,
    /// It came from outside the platform.
    Initiated,
    /// Its operator takes more than the claimed share.
    ShareExceeded,
    /// Its entry is listed as unused.
    ListedAsUnused,
    /// Which product it is of cannot be told, and its destination neither.
    NoDestination,
    /// No product claims its workload: it may be of one that the claim speaks of.
    Unattributed,
    /// Several products claim its workload, or everything hangs on an unknown fact.
    OwnerUnknown,
    /// Whether it is declared cannot be told.
    Indeterminate,
    /// In which country it is hosted cannot be told, or whether that is of the set.
    PlaceUnknown,
    /// Where its operator's parent is at home cannot be told.
    DomicileUnknown,
    /// Who operates its destination is not known.
    OperatorUnknown,
    /// The entry that declared it is not in these allowlists, so that its page is not
    /// known.
    EntryUnknown,
}

impl Why {
    /// Name in records.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Undeclared => "undeclared",
            Self::OutOfJurisdiction => "out_of_jurisdiction",
            Self::HostedOutside => "hosted_outside",
            Self::DomiciledOutside => "domiciled_outside",
            Self::Expired => "expired",
            Self::Undisclosed => "undisclosed",
            Self::External => "external",
            Self::NotConfined => "not_confined",
            Self::Initiated => "initiated",
            Self::ShareExceeded => "share_exceeded",
            Self::ListedAsUnused => "listed_as_unused",
            Self::NoDestination => "no_destination",
            Self::Unattributed => "unattributed",
            Self::OwnerUnknown => "owner_unknown",
            Self::Indeterminate => "indeterminate",
            Self::PlaceUnknown => "place_unknown",
            Self::DomicileUnknown => "domicile_unknown",
            Self::OperatorUnknown => "operator_unknown",
            Self::EntryUnknown => "entry_unknown",
        }
    }
}

/// In words, after a count of flows: `declared by no entry`.
impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Undeclared => "declared by no entry",
            Self::OutOfJurisdiction => "outside what the entry admits",
            Self::HostedOutside => "hosted outside the claimed countries",
            Self::DomiciledOutside => "to an operator at home outside the claimed countries",
            Self::Expired => "of an expired entry",
            Self::Undisclosed => "of an entry without a page",
            Self::External => "to outside the platform",
            Self::NotConfined => "to outside the platform, of another product",
            Self::Initiated => "from outside the platform",
            Self::ShareExceeded => "to an operator with too large a share",
            Self::ListedAsUnused => "of an entry listed as unused",
            Self::NoDestination => "without a known destination",
            Self::Unattributed => "of no product",
            Self::OwnerUnknown => "of an uncertain product",
            Self::Indeterminate => "not known to be declared",
            Self::PlaceUnknown => "to an uncertain country",
            Self::DomicileUnknown => "to an operator of uncertain home",
            Self::OperatorUnknown => "to an unknown operator",
            Self::EntryUnknown => "of an entry that these allowlists lack",
        })
    }
}

/// What a flow means to a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    /// The claim does not speak of it.
    Nothing,
    /// It is as claimed.
    Fits,
    /// It contradicts the claim.
    Against(Why),
    /// It may.
    Doubt(Why),
    /// It counts towards the share of its operator.
    Share(Arc<str>),
}

/// What a flow means to a claim on a day.
pub(super) fn effect(claim: &ReportClaim, policy: &Policy, judged: &Judged, day: Date) -> Effect {
    let record = &judged.flow.flow.flow.record;
    if judged.verdict == Verdict::Internal || !meant(claim, judged) {
        return Effect::Nothing;
    }
    if !matches!(record.scope, Scope::Exact | Scope::Unseen) {
        return Effect::Doubt(Why::NoDestination);
    }
    if claim.except_shared && declared_for_all(policy, judged) {
        return Effect::Nothing;
    }
    let found = by_condition(&claim.condition, policy, judged, day);
    match (&judged.product, found) {
        // Whose it is is not known: it may be of the claim's products, and may not be.
        (None, Effect::Against(_) | Effect::Doubt(_) | Effect::Share(_)) => {
            Effect::Doubt(if judged.verdict == Verdict::Unattributed {
                Why::Unattributed
            } else {
                Why::OwnerUnknown
            })
        }
        (_, found) => found,
    }
}

/// Whether the claim may speak of the flow: of its direction, and of its product if that
/// is known. What has no destination has no direction either.
fn meant(claim: &ReportClaim, judged: &Judged) -> bool {
    let record = &judged.flow.flow.flow.record;
    let wanted = match claim.condition {
        Condition::NoExternalInitiator => Direction::Inbound,
        _ => Direction::Outbound,
    };
    if record.direction != wanted && record.scope != Scope::Sink {
        return false;
    }
    let Some(product) = &judged.product else {
        return true;
    };
    match &claim.condition {
        Condition::ExternalProcessingConfinedTo { products } if products.contains(product) => false,
        _ => claim.products.contains(product),
    }
}

/// Whether an entry of the platform declared it.
fn declared_for_all(policy: &Policy, judged: &Judged) -> bool {
    judged.verdict == Verdict::Declared
        && judged
            .rule
            .as_deref()
            .is_some_and(|rule| policy.shared().iter().any(|entry| entry.id == rule))
}

/// What the condition says of a flow that goes outside, or comes from there.
fn by_condition(condition: &Condition, policy: &Policy, judged: &Judged, day: Date) -> Effect {
    match condition {
        Condition::NoExternalDestination => Effect::Against(Why::External),
        Condition::ExternalProcessingConfinedTo { .. } => Effect::Against(Why::NotConfined),
        Condition::NoExternalInitiator => Effect::Against(Why::Initiated),
        Condition::OnlyDeclaredAndDisclosed => disclosed(policy, judged),
        Condition::HostingAndDomicileWithin { within } => places(policy, &judged.flow, within, day),
        Condition::NoProviderAbove { .. } => match operator(&judged.flow) {
            Some(operator) => Effect::Share(operator),
            None => Effect::Doubt(Why::OperatorUnknown),
        },
        Condition::EveryDisclosedProviderSeen { unused } => match (&judged.rule, judged.verdict) {
            (Some(rule), Verdict::Declared | Verdict::Expired | Verdict::OutOfJurisdiction)
                if unused.contains(rule) =>
            {
                Effect::Against(Why::ListedAsUnused)
            }
            (_, Verdict::Indeterminate) => Effect::Doubt(Why::Indeterminate),
            (_, Verdict::Unattributed) => Effect::Doubt(Why::Unattributed),
            _ => Effect::Fits,
        },
    }
}

fn disclosed(policy: &Policy, judged: &Judged) -> Effect {
    match judged.verdict {
        Verdict::Internal => Effect::Nothing,
        Verdict::Undeclared | Verdict::Unattributed => Effect::Against(Why::Undeclared),
        Verdict::OutOfJurisdiction => Effect::Against(Why::OutOfJurisdiction),
        Verdict::Expired => Effect::Against(Why::Expired),
        Verdict::Indeterminate => Effect::Doubt(Why::Indeterminate),
        Verdict::Declared => {
            let product = judged
                .product
                .as_deref()
                .and_then(|name| policy.product(name));
            let own = product
                .into_iter()
                .flat_map(|product| product.entries().iter());
            let mut entries = own.chain(policy.shared().iter());
            match entries.find(|entry| Some(&entry.id) == judged.rule.as_ref()) {
                None => Effect::Doubt(Why::EntryUnknown),
                Some(entry) if entry.duties.disclosed_at.is_none() => {
                    Effect::Against(Why::Undisclosed)
                }
                Some(_) => Effect::Fits,
            }
        }
    }
}

/// Both must be within; either alone contradicts.
fn places(policy: &Policy, flow: &Located, within: &[Territory], day: Date) -> Effect {
    let inside = |country: Option<CountryCode>| policy.is_in_any(within, country?, day);
    match (
        inside(flow.country()),
        inside(flow.operator_domicile.country),
    ) {
        (Some(false), _) => Effect::Against(Why::HostedOutside),
        (_, Some(false)) => Effect::Against(Why::DomiciledOutside),
        (None, _) => Effect::Doubt(Why::PlaceUnknown),
        (_, None) => Effect::Doubt(Why::DomicileUnknown),
        (Some(true), Some(true)) => Effect::Fits,
    }
}

/// Who operates the destination: the provider by the table of the allowlists, else the
/// autonomous system on which the databases agree.
pub(super) fn operator(flow: &Located) -> Option<Arc<str>> {
    if let Some(provider) = &flow.operator_domicile.provider {
        return Some(Arc::clone(provider));
    }
    let system = flow.place.operator.value.as_ref()?;
    Some(Arc::from(system.asn.to_string()))
}
