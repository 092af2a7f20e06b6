//! A scenario as data: a workload sends by one way to one place, and the record
//! must say so to the byte.

use std::net::SocketAddr;

use anyhow::{Context, Result, ensure};

use crate::{
    agent::Ended,
    record::Flow,
    stage::{Stage, balances},
    traffic::{Protocol, Report},
    wire::Exchange,
};

/// What a workload does and what the record must say of it.
#[derive(Clone, Copy, Debug)]
pub struct Scenario {
    /// Name in failure messages.
    pub name: &'static str,
    /// Unit that sends.
    pub unit: &'static str,
    /// Command line of `weir-traffic`.
    pub traffic: &'static str,
    /// Destination in the record, as `address port protocol`.
    pub to: (&'static str, u16, Protocol),
    /// What the agent must say.
    pub says: Says,
}

/// The judgement that a flow must get.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Says {
    /// Product, by its selector.
    pub product: Option<&'static str>,
    /// Verdict.
    pub verdict: &'static str,
    /// Entry that decided.
    pub rule: Option<&'static str>,
    /// Country of hosting.
    pub country: Option<&'static str>,
}

impl Says {
    /// Compares with what the agent said.
    ///
    /// # Errors
    /// It said something else.
    pub fn of(&self, flow: &Flow) -> Result<()> {
        let said = (
            flow.product.as_deref(),
            flow.verdict.as_str(),
            flow.rule.as_deref(),
            flow.hosted_in.value.as_deref(),
        );
        let expected = (self.product, self.verdict, self.rule, self.country);
        ensure!(
            said == expected,
            "expected {expected:?}, the agent said {said:?}: {flow}"
        );
        ensure!(!flow.reason.is_empty(), "no reason: {flow}");
        Ok(())
    }
}

/// What happened when a [`Scenario`] was played.
#[derive(Debug)]
pub struct Played {
    scenario: Scenario,
    cgroup_path: String,
    report: Report,
    wire: Exchange,
}

impl Scenario {
    /// Sends, and takes down what was on the wire.
    ///
    /// # Errors
    /// The traffic did not go as described.
    pub fn play(self, stage: &Stage) -> Result<Played> {
        let unit = stage.unit(self.unit)?;
        // What an earlier scenario sent to the same place is not this one's.
        stage.wire.clear()?;
        let report = unit.traffic(&stage.app, self.traffic).context(self.name)?;
        let (_, _, protocol) = self.to;
        let wire = stage
            .on_wire(&report, self.destination()?, protocol)
            .context(self.name)?;
        Ok(Played {
            scenario: self,
            cgroup_path: unit.cgroup_path(),
            report,
            wire,
        })
    }

    fn destination(&self) -> Result<SocketAddr> {
        let (address, port, _) = self.to;
        Ok(SocketAddr::new(
            address
                .parse()
                .with_context(|| format!("address {address}"))?,
            port,
        ))
    }
}

impl Played {
    /// Asserts that the record has exactly this flow: workload, process,
    /// destination, judgement and bytes.
    ///
    /// # Errors
    /// It does not; the error says what it has.
    pub fn check(&self, ended: &Ended) -> Result<()> {
        self.compare(ended)
            .with_context(|| format!("scenario {}", self.scenario.name))
    }

    fn compare(&self, ended: &Ended) -> Result<()> {
        let Scenario {
            unit,
            to: (_, _, protocol),
            says,
            ..
        } = self.scenario;
        let to = self.scenario.destination()?;
        let flow = ended.only(&self.cgroup_path, to, protocol.label())?;
        ensure!(flow.direction == "outbound", "direction of {flow}");
        ensure!(flow.scope == "exact", "scope {} of {flow}", flow.scope);
        ensure!(
            flow.workload.unit.as_deref() == Some(unit),
            "workload {:?}",
            flow.workload
        );
        ensure!(
            flow.workload.kind == "systemd_unit",
            "workload {:?}",
            flow.workload
        );
        let process = flow
            .process
            .as_ref()
            .with_context(|| format!("no process: {flow}"))?;
        ensure!(
            (process.pid, process.uid, process.comm.as_str())
                == (self.report.pid, 0, "weir-traffic"),
            "process {process:?}, sender {:?}",
            self.report
        );
        says.of(flow)?;
        balances(flow, &self.wire)
    }
}
