//! Soaks an agent in everything at once, for a bounded time.

use std::{process::ExitCode, time::Duration};

use anstream::eprintln;
use clap::Parser;
use weir_tests::{
    demo::{Interrupted, Outcome},
    soak,
};

/// Lets containers and units come and go under a real agent, with storms, reloads and a store
/// without room; then compares the record with the wire, and the agent with what it was.
/// Needs root and no network, and removes everything.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// How many seconds, a day at most; the round that is played then is the last.
    #[arg(long, default_value_t = 600, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    seconds: u64,
}

fn main() -> ExitCode {
    let Arguments { seconds } = Arguments::parse();
    match soak::run(Duration::from_secs(seconds)) {
        Ok(Outcome::AsExpected) => ExitCode::SUCCESS,
        Ok(Outcome::Otherwise) => ExitCode::FAILURE,
        Err(error) if error.is::<Interrupted>() => ExitCode::from(130),
        Err(error) => {
            eprintln!("weir-soak: {error:#}");
            ExitCode::FAILURE
        }
    }
}
