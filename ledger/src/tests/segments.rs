//! Rows of segments, as others read them.

use std::fs::File;

use parquet::{
    file::reader::{FileReader as _, SerializedFileReader},
    record::Field,
};
use proptest::prelude::*;

use super::*;
use crate::{Columns, Key, Leaf, Query, fold, query, sidecar::segment_path};

fn sealed(count: u64) -> tempfile::TempDir {
    let directory = tempfile::tempdir().unwrap();
    let mut log = open(directory.path());
    for n in 1..=count {
        append(&mut log, n);
    }
    log.flush().unwrap();
    log.seal().unwrap();
    directory
}

/// The generic reader of the library, which knows nothing of this crate.
fn rows(directory: &Path) -> Vec<Vec<(String, Field)>> {
    let file = File::open(segment_path(directory, 1)).unwrap();
    let file = SerializedFileReader::new(file).unwrap();
    let rows = file.get_row_iter(None).unwrap();
    rows.map(|row| {
        row.unwrap()
            .get_column_iter()
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect()
    })
    .collect()
}

#[test]
fn a_row_has_what_is_asked_for_in_columns_of_their_own() {
    let directory = sealed(4);
    let rows = rows(directory.path());
    assert_eq!(rows.len(), 4);
    let get = |name: &str| {
        let (_, value) = rows[3].iter().find(|(column, _)| column == name).unwrap();
        value.clone()
    };
    for (name, text) in [
        ("type", "flow"),
        ("product", "images"),
        ("verdict", "declared"),
        ("workload", "a.service"),
        ("name", "told.example"),
        ("provider", "example"),
        ("organisation", "Example"),
        ("hosted_in", "DE"),
        ("domicile", "US"),
        ("address", "203.0.113.4"),
        ("reason", "\"declared at 203.0.113.4\""),
        ("process", r#"{"comm":"worker","pid":4711}"#),
    ] {
        assert_eq!(get(name), Field::Str(text.to_owned()), "{name}");
    }
    for (name, value) in [
        ("seq", 4),
        ("port", 443),
        ("egress_bytes", 104),
        ("before_egress_bytes", 50),
        ("before_egress_packets", 0),
    ] {
        assert_eq!(get(name), Field::Long(value), "{name}");
    }
    assert_eq!(get("netns"), Field::Null);
}

#[test]
fn leaves_are_made_again_of_the_rows_of_another_reader() {
    let directory = sealed(30);
    let layouts = crate::layouts_json();
    for (n, row) in rows(directory.path()).into_iter().enumerate() {
        let row: std::collections::HashMap<_, _> = row.into_iter().collect();
        let text = |name: &str| match &row[name] {
            Field::Str(text) => Some(text.clone()),
            _ => None,
        };
        let int = |name: &str| match &row[name] {
            Field::Long(value) => Some(*value),
            _ => None,
        };
        let mut entry: Value = serde_json::from_str(&text("rest").unwrap()).unwrap();
        let tag = text("type").unwrap();
        crate::leaf::put(&mut entry, "/type", json!(tag));
        for (name, at) in layouts[&tag]["at"].as_object().into_iter().flatten() {
            let at = at.as_str().unwrap();
            if let Some(value) = int(name) {
                crate::leaf::put(&mut entry, at, json!(value));
            } else if let Some(value) = text(name) {
                crate::leaf::put(&mut entry, at, json!(value));
            }
        }
        for (name, sum) in layouts[&tag]["sums"].as_object().into_iter().flatten() {
            if let Some(before) = int(name) {
                let value = before + int(sum["add"].as_str().unwrap()).unwrap();
                crate::leaf::put(&mut entry, sum["at"].as_str().unwrap(), json!(value));
            }
        }
        for (name, at) in layouts[&tag]["contexts"].as_object().into_iter().flatten() {
            if let Some(context) = text(name) {
                let digest =
                    json!({"sha256": crate::leaf::hex(&crate::digest(context.as_bytes()))});
                crate::leaf::put(&mut entry, at.as_str().unwrap(), digest);
            }
        }
        let seq = n as u64 + 1;
        let leaf = crate::leaf::bytes(seq, time(seq), entry);
        let meant = Leaf::of(seq, time(seq), super::entry(seq));
        assert_eq!(
            String::from_utf8(leaf).unwrap(),
            String::from_utf8(meant.bytes).unwrap()
        );
    }
}

#[test]
fn rows_are_folded_over_segments_and_tail() {
    let directory = sealed(30);
    let mut log = open(directory.path());
    for n in 31..=40 {
        append(&mut log, n);
    }
    log.flush().unwrap();
    let mut sum = 0;
    fold(
        directory.path(),
        Columns {
            first: &["type"],
            rest: &["egress_bytes"],
        },
        (0, i64::MAX),
        || 0,
        |_, batch| batch.texts("egress_bytes").is_none(),
        |sum, batch| {
            *sum += batch
                .ints("egress_bytes")
                .unwrap()
                .iter()
                .flatten()
                .sum::<i64>();
        },
        |part| sum += part,
    )
    .unwrap();
    let flows = (1..=40).filter(|n| n % 3 != 0);
    assert_eq!(sum, flows.map(|n| 100 + n).sum::<i64>());
    let mut rows = 0;
    fold(
        directory.path(),
        Columns {
            first: &["time"],
            rest: &[],
        },
        (time(31), i64::MAX),
        || 0,
        |_, _| true,
        |rows, batch| *rows += batch.rows,
        |part| rows += part,
    )
    .unwrap();
    assert_eq!(rows, 10, "the segment is passed over by its statistics");
}

#[test]
fn rows_are_grouped_and_summed_over_segments_and_tail() {
    let directory = sealed(30);
    let mut log = open(directory.path());
    for n in 31..=40 {
        append(&mut log, n);
    }
    log.flush().unwrap();
    let is = |text: &'static str| -> crate::Predicate<'static> {
        Box::new(move |value| value == Some(text.as_bytes()))
    };
    let answer = query(
        directory.path(),
        &Query {
            times: (time(5), time(40)),
            tag: "flow",
            by: &["product", "address", "port"],
            sums: &["egress_bytes", "ingress_bytes"],
            wanted: vec![
                vec![("product", is("images"))],
                vec![
                    ("address", is("203.0.113.1")),
                    ("address", is("203.0.113.3")),
                ],
            ],
        },
    )
    .unwrap();
    let naive = |address: u64| {
        let of = |n: &u64| !n.is_multiple_of(3) && n.is_multiple_of(2) && n % 5 == address;
        let rows: Vec<u64> = (5..40).filter(of).collect();
        let sums = [
            rows.iter().map(|n| i128::from(100 + n)).sum(),
            rows.iter().map(|n| i128::from(*n)).sum(),
        ];
        (
            rows.len() as u64,
            sums.to_vec(),
            time(rows[0]),
            time(*rows.last().unwrap()),
        )
    };
    let mut groups = answer.groups;
    groups.sort_by(|one, other| one.keys.cmp(&other.keys));
    let text = |text: &str| Key::Text(Some(text.to_owned().into()));
    for (group, address) in groups.iter().zip([1, 3]) {
        let keys = [
            text("images"),
            text(&format!("203.0.113.{address}")),
            Key::Int(Some(443)),
        ];
        assert_eq!(group.keys, keys);
        let found = (
            group.rows,
            group.sums.clone(),
            group.first_ns,
            group.last_ns,
        );
        assert_eq!(found, naive(address));
    }
    assert_eq!(groups.len(), 2);
    let gaps = (5..40).filter(|n| n % 3 == 0).count() as u64;
    assert_eq!(answer.types[&b"gap"[..]], gaps);
}

/// Any JSON that an entry may have, numbers being integers.
fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-zé]{0,4}", inner, 0..4)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// Whatever stands where a column takes its value from, the entry comes back.
    #[test]
    fn any_entry_comes_back(values in prop::collection::vec((any::<prop::sample::Index>(), json_value()), 1..12)) {
        let directory = tempfile::tempdir().unwrap();
        let mut log = open(directory.path());
        let mut meant = Vec::new();
        for (n, (index, value)) in values.into_iter().enumerate() {
            let n = n as u64 + 1;
            let layout = &crate::LAYOUTS[usize::try_from(n).unwrap() % crate::LAYOUTS.len()];
            let pointers: Vec<&str> = layout
                .at
                .iter()
                .chain(layout.contexts)
                .map(|(_, at)| *at)
                .chain(layout.sums.iter().map(|(_, at, _)| *at))
                .collect();
            let mut entry = flow(n);
            entry["type"] = layout.tag.into();
            crate::leaf::put(&mut entry, pointers[index.index(pointers.len())], value);
            log.append(time(n), entry.clone()).unwrap();
            meant.push((time(n), entry));
        }
        log.flush().unwrap();
        prop_assert_eq!(&all(directory.path()), &meant);
        log.seal().unwrap();
        prop_assert_eq!(&all(directory.path()), &meant);
    }
}
