//! A record's way through the stages.

use std::{collections::HashSet, rc::Rc, sync::Arc};

use jiff::civil::Date;

use super::paths::Paths;
use crate::{
    attribution::{Attributed, Attributor, Names},
    jurisdiction::Databases,
    naming::{Name, Named},
    policy::Policy,
    record::FlowRecord,
    verdict::{Judged, judge},
};

/// Every stage after the record.
pub(super) struct Pipeline {
    paths: Rc<Paths>,
    attributor: Attributor<Rc<Paths>>,
    databases: Arc<Databases>,
    policy: Policy,
}

impl Pipeline {
    pub(super) fn new(
        paths: Paths,
        names: Names,
        databases: Arc<Databases>,
        policy: Policy,
    ) -> Self {
        let paths = Rc::new(paths);
        let attributor = Attributor::new(Rc::clone(&paths), Some(names));
        Self {
            paths,
            attributor,
            databases,
            policy,
        }
    }

    /// Takes a record through every stage.
    pub(super) fn judge(&mut self, record: FlowRecord, today: Date) -> Judged {
        let flow = self.attributor.attribute(record);
        self.locate(flow, today)
    }

    /// Judges again if the workload is known better than when it was judged, or
    /// in any case if the day is another, or the databases are.
    pub(super) fn judge_again(
        &mut self,
        judged: &Judged,
        today: Date,
        in_any_case: bool,
    ) -> Option<Judged> {
        let flow = &judged.flow.flow.flow;
        let workload = self.attributor.workload(flow.record.cgroup);
        if !in_any_case && workload == flow.workload {
            return None;
        }
        let flow = Attributed {
            record: flow.record.clone(),
            workload,
            executable: flow.executable.clone(),
        };
        Some(self.locate(flow, today))
    }

    /// Databases in force.
    pub(super) fn databases(&self) -> &Arc<Databases> {
        &self.databases
    }

    /// From now on these databases are asked.
    pub(super) fn put_in_force(&mut self, databases: Arc<Databases>) {
        self.databases = databases;
    }

    /// Forgets what no flow needs any more.
    pub(super) fn prune(&self, needed: &HashSet<u64>) {
        self.paths.prune(needed);
    }

    fn locate(&mut self, flow: Attributed, today: Date) -> Judged {
        let name = Name::None {
            reason: "names are not recorded yet".to_owned(),
        };
        judge(
            self.databases.locate(Named { flow, name }, today),
            &self.policy,
            today,
        )
    }

    /// Whether the flow's country lies outside the platform's home.
    pub(super) fn third_country(&self, judged: &Judged, today: Date) -> Option<bool> {
        self.policy
            .third_country(judged.flow.place.country()?, today)
    }

    /// Digest of the policy in force.
    pub(super) fn policy_digest(&self) -> &str {
        self.policy.digest()
    }
}
