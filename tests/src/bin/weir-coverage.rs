//! `cargo xtask coverage`: sends by every way out of a host and prints what
//! each layer recorded of it.

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, ValueEnum};
use serde::Serialize;
use weir_tests::coverage::{Expect, Outcome, WAYS, Way, run_all};

#[derive(Parser)]
struct Arguments {
    /// How to answer.
    #[arg(long, value_enum, default_value = "table")]
    format: Format,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Aligned rows for people.
    Table,
    /// One JSON object for each way.
    Json,
}

/// What is said of a way.
#[derive(Serialize)]
struct Line<'a> {
    way: &'a str,
    workload: &'a str,
    wire: u64,
    sockets: u64,
    uplink: u64,
    unseen: u64,
    /// Layers that should see it.
    layers: &'a str,
    /// How the record differs from the wire, or why nothing was sent.
    error: Option<String>,
}

fn main() -> Result<ExitCode> {
    let Arguments { format } = Arguments::parse();
    eprintln!("sending by {} ways", WAYS.len());
    let outcomes = run_all()?;
    if format == Format::Table {
        head()?;
    }
    let mut wrong = Vec::new();
    for (way, outcome) in outcomes {
        let error = match &outcome {
            Ok(outcome) => outcome.check(way).err().map(|error| format!("{error:#}")),
            Err(error) => Some(format!("{error:#}")),
        };
        let line = line(way, outcome.as_ref().ok(), error.clone());
        match format {
            Format::Table => row(&line),
            Format::Json => println!("{}", serde_json::to_string(&line)?),
        }
        wrong.extend(error);
    }
    if format == Format::Table {
        println!("\nIP bytes sent. Those of sockets are counted before fragmentation.");
        for error in &wrong {
            println!("\n{error}");
        }
    }
    Ok(if wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn line<'a>(way: &'a Way, outcome: Option<&'a Outcome>, error: Option<String>) -> Line<'a> {
    Line {
        way: way.id,
        workload: outcome.map_or("", |outcome| &outcome.workload),
        wire: outcome.map_or(0, |outcome| outcome.wire.bytes),
        sockets: outcome.map_or(0, |outcome| outcome.socket.bytes),
        uplink: outcome.map_or(0, |outcome| outcome.uplink.bytes),
        unseen: outcome.map_or(0, |outcome| outcome.unseen.bytes),
        layers: match way.expect {
            Expect::Both => "both",
            Expect::Fragments => "in parts",
            Expect::UplinkOnly => "uplink",
        },
        error,
    }
}

fn head() -> Result<()> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    println!(
        "Linux {}: each way from image-generation.service\n",
        release.trim()
    );
    println!(
        "{:<22} {:<8} {:>8} {:>8} {:>8} {:>7}  AS SENT",
        "WAY", "LAYERS", "ON WIRE", "SOCKETS", "UPLINK", "UNSEEN"
    );
    Ok(())
}

fn row(line: &Line<'_>) {
    println!(
        "{:<22} {:<8} {:>8} {:>8} {:>8} {:>7}  {}",
        line.way,
        line.layers,
        line.wire,
        line.sockets,
        line.uplink,
        line.unseen,
        if line.error.is_none() { "yes" } else { "NO" }
    );
}
