//! The record judged again, by the same and by other sets.
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::{
    sample::{DUTIES, policy, set, set_with, sources, store},
    structure::{Edit, KeyChange, PartChange, compare},
    *,
};
use crate::{
    history::{
        Interval, Span, intervals, intervals_from,
        sample::{Store, With as _, flow, time},
    },
    ledger::FlowInterval,
    policy::{Policy, Source},
    record::Counters,
    verdict::Verdict,
};

fn replayed(store: &Store, policy: &Policy, most: usize) -> Differences {
    let mut differences = Differences::new(most);
    let mut replay = Replay::new(policy, None);
    let span: Span = "2026-11".parse().unwrap();
    intervals(store.path(), &span, |interval| {
        let again = replay.judge(&interval);
        differences.take(&interval, &interval.flow.judged, &again);
    })
    .unwrap();
    differences
}

/// Destination, verdict and rule before and after, flows, bytes.
fn rows(differences: &Differences) -> Vec<String> {
    let outcome = |outcome: &Outcome| {
        let rule = outcome.rule.as_deref().unwrap_or("-");
        format!("{} {rule}", outcome.verdict)
    };
    let row = |one: &Difference<'_>| {
        format!(
            "{:?} {}:{} {} > {} {} {}",
            one.change.effect,
            one.change.to,
            one.change.port,
            outcome(&one.change.before),
            outcome(&one.change.after),
            one.group.flows,
            one.group.counters.egress_bytes
        )
    };
    differences.list().iter().map(row).collect()
}

#[test]
fn by_the_same_set_nothing_differs() {
    let differences = replayed(&store(), &policy(&set()), 8);
    assert_eq!(rows(&differences), [""; 0]);
    let all = Amount {
        flows: 8,
        bytes: 36_500,
    };
    assert_eq!(differences.compared(), all);
    for effect in Effect::ALL {
        assert_eq!(differences.amount(effect), Amount::default());
    }
}

#[test]
fn what_an_entry_no_longer_declares_is_worse() {
    let narrower = policy(&set_with("198.51.100.0/24", "198.51.100.128/25"));
    let differences = replayed(&store(), &narrower, 8);
    assert_eq!(
        rows(&differences),
        ["Worse 198.51.100.9:443 declared image-web > undeclared - 1 1500"]
    );
    let one = differences.list().pop().unwrap();
    assert_eq!(
        (one.reason_before, one.reason),
        (
            "entry image-web of image declares 198.51.100.9:443/tcp outbound (hosted in DE, \
             inside EEA)",
            "no entry of image declares 198.51.100.9:443/tcp outbound (hosted in DE, inside EEA)"
        )
    );
    let worse = Amount {
        flows: 1,
        bytes: 1500,
    };
    assert_eq!(differences.amount(Effect::Worse), worse);
}

#[test]
fn what_another_set_mends_is_better_and_the_rest_is_other() {
    let wider = policy(&set_with(
        "\"203.0.113.50\"",
        "\"203.0.113.9\", \"203.0.113.77\"",
    ));
    assert_eq!(
        rows(&replayed(&store(), &wider, 8)),
        [
            // No longer named by the entry, it is undeclared and not outside its place.
            "Worse 203.0.113.50:443 out_of_jurisdiction image-eea > undeclared - 1 2000",
            "Better provider-b:443 undeclared - > indeterminate image-eea 1 5000",
            "Better api.provider.example:443 undeclared - > indeterminate image-eea 1 3000",
        ]
    );
    let renamed = policy(&set_with("image-web", "image-www"));
    assert_eq!(
        rows(&replayed(&store(), &renamed, 8)),
        ["Other 198.51.100.9:443 declared image-web > declared image-www 1 1500"]
    );
}

#[test]
fn operators_are_those_of_the_set_that_judges() {
    let entry = "address = [\"203.0.113.50\"]\ncountries = [\"EEA\"]";
    let mut by_provider = set_with(entry, "provider = [\"provider-b\"]");
    assert_eq!(
        rows(&replayed(&store(), &policy(&by_provider), 8)),
        [
            "Worse 203.0.113.50:443 out_of_jurisdiction image-eea > undeclared - 1 2000",
            "Better provider-b:443 undeclared - > declared image-eea 1 5000",
        ]
    );
    let (_, providers) = by_provider.last_mut().unwrap();
    *providers = providers.replace("64496", "64497");
    assert_eq!(
        rows(&replayed(&store(), &policy(&by_provider), 8)),
        ["Worse 203.0.113.50:443 out_of_jurisdiction image-eea > undeclared - 1 2000"]
    );
}

#[test]
fn a_flow_is_judged_as_of_when_it_was_counted_or_judged_anew() {
    let policy = policy(&set_with("expires = 2027-12-31", "expires = 2026-11-01"));
    let judged = |written: &str, last_seen: &str, flow: &FlowInterval| {
        let interval = Interval {
            time: time(written),
            first_seen: time(last_seen),
            last_seen: time(last_seen),
            flow,
        };
        Replay::new(&policy, None).judge(&interval).verdict
    };
    let (before, after) = ("2026-11-01T23:59:59Z", "2026-11-02T00:00:01Z");
    let counted = flow(1, 100).hosted(&[("a", "DE")]);
    assert_eq!(judged(after, before, &counted), Verdict::Declared);
    assert_eq!(judged(after, after, &counted), Verdict::Expired);
    let mut anew = counted;
    anew.counters = Counters::default();
    assert_eq!(judged(after, before, &anew), Verdict::Expired);
}

/// A set whose web entry may carry so many bytes a day.
fn limited(bytes: u64) -> Policy {
    let ports = "ports = [443]\nprotocol = \"tcp\"";
    let budget = format!("{ports}\nmax_bytes = \"{bytes} B\"\nper = \"day\"");
    policy(&set_with(ports, &budget))
}

#[test]
fn budgets_are_spent_in_the_order_of_time() {
    // Both intervals of the flow together carry 1500 bytes.
    assert_eq!(rows(&replayed(&store(), &limited(1500), 8)), [""; 0]);
    let rule = "declared image-web > undeclared image-web";
    assert_eq!(
        rows(&replayed(&store(), &limited(1499), 8)),
        [format!("Worse 198.51.100.9:443 {rule} 1 500")]
    );
}

#[test]
fn a_second_budget_takes_over_from_the_first_and_is_spent_too() {
    let ports = "ports = [443]\nprotocol = \"tcp\"";
    let entry = |id: &str, bytes: u64| {
        format!(
            "[[allow]]\nid = \"{id}\"\ncidr = [\"198.51.100.0/24\"]\n{ports}\n\
             max_bytes = \"{bytes} B\"\nper = \"day\"\n{DUTIES}\n"
        )
    };
    let mut set = set_with(
        ports,
        &format!("{ports}\nmax_bytes = \"1000 B\"\nper = \"day\""),
    );
    set[0].1.push_str(&entry("image-web-b", 500));
    let second = "declared image-web > declared image-web-b";
    assert_eq!(
        rows(&replayed(&store(), &policy(&set), 8)),
        [format!("Other 198.51.100.9:443 {second} 1 500")]
    );
    set[0].1 = set[0].1.replace("\"500 B\"", "\"499 B\"");
    let rows = rows(&replayed(&store(), &policy(&set), 8));
    assert!(
        rows[0].starts_with("Worse 198.51.100.9:443 declared image-web > undeclared"),
        "{rows:?}"
    );
}

#[test]
fn what_was_carried_before_the_period_counts() {
    let store = store();
    let policy = limited(1499);
    let span: Span = "2026-11-01T12:00:01Z..2026-11-02".parse().unwrap();
    let mut replay = Replay::new(&policy, None);
    let from = replay.needs_from(span.from);
    assert_eq!(from, time("2026-11-01T00:00:00Z"));
    let mut differences = Differences::default();
    let reading = intervals_from(store.path(), &span, from, |interval| {
        let again = replay.judge(&interval);
        if span.contains(interval.time) {
            differences.take(&interval, &interval.flow.judged, &again);
        }
    })
    .unwrap();
    assert_eq!(reading.intervals, 8, "those of the period");
    assert_eq!(differences.amount(Effect::Worse).bytes, 500);
    let unlimited = Replay::new(&policy, None).needs_from(span.to);
    assert_eq!(unlimited, span.to, "a day begins there");
}

#[test]
fn too_many_changes_are_folded_and_counted() {
    let nobody = policy(&set_with(
        "unit = \"image*.service\"",
        "unit = \"none.service\"",
    ));
    let differences = replayed(&store(), &nobody, 2);
    assert_eq!(
        rows(&differences),
        [
            "Worse 198.51.100.9:443 declared image-web > unattributed - 1 1500",
            "Other 203.0.113.50:443 out_of_jurisdiction image-eea > unattributed - 1 2000",
        ]
    );
    assert_eq!(differences.folded().intervals, 4);
    assert_eq!(differences.folded().counters.egress_bytes, 20_000);
    // The sums have everything. A deviation that is nobody's any more is not mended.
    assert_eq!(differences.amount(Effect::Better), Amount::default());
    assert_eq!(differences.amount(Effect::Other).bytes, 22_000);
}

#[test]
fn order_and_single_values_make_no_structural_difference() {
    let before = sources(&set());
    let mut after = sources(&set_with("protocol = \"tcp\"", "protocol = [\"tcp\"]"));
    after.reverse();
    for source in &mut after {
        source.text = source.text.replace("[\"DE\", \"NO\"]", "[\"NO\", \"DE\"]");
    }
    assert_eq!(compare(&before, &after), []);
}

#[test]
fn a_structural_difference_is_told_key_by_key() {
    let value = |text: &str| Some(toml::Value::String(text.to_owned()));
    let ports = |port| Some(toml::Value::Array(vec![toml::Value::Integer(port)]));
    let key = |key: &str, before, after| KeyChange {
        key: key.to_owned(),
        before,
        after,
    };
    let part = |file: &str, section: Option<&str>, id: Option<&str>, edit, keys| PartChange {
        file: file.to_owned(),
        section: section.map(str::to_owned),
        id: id.map(str::to_owned),
        edit,
        keys,
    };
    let before = sources(&set());
    let mut after = sources(&set());
    after[0].text = after[0].text.replace("[443]", "[8443]");
    after[1].text = after[1].text.replace("llm.service", "llm@*.service");
    after[1].text = after[1].text.replace("\"LLM\"", "\"Core LLM\"");
    after[4].text = "fresh_for_days = 3650\n".to_owned();
    let found = compare(&before, &after);
    let unit = |unit: &str| value(unit);
    assert_eq!(
        found[..4],
        [
            part(
                "image.toml",
                Some("allow"),
                Some("image-web"),
                Edit::Changed,
                vec![key("ports", ports(443), ports(8443))]
            ),
            part(
                "llm.toml",
                None,
                None,
                Edit::Changed,
                vec![key("title", value("LLM"), value("Core LLM"))]
            ),
            part(
                "llm.toml",
                Some("workload"),
                Some("unit = llm.service"),
                Edit::Removed,
                vec![key("unit", unit("llm.service"), None)]
            ),
            part(
                "llm.toml",
                Some("workload"),
                Some("unit = llm@*.service"),
                Edit::Added,
                vec![key("unit", None, unit("llm@*.service"))]
            ),
        ]
    );
    let last = &found[4];
    assert_eq!(
        (last.id.as_deref(), last.edit, last.keys.len(), found.len()),
        (Some("provider-b"), Edit::Removed, 9, 5)
    );
}

/// Files in any order, with their arrays turned round or not.
fn rewritten() -> impl Strategy<Value = Vec<Source>> {
    let files = Just(sources(&set())).prop_shuffle();
    (files, any::<bool>()).prop_map(|(mut files, turned)| {
        for file in files.iter_mut().filter(|_| turned) {
            file.text = file.text.replace("[\"DE\", \"NO\"]", "[\"NO\", \"DE\"]");
        }
        files
    })
}

/// The set with some of a few changes.
fn changed() -> impl Strategy<Value = Vec<Source>> {
    let changes = vec![
        ("[443]", "[443, 8443]"),
        ("unit = \"llm.service\"", "slice = \"llm.slice\""),
        ("title = \"Image\"", "title = \"Pictures\""),
        ("id = \"image-eea\"", "id = \"image-promised\""),
        ("home = \"EEA\"\n", ""),
        ("10.20.0.0/16", "10.20.0.0/15"),
    ];
    let most = changes.len();
    proptest::sample::subsequence(changes, 0..=most).prop_map(|changes| {
        let mut files = sources(&set());
        for file in &mut files {
            for (text, instead) in &changes {
                file.text = file.text.replace(text, instead);
            }
        }
        files
    })
}

proptest! {
    #[test]
    fn how_a_set_is_written_is_no_difference(one in rewritten(), other in rewritten()) {
        prop_assert_eq!(compare(&one, &other), vec![]);
    }

    #[test]
    fn turned_round_a_difference_is_the_opposite(before in changed(), after in changed()) {
        let opposite = |edit| match edit {
            Edit::Added => Edit::Removed,
            Edit::Removed => Edit::Added,
            Edit::Changed => Edit::Changed,
        };
        let mut back = compare(&after, &before);
        for part in &mut back {
            part.edit = opposite(part.edit);
            for key in &mut part.keys {
                std::mem::swap(&mut key.before, &mut key.after);
            }
        }
        prop_assert_eq!(compare(&before, &after), back);
    }
}
