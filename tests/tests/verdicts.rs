//! From a real connection to a verdict: one row is one scenario.

#![expect(clippy::unwrap_used, reason = "tests")]

use weir_tests::{
    scenario::{Played, Says, Scenario},
    stage::{self, Stage},
    traffic::Protocol::{Tcp, Udp},
};

const IMAGE: Option<&str> = Some("image-generation");
const LLM: Option<&str> = Some("llm-inference");

const fn says(
    product: Option<&'static str>,
    verdict: &'static str,
    rule: Option<&'static str>,
    country: Option<&'static str>,
) -> Says {
    Says {
        product,
        verdict,
        rule,
        country,
    }
}

/// Scenarios of units. Each row has a unit and destination of its own, so that
/// the record has one flow for it.
const SCENARIOS: &[Scenario] = &[
    Scenario {
        name: "declared TCP over IPv4",
        unit: "image-generation.service",
        traffic: "tcp --to 198.51.100.9:443 --bytes 4096 --reply 20000",
        to: (stage::GERMANY, 443, Tcp),
        says: says(IMAGE, "declared", Some("image-web"), Some("DE")),
    },
    Scenario {
        name: "declared TCP over IPv6",
        unit: "image-generation.service",
        traffic: "tcp --to [2001:db8:1::9]:443 --bytes 4096 --reply 20000",
        to: (stage::GERMANY_V6, 443, Tcp),
        says: says(IMAGE, "declared", Some("image-web"), Some("DE")),
    },
    Scenario {
        name: "declared TCP to a port of a range, several connections",
        unit: "image-generation.service",
        traffic: "tcp --to 198.51.100.9:8080 --bytes 500 --reply 10 --count 5",
        to: (stage::GERMANY, 8080, Tcp),
        says: says(IMAGE, "declared", Some("image-web"), Some("DE")),
    },
    Scenario {
        name: "declared UDP over IPv4",
        unit: "image-generation.service",
        traffic: "udp --to 198.51.100.9:53 --bytes 321 --count 3 --echo",
        to: (stage::GERMANY, 53, Udp),
        says: says(IMAGE, "declared", Some("image-datagrams"), Some("DE")),
    },
    Scenario {
        name: "declared UDP over IPv6, unconnected",
        unit: "image-generation.service",
        traffic: "udp --to [2001:db8:1::9]:53 --bytes 321 --count 3 --echo --call sendto",
        to: (stage::GERMANY_V6, 53, Udp),
        says: says(IMAGE, "declared", Some("image-datagrams"), Some("DE")),
    },
    Scenario {
        name: "declared in Norway, which the EEA contains",
        unit: "image-generation.service",
        traffic: "tcp --to 198.51.100.129:443 --bytes 100",
        to: (stage::NORWAY, 443, Tcp),
        says: says(IMAGE, "declared", Some("image-web"), Some("NO")),
    },
    Scenario {
        name: "a third country that is declared",
        unit: "image-generation.service",
        traffic: "tcp --to 203.0.113.40:443 --bytes 100",
        to: (stage::OVERSEAS_DECLARED, 443, Tcp),
        says: says(IMAGE, "declared", Some("image-overseas"), Some("US")),
    },
    Scenario {
        name: "declared destination in a place that the entry does not admit",
        unit: "image-generation.service",
        traffic: "tcp --to 203.0.113.50:443 --bytes 100",
        to: (stage::OVERSEAS_PROMISED, 443, Tcp),
        says: says(
            IMAGE,
            "out_of_jurisdiction",
            Some("image-must-be-eea"),
            Some("US"),
        ),
    },
    Scenario {
        name: "undeclared TCP over IPv4",
        unit: "image-generation.service",
        traffic: "tcp --to 203.0.113.9:443 --bytes 4096 --reply 300",
        to: (stage::OVERSEAS, 443, Tcp),
        says: says(IMAGE, "undeclared", None, Some("US")),
    },
    Scenario {
        name: "undeclared TCP over IPv6",
        unit: "image-generation.service",
        traffic: "tcp --to [2001:db8:2::9]:443 --bytes 4096 --reply 300",
        to: (stage::OVERSEAS_V6, 443, Tcp),
        says: says(IMAGE, "undeclared", None, Some("US")),
    },
    Scenario {
        name: "undeclared UDP over IPv4",
        unit: "image-generation.service",
        traffic: "udp --to 203.0.113.9:53 --bytes 700 --count 2 --echo --call sendmsg",
        to: (stage::OVERSEAS, 53, Udp),
        says: says(IMAGE, "undeclared", None, Some("US")),
    },
    Scenario {
        name: "undeclared UDP over IPv6",
        unit: "image-generation.service",
        traffic: "udp --to [2001:db8:2::9]:53 --bytes 700 --count 2 --echo",
        to: (stage::OVERSEAS_V6, 53, Udp),
        says: says(IMAGE, "undeclared", None, Some("US")),
    },
    Scenario {
        name: "undeclared port of a declared destination",
        unit: "image-generation.service",
        traffic: "tcp --to 198.51.100.9:53 --bytes 100",
        to: (stage::GERMANY, 53, Tcp),
        says: says(IMAGE, "undeclared", None, Some("DE")),
    },
    Scenario {
        name: "an address in no known country",
        unit: "image-generation.service",
        traffic: "tcp --to 203.0.113.200:443 --bytes 100",
        to: (stage::NOWHERE, 443, Tcp),
        says: says(IMAGE, "undeclared", None, None),
    },
    Scenario {
        name: "internal over IPv4",
        unit: "llm-inference.service",
        traffic: "tcp --to 10.77.0.20:8080 --bytes 2000 --reply 2000",
        to: (stage::INTERNAL, 8080, Tcp),
        says: says(LLM, "internal", None, None),
    },
    Scenario {
        name: "internal over IPv6",
        unit: "llm-inference.service",
        traffic: "udp --to [2001:db8:77::20]:53 --bytes 60 --echo",
        to: (stage::INTERNAL_V6, 53, Udp),
        says: says(LLM, "internal", None, None),
    },
    Scenario {
        name: "a product that calls nothing outside does",
        unit: "llm-inference.service",
        traffic: "tcp --to 198.51.100.9:443 --bytes 100",
        to: (stage::GERMANY, 443, Tcp),
        says: says(LLM, "undeclared", None, Some("DE")),
    },
    Scenario {
        name: "a workload of no product is shown",
        unit: "stranger.service",
        traffic: "udp --to 203.0.113.9:53 --bytes 10 --echo",
        to: (stage::OVERSEAS, 53, Udp),
        says: says(None, "unattributed", None, Some("US")),
    },
    Scenario {
        name: "IPv4-mapped IPv6 over TCP is IPv4",
        unit: "image-generation-mapped.service",
        traffic: "tcp --to [::ffff:198.51.100.9]:443 --bytes 1234 --reply 99",
        to: (stage::GERMANY, 443, Tcp),
        says: says(IMAGE, "declared", Some("image-web"), Some("DE")),
    },
    Scenario {
        name: "IPv4-mapped IPv6 over unconnected UDP is IPv4",
        unit: "image-generation-mapped.service",
        traffic: "udp --to [::ffff:198.51.100.9]:53 --bytes 77 --echo --call sendto",
        to: (stage::GERMANY, 53, Udp),
        says: says(IMAGE, "declared", Some("image-datagrams"), Some("DE")),
    },
    Scenario {
        name: "refused",
        unit: "image-generation-refused.service",
        traffic: "tcp-fail --to 203.0.113.9:9",
        to: (stage::OVERSEAS, 9, Tcp),
        says: says(IMAGE, "undeclared", None, Some("US")),
    },
    Scenario {
        name: "no answer",
        unit: "image-generation-silent.service",
        traffic: "tcp-fail --to 203.0.113.66:443 --wait 300",
        to: (stage::SILENT, 443, Tcp),
        says: says(IMAGE, "undeclared", None, Some("US")),
    },
];

#[test]
fn every_way_gets_its_verdict_to_the_byte() {
    let stage = Stage::new().unwrap();
    let agent = stage.agent().unwrap();
    let played: Vec<Played> = SCENARIOS
        .iter()
        .map(|scenario| scenario.play(&stage).unwrap())
        .collect();
    let ended = agent.stop().unwrap();
    stage::ended_well(&ended).unwrap();
    let failures: Vec<String> = played
        .iter()
        .filter_map(|played| played.check(&ended).err())
        .map(|error| format!("{error:#}"))
        .collect();
    assert!(
        failures.is_empty(),
        "{} of {} scenarios fail:\n{}",
        failures.len(),
        played.len(),
        failures.join("\n")
    );
}

#[test]
fn third_countries_are_marked() {
    let stage = Stage::new().unwrap();
    let agent = stage.agent().unwrap();
    let unit = stage.unit("image-generation.service").unwrap();
    for address in [stage::GERMANY, stage::OVERSEAS, stage::NOWHERE] {
        unit.traffic(&stage.app, &format!("tcp --to {address}:443"))
            .unwrap();
    }
    let ended = agent.stop().unwrap();
    for (address, third) in [
        (stage::GERMANY, Some(false)),
        (stage::OVERSEAS, Some(true)),
        (stage::NOWHERE, None),
    ] {
        let to = format!("{address}:443").parse().unwrap();
        let flow = ended.only(&unit.cgroup_path(), to, "tcp").unwrap();
        assert_eq!(flow.third_country, third, "{flow}");
    }
}
