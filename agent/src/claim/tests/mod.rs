//! Tests of claims: each condition in each outcome, and laws.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

mod conditions;
mod incomplete;
mod laws;

use std::sync::Arc;

use jiff::Timestamp;

use super::{Evaluated, Evaluation, Outcome, Report};
use crate::{
    coverage::{Gap, Reason},
    history::{
        Interval, Reading, Span,
        sample::{With as _, flow, time},
    },
    jurisdiction::Domicile,
    ledger::FlowInterval,
    policy::{Policy, Source},
    record::Direction,
    verdict::Verdict,
};

const IMAGE: &str = r#"
product = "image"
title = "Image generation"
owner = "team"
posture = "external_declared"
[[workload]]
unit = "image.service"
[[allow]]
id = "image-a"
purpose = "a model"
owner = "team"
address = ["198.51.100.9"]
data_categories = ["prompts"]
legal_basis = "a contract"
disclosed_at = "https://platform.example/image"
approved_by = "dpo"
approved_on = 2026-10-01
expires = 2027-06-30
[[allow]]
id = "image-b"
purpose = "another"
owner = "team"
address = ["198.51.100.10"]
data_categories = ["prompts"]
legal_basis = "a contract"
approved_by = "dpo"
approved_on = 2026-10-01
expires = 2027-06-30
"#;

const LLM: &str = r#"
product = "llm"
title = "LLM inference"
owner = "team"
posture = "internal_only"
[[workload]]
unit = "llm.service"
"#;

const PLATFORM: &str = r#"
home = "NORDIC"
[[internal]]
cidr = "10.20.0.0/16"
purpose = "hosts"
owner = "team"
[[allow]]
id = "shared-time"
purpose = "time"
owner = "team"
address = ["192.0.2.123"]
data_categories = ["none"]
legal_basis = "none needed"
approved_by = "dpo"
approved_on = 2026-10-01
expires = 2027-06-30
"#;

const JURISDICTIONS: &str = r#"
[[set]]
name = "NORDIC"
from = 2020-01-01
countries = ["NO", "SE"]
source = "made up"
reviewed = 2026-10-01
"#;

/// The set with one claim, `c`.
fn policy(claim: &str) -> Policy {
    policy_with(IMAGE, claim)
}

fn policy_with(image: &str, claim: &str) -> Policy {
    let claims = format!(
        "report = \"Report\"\nreviewed = 2026-11-01\n[[claim]]\nid = \"c\"\n\
         statement = \"a sentence\"\nsection = [\"Summary\"]\n{claim}\n"
    );
    let files = [
        ("image.toml", image),
        ("llm.toml", LLM),
        ("platform.toml", PLATFORM),
        ("jurisdictions.toml", JURISDICTIONS),
        ("claims.toml", &claims),
    ];
    let sources = files.map(|(name, text)| Source::from_text(name, text));
    Policy::from_sources(sources.into()).unwrap_or_else(|rejected| panic!("{rejected}"))
}

fn november() -> Span {
    "2026-11".parse().unwrap()
}

/// A record from before the period to its end, without a gap.
fn whole() -> Reading {
    Reading {
        record_from: Some(time("2026-10-31T00:00:00Z")),
        record_to: Some(time("2026-12-01T00:00:00Z")),
        ..Reading::default()
    }
}

fn report<'p>(policy: &'p Policy, flows: &[FlowInterval], reading: Reading) -> Report<'p> {
    let mut evaluation = Evaluation::new(policy, policy.claims().unwrap(), november());
    for flow in flows {
        evaluation.take(&interval(flow, time("2026-11-10T00:00:00Z")));
    }
    evaluation.finish(reading)
}

fn interval(flow: &FlowInterval, time: Timestamp) -> Interval<'_> {
    Interval {
        time,
        first_seen: time,
        last_seen: time,
        flow,
    }
}

/// How the one claim stands over a complete record.
fn stands(claim: &str, flows: &[FlowInterval]) -> (Outcome, Vec<String>) {
    let policy = policy(claim);
    let [one] = <[Evaluated<'_>; 1]>::try_from(report(&policy, flows, whole()).claims).unwrap();
    (one.outcome, one.why)
}

/// `llm.service` to the platform.
fn llm() -> FlowInterval {
    flow(1, 1000)
        .of("llm.service", Some("llm"))
        .to("10.20.0.7", 443)
        .judged(Verdict::Internal, None)
}

/// `llm.service` to somewhere that nobody declared.
fn llm_outside() -> FlowInterval {
    llm()
        .to("203.0.113.9", 443)
        .judged(Verdict::Undeclared, None)
}

/// `image.service` by an entry.
fn image(rule: &str, bytes: u64) -> FlowInterval {
    flow(2, bytes)
        .of("image.service", Some("image"))
        .judged(Verdict::Declared, Some(rule))
}

/// A workload of no product, outside.
fn stranger() -> FlowInterval {
    flow(3, 70)
        .of("stranger.service", None)
        .to("203.0.113.77", 443)
        .judged(Verdict::Unattributed, None)
}

fn inbound(mut flow: FlowInterval) -> FlowInterval {
    flow.judged.flow.flow.flow.record.direction = Direction::Inbound;
    flow
}

/// With an operator, and its home.
fn operated(mut flow: FlowInterval, provider: &str, home: Option<&str>) -> FlowInterval {
    flow.judged.flow.operator_domicile = Arc::new(Domicile {
        provider: Some(provider.into()),
        country: home.map(|home| home.parse().unwrap()),
        ..Domicile::unknown("not reviewed".to_owned())
    });
    flow
}

fn gap(reason: Reason) -> Gap {
    Gap {
        from: time("2026-11-05T00:00:00Z"),
        to: time("2026-11-05T01:00:00Z"),
        reason,
        detail: "made up".to_owned(),
        repaired: true,
        losses: [].into(),
    }
}
