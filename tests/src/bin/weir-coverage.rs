//! `cargo xtask coverage`: sends by every way out of a host and prints what
//! each layer recorded of it.

use std::process::ExitCode;

use anyhow::Result;
use weir_tests::coverage::{Expect, Outcome, WAYS, Way, run};

fn main() -> Result<ExitCode> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease")?;
    println!(
        "Linux {}: each way from image-generation.service\n",
        release.trim()
    );
    println!(
        "{:<22} {:>9} {:>9} {:>9} {:>9}  {:<12}",
        "way", "on wire", "sockets", "uplink", "unseen", "as expected"
    );
    let mut wrong = Vec::new();
    for way in WAYS {
        match run(way) {
            Ok(outcome) => {
                let said = match outcome.check(way) {
                    Ok(()) => expected(way),
                    Err(error) => {
                        wrong.push(format!("{error:#}"));
                        "NO"
                    }
                };
                row(way, &outcome, said);
            }
            Err(error) => {
                println!("{:<22} FAILED", way.id);
                wrong.push(format!("{}: {error:#}", way.id));
            }
        }
    }
    println!("\nIP bytes sent. Those of sockets are counted before fragmentation.");
    for error in &wrong {
        println!("\n{error}");
    }
    Ok(if wrong.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn expected(way: &Way) -> &'static str {
    match way.expect {
        Expect::Both => "yes",
        Expect::Fragments => "yes, in parts",
        Expect::UplinkOnly => "yes, uplink",
    }
}

fn row(way: &Way, outcome: &Outcome, said: &str) {
    println!(
        "{:<22} {:>9} {:>9} {:>9} {:>9}  {:<12}",
        way.id,
        outcome.wire.bytes,
        outcome.socket.bytes,
        outcome.uplink.bytes,
        outcome.unseen.bytes,
        said
    );
}
