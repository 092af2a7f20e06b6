//! Shows what Weir says of three sample products, in a world of its own.

use std::{path::PathBuf, process::ExitCode};

use anstream::eprintln;
use clap::Parser;
use weir_tests::demo::{self, Interrupted, Outcome};

/// Makes a small world on this host (network namespaces, cgroups, a podman
/// container), runs sample products in it under the real agent, shows what Weir
/// says, and removes everything. Needs root and no network.
#[derive(Parser)]
#[command(version)]
struct Arguments {
    /// Play two months instead, some three minutes, and leave their evidence, the node's public
    /// key and the reports in this directory.
    #[arg(long, value_name = "DIR")]
    months: Option<PathBuf>,
}

fn main() -> ExitCode {
    let Arguments { months } = Arguments::parse();
    let played = match months {
        Some(out) => demo::months(&out),
        None => demo::run(),
    };
    match played {
        Ok(Outcome::AsExpected) => ExitCode::SUCCESS,
        Ok(Outcome::Otherwise) => ExitCode::FAILURE,
        Err(error) if error.is::<Interrupted>() => ExitCode::from(130),
        Err(error) => {
            eprintln!("weir-demo: {error:#}");
            ExitCode::FAILURE
        }
    }
}
