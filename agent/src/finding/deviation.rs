//! From what happened to the deviation that it is.

use super::{Group, Jurisdiction, Key, Kind, Severity, WorkloadName};
use crate::{
    coverage::Gap,
    jurisdiction::Agreement,
    policy::{Expiring, Posture},
    record::{Direction, Scope},
    verdict::{Judged, Verdict},
};

/// Characters of a detail that are kept.
const MOST_OF_DETAIL: usize = 500;

/// What the policy in force says beside the judgement.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Circumstances {
    /// Whether the country of hosting lies outside the platform's home.
    pub third_country: Option<bool>,
    /// Whether the product may need anything outside.
    pub posture: Option<Posture>,
    /// The products that claim the workload, where several do, by name.
    pub claimed_by: Vec<String>,
}

/// One deviation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deviation {
    /// The finding that it is of.
    pub key: Key,
    /// Who is called for it.
    pub severity: Severity,
    /// A sentence for people, with addresses and names.
    pub detail: String,
}

impl Deviation {
    fn new(key: Key, severity: Severity, detail: &str) -> Self {
        let end = detail.char_indices().nth(MOST_OF_DETAIL);
        let detail = match end {
            Some((end, _)) => format!("{}…", detail.get(..end).unwrap_or_default()),
            None => detail.to_owned(),
        };
        Self {
            key,
            severity,
            detail,
        }
    }

    /// Everything that deviates in a flow. Takes no memory where nothing does.
    pub fn of_flow(judged: &Judged, known: &Circumstances) -> Vec<Self> {
        let mut found = Vec::new();
        let contested = known.claimed_by.len() > 1;
        if contested {
            found.push(contested_workload(judged, &known.claimed_by));
        }
        let kind = Kind::of(judged.verdict);
        // That it cannot be judged is a matter of the claim then.
        if let Some(kind) = kind.filter(|kind| !contested || *kind != Kind::Indeterminate) {
            let key = Key {
                rule: judged.rule.clone(),
                ..key_of(kind, judged)
            };
            found.push(Self::new(key, severity(judged, known), &judged.reason));
        }
        if let Some(contradiction) = judged.flow.flow.names.contradiction() {
            let key = key_of(Kind::NameContradiction, judged);
            let detail = contradiction.to_string();
            found.push(Self::new(key, Severity::Ticket, &detail));
        }
        found
    }

    /// The record may be incomplete.
    pub fn of_gap(gap: &Gap) -> Self {
        let key = Key {
            rule: Some(gap.reason.label().to_owned()),
            ..Key::of(Kind::EvidenceGap)
        };
        Self::new(key, Severity::Ticket, &gap.detail)
    }

    /// The allowlists on disk are refused, for this reason.
    pub fn of_refused_allowlists(why: &str) -> Self {
        Self::new(Key::of(Kind::AllowlistsRefused), Severity::Ticket, why)
    }

    /// An entry ends soon, or has ended.
    pub fn of_expiring(one: &Expiring<'_>) -> Self {
        let key = Key {
            product: one.product.map(str::to_owned),
            rule: Some(one.entry.id.clone()),
            ..Key::of(Kind::EntryExpiring)
        };
        let detail = format!(
            "entry {} of {} declares until {}; {} answers for it",
            one.entry.id,
            one.product.unwrap_or("the platform"),
            one.last,
            one.entry.owner
        );
        Self::new(key, Severity::Ticket, &detail)
    }
}

fn key_of(kind: Kind, judged: &Judged) -> Key {
    let destination = Group::of(&judged.flow);
    Key {
        product: judged.product.clone(),
        workload: Some(WorkloadName::from(&*judged.flow.flow.flow.workload)),
        jurisdiction: destination.as_ref().map(|_| Jurisdiction::of(&judged.flow)),
        destination,
        ..Key::of(kind)
    }
}

fn contested_workload(judged: &Judged, claimed_by: &[String]) -> Deviation {
    let workload = &judged.flow.flow.flow.workload;
    let products = claimed_by.join(" and ");
    let detail = format!("workload {} is claimed by {products}", workload.name);
    let key = Key {
        workload: Some(WorkloadName::from(&**workload)),
        rule: Some(products),
        ..Key::of(Kind::ContestedWorkload)
    };
    Deviation::new(key, Severity::Ticket, &detail)
}

/// Who is called for a flow that deviates: the engineer on call only for what the workload
/// began, and only where it is certain that it must not be. See `docs/findings.md`.
fn severity(judged: &Judged, known: &Circumstances) -> Severity {
    let flow = &judged.flow;
    let record = &flow.flow.flow.record;
    let left = record.direction == Direction::Outbound
        && matches!(record.scope, Scope::Exact | Scope::Unseen);
    let certain = flow.place.hosted_in.agreement == Agreement::Unanimous
        && flow.country().is_some()
        && known.third_country == Some(true);
    let third_country = judged.verdict == Verdict::Undeclared && certain;
    let forbidden = known.posture == Some(Posture::InternalOnly);
    if left && (third_country || forbidden) {
        Severity::Page
    } else {
        Severity::Ticket
    }
}
