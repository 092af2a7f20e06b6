//! Allowlists of many sizes, written as text and read as the agent reads them.

use std::fmt::Write as _;

use anyhow::{Result, anyhow};
use ipnetwork::Ipv4Network;
use weir::policy::{Policy, Source};

use super::random::Random;

/// Products beside the one whose flows are judged.
const OTHERS: u32 = 19;

/// How much a policy holds.
#[derive(Clone, Copy, Debug)]
pub(super) struct Size {
    /// Entries that name networks.
    pub(super) networks: u32,
    /// Prefixes of each of them.
    pub(super) prefixes: usize,
    /// Entries that name a name and what is below another.
    pub(super) names: u32,
}

/// The prefixes of all entries: each once, /16 to /28.
pub(super) fn prefixes(count: usize) -> Result<Vec<Ipv4Network>> {
    let mut random = Random::new(7);
    let mut seen = std::collections::HashSet::new();
    let mut prefixes = Vec::with_capacity(count);
    while prefixes.len() < count {
        let length = u8::try_from(16 + random.below(13))?;
        let address = (1 << 24) + random.below(222 << 24);
        let network = Ipv4Network::new(address.into(), length)?;
        let network = Ipv4Network::new(network.network(), length)?;
        if seen.insert(network) {
            prefixes.push(network);
        }
    }
    Ok(prefixes)
}

/// A policy of that size. Flows are judged by its product `product-0`.
pub(super) fn policy(size: Size) -> Result<Policy> {
    let files = files(size)?;
    let sources = files
        .iter()
        .map(|(name, text)| Source::from_text(name, text));
    Policy::from_sources(sources.collect()).map_err(|rejected| anyhow!("{rejected}"))
}

/// The files of a policy of that size, by name.
pub(super) fn files(size: Size) -> Result<Vec<(String, String)>> {
    let jurisdictions = include_str!("../../../allowlists/jurisdictions.toml");
    let providers = include_str!("../../../allowlists/providers.toml");
    let mut files = vec![
        ("product-0.toml".to_owned(), product(size)?),
        ("platform.toml".to_owned(), PLATFORM.to_owned()),
        ("jurisdictions.toml".to_owned(), jurisdictions.to_owned()),
        ("providers.toml".to_owned(), providers.to_owned()),
    ];
    for number in 1..=OTHERS {
        files.push((format!("product-{number}.toml"), head(number)));
    }
    Ok(files)
}

/// A product and its workloads: units, containers, pods.
fn head(number: u32) -> String {
    format!(
        r#"
product = "product-{number}"
title = "Product {number}"
owner = "team"
posture = "external_declared"

[[workload]]
unit = "product-{number}-*.service"

[[workload]]
container = "product-{number}-*"
image = "registry.internal/product-{number}/**"

[[workload]]
pod_namespace = "product-{number}"
pod = "worker-*"
"#
    )
}

fn product(size: Size) -> Result<String> {
    let mut text = head(0);
    let prefixes = prefixes(usize::try_from(size.networks)? * size.prefixes)?;
    for (number, prefixes) in prefixes.chunks(size.prefixes.max(1)).enumerate() {
        let list: Vec<String> = prefixes.iter().map(|p| format!("\"{p}\"")).collect();
        write!(
            text,
            r#"
[[allow]]
id = "network-{number}"
purpose = "made for the benchmark"
owner = "team"
cidr = [{}]
countries = ["EEA"]
ports = [443, "8000-8100"]
protocol = "tcp"
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30
"#,
            list.join(", ")
        )?;
    }
    for number in 0..size.names {
        write!(
            text,
            r#"
[[allow]]
id = "name-{number}"
purpose = "made for the benchmark"
owner = "team"
name = ["api-{number}.provider.example", "*.region-{number}.provider.example"]
countries = ["EEA"]
ports = [443]
protocol = "tcp"
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30
"#
        )?;
    }
    Ok(text)
}

const PLATFORM: &str = r#"
home = "EEA"

[[internal]]
cidr = "10.0.0.0/8"
purpose = "hosts"
owner = "team"

[[internal]]
cidr = "2001:db8::/32"
purpose = "hosts"
owner = "team"

[[allow]]
id = "time"
purpose = "time"
owner = "team"
address = ["192.0.2.123"]
ports = [123]
protocol = "udp"
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30

[[allow]]
id = "mirrors"
purpose = "packages"
owner = "team"
provider = ["hetzner"]
operator_domicile = ["EEA"]
ports = [443]
protocol = "tcp"
data_categories = ["test data"]
legal_basis = "made up for the test"
approved_by = "dpo"
approved_on = 2026-03-01
expires = 2027-06-30
"#;
