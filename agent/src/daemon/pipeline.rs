//! A record's way through the stages.

use std::{collections::HashSet, rc::Rc, sync::Arc};

use jiff::{
    civil::{Date, DateTime},
    tz::Offset,
};

use super::paths::Paths;
use crate::{
    attribution::{Attributed, Attributor, Host, Names, WorkloadKind},
    finding::{Circumstances, Kind},
    jurisdiction::Databases,
    kernel::Clock,
    naming::{self, Namer, NamingCounts, Snapshot},
    policy::{Claim, Policy, Product},
    record::{CgroupId, FlowRecord, Owner, Payload},
    verdict::{Judge, Judged, Moment, Spent},
};

/// The day, in UTC, as everything in the policy that is dated.
pub(super) fn today(clock: &Clock) -> Date {
    civil(clock).date()
}

fn civil(clock: &Clock) -> DateTime {
    Offset::UTC.to_datetime(clock.now())
}

/// Every stage after the record.
pub(super) struct Pipeline {
    paths: Rc<Paths>,
    attributor: Attributor<Rc<Paths>>,
    namer: Namer,
    judge: Judge,
    /// What entries with a budget have carried.
    spent: Spent,
}

impl Pipeline {
    pub(super) fn new(
        paths: Paths,
        names: Names,
        namer: Namer,
        databases: Arc<Databases>,
        (policy, spent): (Arc<Policy>, Spent),
    ) -> Self {
        let paths = Rc::new(paths);
        let attributor = Attributor::new(Rc::clone(&paths), Some(names)).on(Host::read());
        Self {
            paths,
            attributor,
            namer,
            judge: Judge::new(databases, policy),
            spent,
        }
    }

    /// Takes what a workload said or heard.
    pub(super) fn hear(&mut self, payload: &Payload<'_>, clock: &Clock) {
        let attributor = &mut self.attributor;
        self.namer.take(payload, clock, &mut |cgroup: CgroupId| {
            let workload = attributor.workload(cgroup);
            // A user may call a unit of their own manager as they like.
            let unit = workload.unit.as_deref();
            unit.filter(|_| workload.kind == WorkloadKind::SystemdUnit)
                .map(Arc::from)
        });
    }

    /// Copies of what workloads said were lost; of one, if it is known whose.
    pub(super) fn lost_names(&mut self, of: Option<CgroupId>, clock: &Clock) {
        self.namer.lost(of, clock.boot_ns());
    }

    /// Everything that is known of names, to be kept.
    pub(super) fn keep_names(&self, recording: &str, clock: &Clock, complete: bool) -> Snapshot {
        self.namer.keep(recording, clock, complete)
    }

    /// Workloads of whose names more is known than at the last call.
    pub(super) fn renamed(&mut self) -> HashSet<Owner> {
        self.namer.take_changed()
    }

    /// What was read of names so far.
    pub(super) fn naming_counts(&self) -> NamingCounts {
        self.namer.counts()
    }

    /// Takes a record through every stage.
    pub(super) fn judge(&mut self, record: FlowRecord, clock: &Clock) -> Judged {
        let flow = self.attributor.attribute(record);
        self.locate(flow, None, clock)
    }

    /// Judges again if the workload or its names are known better than when it was
    /// judged, or in any case if the day is another, or the databases or the policy are.
    pub(super) fn judge_again(
        &mut self,
        judged: &Judged,
        clock: &Clock,
        anyway: bool,
    ) -> Option<Judged> {
        let named = &judged.flow.flow;
        let flow = &named.flow;
        let workload = self.attributor.workload(flow.record.cgroup);
        if !anyway && workload == flow.workload {
            return None;
        }
        let flow = Attributed {
            record: flow.record.clone(),
            workload,
            executable: flow.executable.clone(),
        };
        let again = self.locate(flow, Some(&named.names), clock);
        (again != *judged).then_some(again)
    }

    /// Counts bytes that a flow has sent towards the budget of the entry that declares it;
    /// whether they use it up.
    pub(super) fn spend(&mut self, judged: &Judged, bytes: u64, clock: &Clock) -> bool {
        self.spent
            .charge(self.judge.policy(), judged, bytes, civil(clock))
    }

    /// Whether time alone may have changed a verdict.
    pub(super) fn turned(&self, before: &Clock, now: &Clock) -> bool {
        self.policy().limits().turned(civil(before), civil(now))
    }

    /// Databases in force.
    pub(super) fn databases(&self) -> &Arc<Databases> {
        self.judge.databases()
    }

    /// From now on these databases are asked.
    pub(super) fn put_in_force(&mut self, databases: Arc<Databases>) {
        self.judge = Judge::new(databases, Arc::clone(self.judge.policy()));
    }

    /// Policy in force.
    pub(super) fn policy(&self) -> &Arc<Policy> {
        self.judge.policy()
    }

    /// From now on this policy judges: its entries, its table of providers and the
    /// resolvers that it trusts, all at once.
    pub(super) fn put_policy_in_force(&mut self, policy: Arc<Policy>) {
        let databases = Arc::clone(self.judge.databases());
        self.namer.trust(Arc::clone(policy.resolvers()));
        let limits = policy.limits();
        self.spent.retain(|id| limits.budgeted(id).is_some());
        self.judge = Judge::new(databases, policy);
    }

    /// Forgets what no flow needs any more.
    pub(super) fn prune(&mut self, needed: &HashSet<u64>, clock: &Clock) {
        self.paths.prune(needed);
        self.namer.prune(clock);
    }

    fn locate(
        &mut self,
        flow: Attributed,
        before: Option<&naming::Names>,
        clock: &Clock,
    ) -> Judged {
        let named = self.namer.name(flow, before, clock);
        let moment = Moment::new(clock.now(), &self.spent);
        self.judge.judge(named, moment)
    }

    /// Whether the flow's country lies outside the platform's home.
    pub(super) fn third_country(&self, judged: &Judged, clock: &Clock) -> Option<bool> {
        self.policy()
            .third_country(judged.flow.place.country()?, today(clock))
    }

    /// What the policy in force says of a flow beside its judgement.
    pub(super) fn circumstances(&self, judged: &Judged, clock: &Clock) -> Circumstances {
        let product = judged.product.as_deref();
        if product.is_some() && Kind::of(judged.verdict).is_none() {
            // Nothing hangs on them.
            return Circumstances::default();
        }
        let claimed_by = match product {
            // One product's is not several's.
            Some(_) => Vec::new(),
            None => match self.policy().claim(&judged.flow.flow.flow) {
                Claim::Contested(products) => {
                    let names = products.iter().map(|product| product.name().to_owned());
                    names.collect()
                }
                _ => Vec::new(),
            },
        };
        Circumstances {
            third_country: self.third_country(judged, clock),
            posture: product
                .and_then(|name| self.policy().product(name))
                .map(Product::posture),
            claimed_by,
        }
    }

    /// Digest of the policy in force.
    pub(super) fn policy_digest(&self) -> &str {
        self.policy().digest()
    }
}
