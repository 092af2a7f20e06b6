//! Differences between two judgements of the record, for people and as an object.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use serde::Serialize;

use super::text::{WIDTH, cut, flows, wrapped};
use crate::{
    history::{Folded, Reading, Span, To},
    output::bytes,
    policy::has_ports,
    record::{Direction, Protocol},
    replay::{Amount, Change, Difference, Differences, Effect, Outcome},
};

/// What is judged otherwise in a period.
#[derive(Serialize)]
pub(super) struct Changes<'a> {
    period: Span,
    /// Why the period may have more than its record shows.
    incomplete: Vec<String>,
    compared: Amount,
    worse: Amount,
    better: Amount,
    other: Amount,
    differences: Vec<Difference<'a>>,
    /// Changes beyond those that are listed.
    folded: Folded,
}

impl<'a> Changes<'a> {
    pub(super) fn new(span: Span, reading: &Reading, differences: &'a Differences) -> Self {
        Self {
            period: span,
            incomplete: super::period::incomplete(&span, reading),
            compared: differences.compared(),
            worse: differences.amount(Effect::Worse),
            better: differences.amount(Effect::Better),
            other: differences.amount(Effect::Other),
            differences: differences.list(),
            folded: differences.folded(),
        }
    }

    /// Whether anything would be judged worse.
    pub(super) fn any_worse(&self) -> bool {
        self.worse.flows > 0
    }

    /// Writes a table of each effect, with the reasons below the rows, and a summary.
    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        for effect in Effect::ALL {
            let of_effect = |one: &&Difference<'_>| one.change.effect == effect;
            let mut rows = self.differences.iter().filter(of_effect).peekable();
            if rows.peek().is_none() {
                continue;
            }
            let style = style(effect);
            writeln!(out, "{style}{}{style:#}", title(effect))?;
            writeln!(
                out,
                "  {:<40} {:<14} {:>9} {:>10}",
                "DESTINATION", "PRODUCT", "FLOWS", "SENT"
            )?;
            for row in rows {
                print_row(row, out)?;
            }
            writeln!(out)?;
        }
        if self.folded != Folded::default() {
            let sent = bytes(self.folded.counters.egress_bytes);
            let text = format!(
                "There are more changes than are kept apart: {} further intervals of flows, \
                 {sent} sent, are counted below and not listed.",
                self.folded.intervals
            );
            wrapped("", &text, out)?;
        }
        for why in &self.incomplete {
            wrapped(
                "",
                &format!("What is not recorded is not judged: {why}."),
                out,
            )?;
        }
        let text = format!(
            "{}: {}, {} sent; worse {}, better {}, other {}",
            self.period,
            flows(self.compared.flows),
            bytes(self.compared.bytes),
            amount(self.worse),
            amount(self.better),
            amount(self.other),
        );
        wrapped("", &text, out)
    }
}

fn amount(amount: Amount) -> String {
    match amount.flows {
        0 => "0".to_owned(),
        flows => format!("{flows} ({})", bytes(amount.bytes)),
    }
}

fn print_row(row: &Difference<'_>, out: &mut impl Write) -> io::Result<()> {
    let change = row.change;
    let product = change.after.product.as_ref();
    let product = product.or(change.before.product.as_ref());
    let line = format!(
        "  {:<40} {:<14} {:>9} {:>10}",
        cut(&destination(change), 40),
        cut(product.map_or("-", String::as_str), 14),
        row.group.flows,
        bytes(row.group.counters.egress_bytes)
    );
    wrapped(&line, "", out)?;
    let text = format!("{} -> {}", outcome(change, false), outcome(change, true));
    wrapped("      ", &text, out)?;
    wrapped("      ", row.reason, out)
}

/// `declared by image-web`, with the product where it is another.
fn outcome(change: &Change, after: bool) -> String {
    let Outcome {
        product,
        verdict,
        rule,
    } = if after { &change.after } else { &change.before };
    let mut text = verdict.to_string();
    if let Some(rule) = rule {
        text.push_str(&format!(" by {rule}"));
    }
    if change.before.product != change.after.product {
        let product = product.as_deref().unwrap_or("no product");
        text.push_str(&format!(" ({product})"));
    }
    text
}

fn destination(change: &Change) -> String {
    endpoint(&change.to, change.port, change.protocol, change.direction)
}

/// `api.provider.example:443/tcp`; of what came in, `198.51.100.9 to port 443/tcp`.
pub(super) fn endpoint(to: &To, port: u16, protocol: Protocol, direction: Direction) -> String {
    match (to, direction) {
        (To::Many, _) => format!("{to}/{protocol}"),
        _ if !has_ports(protocol) => format!("{to}/{protocol}"),
        (To::Address(address), Direction::Outbound) if address.is_ipv6() => {
            format!("[{address}]:{port}/{protocol}")
        }
        (_, Direction::Outbound) => format!("{to}:{port}/{protocol}"),
        (_, Direction::Inbound) => format!("{to} to port {port}/{protocol}"),
    }
}

const fn title(effect: Effect) -> &'static str {
    match effect {
        Effect::Worse => "WORSE: would be undeclared, or less certainly declared",
        Effect::Better => "BETTER: would be fixed, or nearer to it",
        Effect::Other => "OTHER: would be as good or bad, for another reason",
    }
}

fn style(effect: Effect) -> Style {
    let colour = match effect {
        Effect::Worse => AnsiColor::Red,
        Effect::Better => AnsiColor::Green,
        Effect::Other => AnsiColor::Yellow,
    };
    Style::new().bold().fg_color(Some(colour.into()))
}

/// The widest row fits.
const _: () = assert!(2 + 40 + 1 + 14 + 1 + 9 + 1 + 10 <= WIDTH);

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::{
        history::intervals,
        replay::{
            Replay,
            sample::{assert_documented, policy, set_with, store},
        },
    };

    #[test]
    fn changes_are_a_table_with_reasons_and_a_summary() {
        let store = store();
        let policy = policy(&set_with("\"203.0.113.50\"", "\"203.0.113.9\""));
        let mut replay = Replay::new(&policy, None);
        let mut differences = Differences::default();
        let span: Span = "2026-11".parse().unwrap();
        let reading = intervals(store.path(), &span, |interval| {
            let again = replay.judge(&interval);
            differences.take(&interval, &interval.flow.judged, &again);
        })
        .unwrap();
        let changes = Changes::new(span, &reading, &differences);
        assert!(changes.any_worse());
        let mut out = Vec::new();
        changes.print(&mut out).unwrap();
        let text = anstream::adapter::strip_str(&String::from_utf8(out).unwrap()).to_string();
        assert_eq!(
            text,
            "\
WORSE: would be undeclared, or less certainly declared
  DESTINATION                              PRODUCT            FLOWS       SENT
  203.0.113.50:443/tcp                     image                  1    1.9 KiB
      out_of_jurisdiction by image-eea -> undeclared
      no entry of image declares 203.0.113.50:443/tcp outbound (hosted in US,
      outside EEA)

BETTER: would be fixed, or nearer to it
  DESTINATION                              PRODUCT            FLOWS       SENT
  api.provider.example:443/tcp             image                  1    2.9 KiB
      undeclared -> indeterminate by image-eea
      entry image-eea of image declares api.provider.example at
      203.0.113.9:443/tcp outbound only when hosted in EEA, which cannot be told
      (place disputed: a says DE, b says NO)

What is not recorded is not judged: the record begins only at
2026-11-01T10:00:00Z.
What is not recorded is not judged: the record ends at 2026-11-01T12:00:08Z.
2026-11: 8 flows, 35.6 KiB sent; worse 1 (1.9 KiB), better 1 (2.9 KiB), other 0
"
        );
        assert_documented(&text);
    }
}
