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
//! 4. The product's entries and the shared ones are asked, once for each name under
//!    which the workload may have meant the destination ([`super::by_entries`]).

use std::net::IpAddr;

use super::{
    by_entries::by_entries,
    judgement::{Judged, Verdict},
    moment::Moment,
    reason::{Reason, Why},
};
use crate::{
    canary::{CANARY_CGROUP, is_canary_address},
    jurisdiction::Located,
    policy::{Claim, Entry, Policy, Product, Reach},
    record::Scope,
};

/// What was decided of a flow, without a word.
#[derive(Clone)]
pub struct Decision<'a> {
    /// The outcome.
    pub verdict: Verdict,
    /// Product whose selector takes the workload.
    pub product: Option<&'a Product>,
    /// The entry that decided.
    pub rule: Option<&'a Entry>,
    pub(super) why: Why<'a>,
}

/// Judges a flow by the policy as it stands at a moment.
///
/// Pure: no clock, no input or output, the same answer for the same arguments.
pub fn judge(flow: Located, policy: &Policy, moment: Moment<'_>) -> Judged {
    let words = Words::of(decide(&flow, policy, moment), &flow, policy, moment);
    words.on(flow)
}

/// A decision in words that stand by themselves.
pub(super) struct Words {
    verdict: Verdict,
    product: Option<String>,
    rule: Option<String>,
    reason: String,
}

impl Words {
    pub(super) fn of(
        decision: Decision<'_>,
        flow: &Located,
        policy: &Policy,
        moment: Moment<'_>,
    ) -> Self {
        Self {
            verdict: decision.verdict,
            product: decision.product.map(|product| product.name().to_owned()),
            rule: decision.rule.map(|entry| entry.id.clone()),
            reason: Reason {
                flow,
                policy,
                today: moment.day(),
                why: decision.why,
            }
            .to_string(),
        }
    }

    pub(super) fn on(self, flow: Located) -> Judged {
        Judged {
            flow,
            product: self.product,
            verdict: self.verdict,
            rule: self.rule,
            reason: self.reason,
        }
    }
}

/// Decides what [`judge`] puts into words. Takes no memory unless several products
/// claim the workload.
pub fn decide<'a>(flow: &'a Located, policy: &'a Policy, moment: Moment<'_>) -> Decision<'a> {
    let claim = policy.claim(&flow.flow.flow);
    let reach = policy.reach(flow.flow.flow.record.address, claim.product());
    decide_by(flow, policy, claim, reach, moment)
}

/// As [`decide`], by the product that claims the workload and the networks that hold the
/// address.
pub(super) fn decide_by<'a>(
    flow: &'a Located,
    policy: &'a Policy,
    claim: Claim<'a>,
    reach: Reach<'a>,
    moment: Moment<'_>,
) -> Decision<'a> {
    let product = claim.product();
    let without_rule = |verdict, why| Decision {
        verdict,
        product,
        rule: None,
        why,
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
    if let Some(network) = reach.internal {
        return without_rule(Verdict::Internal, Why::Internal(network));
    }
    match claim {
        Claim::Product(product) => by_entries(flow, policy, product, reach, moment),
        Claim::Contested(products) => {
            without_rule(Verdict::Indeterminate, Why::Contested(products))
        }
        // Without a path nothing at all is known of the workload: then it is
        // nobody's that could be named, and no product is suspected.
        Claim::Possible(product, aspect) if flow.flow.flow.workload.cgroup_path.is_some() => {
            without_rule(Verdict::Indeterminate, Why::Possible(product, aspect))
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
