//! When an entry is warned of.

use jiff::civil::date;

use super::sources;
use crate::policy::Policy;

fn policy() -> Policy {
    let entry = |id: &str, last: &str| {
        format!(
            "[[allow]]\nid = \"{id}\"\npurpose = \"synthetic\"\nowner = \"team-test\"\n\
             data_categories = [\"prompts\"]\nlegal_basis = \"contract (synthetic)\"\n\
             approved_by = \"dpo-test\"\napproved_on = 2026-01-15\n\
             cidr = [\"198.51.100.0/24\"]\nports = [443]\nprotocol = \"tcp\"\nexpires = {last}\n"
        )
    };
    let product = format!(
        "product = \"image-generation\"\ntitle = \"Image generation\"\nowner = \"team-test\"\n\
         posture = \"external_declared\"\n\n[[workload]]\nunit = \"image.service\"\n\n{}{}{}{}",
        entry("later", "2026-07-02"),
        entry("near", "2026-07-01"),
        entry("today", "2026-06-01"),
        entry("gone", "2026-05-30"),
    );
    let set = sources(&[("image-generation.toml", &product)]);
    Policy::from_sources(set).unwrap_or_else(|e| panic!("{e}"))
}

#[test]
fn entries_are_warned_of_from_thirty_days_before_their_last() {
    let policy = policy();
    let of = |day| {
        let found = policy.expiring(day);
        let all = found.iter();
        all.map(|one| (one.entry.id.clone(), one.days_left))
            .collect::<Vec<_>>()
    };
    let said = |pairs: &[(&str, i32)]| {
        let all = pairs.iter();
        all.map(|(id, days)| ((*id).to_owned(), *days))
            .collect::<Vec<_>>()
    };
    assert_eq!(of(date(2026, 4, 29)), said(&[]));
    assert_eq!(of(date(2026, 4, 30)), said(&[("gone", 30)]));
    assert_eq!(
        of(date(2026, 6, 1)),
        said(&[("today", 0), ("near", 30), ("gone", -2)])
    );
}

#[test]
fn an_entry_ends_with_its_last_day_in_utc() {
    let policy = policy();
    let found = policy.expiring(date(2026, 6, 1));
    let ends: Vec<_> = found.iter().map(|one| one.ends().unwrap()).collect();
    assert_eq!(
        ends.iter().map(ToString::to_string).collect::<Vec<_>>(),
        [
            "2026-06-02T00:00:00Z",
            "2026-07-02T00:00:00Z",
            "2026-05-31T00:00:00Z"
        ]
    );
    assert!(found[2].is_expired() && !found[0].is_expired());
}
