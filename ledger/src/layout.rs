//! Which part of an entry stands in which column.
//!
//! An entry is a JSON object with a `type`. Of the types that are many, the
//! parts that are asked for or that compress better apart have columns; what is
//! left of an entry stands in the column `rest`. So an entry that gains a field
//! needs no other schema, and from a row the entry is made again exactly.

use serde_json::{Value, json};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A 64-bit integer.
    Int,
    /// The time of the entry, nanoseconds since 1970 in UTC.
    Time,
    /// A text.
    Text,
    /// A JSON value in canonical form. Its SHA-256 stands in the leaf.
    Context,
    /// A text that repeats what a context says, so that it can be asked for. No part of the
    /// leaf: a verifier compares it with the context.
    Derived,
}

/// A column of every segment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// What it holds.
    pub kind: Kind,
}

const fn int(name: &'static str) -> Column {
    let kind = Kind::Int;
    Column { name, kind }
}

const fn text(name: &'static str) -> Column {
    let kind = Kind::Text;
    Column { name, kind }
}

const fn context(name: &'static str) -> Column {
    let kind = Kind::Context;
    Column { name, kind }
}

const fn derived(name: &'static str) -> Column {
    let kind = Kind::Derived;
    Column { name, kind }
}

/// The columns, in the order of the file.
pub const COLUMNS: &[Column] = &[
    int("seq"),
    Column {
        name: "time",
        kind: Kind::Time,
    },
    text("type"),
    text("product"),
    text("verdict"),
    text("rule"),
    derived("workload"),
    derived("name"),
    derived("provider"),
    derived("organisation"),
    derived("hosted_in"),
    derived("domicile"),
    text("address"),
    int("port"),
    int("protocol"),
    text("direction"),
    text("scope"),
    int("egress_bytes"),
    int("egress_packets"),
    int("ingress_bytes"),
    int("ingress_packets"),
    int("before_egress_bytes"),
    int("before_egress_packets"),
    int("before_ingress_bytes"),
    int("before_ingress_packets"),
    int("attempts"),
    int("flow"),
    int("slot"),
    text("recording"),
    int("cgroup"),
    int("netns"),
    int("first_ns"),
    int("last_ns"),
    context("workload_facts"),
    context("executable"),
    context("process"),
    context("names"),
    context("place"),
    context("operator"),
    context("reason"),
    text("rest"),
];

/// Place of a column.
pub fn column(name: &str) -> Option<usize> {
    COLUMNS.iter().position(|column| column.name == name)
}

/// Where the columns' values stand in entries of one type.
#[derive(Debug)]
pub struct Layout {
    /// The `type`.
    pub tag: &'static str,
    /// Column and JSON pointer (RFC 6901) into the entry. The column is null where the
    /// entry has something else there.
    pub at: &'static [(&'static str, &'static str)],
    /// As [`Layout::at`], for values that are replaced in the leaf by
    /// `{"sha256": …}` of their canonical form.
    pub contexts: &'static [(&'static str, &'static str)],
    /// Column, pointer, and the column whose value is to be added: cumulative counts are
    /// kept as what was counted before.
    pub sums: &'static [(&'static str, &'static str, &'static str)],
}

macro_rules! flow {
    ($rest:literal) => {
        concat!("/judged/flow/flow/flow", $rest)
    };
}

/// Types that have columns; of others, the whole entry is in `rest`.
pub const LAYOUTS: &[Layout] = &[
    Layout {
        tag: "flow",
        at: &[
            ("product", "/judged/product"),
            ("verdict", "/judged/verdict"),
            ("rule", "/judged/rule"),
            ("address", flow!("/record/address")),
            ("port", flow!("/record/port")),
            ("protocol", flow!("/record/protocol")),
            ("direction", flow!("/record/direction")),
            ("scope", flow!("/record/scope")),
            ("egress_bytes", "/counters/egress_bytes"),
            ("egress_packets", "/counters/egress_packets"),
            ("ingress_bytes", "/counters/ingress_bytes"),
            ("ingress_packets", "/counters/ingress_packets"),
            ("attempts", flow!("/record/attempts")),
            ("flow", flow!("/record/id")),
            ("slot", "/slot"),
            ("recording", "/recording"),
            ("cgroup", flow!("/record/cgroup")),
            ("netns", flow!("/record/netns")),
            ("first_ns", flow!("/record/first_ns")),
            ("last_ns", flow!("/record/last_ns")),
        ],
        contexts: &[
            ("workload_facts", flow!("/workload")),
            ("executable", flow!("/executable")),
            ("process", flow!("/record/process")),
            ("names", "/judged/flow/flow/names"),
            ("place", "/judged/flow/place"),
            ("operator", "/judged/flow/operator_domicile"),
            ("reason", "/judged/reason"),
        ],
        sums: &[
            (
                "before_egress_bytes",
                flow!("/record/counters/egress_bytes"),
                "egress_bytes",
            ),
            (
                "before_egress_packets",
                flow!("/record/counters/egress_packets"),
                "egress_packets",
            ),
            (
                "before_ingress_bytes",
                flow!("/record/counters/ingress_bytes"),
                "ingress_bytes",
            ),
            (
                "before_ingress_packets",
                flow!("/record/counters/ingress_packets"),
                "ingress_packets",
            ),
        ],
    },
    Layout {
        tag: "uplink",
        at: &[
            ("address", "/record/address"),
            ("port", "/record/port"),
            ("protocol", "/record/protocol"),
            ("egress_bytes", "/counters/egress_bytes"),
            ("egress_packets", "/counters/egress_packets"),
            ("ingress_bytes", "/counters/ingress_bytes"),
            ("ingress_packets", "/counters/ingress_packets"),
            ("slot", "/slot"),
            ("recording", "/recording"),
            ("cgroup", "/record/cgroup"),
            ("first_ns", "/record/first_ns"),
        ],
        contexts: &[],
        sums: &[
            (
                "before_egress_bytes",
                "/record/counters/egress_bytes",
                "egress_bytes",
            ),
            (
                "before_egress_packets",
                "/record/counters/egress_packets",
                "egress_packets",
            ),
            (
                "before_ingress_bytes",
                "/record/counters/ingress_bytes",
                "ingress_bytes",
            ),
            (
                "before_ingress_packets",
                "/record/counters/ingress_packets",
                "ingress_packets",
            ),
        ],
    },
];

/// The layout of a type, if it has one.
pub(crate) fn layout_of(tag: &str) -> Option<&'static Layout> {
    LAYOUTS.iter().find(|layout| layout.tag == tag)
}

/// The layouts as every segment carries them, under the key `weir.layout` of its
/// metadata.
pub fn layouts_json() -> Value {
    let pairs = |pairs: &[(&str, &str)]| -> Value {
        pairs
            .iter()
            .map(|(column, pointer)| ((*column).to_owned(), json!(pointer)))
            .collect::<serde_json::Map<_, _>>()
            .into()
    };
    LAYOUTS
        .iter()
        .map(|layout| {
            let sums: serde_json::Map<_, _> = layout
                .sums
                .iter()
                .map(|(column, at, add)| ((*column).to_owned(), json!({"at": at, "add": add})))
                .collect();
            let one = json!({
                "at": pairs(layout.at),
                "contexts": pairs(layout.contexts),
                "sums": sums,
            });
            (layout.tag.to_owned(), one)
        })
        .collect::<serde_json::Map<_, _>>()
        .into()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn every_place_has_a_column_of_its_kind() {
        for layout in LAYOUTS {
            for (name, _) in layout.at {
                let kind = COLUMNS[column(name).unwrap()].kind;
                assert!(matches!(kind, Kind::Int | Kind::Text), "{name}");
            }
            for (name, _) in layout.contexts {
                assert_eq!(COLUMNS[column(name).unwrap()].kind, Kind::Context, "{name}");
            }
            for (name, _, add) in layout.sums {
                assert_eq!(COLUMNS[column(name).unwrap()].kind, Kind::Int, "{name}");
                assert_eq!(COLUMNS[column(add).unwrap()].kind, Kind::Int, "{add}");
            }
            let sums = layout.sums.iter().map(|(_, at, _)| at);
            let places = layout.at.iter().chain(layout.contexts).map(|(_, at)| at);
            for at in places.chain(sums) {
                assert!(at.starts_with('/') && !at.contains('~'), "{at}");
            }
        }
    }

    #[test]
    fn no_two_columns_share_a_name() {
        for (n, one) in COLUMNS.iter().enumerate() {
            assert_eq!(column(one.name), Some(n));
        }
    }
}
