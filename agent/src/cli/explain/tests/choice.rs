//! Which flows are taken from a ledger, and what is offered instead.

use proptest::prelude::*;

use super::*;
use crate::cli::explain::{instead, recorded::Reader};

fn at(slot: u32, address: &str, last_s: u64) -> FlowInterval {
    let mut flow = flow();
    flow.slot = slot;
    record(&mut flow).address = address.parse().unwrap();
    record(&mut flow).last_ns = last_s * SECOND;
    flow
}

fn of_unit(mut flow: FlowInterval, name: &str, product: &str) -> FlowInterval {
    let workload = Arc::make_mut(&mut flow.judged.flow.flow.flow.workload);
    name.clone_into(&mut workload.name);
    workload.cgroup_path = Some(format!("/made.slice/{name}"));
    flow.judged.product = Some(product.to_owned());
    flow
}

fn wanted(destination: &str, workload: &str) -> Wanted {
    let given = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    Wanted {
        destination: given(destination).map(|text| text.parse().unwrap()),
        workload: given(workload),
    }
}

/// Slots of the flows that are found, or what is said instead.
fn ask(entries: &[Entry], wanted: &Wanted, most: usize) -> Result<Vec<u32>, String> {
    let mut reader = Reader::new(wanted, most);
    for (seq, entry) in (1..).zip(entries) {
        reader.take(seq, time("12:00:00"), entry.clone());
    }
    match reader.found() {
        Found::Flows(flows) => Ok(flows.iter().map(|one| one.flow.slot).collect()),
        nothing => Err(instead(&nothing, wanted, "store".as_ref())),
    }
}

/// Two recordings; the flow in slot 1 of the first was recorded twice.
fn entries() -> Vec<Entry> {
    let mut second = at(3, "2001:db8:1::9", 10);
    second.recording = "r2".to_owned();
    record(&mut second).port = 8443;
    named(&mut second).names = vec![told("api.example", &["edge.cdn.example"])];
    vec![
        started("r1"),
        entry(at(1, "198.51.100.9", 160)),
        entry(of_unit(at(2, "203.0.113.9", 170), "b.service", "video")),
        entry(at(1, "198.51.100.9", 180)),
        started("r2"),
        entry(second),
    ]
}

#[test]
fn flows_come_the_newest_first_and_each_once() {
    let entries = entries();
    let all = Wanted::default();
    assert_eq!(ask(&entries, &all, 9), Ok(vec![3, 1, 2]));
    assert_eq!(ask(&entries, &all, 2), Ok(vec![3, 1]));
    assert_eq!(ask(&entries, &all, 1), Ok(vec![3]));
}

#[test]
fn a_slot_that_was_given_back_is_another_flow() {
    let mut later = at(1, "198.51.100.9", 190);
    record(&mut later).first_ns = 185 * SECOND;
    let entries = [entry(at(1, "198.51.100.9", 160)), entry(later)];
    assert_eq!(ask(&entries, &Wanted::default(), 9), Ok(vec![1, 1]));
}

#[test]
fn a_flow_is_found_by_address_port_and_every_name() {
    let entries = entries();
    for (destination, slots) in [
        ("198.51.100.9", vec![1]),
        ("::ffff:198.51.100.9", vec![1]),
        ("198.51.100.9:443", vec![1]),
        ("2001:db8:1::9", vec![3]),
        ("[2001:db8:1::9]:8443", vec![3]),
        ("API.example.", vec![3]),
        ("edge.cdn.example", vec![3]),
    ] {
        assert_eq!(
            ask(&entries, &wanted(destination, ""), 9),
            Ok(slots),
            "{destination}"
        );
    }
}

#[test]
fn a_workload_is_found_by_its_name_path_and_product() {
    let entries = entries();
    for (workload, slots) in [
        ("b.serv", vec![2]),
        ("/made.slice", vec![2]),
        ("video", vec![2]),
        ("a.service", vec![3, 1]),
    ] {
        assert_eq!(
            ask(&entries, &wanted("", workload), 9),
            Ok(slots),
            "{workload}"
        );
    }
    assert_eq!(
        ask(&entries, &wanted("203.0.113.9", "a.service"), 9),
        Err(
            "the store store has no flow of `a.service` to 203.0.113.9: ask for one that it \
             has, such as 198.51.100.9:443, [2001:db8:1::9]:8443"
                .to_owned()
        )
    );
}

#[test]
fn what_is_not_there_is_answered_with_what_is() {
    let entries = entries();
    let refused = |destination: &str, workload: &str| {
        ask(&entries, &wanted(destination, workload), 9).unwrap_err()
    };
    assert_eq!(
        refused("203.0.113.8:443", ""),
        "the store store has no flow to 203.0.113.8:443: ask for one that it has, such as \
         203.0.113.9:443, 198.51.100.9:443, [2001:db8:1::9]:8443"
    );
    assert_eq!(
        refused("apo.example", ""),
        "the store store has no flow to apo.example: ask for one that it has, such as \
         api.example, edge.cdn.example"
    );
    assert_eq!(
        refused("", "c.service"),
        "the store store has no flow of a workload `c.service`: ask for one that it has, such \
         as a.service, b.service"
    );
    assert_eq!(
        ask(&[started("r1")], &Wanted::default(), 1),
        Err(
            "the store store has no flow: let `weir run --store store` record some, or name \
             another store"
                .to_owned()
        )
    );
}

#[test]
fn what_has_no_destination_is_found_by_its_workload_alone() {
    let mut folded = at(5, "0.0.0.0", 160);
    record(&mut folded).scope = Scope::Folded;
    let entries = [entry(folded)];
    assert_eq!(ask(&entries, &wanted("", "a.service"), 9), Ok(vec![5]));
    assert!(ask(&entries, &wanted("0.0.0.0", ""), 9).is_err());
}

proptest! {
    /// What is let go of for want of room is never what should have been kept.
    #[test]
    fn few_are_the_first_of_all(
        slots in proptest::collection::vec(0..6_u32, 1..30), most in 1..8_usize
    ) {
        let entries: Vec<Entry> = slots
            .iter()
            .zip(100..)
            .map(|(slot, last_s)| entry(at(*slot, "198.51.100.9", last_s)))
            .collect();
        let all = ask(&entries, &Wanted::default(), usize::MAX).unwrap();
        let few = ask(&entries, &Wanted::default(), most).unwrap();
        prop_assert_eq!(&few[..], &all[..most.min(all.len())]);
    }
}

#[test]
fn a_flow_has_the_set_that_was_in_force_when_it_was_recorded() {
    let wanted = Wanted::default();
    let mut reader = Reader::new(&wanted, 9);
    let loaded = Entry::AllowlistsLoaded {
        digest: "of the change".to_owned(),
        replaced: "of the start".to_owned(),
        products: 1,
        entries: 1,
    };
    let refused = Entry::AllowlistsRefused {
        digest: "of nobody".to_owned(),
        in_force: "of the change".to_owned(),
        errors: Vec::new(),
        more_errors: 0,
    };
    let entries = [
        started("r1"),
        entry(at(1, "198.51.100.9", 160)),
        loaded,
        refused,
        entry(at(2, "198.51.100.9", 170)),
    ];
    for (seq, entry) in (1..).zip(entries) {
        reader.take(seq, time("12:00:00"), entry);
    }
    let Found::Flows(flows) = reader.found() else {
        panic!("none is found");
    };
    let sets: Vec<_> = flows.iter().map(|one| one.allowlists.as_deref()).collect();
    assert_eq!(sets, [Some("of the change"), Some("of the start")]);
}
