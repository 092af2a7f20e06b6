//! The names of a destination, each with what it is worth and where it comes from.

use std::{
    cmp::Reverse,
    io::{self, Write},
};

use jiff::Timestamp;

use crate::{
    cli::text::wrapped,
    naming::{Ech, Name, Names, Source, Transport},
};

/// Columns before what is said of a name.
const INDENT: usize = 22;

pub(super) fn print(names: &Names, out: &mut impl Write) -> io::Result<()> {
    // Of one name, what is worth most comes first.
    let mut sorted: Vec<&Name> = names.names.iter().collect();
    sorted.sort_by_key(|name| (&name.name, Reverse(name.grade)));
    for name in sorted {
        one(name, out)?;
    }
    if let Some(contradiction) = names.contradiction() {
        row("contradiction", &contradiction.to_string(), out)?;
    }
    match &names.missing {
        Some(missing) if names.names.is_empty() => row("none", missing.reason(), out),
        Some(missing) => row("perhaps more", missing.reason(), out),
        None if names.names.is_empty() => row("none", "why is not recorded", out),
        None => Ok(()),
    }
}

fn one(name: &Name, out: &mut impl Write) -> io::Result<()> {
    row(name.grade.label(), name.name.as_str(), out)?;
    for alias in &name.aliases {
        row("", &format!("alias of {alias}"), out)?;
    }
    row("", &source(&name.source), out)?;
    row("", &format!("at {}", time(name.time)), out)?;
    match &name.doubt {
        Some(doubt) => row("", &format!("in doubt: {doubt}"), out),
        None => Ok(()),
    }
}

fn row(what: &str, text: &str, out: &mut impl Write) -> io::Result<()> {
    let label = format!("  {what:<width$}", width = INDENT - 2);
    wrapped(&label, text, out)
}

/// `answered by 10.77.0.53 over UDP`.
fn source(source: &Source) -> String {
    match source {
        Source::Dns {
            resolver,
            transport,
            served_by,
            asked_by,
        } => {
            // Nobody answers there: the name is only described.
            if resolver.is_unspecified() {
                return "as described".to_owned();
            }
            let over = match transport {
                Transport::Udp => "UDP",
                Transport::Tcp => "TCP",
            };
            let mut text = format!("answered by {resolver} over {over}");
            if let Some(unit) = served_by {
                text.push_str(&format!(", served by {unit}"));
            }
            if let Some(unit) = asked_by {
                text.push_str(&format!(", asked by {unit} for it"));
            }
            text
        }
        Source::Tls { alpn, ech } => hello("said in a TLS ClientHello", alpn, *ech),
        Source::Quic { alpn, ech } => hello("said in a QUIC ClientHello", alpn, *ech),
    }
}

fn hello(what: &str, alpn: &[String], ech: Ech) -> String {
    let offers = if alpn.is_empty() {
        "no ALPN".to_owned()
    } else {
        format!("ALPN {}", alpn.join(", "))
    };
    let ech = match ech {
        Ech::Absent => "no ECH",
        Ech::Outer => "ECH: it may hide another name",
        Ech::Inner => "an inner ECH hello in the clear",
    };
    format!("{what}; {offers}; {ech}")
}

/// `2026-11-01 12:00:00 UTC`.
pub(super) fn time(time: Timestamp) -> String {
    time.strftime("%F %T UTC").to_string()
}
