//! Judges one flow after the other, and remembers what many of them have in common.

use std::sync::Arc;

use foldhash::fast::RandomState;

use super::{
    judge::{Decision, Words, decide_by},
    judgement::Judged,
    moment::Moment,
};
use crate::{
    attribution::{Attributed, Executable, Workload},
    bounded::Bounded,
    jurisdiction::{Databases, Located, Locator},
    naming::Named,
    policy::{Claim, Networks, Policy},
};

/// Workloads of which the product is remembered. Each takes about 200 bytes.
const WORKLOADS: usize = 8192;

/// Databases and policy in force, and what was looked up in them.
///
/// It gives the same verdicts as [`super::judge`] with what a [`Locator`] says; it only does
/// not look up again of which product a workload is, where a destination is, and which
/// networks of the policy hold it. Verdicts are not remembered: they depend on the moment.
/// Another policy, or other databases, take another judge.
pub struct Judge {
    policy: Arc<Policy>,
    locator: Locator<Networks>,
    claims: Claims,
}

impl Judge {
    /// Judges by these, and remembers nothing yet.
    pub fn new(databases: Arc<Databases>, policy: Arc<Policy>) -> Self {
        Self {
            locator: Locator::new(databases, Arc::clone(policy.providers())),
            policy,
            claims: Claims(Bounded::new(WORKLOADS)),
        }
    }

    /// The policy in force.
    pub fn policy(&self) -> &Arc<Policy> {
        &self.policy
    }

    /// The databases in force.
    pub fn databases(&self) -> &Arc<Databases> {
        self.locator.databases()
    }

    /// Locates and judges a flow.
    pub fn judge(&mut self, flow: Named, moment: Moment<'_>) -> Judged {
        let policy = Arc::clone(&self.policy);
        let (flow, words) = self.decide(flow, moment, |decision, flow| {
            Words::of(decision, flow, &policy, moment)
        });
        words.on(flow)
    }

    /// Locates a flow and hands what is decided of it to `take`, without a word.
    pub fn decide<R>(
        &mut self,
        flow: Named,
        moment: Moment<'_>,
        take: impl FnOnce(Decision<'_>, &Located) -> R,
    ) -> (Located, R) {
        let policy = &*self.policy;
        let address = flow.flow.record.address;
        let product = self.claims.product(policy, &flow.flow);
        let (facts, mut networks) = self.locator.facts_beside(&flow, moment.day(), |address| {
            policy.networks(address, product)
        });
        let flow = facts.of(flow);
        if networks.product() != product {
            networks = policy.networks(address, product);
        }
        let claim = product
            .and_then(|number| policy.product_of_number(number))
            .map_or_else(|| policy.claim(&flow.flow.flow), Claim::Product);
        let reach = policy.reach_by(&networks, address);
        let taken = take(decide_by(&flow, policy, claim, reach, moment), &flow);
        (flow, taken)
    }
}

/// Numbers of the products that claim workloads for certain.
struct Claims(Bounded<Asked, Claimed, RandomState>);

/// A workload, by where it is in memory, and the user: with the program, all that
/// selectors look at.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
struct Asked {
    workload: usize,
    uid: Option<u32>,
}

struct Claimed {
    /// Keeps its place in memory from becoming another's.
    workload: Arc<Workload>,
    executable: Executable,
    product: u32,
}

impl Claims {
    /// The product that claims the flow's workload, if one does and is the only one.
    fn product(&mut self, policy: &Policy, flow: &Attributed) -> Option<u32> {
        let asked = Asked {
            workload: Arc::as_ptr(&flow.workload).addr(),
            uid: flow.record.process.as_ref().map(|process| process.uid),
        };
        let known = self.0.with(&asked, |claimed| {
            let same = Arc::ptr_eq(&claimed.workload, &flow.workload)
                && is_same(&claimed.executable, &flow.executable);
            same.then_some(claimed.product)
        });
        if let Some(Some(product)) = known {
            return Some(product);
        }
        let product = policy.number_of(policy.claim(flow).product()?)?;
        let claimed = Claimed {
            workload: Arc::clone(&flow.workload),
            executable: flow.executable.clone(),
            product,
        };
        self.0.insert(asked, claimed);
        Some(product)
    }
}

/// Whether selectors see the same program.
fn is_same(one: &Executable, other: &Executable) -> bool {
    match (one, other) {
        (Executable::Path(one), Executable::Path(other)) => one.as_os_str() == other.as_os_str(),
        (Executable::Unknown(_), Executable::Unknown(_)) => true,
        _ => false,
    }
}
