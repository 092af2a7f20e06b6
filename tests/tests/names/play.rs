//! A stage with an agent, and how its record is read.

use std::net::SocketAddr;

use weir_tests::{
    agent::{Agent, Ended, Settings},
    cgroup::Unit,
    named_stage::{self as names, NamedStage},
    record::{Flow, Grade, Name, Source},
    stage,
};

/// A stage with an agent, and what a scenario does on it.
pub(crate) struct Play {
    pub(crate) stage: NamedStage,
    pub(crate) agent: Agent,
}

impl Play {
    pub(crate) fn new() -> Self {
        let (stage, settings) = Self::set();
        let agent = stage.stage.agent_with(&settings).unwrap();
        Self { stage, agent }
    }

    /// With the agent on the host of the workloads, so that a resolver there is one of
    /// the agent's own host.
    pub(crate) fn on_host() -> Self {
        let (stage, settings) = Self::set();
        let agent = stage.stage.agent_on_app(&settings).unwrap();
        Self { stage, agent }
    }

    pub(crate) fn set() -> (NamedStage, Settings) {
        let stage = NamedStage::new().unwrap();
        let settings = Settings {
            allowlists: stage::fixtures().join("names-allowlists"),
            ..stage.stage.settings().unwrap()
        };
        (stage, settings)
    }

    /// A unit of image generation, kept until the agent has ended.
    pub(crate) fn image(&self, case: &str) -> Unit {
        let name = format!("image-generation-{case}.service");
        self.stage.stage.unit(&name).unwrap().keep()
    }

    pub(crate) fn curl(&self, unit: &Unit, resolver: &str, name: &str, flags: &str) {
        let url = format!("https://{name}/ {flags}");
        self.stage.curl(unit, resolver, &url).unwrap();
    }

    pub(crate) fn traffic(&self, unit: &Unit, line: &str) {
        unit.traffic(&self.stage.stage.app, line).unwrap();
    }

    pub(crate) fn dig(&self, unit: &Unit, line: &str) {
        let line = format!("dig +timeout=10 +tries=1 {line}");
        unit.run(&self.stage.stage.app, None, &line).unwrap();
    }

    /// Ends the agent; the stage lives until what was recorded is compared.
    pub(crate) fn end(self) -> (NamedStage, Ended) {
        let ended = self.agent.stop().unwrap();
        stage::ended_well(&ended).unwrap();
        (self.stage, ended)
    }
}

pub(crate) fn at(address: &str, port: u16) -> SocketAddr {
    SocketAddr::new(address.parse().unwrap(), port)
}

pub(crate) fn flow<'e>(ended: &'e Ended, unit: &Unit, to: SocketAddr, protocol: &str) -> &'e Flow {
    ended.only(&unit.cgroup_path(), to, protocol).unwrap()
}

/// Names with this grade.
pub(crate) fn graded(flow: &Flow, grade: Grade) -> Vec<&Name> {
    let all = flow.names.names.iter();
    all.filter(|name| name.grade == grade).collect()
}

/// The only name from a resolver.
pub(crate) fn answered(flow: &Flow) -> &Name {
    match graded(flow, Grade::Answered)[..] {
        [name] => name,
        _ => panic!("not one answered name: {:?} of {flow}", flow.names),
    }
}

/// The only name that the client said.
pub(crate) fn presented(flow: &Flow) -> &Name {
    match graded(flow, Grade::Presented)[..] {
        [name] => name,
        _ => panic!("not one presented name: {:?} of {flow}", flow.names),
    }
}

pub(crate) fn by_dns(resolver: &str, transport: &str) -> Source {
    Source::Dns {
        resolver: resolver.parse().unwrap(),
        transport: transport.to_owned(),
        served_by: None,
        asked_by: None,
    }
}

/// The answer of a resolver on the workload's own host.
pub(crate) fn by_unit(unit: &str) -> Source {
    Source::Dns {
        resolver: names::STUB.parse().unwrap(),
        transport: "udp".to_owned(),
        served_by: Some(unit.to_owned()),
        asked_by: None,
    }
}

pub(crate) fn verdict(flow: &Flow) -> (&str, Option<&str>) {
    (&flow.verdict, flow.rule.as_deref())
}

pub(crate) const UNDECLARED: (&str, Option<&str>) = ("undeclared", None);
