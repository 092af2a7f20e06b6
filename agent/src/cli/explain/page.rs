//! An explanation for people, within 80 columns.

use std::{
    fmt,
    io::{self, Write},
};

use anstyle::Style;

use super::{
    explanation::{ByAllowlists, Explanation},
    names::{self, time},
    place,
    recorded::Recorded,
    wanted::has_destination,
};
use crate::{
    attribution::{Attributed, Executable, WorkloadKind},
    cli::text::{line, operator, wrapped},
    output::{bytes, verdict_style},
    policy::has_ports,
    record::{Direction, FlowRecord},
};

/// Entries that are shown at most.
const SHOWN: usize = 5;

/// Colours are written as ANSI codes; give it a writer that removes them where they do
/// not belong.
pub(super) fn print(explanation: &Explanation<'_>, out: &mut impl Write) -> io::Result<()> {
    let judged = explanation.judged();
    let named = &judged.flow.flow;
    heading(&Endpoint(&named.flow.record), out)?;
    workload(explanation, out)?;
    if let Some(recorded) = explanation.recorded {
        traffic(recorded, out)?;
    }
    writeln!(out)?;
    heading("NAMES", out)?;
    names::print(&named.names, out)?;
    if let Some(dns) = &judged.flow.encrypted_dns {
        writeln!(out)?;
        heading("ENCRYPTED DNS", out)?;
        let text = format!("{dns}: what is asked and answered there cannot be read");
        wrapped("", &text, out)?;
    }
    writeln!(out)?;
    heading("PLACE", out)?;
    place::print(explanation, out)?;
    writeln!(out)?;
    heading("OPERATOR'S HOME", out)?;
    operator(&judged.flow.operator_domicile, out)?;
    writeln!(out)?;
    heading("DECISION", out)?;
    decision(explanation, out)
}

fn heading(text: impl fmt::Display, out: &mut impl Write) -> io::Result<()> {
    let style = Style::new().bold();
    writeln!(out, "{style}{text}{style:#}")
}

/// `203.0.113.9:443/tcp outbound`.
struct Endpoint<'a>(&'a FlowRecord);

impl fmt::Display for &Endpoint<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let record = self.0;
        let (address, protocol) = (record.address, record.protocol);
        if !has_destination(record) {
            return f.write_str("many destinations, which are not kept apart");
        }
        match record.direction {
            Direction::Inbound if has_ports(protocol) => {
                write!(f, "{address} to port {}/{protocol} inbound", record.port)
            }
            Direction::Inbound => write!(f, "{address}/{protocol} inbound"),
            Direction::Outbound if !has_ports(protocol) => {
                write!(f, "{address}/{protocol} outbound")
            }
            Direction::Outbound if address.is_ipv6() => {
                write!(f, "[{address}]:{}/{protocol} outbound", record.port)
            }
            Direction::Outbound => write!(f, "{address}:{}/{protocol} outbound", record.port),
        }
    }
}

fn workload(explanation: &Explanation<'_>, out: &mut impl Write) -> io::Result<()> {
    let judged = explanation.judged();
    let flow = &judged.flow.flow.flow;
    let workload = &flow.workload;
    let mut text = format!("{} ({})", workload.name, kind(workload.kind));
    if let Some(unknown) = &workload.unknown {
        text.push_str(&format!("; {unknown}"));
    }
    line("workload", &text, out)?;
    line(
        "cgroup",
        workload.cgroup_path.as_deref().unwrap_or("not known"),
        out,
    )?;
    let process = match explanation.recorded {
        Some(_) => process(flow),
        None => described_process(flow),
    };
    line("process", &process, out)?;
    let executable = match &flow.executable {
        Executable::Path(path) => path.display().to_string(),
        Executable::Unknown(reason) => format!("not known: {reason}"),
    };
    line("executable", &executable, out)?;
    let product = match (&judged.product, &explanation.by) {
        (None, _) => "none".to_owned(),
        (Some(product), None) => product.clone(),
        (Some(product), Some(by)) => match by.posture() {
            Some(posture) => format!("{product} ({})", posture.label()),
            None => format!("{product} (not in {})", by.directory.display()),
        },
    };
    line("product", &product, out)
}

fn kind(kind: WorkloadKind) -> &'static str {
    match kind {
        WorkloadKind::SystemdUnit => "systemd unit",
        WorkloadKind::SystemdUserUnit => "unit of a user's systemd",
        WorkloadKind::Container => "container",
        WorkloadKind::KubernetesPod => "Kubernetes pod",
        WorkloadKind::VirtualMachine => "virtual machine",
        WorkloadKind::Nspawn => "nspawn machine",
        WorkloadKind::Lxc => "LXC container",
        WorkloadKind::Cgroup => "cgroup",
        WorkloadKind::Root => "root cgroup",
        WorkloadKind::Unknown => "not known",
    }
}

/// All that a description says of a process.
fn described_process(flow: &Attributed) -> String {
    match &flow.record.process {
        Some(process) => format!("of uid {}", process.uid),
        None => "not said".to_owned(),
    }
}

fn process(flow: &Attributed) -> String {
    let record = &flow.record;
    match (&record.process, &record.forwarded_from) {
        (Some(process), _) => {
            let (comm, pid, uid) = (&process.comm, process.pid, process.uid);
            format!("{comm}, pid {pid}, uid {uid}")
        }
        (None, Some(interface)) => format!("none of this host: forwarded from {interface}"),
        (None, None) => "not known: it is the kernel's, or older than the record".to_owned(),
    }
}

fn traffic(recorded: &Recorded, out: &mut impl Write) -> io::Result<()> {
    let record = &recorded.flow.judged.flow.flow.flow.record;
    let counters = record.counters;
    let amount = |sent: u64, packets: u64| {
        let exact = if sent < 1024 {
            format!("{sent} bytes")
        } else {
            format!("{} ({sent} bytes)", bytes(sent))
        };
        let unit = if packets == 1 { "packet" } else { "packets" };
        format!("{exact} in {packets} {unit}")
    };
    line(
        "sent",
        &amount(counters.egress_bytes, counters.egress_packets),
        out,
    )?;
    line(
        "received",
        &amount(counters.ingress_bytes, counters.ingress_packets),
        out,
    )?;
    match recorded.seen {
        Some((first, last)) => {
            line("first seen", &time(first), out)?;
            line("last seen", &time(last), out)
        }
        None => {
            let recorded = time(recorded.time);
            let text = format!("not known in the time of day; recorded at {recorded}");
            line("seen", &text, out)
        }
    }
}

fn decision(explanation: &Explanation<'_>, out: &mut impl Write) -> io::Result<()> {
    let judged = explanation.judged();
    let style = verdict_style(judged.verdict, explanation.third_country());
    writeln!(out, "{:<15}{style}{}{style:#}", "verdict", judged.verdict)?;
    match (&judged.rule, &explanation.by) {
        (None, _) => line("entry", "none", out)?,
        (Some(rule), None) => line("entry", rule, out)?,
        (Some(rule), Some(by)) => entry(rule, by, out)?,
    }
    line("because", &judged.reason, out)?;
    let Some(by) = &explanation.by else {
        return Ok(());
    };
    if explanation.recorded.is_some() {
        again(explanation, by, out)?;
    }
    if by.considered.is_empty() {
        return Ok(());
    }
    writeln!(out)?;
    heading("ENTRIES, THE NEAREST FIRST", out)?;
    entries(by, out)
}

/// What kept each entry from declaring the flow.
fn entries(by: &ByAllowlists<'_>, out: &mut impl Write) -> io::Result<()> {
    for considered in by.considered.iter().take(SHOWN) {
        let of = considered
            .owner
            .map_or("the platform", |product| product.name());
        wrapped("", &format!("{} of {of}", considered.entry.id), out)?;
        if considered.misses.is_empty() {
            let does = if considered.entry.denies() {
                "denies it"
            } else {
                "declares it, as far as it is asked"
            };
            wrapped("  ", does, out)?;
        }
        for miss in &considered.misses {
            wrapped("  - ", miss, out)?;
        }
    }
    match by.considered.len().checked_sub(SHOWN) {
        Some(more @ 1..) => wrapped("", &format!("and {more} more"), out),
        _ => Ok(()),
    }
}

/// The entry that decided, as the allowlists have it now.
fn entry(rule: &str, by: &ByAllowlists<'_>, out: &mut impl Write) -> io::Result<()> {
    let Some(found) = &by.rule else {
        let gone = format!("{rule}, which {} does not have", by.directory.display());
        return line("entry", &gone, out);
    };
    line("entry", &format!("{rule} of {}", found.owner()), out)?;
    line("  purpose", &found.entry.purpose, out)?;
    line("  owner", &found.entry.owner, out)?;
    let expires = found.entry.expires;
    let expires = expires.map_or_else(|| "never".to_owned(), |day| day.to_string());
    line("  expires", &expires, out)
}

/// What the allowlists make of the recorded flow.
fn again(
    explanation: &Explanation<'_>,
    by: &ByAllowlists<'_>,
    out: &mut impl Write,
) -> io::Result<()> {
    let directory = by.directory.display();
    let set = match by.was_in_force {
        Some(true) => "the set that was in force",
        Some(false) => "another set than was in force",
        None => "which set was in force is not recorded",
    };
    let day = explanation.day();
    if !by.differs {
        let text = format!("as recorded, by {directory} as of {day} ({set})");
        return line("judged again", &text, out);
    }
    let verdict = by.judged.verdict;
    let entry = by.judged.rule.as_deref();
    let entry = entry.map_or_else(String::new, |rule| format!(" by entry {rule}"));
    let text = format!("{verdict}{entry}, by {directory} as of {day} ({set})");
    line("judged again", &text, out)?;
    line("  because", &by.judged.reason, out)
}
