//! The answer for people, within 80 columns: a table, what was found, and what is out of
//! reach.

use std::{
    io::{self, Write},
    net::{IpAddr, SocketAddr},
};

use anstyle::{AnsiColor, Style};
use comfy_table::{ColumnConstraint, ContentArrangement, Table, Width, presets};

use crate::{
    claim::{Evaluated, Found, FoundFlow, Outcome, Report, Sum},
    cli::text::{WIDTH, wrapped},
    output::bytes,
    policy::{Claims, Condition, Policy, Territory},
    record::Direction,
};

/// Flows and gaps that are listed where all claims are shown.
const FEW: usize = 5;
/// Columns of the table.
const WIDTHS: [u16; 4] = [21, 19, 13, 26];

/// What is printed.
pub(super) struct Page<'a> {
    pub(super) report: &'a Report<'a>,
    pub(super) claims: &'a Claims,
    pub(super) policy: &'a Policy,
    /// Whether everything is listed that was found.
    pub(super) all: bool,
}

impl Page<'_> {
    pub(super) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        wrapped("", &self.claims.report, out)?;
        wrapped("period         ", &self.report.span.to_string(), out)?;
        wrapped("compared on    ", &self.claims.reviewed.to_string(), out)?;
        if !self.report.claims.is_empty() {
            writeln!(out)?;
            self.table(out)?;
            self.counts(out)?;
            self.record(out)?;
        }
        for one in &self.report.claims {
            if self.all || one.outcome != Outcome::Upheld {
                self.details(one, out)?;
            }
        }
        self.out_of_reach(out)
    }

    fn table(&self, out: &mut impl Write) -> io::Result<()> {
        let mut table = Table::new();
        table
            .load_preset(presets::NOTHING)
            .set_content_arrangement(ContentArrangement::Dynamic)
            .set_width(u16::try_from(WIDTH).unwrap_or(80))
            .set_header(["CLAIM", "PRODUCTS", "RESULT", "WHY"]);
        for one in &self.report.claims {
            let more = one.why.len().saturating_sub(1);
            let more = if more > 0 {
                format!(" (and {more} more)")
            } else {
                String::new()
            };
            let why = one.why.first().map_or("", String::as_str);
            table.add_row([
                one.claim.id.clone(),
                one.claim.products.to_string(),
                one.outcome.label().to_owned(),
                format!("{why}{more}"),
            ]);
        }
        for (column, width) in table.column_iter_mut().zip(WIDTHS) {
            column.set_padding((0, 1));
            column.set_constraint(ColumnConstraint::Absolute(Width::Fixed(width)));
        }
        for line in table.to_string().lines() {
            writeln!(out, "{}", coloured(line.trim_end()))?;
        }
        Ok(())
    }

    fn counts(&self, out: &mut impl Write) -> io::Result<()> {
        let all = [Outcome::Upheld, Outcome::Contradicted, Outcome::Unproven];
        let counts = all.map(|outcome| {
            let claims = self.report.claims.iter();
            let count = claims.filter(|one| one.outcome == outcome).count();
            format!("{count} {outcome}")
        });
        let out_of_reach = self.claims.out_of_reach.len();
        let text = format!("{}; {out_of_reach} out of reach", counts.join(", "));
        writeln!(out, "\n{text}")
    }

    /// What the period's record is worth.
    fn record(&self, out: &mut impl Write) -> io::Result<()> {
        let found = &self.report.completeness;
        writeln!(out)?;
        if found.is_complete() {
            wrapped("record         ", "of the whole period, without a gap", out)?;
        }
        for (from, to) in &found.not_recorded {
            wrapped("not recorded   ", &format!("{from:.0} to {to:.0}"), out)?;
        }
        let shown = self.shown(found.gaps.len());
        for gap in found.gaps.iter().take(shown) {
            let text = format!(
                "{} from {:.0} to {:.0}: {}",
                gap.reason.label(),
                gap.from,
                gap.to,
                gap.detail
            );
            wrapped("gap            ", &text, out)?;
        }
        let more = (found.gaps.len() - shown) as u64 + found.more_gaps;
        if more > 0 {
            wrapped("               ", &format!("and {more} gaps more"), out)?;
        }
        let own = self.policy.digest();
        wrapped("claims of      ", &format!("allowlists {own}"), out)?;
        for one in found.policies.iter().filter(|one| one.digest != own) {
            let text = format!("allowlists {} from {:.0} on", one.digest, one.from);
            wrapped("judged by      ", &text, out)?;
        }
        Ok(())
    }

    fn details(&self, one: &Evaluated<'_>, out: &mut impl Write) -> io::Result<()> {
        let style = style(one.outcome);
        writeln!(out, "\n{}: {style}{}{style:#}", one.claim.id, one.outcome)?;
        wrapped("  claimed      ", &one.claim.statement, out)?;
        wrapped("  section      ", &one.claim.section.join("; "), out)?;
        wrapped("  products     ", &one.claim.products.to_string(), out)?;
        wrapped("  condition    ", &condition(&one.claim.condition), out)?;
        for why in &one.why {
            wrapped("  because      ", why, out)?;
        }
        let shown = self.shown(one.shares.len());
        for share in one.shares.iter().take(shown) {
            let text = format!("{} {}", share.operator, bytes(share.bytes));
            wrapped("  sent to      ", &text, out)?;
        }
        self.flows("  against      ", &one.against, out)?;
        if self.all || one.outcome == Outcome::Unproven {
            self.flows("  in doubt     ", &one.doubts, out)?;
        }
        Ok(())
    }

    fn flows(&self, label: &str, found: &Found, out: &mut impl Write) -> io::Result<()> {
        let shown = self.shown(found.flows.len());
        let listed = found.flows.iter().take(shown);
        let mut records = 0;
        for (flow, sum) in listed {
            wrapped(label, &one_flow(flow, sum), out)?;
            records += sum.records;
        }
        let more = found.records - records;
        if more > 0 {
            let text = format!("and {more} flow records more; --claim lists them");
            let text = if self.all {
                format!("and {more} flow records more")
            } else {
                text
            };
            wrapped(&" ".repeat(label.len()), &text, out)?;
        }
        Ok(())
    }

    fn out_of_reach(&self, out: &mut impl Write) -> io::Result<()> {
        for (at, one) in self.claims.out_of_reach.iter().enumerate() {
            if at == 0 {
                writeln!(out, "\nOUT OF REACH: what no packet proves")?;
            }
            writeln!(out)?;
            wrapped("", &format!("{}: {}", one.id, one.statement), out)?;
            wrapped("  section      ", &one.section.join("; "), out)?;
            wrapped("  reason       ", &one.reason, out)?;
        }
        Ok(())
    }

    fn shown(&self, all: usize) -> usize {
        if self.all { all } else { all.min(FEW) }
    }
}

fn style(outcome: Outcome) -> Style {
    let colour = match outcome {
        Outcome::Upheld => AnsiColor::Green,
        Outcome::Contradicted => AnsiColor::Red,
        Outcome::Unproven => AnsiColor::Yellow,
    };
    Style::new().fg_color(Some(colour.into()))
}

/// A line of the table, with its result in colour.
fn coloured(line: &str) -> String {
    let at = usize::from(WIDTHS[0] + WIDTHS[1]);
    for outcome in [Outcome::Upheld, Outcome::Contradicted, Outcome::Unproven] {
        let label = outcome.label();
        let Some((before, rest)) = line.split_at_checked(at) else {
            break;
        };
        if let Some(after) = rest.strip_prefix(label) {
            let style = style(outcome);
            return format!("{before}{style}{label}{style:#}{after}");
        }
    }
    line.to_owned()
}

/// The condition with its own keys.
fn condition(condition: &Condition) -> String {
    let label = condition.label();
    let list = |items: Vec<String>| items.join(", ");
    match condition {
        Condition::HostingAndDomicileWithin { within } => {
            let within = within.iter().map(Territory::to_string).collect();
            format!("{label}: {}", list(within))
        }
        Condition::ExternalProcessingConfinedTo { products } => {
            format!("{label}: {}", list(products.iter().cloned().collect()))
        }
        Condition::NoProviderAbove { percent } => format!("{label}: {percent} %"),
        Condition::EveryDisclosedProviderSeen { unused } if !unused.is_empty() => {
            let unused = unused.iter().cloned().collect();
            format!("{label}, but unused: {}", list(unused))
        }
        _ => label.to_owned(),
    }
}

/// `image-worker.service to 203.0.113.9:443/tcp (api.provider.example, US, provider-x),
/// undeclared, 341 KiB in 2 records`.
fn one_flow(flow: &FoundFlow, sum: &Sum) -> String {
    let mut known = Vec::new();
    known.extend(flow.name.as_ref().map(ToString::to_string));
    known.extend(flow.country.map(|country| country.to_string()));
    known.extend(flow.operator.as_ref().map(ToString::to_string));
    let known = if known.is_empty() {
        String::new()
    } else {
        format!(" ({})", known.join(", "))
    };
    let (way, other) = match (flow.direction, flow.port) {
        (Direction::Outbound, 0) => ("to", flow.address.to_string()),
        (Direction::Outbound, port) => ("to", endpoint(flow.address, port)),
        (Direction::Inbound, 0) => ("from", flow.address.to_string()),
        (Direction::Inbound, port) => ("from", format!("{} at port {port}", flow.address)),
    };
    let rule = flow.rule.as_ref();
    let rule = rule.map_or_else(String::new, |rule| format!(" by {rule}"));
    let carried = sum.counters.egress_bytes + sum.counters.ingress_bytes;
    let records = if sum.records == 1 {
        "record"
    } else {
        "records"
    };
    format!(
        "{} {way} {other}/{}{known}, {}{rule}, {} in {} {records}",
        flow.workload,
        flow.protocol,
        flow.verdict,
        bytes(carried),
        sum.records
    )
}

fn endpoint(address: IpAddr, port: u16) -> String {
    SocketAddr::new(address, port).to_string()
}
