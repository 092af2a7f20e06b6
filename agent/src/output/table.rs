//! For people: a row for each new flow, the verdict first, and a summary.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, Table, presets};
use jiff::Timestamp;

use super::{
    AcknowledgedLine, AllowlistsChange, DatabaseEvent, DatabaseLine, DatabaseNews, Display,
    ExpiringLine, FindingLine, FlowEvent, GapLine, SelfTestLine, Shown, Started, Stopped,
    quantity::bytes, rows,
};
use crate::{
    record::{Direction, Scope},
    verdict::{Judged, Verdict},
};

/// Deviations that the summary lists at most.
pub(super) const LISTED: usize = 20;

/// Writes aligned rows that fit 80 columns. Colours are written as ANSI codes;
/// give it a writer that removes them where they do not belong.
pub struct LiveTable<W> {
    out: W,
    seen: BTreeMap<Verdict, (u64, u64)>,
    deviations: BTreeMap<String, u64>,
}

impl<W: Write> LiveTable<W> {
    /// Writes to `out`.
    pub fn new(out: W) -> Self {
        Self {
            out,
            seen: BTreeMap::new(),
            deviations: BTreeMap::new(),
        }
    }
}

impl<W: Write> Display for LiveTable<W> {
    fn started(&mut self, started: &Started<'_>) -> io::Result<()> {
        let out = &mut self.out;
        writeln!(
            out,
            "weir {} on Linux {}, recording below {}",
            started.version,
            started.kernel,
            started.cgroup_root.display()
        )?;
        let lists = &started.allowlists;
        writeln!(
            out,
            "allowlists  {}: {} products, {} entries, sha256 {:.12}",
            lists.directory.display(),
            lists.products,
            lists.entries,
            lists.digest
        )?;
        for database in started.databases {
            writeln!(out, "IP data     {}", of_database(database, started.time))?;
        }
        if let Some(address) = &started.metrics {
            writeln!(out, "metrics     http://{address}/metrics")?;
        }
        match started
            .page
            .as_deref()
            .map(|page| (page, page.starts_with("unix:")))
        {
            Some((socket, true)) => writeln!(out, "page        {socket}")?,
            Some((address, false)) => writeln!(out, "page        http://{address}/")?,
            None => {}
        }
        if started.adopted {
            writeln!(out, "goes on with what an earlier agent began to record")?;
        }
        writeln!(out, "Ctrl-C ends it.\n")?;
        writeln!(
            out,
            "{:<8}  {:<19} {:<22} {:<22} IN",
            "TIME", "VERDICT", "WORKLOAD", "DESTINATION"
        )?;
        out.flush()
    }

    fn flow(&mut self, shown: &Shown<'_>) -> io::Result<()> {
        let judged = shown.judged;
        if shown.event == FlowEvent::Final {
            let counters = judged.flow.flow.flow.record.counters;
            let (flows, sent) = self.seen.entry(judged.verdict).or_default();
            *flows += 1;
            *sent += counters.egress_bytes;
            if deviates(judged.verdict) {
                *self.deviations.entry(judged.reason.clone()).or_default() += counters.egress_bytes;
            }
            return Ok(());
        }
        if shown.event != FlowEvent::FirstSeen {
            return Ok(());
        }
        let style = verdict_style(judged.verdict, shown.third_country);
        writeln!(
            self.out,
            "{}  {style}{:<19}{style:#} {:<22} {:<22} {}",
            shown.time.strftime("%T"),
            judged.verdict.label(),
            cut(&workload(judged), 22),
            destination(judged),
            judged
                .flow
                .place
                .country()
                .map_or_else(|| "?".to_owned(), |c| c.to_string()),
        )?;
        self.out.flush()
    }

    fn gap(&mut self, line: &GapLine<'_>) -> io::Result<()> {
        let gap = line.gap;
        let style = Style::new().fg_color(Some(AnsiColor::Red.into())).bold();
        writeln!(
            self.out,
            "{}  {style}{:<19}{style:#} {} from {} to {}\n          {}",
            line.time.strftime("%T"),
            "GAP",
            gap.reason.label(),
            gap.from.strftime("%F %T"),
            gap.to.strftime("%T"),
            gap.detail,
        )?;
        self.out.flush()
    }

    fn database(&mut self, news: &DatabaseNews<'_>) -> io::Result<()> {
        let (word, detail) = match (news.event, news.database, news.error) {
            (DatabaseEvent::Loaded, Some(database), _) => {
                ("loaded", of_database(database, news.time))
            }
            (DatabaseEvent::Removed, Some(database), _) => {
                ("removed", of_database(database, news.time))
            }
            (_, _, error) => ("REFUSED", error.unwrap_or(news.name).to_owned()),
        };
        writeln!(
            self.out,
            "{}  {:<19} {word} {detail}",
            news.time.strftime("%T"),
            "IP data",
        )?;
        self.out.flush()
    }

    fn allowlists(&mut self, change: &AllowlistsChange<'_>) -> io::Result<()> {
        rows::allowlists(&mut self.out, change)
    }

    fn finding(&mut self, line: &FindingLine<'_>) -> io::Result<()> {
        rows::finding(&mut self.out, line)
    }

    fn acknowledged(&mut self, line: &AcknowledgedLine<'_>) -> io::Result<()> {
        rows::acknowledged(&mut self.out, line)
    }

    fn expiring(&mut self, line: &ExpiringLine<'_>) -> io::Result<()> {
        rows::expiring(&mut self.out, line)
    }

    /// Ways that failed are told as a gap.
    fn self_test(&mut self, line: &SelfTestLine<'_>) -> io::Result<()> {
        let proven = line.ways.iter().filter(|proof| proof.holds()).count();
        writeln!(
            self.out,
            "{}  {:<19} {proven} of {} ways recorded as sent",
            line.time.strftime("%T"),
            "self-test",
            line.ways.len(),
        )?;
        self.out.flush()
    }

    fn stopped(&mut self, stopped: &Stopped<'_>) -> io::Result<()> {
        let mut table = Table::new();
        table.load_preset(presets::NOTHING);
        table.set_header(["VERDICT", "FLOWS", "SENT"]);
        for (verdict, (flows, sent)) in &self.seen {
            table.add_row([verdict.label().to_owned(), flows.to_string(), bytes(*sent)]);
        }
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        writeln!(self.out)?;
        for line in table.lines() {
            writeln!(self.out, "{}", line.trim())?;
        }
        let mut worst: Vec<_> = self.deviations.iter().collect();
        worst.sort_by_key(|(reason, sent)| (std::cmp::Reverse(**sent), reason.as_str()));
        for (reason, sent) in worst.iter().take(LISTED) {
            writeln!(self.out, "\n{reason}: {} sent", bytes(**sent))?;
        }
        if worst.len() > LISTED {
            writeln!(self.out, "\n… and {} more reasons", worst.len() - LISTED)?;
        }
        let lost: Vec<_> = stopped
            .losses
            .iter()
            .filter(|(_, count)| **count > 0)
            .map(|(kind, count)| format!("{kind} {count}"))
            .collect();
        writeln!(
            self.out,
            "\n{} flows, {} sent, {} received; losses: {}",
            stopped.flows,
            bytes(stopped.egress_bytes),
            bytes(stopped.ingress_bytes),
            if lost.is_empty() {
                "none".to_owned()
            } else {
                lost.join(", ")
            }
        )?;
        self.out.flush()
    }
}

fn of_database(database: &DatabaseLine, now: Timestamp) -> String {
    let days = now.duration_since(database.built).as_hours() / 24;
    let old = if days > i64::from(database.max_age_days) {
        ", too old to count"
    } else {
        ""
    };
    format!(
        "{} ({}), built {}{old}, sha256 {:.12}",
        database.name,
        database.kind,
        database.built.strftime("%F"),
        database.sha256
    )
}

fn deviates(verdict: Verdict) -> bool {
    !matches!(verdict, Verdict::Internal | Verdict::Declared)
}

/// Colour of a verdict; of deviations outside the platform's home, a louder one.
pub fn verdict_style(verdict: Verdict, third_country: Option<bool>) -> Style {
    let colour = match verdict {
        Verdict::Internal => return Style::new(),
        Verdict::Declared => AnsiColor::Green,
        Verdict::Undeclared | Verdict::OutOfJurisdiction if third_country == Some(true) => {
            return Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
        }
        Verdict::Undeclared | Verdict::OutOfJurisdiction => AnsiColor::Red,
        Verdict::Expired | Verdict::Indeterminate | Verdict::Unattributed => AnsiColor::Yellow,
    };
    Style::new().fg_color(Some(colour.into()))
}

fn workload(judged: &Judged) -> String {
    judged
        .product
        .clone()
        .unwrap_or_else(|| judged.flow.flow.flow.workload.name.clone())
}

fn destination(judged: &Judged) -> String {
    let record = &judged.flow.flow.flow.record;
    match record.scope {
        Scope::Exact | Scope::Unseen => {}
        Scope::Folded | Scope::Sink => return "(many)".to_owned(),
    }
    let arrow = if record.direction == Direction::Inbound {
        "<"
    } else {
        ""
    };
    let port = if record.port == 0 {
        String::new()
    } else {
        format!(":{}", record.port)
    };
    let host = if record.address.is_ipv6() && !port.is_empty() {
        format!("[{}]", record.address)
    } else {
        record.address.to_string()
    };
    format!("{arrow}{host}{port}/{}", record.protocol)
}

/// Cuts in the middle, where names of units and containers tell least.
pub(super) fn cut(text: &str, width: usize) -> String {
    let count = text.chars().count();
    if count <= width {
        return text.to_owned();
    }
    let head = (width - 1) / 2;
    let tail = width - 1 - head;
    text.chars()
        .take(head)
        .chain(['…'])
        .chain(text.chars().skip(count - tail))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn cuts_in_the_middle() {
        assert_eq!(cut("short", 8), "short");
        assert_eq!(cut("image-generation@7.service", 11), "image…rvice");
    }
}
