//! All that is known of one row, as text that can be scrolled.

use super::super::text::wrapped;
use crate::{
    cli::explain,
    now::{FindingRow, FlowNow},
    output::bytes,
};

/// A text over the lists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Detail {
    pub(super) title: String,
    pub(super) lines: Vec<String>,
    /// First line that is shown.
    pub(super) first: usize,
}

impl Detail {
    fn new(title: impl Into<String>, text: &str) -> Self {
        Self {
            title: title.into(),
            lines: text.lines().map(str::to_owned).collect(),
            first: 0,
        }
    }

    /// Down, as long as the page is full.
    pub(super) fn scroll(&mut self, lines: usize, page: usize) {
        let most = self.lines.len().saturating_sub(page);
        self.first = self.first.saturating_add(lines).min(most);
    }

    /// Up.
    pub(super) fn back(&mut self, lines: usize) {
        self.first = self.first.saturating_sub(lines);
    }
}

/// Something that there is to say instead.
pub(super) fn note(title: &str, text: &str) -> Detail {
    let mut out = Vec::new();
    // Writing to memory cannot fail.
    let _ = wrapped("", text, &mut out);
    Detail::new(title, &String::from_utf8_lossy(&out))
}

/// What `weir explain` says of the flow.
pub(super) fn flow(flow: FlowNow, allowlists: Option<&explain::Allowlists>) -> Detail {
    match explain::of_now(flow, allowlists) {
        Ok(text) => Detail::new("Why", &text),
        Err(error) => note("Why", &format!("it cannot be explained: {error}")),
    }
}

/// All that is known of a finding, and what to do next.
pub(super) fn finding(row: &FindingRow) -> Detail {
    let (finding, key) = (&row.finding, &row.finding.key);
    let mut out = Vec::new();
    let mut line = |what: &str, text: &str| {
        // Writing to memory cannot fail.
        let _ = wrapped(&format!("{what:<14}"), text, &mut out);
    };
    line("finding", &finding.id.to_string());
    line("kind", key.kind.label());
    line("severity", finding.severity.label());
    if let Some(product) = &key.product {
        line("product", product);
    }
    if let Some(workload) = &key.workload {
        line("workload", &workload.name);
    }
    if let Some(destination) = &key.destination {
        line("destination", &destination.to_string());
    }
    if let Some(place) = key.jurisdiction {
        line("hosted in", &place.to_string());
    }
    if let Some(rule) = &key.rule {
        line("entry", rule);
    }
    let time = |time: jiff::Timestamp| time.strftime("%F %T UTC").to_string();
    line("first seen", &time(finding.first_seen));
    line("last seen", &time(finding.last_seen));
    let sent = bytes(finding.egress_bytes);
    line("flows", &format!("{}, {sent} sent", finding.flows));
    line("because", &finding.detail);
    match &row.acknowledged {
        Some(known) => {
            line("known to", &format!("{}, until {}", known.by, known.until));
            line("", &known.reason);
        }
        None => line("known to", "nobody has said so"),
    }
    let id = finding.id;
    line("its history", &format!("weir findings {id}"));
    line(
        "say you know",
        &format!("weir ack {id} --reason TEXT --until DATE"),
    );
    Detail::new("Finding", &String::from_utf8_lossy(&out))
}
