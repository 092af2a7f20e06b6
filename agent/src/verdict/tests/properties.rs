//! Properties over generated sets, against an interpreter that reads the same
//! entries without any index.

use std::fmt::Write as _;

use ipnetwork::IpNetwork;
use jiff::civil::{Date, date};
use proptest::prelude::*;

use super::*;
use crate::verdict::{Judged, Verdict};

const TODAY: Date = date(2026, 11, 1);
const COUNTRIES: [&str; 3] = ["DE", "NO", "US"];

/// An entry as a generator makes it.
#[derive(Clone, Debug)]
struct Drawn {
    inbound: bool,
    networks: Vec<String>,
    countries: Vec<&'static str>,
    ports: Option<(u16, u16)>,
    udp: Option<bool>,
    expired: bool,
}

impl Drawn {
    fn toml(&self, id: &str) -> String {
        let direction = if self.inbound { "inbound" } else { "outbound" };
        let mut text = format!(
            "[[allow]]\nid = \"{id}\"\npurpose = \"p\"\nowner = \"o\"\ndirection = \"{direction}\"\n\
             data_categories = [\"test\"]\nlegal_basis = \"test\"\napproved_by = \"dpo\"\n\
             approved_on = 2026-03-01\n"
        );
        if !self.networks.is_empty() {
            writeln!(text, "cidr = {:?}", self.networks).unwrap();
        }
        if !self.countries.is_empty() {
            writeln!(text, "countries = {:?}", self.countries).unwrap();
        }
        if let Some((first, last)) = self.ports {
            writeln!(text, "ports = [\"{first}-{last}\"]").unwrap();
        }
        if let Some(udp) = self.udp {
            writeln!(text, "protocol = \"{}\"", if udp { "udp" } else { "tcp" }).unwrap();
        }
        let expires = if self.expired {
            "2026-10-31"
        } else {
            "2027-06-30"
        };
        writeln!(text, "expires = {expires}").unwrap();
        text
    }

    /// What the entry says, straight from the definition: `None` nothing.
    fn says(&self, flow: &Located) -> Option<Verdict> {
        let record = &flow.flow.flow.record;
        let named = self.networks.is_empty()
            || self
                .networks
                .iter()
                .any(|text| text.parse::<IpNetwork>().unwrap().contains(record.address));
        let udp = record.protocol == Protocol::UDP;
        let direction = self.inbound == (record.direction == Direction::Inbound);
        let port = self
            .ports
            .is_none_or(|(a, b)| a <= record.port && record.port <= b);
        if !(named && direction && port && self.udp.is_none_or(|wanted| wanted == udp)) {
            return None;
        }
        let place = flow.place.hosted_in.value.map(|c| c.to_string());
        let admitted = match place {
            _ if self.countries.is_empty() => Some(true),
            Some(place) => Some(self.countries.iter().any(|country| *country == place)),
            None => None,
        };
        match (self.expired, admitted) {
            (true, Some(true)) => Some(Verdict::Expired),
            (true, _) => None,
            (false, Some(true)) => Some(Verdict::Declared),
            (false, None) => Some(Verdict::Indeterminate),
            (false, Some(false)) if self.networks.is_empty() => None,
            (false, Some(false)) => Some(Verdict::OutOfJurisdiction),
        }
    }
}

/// The verdict of the definition.
fn naive(entries: &[&Drawn], flow: &Located) -> Verdict {
    let said: Vec<Verdict> = entries
        .iter()
        .filter_map(|entry| entry.says(flow))
        .collect();
    [
        Verdict::Declared,
        Verdict::Indeterminate,
        Verdict::Expired,
        Verdict::OutOfJurisdiction,
    ]
    .into_iter()
    .find(|verdict| said.contains(verdict))
    .unwrap_or(Verdict::Undeclared)
}

fn network() -> impl Strategy<Value = String> {
    prop_oneof![
        (0u8..4, 24u8..=32).prop_map(|(host, length)| {
            let network = IpNetwork::new([198, 51, 100, host].into(), length).unwrap();
            format!("{}/{length}", network.network())
        }),
        (0u16..3, 120u8..=128).prop_map(|(host, length)| {
            let address = format!("2001:db8::{host}").parse().unwrap();
            format!(
                "{}/{length}",
                IpNetwork::new(address, length).unwrap().network()
            )
        }),
    ]
}

fn drawn() -> impl Strategy<Value = Drawn> {
    (
        any::<bool>(),
        proptest::collection::btree_set(network(), 0..3),
        proptest::sample::subsequence(COUNTRIES.to_vec(), 0..=2),
        proptest::option::of((1u16..4, 0u16..3)),
        proptest::option::of(any::<bool>()),
        proptest::bool::weighted(0.3),
    )
        .prop_map(
            |(inbound, networks, countries, ports, udp, expired)| Drawn {
                inbound,
                networks: networks.into_iter().collect(),
                countries,
                ports: ports.map(|(first, more)| (first, first + more)),
                udp,
                expired,
            },
        )
        .prop_filter("a destination", |e| {
            !e.networks.is_empty() || !e.countries.is_empty()
        })
}

fn drawn_flow() -> impl Strategy<Value = Located> {
    (
        prop_oneof![
            (0u8..4).prop_map(|host| format!("198.51.100.{host}")),
            (0u16..3).prop_map(|host| format!("2001:db8::{host}")),
        ],
        1u16..6,
        any::<bool>(),
        any::<bool>(),
        0usize..4,
    )
        .prop_map(|(address, port, udp, inbound, place)| {
            let flow = with_record(flow("a.service", &address), |record| {
                record.port = port;
                record.protocol = if udp { Protocol::UDP } else { Protocol::TCP };
                record.direction = if inbound {
                    Direction::Inbound
                } else {
                    Direction::Outbound
                };
            });
            match COUNTRIES.get(place) {
                Some(country) => hosted(flow, country),
                None => unlocated(flow),
            }
        })
}

const OTHER: &str = "product = \"b\"\ntitle = \"B\"\nowner = \"o\"\nposture = \"internal_only\"\n\
                     [[workload]]\nunit = \"b.service\"\n";

/// A set of a product `a` with these entries, a share of them the platform's.
fn set(entries: &[(usize, &Drawn)], shared: usize, reversed: bool) -> Policy {
    let mut product = "product = \"a\"\ntitle = \"A\"\nowner = \"o\"\n\
                       posture = \"external_declared\"\n[[workload]]\nunit = \"a.service\"\n"
        .to_owned();
    let mut platform = String::new();
    for (number, entry) in entries {
        let file = if *number < shared {
            &mut platform
        } else {
            &mut product
        };
        file.push_str(&entry.toml(&format!("e{number}")));
    }
    let mut files = vec![
        ("a.toml", product.as_str()),
        ("b.toml", OTHER),
        ("platform.toml", &platform),
    ];
    if reversed {
        files.reverse();
    }
    policy(&files)
}

fn numbered(entries: &[Drawn]) -> Vec<(usize, &Drawn)> {
    entries.iter().enumerate().collect()
}

fn outcome(judged: &Judged) -> (Verdict, Option<&str>, &str) {
    (judged.verdict, judged.rule.as_deref(), &judged.reason)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn the_engine_agrees_with_the_definition(
        entries in proptest::collection::vec(drawn(), 0..8),
        shared in 0usize..4,
        flow in drawn_flow(),
    ) {
        let policy = set(&numbered(&entries), shared, false);
        let judged = judge(flow.clone(), &policy, TODAY);
        prop_assert_eq!(judged.verdict, naive(&entries.iter().collect::<Vec<_>>(), &flow));
        if judged.verdict == Verdict::Declared {
            let rule = judged.rule.unwrap_or_default();
            let number: usize = rule.trim_start_matches('e').parse().unwrap();
            prop_assert_eq!(entries[number].says(&flow), Some(Verdict::Declared));
            prop_assert!(!entries[number].expired);
        }
    }

    #[test]
    fn order_of_files_and_entries_changes_nothing(
        (entries, shuffled) in proptest::collection::vec(drawn(), 0..8).prop_flat_map(|entries| {
            let numbers: Vec<usize> = (0..entries.len()).collect();
            (Just(entries), Just(numbers).prop_shuffle())
        }),
        shared in 0usize..4,
        flow in drawn_flow(),
    ) {
        let one = set(&numbered(&entries), shared, false);
        let other: Vec<(usize, &Drawn)> = shuffled.iter().map(|n| (*n, &entries[*n])).collect();
        let other = set(&other, shared, true);
        let (a, b) = (judge(flow.clone(), &one, TODAY), judge(flow, &other, TODAY));
        prop_assert_eq!(outcome(&a), outcome(&b));
    }

    #[test]
    fn what_no_entry_matches_is_never_declared(
        entries in proptest::collection::vec(drawn(), 0..8),
        flow in drawn_flow(),
    ) {
        let entries: Vec<Drawn> = entries.into_iter().filter(|e| e.says(&flow).is_none()).collect();
        let policy = set(&numbered(&entries), 0, false);
        prop_assert_eq!(judge(flow, &policy, TODAY).verdict, Verdict::Undeclared);
    }

    #[test]
    fn another_entry_never_undoes_a_declaration(
        entries in proptest::collection::vec(drawn(), 1..6),
        more in drawn(),
        flow in drawn_flow(),
    ) {
        let before = judge(flow.clone(), &set(&numbered(&entries), 0, false), TODAY);
        let mut entries = entries;
        entries.push(more);
        let after = judge(flow, &set(&numbered(&entries), 0, false), TODAY);
        if before.verdict == Verdict::Declared {
            prop_assert_eq!(after.verdict, Verdict::Declared);
        }
    }

    #[test]
    fn expired_entries_never_declare(
        entries in proptest::collection::vec(drawn(), 0..8),
        flow in drawn_flow(),
    ) {
        let entries: Vec<Drawn> =
            entries.into_iter().map(|entry| Drawn { expired: true, ..entry }).collect();
        let verdict = judge(flow, &set(&numbered(&entries), 2, false), TODAY).verdict;
        prop_assert!(matches!(verdict, Verdict::Expired | Verdict::Undeclared));
    }

    #[test]
    fn what_has_no_destination_is_never_compliant(
        entries in proptest::collection::vec(drawn(), 0..8),
        flow in drawn_flow(),
        sink in any::<bool>(),
    ) {
        let flow = with_record(flow, |record| {
            record.scope = if sink { Scope::Sink } else { Scope::Folded };
        });
        let verdict = judge(flow, &set(&numbered(&entries), 2, false), TODAY).verdict;
        prop_assert_eq!(verdict, Verdict::Indeterminate);
    }

    #[test]
    fn an_unknown_place_never_satisfies_a_condition(
        entries in proptest::collection::vec(drawn(), 0..8),
        flow in drawn_flow(),
    ) {
        let entries: Vec<Drawn> =
            entries.into_iter().filter(|entry| !entry.countries.is_empty()).collect();
        let policy = set(&numbered(&entries), 2, false);
        for flow in [unlocated(flow.clone()), disputed(flow)] {
            prop_assert_ne!(judge(flow, &policy, TODAY).verdict, Verdict::Declared);
        }
    }

    #[test]
    fn the_same_question_has_the_same_answer(
        entries in proptest::collection::vec(drawn(), 0..8),
        flow in drawn_flow(),
    ) {
        let policy = set(&numbered(&entries), 2, false);
        let again = set(&numbered(&entries), 2, false);
        prop_assert_eq!(policy.digest(), again.digest());
        prop_assert_eq!(judge(flow.clone(), &policy, TODAY), judge(flow, &again, TODAY));
    }
}
