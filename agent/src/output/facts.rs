//! What JSON says of a flow, wherever it says it: `docs/output.md`.

use std::net::IpAddr;

use serde::Serialize;

use crate::{
    attribution::{Executable, Workload},
    jurisdiction::{Domicile, EncryptedDns, Place},
    naming::{Missing, Name, Names},
    record::{Counters, Direction, FlowRecord, Process, Scope},
    verdict::{Judged, Verdict},
};

/// The flow, what is known of it, and its judgement.
#[derive(Clone, Debug, Serialize)]
pub struct FlowFacts<'a> {
    scope: Scope,
    direction: Direction,
    workload: &'a Workload,
    executable: &'a Executable,
    process: Option<&'a Process>,
    netns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    forwarded_from: Option<&'a str>,
    destination: Destination,
    names: NamesFacts<'a>,
    #[serde(flatten)]
    place: &'a Place,
    operator_domicile: &'a Domicile,
    encrypted_dns: Option<&'a EncryptedDns>,
    product: Option<&'a str>,
    verdict: Verdict,
    rule: Option<&'a str>,
    reason: &'a str,
    #[serde(flatten)]
    counters: Counters,
    attempts: u32,
}

impl<'a> From<&'a Judged> for FlowFacts<'a> {
    fn from(judged: &'a Judged) -> Self {
        let named = &judged.flow.flow;
        let attributed = &named.flow;
        let record = &attributed.record;
        Self {
            scope: record.scope,
            direction: record.direction,
            workload: &attributed.workload,
            executable: &attributed.executable,
            process: record.process.as_ref(),
            netns: record.netns,
            forwarded_from: record.forwarded_from.as_deref(),
            destination: Destination::from(record),
            names: NamesFacts::from(&named.names),
            place: &judged.flow.place,
            operator_domicile: &judged.flow.operator_domicile,
            encrypted_dns: judged.flow.encrypted_dns.as_ref(),
            product: judged.product.as_deref(),
            verdict: judged.verdict,
            rule: judged.rule.as_deref(),
            reason: &judged.reason,
            counters: record.counters,
            attempts: record.attempts,
        }
    }
}

/// Names with their reason in words.
#[derive(Clone, Debug, Serialize)]
struct NamesFacts<'a> {
    names: &'a [Name],
    missing: Option<&'a Missing>,
    reason: Option<&'static str>,
    contradiction: Option<String>,
}

impl<'a> From<&'a Names> for NamesFacts<'a> {
    fn from(names: &'a Names) -> Self {
        Self {
            names: &names.names,
            missing: names.missing.as_ref(),
            reason: names.missing.as_ref().map(Missing::reason),
            contradiction: names.contradiction().map(|found| found.to_string()),
        }
    }
}

#[derive(Clone, Debug, Serialize)]
struct Destination {
    address: IpAddr,
    port: u16,
    protocol: String,
}

impl From<&FlowRecord> for Destination {
    fn from(record: &FlowRecord) -> Self {
        Self {
            address: record.address,
            port: record.port,
            protocol: record.protocol.to_string(),
        }
    }
}
