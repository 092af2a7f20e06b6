//! A set of allowlists and a record that was judged by it, for the tests of all that judges
//! again.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{fs, path::Path};

use super::Replay;
use crate::{
    history::{
        Interval,
        sample::{Store, With as _, at, flow, started, time},
    },
    ledger::FlowInterval,
    naming::Grade,
    policy::{Policy, Source},
};

/// What every entry has beside what it declares.
pub(crate) const DUTIES: &str = r#"purpose = "p"
owner = "o"
data_categories = ["prompts"]
legal_basis = "contract"
approved_by = "dpo"
approved_on = 2026-10-01
expires = 2027-12-31
"#;

/// A product with a web provider, one that must be in the EEA, and one by name; a product
/// that may declare nothing; the platform.
pub(crate) fn set() -> Vec<(&'static str, String)> {
    let image = format!(
        r#"product = "image"
title = "Image"
owner = "team"
posture = "external_declared"
[[workload]]
unit = "image*.service"
[[allow]]
id = "image-web"
cidr = ["198.51.100.0/24"]
ports = [443]
protocol = "tcp"
{DUTIES}
[[allow]]
id = "image-eea"
address = ["203.0.113.50"]
countries = ["EEA"]
{DUTIES}"#
    );
    let llm = r#"product = "llm"
title = "LLM"
owner = "team"
posture = "internal_only"
[[workload]]
unit = "llm.service"
"#;
    let platform = r#"home = "EEA"
[[internal]]
cidr = "10.20.0.0/16"
purpose = "hosts"
owner = "net"
"#;
    let jurisdictions = r#"[[set]]
name = "EEA"
from = 2020-02-01
countries = ["DE", "NO"]
source = "synthetic"
reviewed = 2026-11-01
"#;
    let providers = r#"fresh_for_days = 3650
[[provider]]
id = "provider-b"
title = "B"
kinds = ["ai_inference"]
asn = [64496]
legal_entity = "B AS"
parent = "B ASA"
domicile = "NO"
source = ["synthetic"]
reviewed = 2026-10-01
"#;
    vec![
        ("image.toml", image),
        ("llm.toml", llm.to_owned()),
        ("platform.toml", platform.to_owned()),
        ("jurisdictions.toml", jurisdictions.to_owned()),
        ("providers.toml", providers.to_owned()),
    ]
}

/// The set with one text in place of another.
pub(crate) fn set_with(text: &str, instead: &str) -> Vec<(&'static str, String)> {
    let mut set = set();
    let (_, file) = set
        .iter_mut()
        .find(|(_, file)| file.contains(text))
        .unwrap();
    *file = file.replacen(text, instead, 1);
    set
}

pub(crate) fn sources(set: &[(&str, String)]) -> Vec<Source> {
    set.iter()
        .map(|(name, text)| Source::from_text(name, text))
        .collect()
}

pub(crate) fn policy(set: &[(&str, String)]) -> Policy {
    Policy::from_sources(sources(set)).unwrap()
}

pub(crate) fn write(set: &[(&str, String)], directory: &Path) {
    for (name, text) in set {
        fs::write(directory.join(name), text).unwrap();
    }
}

/// The flow as the policy judges it at that time.
pub(crate) fn judged(policy: &Policy, at: &str, mut flow: FlowInterval) -> FlowInterval {
    let time = time(at);
    let interval = Interval {
        time,
        first_seen: time,
        last_seen: time,
        flow: &flow,
    };
    flow.judged = Replay::new(policy, None).judge(&interval);
    flow
}

/// Flows of each verdict, recorded on 2026-11-01 and judged by [`set`].
pub(crate) fn store() -> Store {
    let policy = policy(&set());
    let image = |slot, bytes| flow(slot, bytes).of("image.service", None);
    let mut store = Store::new();
    store.add(&at("10:00:00"), started("r", policy.digest()));
    let flows = [
        image(1, 1000).hosted(&[("a", "DE"), ("b", "DE")]),
        image(1, 1000).hosted(&[("a", "DE"), ("b", "DE")]).more(500),
        image(2, 2000)
            .to("203.0.113.50", 443)
            .hosted(&[("a", "US")]),
        image(3, 3000)
            .to("203.0.113.9", 443)
            .told("api.provider.example", Grade::Answered)
            .hosted(&[("a", "DE"), ("b", "NO")]),
        image(4, 4000)
            .to("203.0.113.10", 8443)
            .said("hidden.example")
            .hosted(&[("a", "US"), ("b", "US")]),
        image(5, 5000).to("203.0.113.77", 443).announced(64496),
        flow(6, 6000).of("llm.service", None).to("203.0.113.9", 443),
        flow(7, 7000)
            .of("other.service", None)
            .to("203.0.113.9", 443),
        image(8, 8000).to("10.20.0.1", 5432),
    ];
    for (second, flow) in flows.into_iter().enumerate() {
        let time = at(&format!("12:00:{second:02}"));
        store.flow(&time, judged(&policy, &time, flow));
    }
    store
}

/// Asserts that `docs/replay.md` has the text, indented as code.
pub(crate) fn assert_documented(text: &str) {
    let docs = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/replay.md");
    let docs = fs::read_to_string(docs).unwrap();
    let indented = text.trim_end().lines().map(|line| match line {
        "" => String::new(),
        line => format!("    {line}"),
    });
    let indented: Vec<String> = indented.collect();
    let block = indented.join("\n");
    assert!(docs.contains(&block), "docs/replay.md lacks:\n{block}");
}
