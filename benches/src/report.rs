//! The rows, as a table of 80 columns or as JSON.

use anyhow::Result;
use comfy_table::{CellAlignment, ContentArrangement, Table, presets};

use crate::machine::Machine;

/// Columns of a terminal.
const WIDTH: u16 = 80;

/// A bound that a row shall keep.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "snake_case", tag = "bound", content = "value")]
pub(crate) enum Goal {
    /// The compared number is at most this.
    AtMost(f64),
    /// The compared number is at least this.
    AtLeast(f64),
    /// The number with Weir is at most this, whatever the ratio.
    Itself(f64),
}

impl Goal {
    fn is_met_by(self, row: &Row) -> bool {
        let value = row.ratio.unwrap_or(row.with);
        match self {
            Self::Itself(bound) => row.with <= bound,
            Self::AtMost(bound) => value <= bound,
            Self::AtLeast(bound) => value >= bound,
        }
    }

    fn words(self, row: &Row) -> String {
        let (sign, bound, unit) = match self {
            Self::AtMost(bound) => ('≤', bound, String::new()),
            Self::AtLeast(bound) => ('≥', bound, String::new()),
            Self::Itself(bound) => ('≤', bound, format!(" {}", row.unit)),
        };
        let verdict = if self.is_met_by(row) { "met" } else { "MISSED" };
        format!("{sign} {bound}{unit} {verdict}")
    }
}

/// One line of the table.
#[derive(Clone, Debug, serde::Serialize)]
pub(crate) struct Row {
    /// Heading that rows stand under.
    pub(crate) group: &'static str,
    /// What was measured.
    pub(crate) what: String,
    /// Unit of `with` and `without`.
    pub(crate) unit: &'static str,
    /// With Weir.
    pub(crate) with: f64,
    /// The reference, where there is one.
    pub(crate) without: Option<f64>,
    /// One divided by the other.
    pub(crate) ratio: Option<f64>,
    /// Bounds on the ratio, or on `with` where there is no ratio.
    #[serde(skip)]
    pub(crate) goals: Vec<Goal>,
}

/// A bound with its outcome, for readers of JSON.
#[derive(serde::Serialize)]
struct Outcome {
    #[serde(flatten)]
    goal: Goal,
    met: bool,
}

impl Row {
    fn cells(&self) -> [String; 5] {
        let goals: Vec<String> = self.goals.iter().map(|goal| goal.words(self)).collect();
        let number = |value: f64| format!("{} {}", digits(value), self.unit);
        [
            self.what.clone(),
            number(self.with),
            self.without.map(number).unwrap_or_default(),
            self.ratio.map(|r| format!("{r:.2}")).unwrap_or_default(),
            goals.join("\n"),
        ]
    }
}

/// Three digits are more than the spread between runs.
fn digits(value: f64) -> String {
    if value < 10.0 {
        format!("{value:.2}")
    } else if value < 100.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.0}")
    }
}

/// All that was measured.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    machine: Machine,
    rounds: u32,
    rows: Vec<Row>,
}

impl Report {
    /// Without rows yet.
    pub(crate) fn new(machine: Machine, rounds: u32) -> Self {
        Self {
            machine,
            rounds,
            rows: Vec::new(),
        }
    }

    /// Appends rows.
    pub(crate) fn extend(&mut self, rows: Vec<Row>) {
        self.rows.extend(rows);
    }

    /// The table and a line on the machine.
    pub(crate) fn table(&self) -> String {
        let mut table = Table::new();
        table
            .load_preset(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(WIDTH)
            .set_header(["", "with Weir", "reference", "ratio", "goal"]);
        for index in 1..=3 {
            if let Some(column) = table.column_mut(index) {
                column.set_cell_alignment(CellAlignment::Right);
            }
        }
        let mut group = "";
        for row in &self.rows {
            if row.group != group {
                group = row.group;
                table.add_row([group]);
            }
            let mut cells = row.cells();
            if let Some(what) = cells.first_mut() {
                what.insert_str(0, "  ");
            }
            table.add_row(cells);
        }
        format!(
            "{}\n\nReference: an empty program on the same packets; the same traffic \
             without\nagent; what the heading or the row names.\nMedians of {} rounds. {}",
            table.trim_fmt(),
            self.rounds,
            self.machine.line()
        )
    }

    /// One object.
    pub(crate) fn json(&self) -> Result<String> {
        let rows = self
            .rows
            .iter()
            .map(|row| {
                let goals: Vec<Outcome> = row
                    .goals
                    .iter()
                    .map(|goal| Outcome {
                        goal: *goal,
                        met: goal.is_met_by(row),
                    })
                    .collect();
                let mut value = serde_json::to_value(row)?;
                if let Some(object) = value.as_object_mut() {
                    object.insert("goals".to_owned(), serde_json::to_value(goals)?);
                }
                Ok(value)
            })
            .collect::<Result<Vec<_>>>()?;
        Ok(serde_json::json!({
            "machine": self.machine,
            "rounds": self.rounds,
            "rows": rows,
        })
        .to_string())
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn report() -> Report {
        let mut report = Report::new(Machine::this().unwrap(), 3);
        report.extend(vec![
            Row {
                group: "Time of the egress program per packet",
                what: "UDP, 1,024 destinations in turn".to_owned(),
                unit: "ns",
                with: 149.6,
                without: Some(60.0),
                ratio: Some(2.493),
                goals: vec![Goal::AtMost(2.5), Goal::AtMost(2.0)],
            },
            Row {
                group: "Memory",
                what: "resident, idle".to_owned(),
                unit: "MiB",
                with: 41.0,
                without: None,
                ratio: None,
                goals: vec![Goal::AtMost(40.0)],
            },
        ]);
        report
    }

    #[test]
    fn the_table_fits_and_says_what_is_missed() {
        let text = report().table();
        let lines: Vec<&str> = text.lines().collect();
        let (machine, rows) = lines.split_last().unwrap();
        assert!(machine.starts_with("Medians of 3 rounds. "), "{machine}");
        for row in rows {
            assert!(row.chars().count() <= usize::from(WIDTH), "{row}");
        }
        assert!(text.contains("150 ns"), "{text}");
        assert!(text.contains("≤ 2.5 met"), "{text}");
        assert!(text.contains("≤ 2 MISSED"), "{text}");
        assert!(text.contains("≤ 40 MISSED"), "{text}");
    }

    #[test]
    fn json_carries_every_number() {
        let value: serde_json::Value = serde_json::from_str(&report().json().unwrap()).unwrap();
        let row = value.pointer("/rows/0").unwrap();
        assert_eq!(row["ratio"], 2.493);
        assert_eq!(
            row["goals"],
            serde_json::json!([
                {"bound": "at_most", "value": 2.5, "met": true},
                {"bound": "at_most", "value": 2.0, "met": false},
            ])
        );
    }
}
