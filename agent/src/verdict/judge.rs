//! How a verdict is reached.
//!
//! In this order, the first that applies:
//!
//! 1. A record without a destination (folded, sink) is `indeterminate`.
//! 2. A destination on this host, that of the agent's own canary
//!    ([`crate::canary`]), or in one of the platform's own networks is
//!    `internal`, whoever calls it, claimed or not: the platform vouches for the
//!    network, not for the caller.
//! 3. A workload of no product is `unattributed`; one that several products
//!    claim, or whose product hangs on something unknown, is `indeterminate`.
//! 4. The product's entries and the shared ones are asked, and the best answer
//!    holds: `declared`, else `indeterminate` (an entry names the destination
//!    and its place is not known), else `expired` (an entry would have declared
//!    it), else `out_of_jurisdiction`, else `undeclared`. So another entry can
//!    only better a verdict. Between equal answers the narrowest network
//!    decides, then the id.

use std::{cmp::Reverse, net::IpAddr};

use jiff::civil::Date;

use super::{
    judgement::{Judged, Verdict},
    reason::{Reason, Why},
};
use crate::{
    canary::{CANARY_CGROUP, is_canary_address},
    jurisdiction::{Located, Place},
    policy::{Candidate, Claim, Entry, Policy, Product},
    record::Scope,
};

/// What one entry says of a flow, the best answer last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    OutOfJurisdiction,
    Expired,
    PlaceUnknown,
    Declared,
}

/// An outcome on the way to [`Judged`].
struct Outcome {
    verdict: Verdict,
    rule: Option<String>,
    reason: String,
}

/// Judges a flow by the policy as it stands on a day.
///
/// Pure: no clock, no input or output, the same answer for the same arguments.
pub fn judge(flow: Located, policy: &Policy, today: Date) -> Judged {
    let claim = policy.claim(&flow.flow.flow);
    let product = match &claim {
        Claim::Product(product) => Some(product.name().to_owned()),
        _ => None,
    };
    let outcome = decide(&flow, policy, &claim, today);
    Judged {
        flow,
        product,
        verdict: outcome.verdict,
        rule: outcome.rule,
        reason: outcome.reason,
    }
}

fn decide(flow: &Located, policy: &Policy, claim: &Claim<'_>, today: Date) -> Outcome {
    let without_rule = |verdict, why| {
        let reason = Reason {
            flow,
            policy,
            today,
            why,
        }
        .to_string();
        Outcome {
            verdict,
            rule: None,
            reason,
        }
    };
    let record = &flow.flow.flow.record;
    if !matches!(record.scope, Scope::Exact | Scope::Unseen) {
        return without_rule(Verdict::Indeterminate, Why::NoDestination);
    }
    if this_host(record.address) {
        return without_rule(Verdict::Internal, Why::ThisHost);
    }
    if is_canary(flow) {
        return without_rule(Verdict::Internal, Why::Canary);
    }
    if let Some(network) = policy.internal_network(record.address) {
        return without_rule(Verdict::Internal, Why::Internal(network));
    }
    match claim {
        Claim::Product(product) => by_entries(flow, policy, product, today),
        Claim::Contested(products) => {
            without_rule(Verdict::Indeterminate, Why::Contested(products))
        }
        // Without a path nothing at all is known of the workload: then it is
        // nobody's that could be named, and no product is suspected.
        Claim::Possible(product, aspect) if flow.flow.flow.workload.cgroup_path.is_some() => {
            without_rule(Verdict::Indeterminate, Why::Possible(product, *aspect))
        }
        Claim::Possible(..) | Claim::Nobody => {
            without_rule(Verdict::Unattributed, Why::Unattributed)
        }
    }
}

/// Whether the agent's own canary sent it. Both must be its own: the cgroup,
/// which only root can make there, and the address, which is in nobody's use.
fn is_canary(flow: &Located) -> bool {
    let flow = &flow.flow.flow;
    let path = flow.workload.cgroup_path.as_deref().unwrap_or_default();
    path.starts_with(CANARY_CGROUP) && is_canary_address(flow.record.address)
}

/// Whether the address is the host itself by the IP standards.
fn this_host(address: IpAddr) -> bool {
    address.to_canonical().is_loopback()
}

/// Step 4: the best answer of all entries.
fn by_entries(flow: &Located, policy: &Policy, product: &Product, today: Date) -> Outcome {
    let record = &flow.flow.flow.record;
    let own = product
        .entries()
        .candidates(record.address)
        .map(|found| (found, Some(product)));
    let shared = policy
        .shared()
        .candidates(record.address)
        .map(|found| (found, None));
    let best = own
        .chain(shared)
        .filter(|(found, _)| found.entry.takes(record))
        .filter_map(|(found, owner)| {
            answer(found, &flow.place, policy, today).map(|answer| (answer, found, owner))
        })
        .max_by_key(|(answer, found, _)| (*answer, found.prefix, Reverse(&found.entry.id)));
    let Some((answer, Candidate { entry, .. }, owner)) = best else {
        let why = Why::Undeclared(product);
        let reason = Reason {
            flow,
            policy,
            today,
            why,
        }
        .to_string();
        return Outcome {
            verdict: Verdict::Undeclared,
            rule: None,
            reason,
        };
    };
    let (verdict, why) = match answer {
        Answer::Declared => (Verdict::Declared, Why::Declared(entry, owner)),
        Answer::PlaceUnknown => (Verdict::Indeterminate, Why::PlaceUnknown(entry, owner)),
        Answer::Expired => (Verdict::Expired, Why::Expired(entry, owner)),
        Answer::OutOfJurisdiction => (Verdict::OutOfJurisdiction, Why::Outside(entry, owner)),
    };
    let reason = Reason {
        flow,
        policy,
        today,
        why,
    }
    .to_string();
    Outcome {
        verdict,
        rule: Some(entry.id.clone()),
        reason,
    }
}

/// What an entry that takes the flow's direction, protocol and port says of it;
/// `None` when it does not speak of the destination.
fn answer(found: Candidate<'_>, place: &Place, policy: &Policy, today: Date) -> Option<Answer> {
    let admitted = admitted(found.entry, place, policy, today);
    if !found.entry.in_force(today) {
        // Not in force, it can say only what it would have said.
        return (admitted == Some(true)).then_some(Answer::Expired);
    }
    match admitted {
        Some(true) => Some(Answer::Declared),
        None => Some(Answer::PlaceUnknown),
        // Where the place is all that an entry names, another place is not a
        // breach of its condition but a destination that it does not name.
        Some(false) => found.prefix.map(|_| Answer::OutOfJurisdiction),
    }
}

/// Whether the entry admits the place; `None` when that cannot be told.
fn admitted(entry: &Entry, place: &Place, policy: &Policy, today: Date) -> Option<bool> {
    if entry.countries.is_empty() {
        return Some(true);
    }
    let country = place.country()?;
    policy
        .country_sets()
        .contains_any(&entry.countries, country, today)
}
