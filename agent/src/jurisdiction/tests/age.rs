//! Databases past their limit of age.

use super::*;

/// Two old ones that say DE, and one that may be older and says US.
fn files() -> Files {
    let entry = |country| [("198.51.100.0/24", nested(country))];
    let mut files = Files::new()
        .entries("a", &entry("DE"))
        .entries("b", &entry("DE"))
        .entries("c", &entry("US"));
    files.sources[2].max_age_days = 90;
    files
}

#[test]
fn an_answer_that_is_too_old_stands_beside_and_does_not_count() {
    let databases = files().open();
    let on = |day| {
        databases
            .place("198.51.100.1".parse().unwrap(), day)
            .hosted_in
            .clone()
    };
    // The last day counts.
    let last = on(date(2023, 12, 29));
    assert_eq!(
        (last.value, last.agreement),
        (code("DE"), Agreement::Majority)
    );
    let after = on(date(2023, 12, 30));
    assert_eq!(
        (after.value, after.agreement),
        (code("US"), Agreement::Unanimous)
    );
    let notes: Vec<_> = after.sources.iter().map(|s| s.note.as_deref()).collect();
    let old = Some("built 2023-11-14, older than its limit of 45 days");
    assert_eq!(notes, [old, old, None]);
    assert_eq!(after.sources[0].value, code("DE"), "kept all the same");
    // And the answers of a day are not those of another.
    assert_eq!(on(date(2023, 12, 29)), last);
    let none = on(date(2024, 2, 13));
    assert_eq!((none.value, none.agreement), (None, Agreement::Unknown));
    assert_eq!(
        none.reason.unwrap(),
        "`a`: built 2023-11-14, older than its limit of 45 days; \
         `b`: built 2023-11-14, older than its limit of 45 days; \
         `c`: built 2023-11-14, older than its limit of 90 days"
    );
}

#[test]
fn a_mark_that_is_too_old_marks_nothing() {
    let marked = Value::map([
        ("country_code", text("DE")),
        ("is_anycast", Value::from(true)),
    ]);
    let mut files = Files::new()
        .entries("old", &[("198.51.100.0/24", marked)])
        .entries("new", &[("198.51.100.0/24", nested("DE"))]);
    files.sources[0].max_age_days = 1;
    let place = at(&files.open(), "198.51.100.1");
    assert_eq!(place.anycast.value, None);
    assert_eq!(place.country(), code("DE"));
}

#[test]
fn a_build_date_to_come_does_not_count() {
    let databases = files().open();
    let on = |day| {
        databases
            .place("198.51.100.1".parse().unwrap(), day)
            .hosted_in
            .clone()
    };
    assert_eq!(on(date(2023, 11, 13)).agreement, Agreement::Majority);
    let before = on(date(2023, 11, 12));
    assert_eq!(before.agreement, Agreement::Unknown);
    assert_eq!(
        before.sources[0].note.as_deref(),
        Some("built 2023-11-14, which is in the future")
    );
}
