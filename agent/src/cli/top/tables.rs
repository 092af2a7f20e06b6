//! The lists as rows of cells, with as many columns as fit.

use super::cells::{Cell, Column, Tone};
use crate::{
    finding::{Jurisdiction, Severity},
    now::{DestinationRow, FindingRow, List, ProductRow, Sum, WorkloadRow, words},
    output::bytes,
    verdict::Verdict,
};

/// A list, ready to be laid out.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) columns: Vec<Column>,
    pub(super) rows: Vec<Vec<Cell>>,
    /// What is said below, where not everything is shown.
    pub(super) more: Option<String>,
}

/// Chooses columns: each stands from a width of the terminal on.
fn from_width(width: usize, all: &[(usize, Column)]) -> (Vec<Column>, Vec<bool>) {
    let kept: Vec<bool> = all.iter().map(|(least, _)| width >= *least).collect();
    let columns = all.iter().filter(|(least, _)| width >= *least);
    (columns.map(|(_, column)| *column).collect(), kept)
}

fn row(cells: Vec<Cell>, kept: &[bool]) -> Vec<Cell> {
    let cells = cells.into_iter().zip(kept);
    cells
        .filter_map(|(cell, kept)| kept.then_some(cell))
        .collect()
}

/// What is not shown: how much, and how fast.
fn more<T>(list: &List<T>) -> Option<String> {
    (list.more > 0).then(|| {
        let Sum { sent, rate, .. } = list.rest;
        format!(
            "and {} more: {} sent, {} at present",
            list.more,
            bytes(sent),
            words::rate(rate.sent)
        )
    })
}

fn moving(each_second: u64) -> Cell {
    match each_second {
        0 => Cell::toned("-", Tone::Dim),
        some => Cell::new(bytes(some)),
    }
}

/// How bad a verdict is.
pub(super) fn tone(verdict: Verdict, third_country: Option<bool>) -> Tone {
    match verdict {
        Verdict::Internal => Tone::Plain,
        Verdict::Declared => Tone::Good,
        Verdict::Undeclared | Verdict::OutOfJurisdiction if third_country == Some(true) => {
            Tone::Worst
        }
        Verdict::Undeclared | Verdict::OutOfJurisdiction => Tone::Bad,
        Verdict::Expired | Verdict::Indeterminate | Verdict::Unattributed => Tone::Doubt,
    }
}

/// A mark that says without a colour that a row deviates.
fn mark(tone: Tone) -> Cell {
    let text = match tone {
        Tone::Worst => "!",
        Tone::Bad => "*",
        Tone::Doubt => "?",
        _ => "",
    };
    Cell::toned(text, tone)
}

fn owner(product: Option<&str>) -> Cell {
    match product {
        Some(product) => Cell::new(product),
        None => Cell::toned("unattributed", Tone::Doubt),
    }
}

/// Products.
pub(super) fn products(list: &List<ProductRow>, width: usize) -> Table {
    let (columns, kept) = from_width(
        width,
        &[
            (0, Column::left("", 1)),
            (0, Column::left("PRODUCT", 0)),
            (50, Column::right("FLOWS", 6)),
            (66, Column::right("DEVIATE", 7)),
            (66, Column::right("DOUBT", 5)),
            (40, Column::right("FINDINGS", 8)),
            (80, Column::right("SENT", 8)),
            (0, Column::right("SENT/s", 8)),
            (60, Column::right("RECVD/s", 8)),
        ],
    );
    let rows = list.rows.iter().map(|one| {
        let count = |wanted: &[Verdict]| -> u64 {
            let of = one.verdicts.iter();
            of.filter(|(verdict, _)| wanted.contains(verdict))
                .map(|(_, sum)| sum.flows)
                .sum()
        };
        let bad = count(&[Verdict::Undeclared, Verdict::OutOfJurisdiction]);
        let doubt = count(&[
            Verdict::Expired,
            Verdict::Indeterminate,
            Verdict::Unattributed,
        ]);
        let worst = match (bad, doubt) {
            (1.., _) => Tone::Bad,
            (0, 1..) => Tone::Doubt,
            (0, 0) => Tone::Plain,
        };
        let number = |count: u64, tone| match count {
            0 => Cell::toned("-", Tone::Dim),
            some => Cell::toned(some.to_string(), tone),
        };
        let cells = vec![
            mark(worst),
            owner(one.product.as_deref()),
            number(one.sum.flows, Tone::Plain),
            number(bad, Tone::Bad),
            number(doubt, Tone::Doubt),
            number(one.findings, Tone::Bad),
            Cell::new(bytes(one.sum.sent)),
            moving(one.sum.rate.sent),
            moving(one.sum.rate.received),
        ];
        row(cells, &kept)
    });
    Table {
        rows: rows.collect(),
        columns,
        more: more(list),
    }
}

/// Workloads.
pub(super) fn workloads(list: &List<WorkloadRow>, width: usize) -> Table {
    let (columns, kept) = from_width(
        width,
        &[
            (0, Column::left("", 1)),
            (0, Column::left("WORKLOAD", 0)),
            (
                60,
                Column::left("PRODUCT", if width < 100 { 18 } else { 26 }),
            ),
            (66, Column::right("FLOWS", 6)),
            (40, Column::left("WORST", if width < 100 { 13 } else { 19 })),
            (110, Column::right("SENT", 8)),
            (0, Column::right("SENT/s", 8)),
            (74, Column::right("RECVD/s", 8)),
        ],
    );
    let rows = list.rows.iter().map(|one| {
        let worst = tone(one.worst, None);
        let cells = vec![
            mark(worst),
            Cell::new(one.workload.as_str()),
            owner(one.product.as_deref()),
            Cell::new(one.sum.flows.to_string()),
            Cell::toned(one.worst.label(), worst),
            Cell::new(bytes(one.sum.sent)),
            moving(one.sum.rate.sent),
            moving(one.sum.rate.received),
        ];
        row(cells, &kept)
    });
    Table {
        rows: rows.collect(),
        columns,
        more: more(list),
    }
}

/// Destinations.
pub(super) fn destinations(list: &List<DestinationRow>, width: usize) -> Table {
    let (columns, kept) = from_width(
        width,
        &[
            (0, Column::left("", 1)),
            (
                56,
                Column::left("WORKLOAD", if width < 100 { 16 } else { 24 }),
            ),
            (140, Column::left("PRODUCT", 20)),
            (0, Column::left("DESTINATION", 0)),
            (170, Column::left("ADDRESS", 30)),
            (124, Column::left("OPERATOR", 18)),
            (34, Column::left("IN", 4)),
            (66, Column::left("LAW", 3)),
            (
                0,
                Column::left("VERDICT", if width < 100 { 13 } else { 19 }),
            ),
            (156, Column::left("ENTRY", 20)),
            (112, Column::right("SENT", 8)),
            (46, Column::right("SENT/s", 8)),
            (74, Column::right("RECVD/s", 8)),
        ],
    );
    let rows = list.rows.iter().map(|one| {
        let tone = tone(one.verdict, one.third_country);
        let law = one.domicile.map(|code| code.to_string());
        let cells = vec![
            mark(tone),
            Cell::new(one.workload.as_str()),
            owner(one.product.as_deref()),
            Cell::new(words::destination(one)),
            Cell::new(words::endpoint(one)),
            Cell::new(one.operator.as_deref().unwrap_or("?")),
            place(one),
            Cell::new(law.unwrap_or_else(|| "?".to_owned())),
            Cell::toned(one.verdict.label(), tone),
            Cell::new(one.rule.as_deref().unwrap_or("-")),
            Cell::new(bytes(one.sum.sent)),
            moving(one.sum.rate.sent),
            moving(one.sum.rate.received),
        ];
        row(cells, &kept)
    });
    Table {
        rows: rows.collect(),
        columns,
        more: more(list),
    }
}

/// The country, with a mark where it is outside the home; else why there is none.
fn place(one: &DestinationRow) -> Cell {
    let outside = one.third_country == Some(true);
    match one.hosted_in {
        Jurisdiction::Country(code) if outside => Cell::toned(format!("{code}!"), Tone::Doubt),
        Jurisdiction::Country(code) => Cell::new(code.to_string()),
        Jurisdiction::Anycast => Cell::toned("any", Tone::Doubt),
        Jurisdiction::Disputed => Cell::toned("dis", Tone::Doubt),
        Jurisdiction::Unknown => Cell::toned("?", Tone::Dim),
    }
}

/// Findings.
pub(super) fn findings(list: &List<FindingRow>, width: usize) -> Table {
    let (columns, kept) = from_width(
        width,
        &[
            (0, Column::left("", 1)),
            (56, Column::left("SEVERITY", 8)),
            (0, Column::left("KIND", if width < 100 { 19 } else { 22 })),
            (0, Column::left("WHOSE", 0)),
            (46, Column::left("TO", if width < 100 { 16 } else { 24 })),
            (60, Column::left("IN", 4)),
            (74, Column::right("SENT", 8)),
            (84, Column::left("LAST", 8)),
            (34, Column::left("KNOWN", 5)),
        ],
    );
    let rows = list.rows.iter().map(|one| {
        let (finding, key) = (&one.finding, &one.finding.key);
        let known = one.acknowledged.is_some();
        let tone = match finding.severity {
            Severity::Page if !known => Tone::Worst,
            Severity::Page => Tone::Bad,
            Severity::Ticket => Tone::Doubt,
        };
        let workload = key.workload.as_ref().map(|one| one.name.as_str());
        let whose = key
            .product
            .as_deref()
            .or(workload)
            .unwrap_or("the platform");
        let to = key.destination.as_ref().map(ToString::to_string);
        let place = key.jurisdiction.map(|place| match place {
            Jurisdiction::Country(code) => code.to_string(),
            Jurisdiction::Anycast => "any".to_owned(),
            Jurisdiction::Disputed => "dis".to_owned(),
            Jurisdiction::Unknown => "?".to_owned(),
        });
        let cells = vec![
            mark(tone),
            Cell::toned(finding.severity.label(), tone),
            Cell::new(key.kind.label()),
            Cell::new(whose),
            Cell::new(to.unwrap_or_else(|| "-".to_owned())),
            Cell::new(place.unwrap_or_else(|| "-".to_owned())),
            Cell::new(bytes(finding.egress_bytes)),
            Cell::new(finding.last_seen.strftime("%T").to_string()),
            Cell::new(if known { "yes" } else { "no" }),
        ];
        row(cells, &kept)
    });
    Table {
        rows: rows.collect(),
        columns,
        more: (list.more > 0).then(|| format!("and {} more: `weir findings`", list.more)),
    }
}
