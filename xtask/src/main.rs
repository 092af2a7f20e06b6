//! `cargo xtask`: the one entry for setting up, building, running and testing
//! the repository. It needs a stable Rust and installs the rest.

mod build;
mod check;
mod clean;
mod command;
mod failures;
mod fuzz;
mod package;
mod progress;
mod report;
mod run;
mod screenshots;
mod setup;
mod test;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::{package::Again, setup::Goal, workspace::Workspace};

/// Set up, build, run and test Weir.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask", bin_name = "cargo xtask")]
struct Arguments {
    #[command(subcommand)]
    task: Task,
}

#[derive(Debug, Subcommand)]
enum Task {
    /// Install what is missing for building, running and testing.
    Setup,
    /// Build the kernel programs and the agent.
    Build {
        /// Optimise the agent; the kernel programs always are.
        #[arg(long)]
        release: bool,
    },
    /// Set up, build and start the agent as root on `allowlists/`.
    Run {
        /// Optimise the agent.
        #[arg(long)]
        release: bool,
        /// More arguments for `weir run`, after `--`.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Check formatting, lints, licences of dependencies and allowlists.
    Check,
    /// Set up, build, check, and run every test; kernel tests need root.
    Test {
        /// Only the tests inside the crates, which need no root; no checks.
        #[arg(long)]
        fast: bool,
        /// Only the kernel tests, on this kernel: 6.1, 6.12, host or all; can be
        /// given several times.
        #[arg(long, conflicts_with = "fast")]
        kernel: Vec<String>,
    },
    /// Send by every way out of a host and print what was recorded of it, on each
    /// kernel.
    Coverage {
        /// Where: 6.1, 6.12, host or all; can be given several times.
        #[arg(long, default_value = "all")]
        kernel: Vec<String>,
    },
    /// Show three sample products and what Weir says of each; needs no network.
    Demo {
        /// Play two months of them, some three minutes, and leave evidence, key and reports in
        /// `target/demo`.
        #[arg(long)]
        months: bool,
    },
    /// Soak an agent: containers that come and go, storms, reloads, a full disk; needs no network.
    Soak {
        /// For how many seconds.
        #[arg(long, default_value_t = 600)]
        seconds: u64,
    },
    /// Measure the cost of the kernel programs and of the agent.
    Bench {
        /// More arguments for the benchmark, after `--`.
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Look with libFuzzer for inputs that break a parser; needs no root.
    Fuzz {
        /// One of `fuzz/libfuzzer/fuzz_targets`; all, if none is given.
        target: Option<String>,
        /// Inputs for each target.
        #[arg(long, default_value_t = 200_000)]
        runs: u64,
    },
    /// Make what is released, in `target/package`: the Debian package, bills of materials,
    /// digests.
    Package {
        /// Pack a second time, and fail unless the bytes are the same.
        #[arg(long)]
        check: bool,
        /// The same, with all of it compiled again from a clone elsewhere.
        #[arg(long)]
        rebuild: bool,
        /// Make the packages that tests install, of the debug build, and nothing else.
        #[arg(long, conflicts_with_all = ["check", "rebuild"])]
        for_tests: bool,
    },
    /// Keep pictures of the report, the page and `weir top` in `target/screenshots`.
    Screenshots,
    /// Remove everything that was built or installed below `target/`.
    Clean,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    match perform(arguments.task) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("xtask: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn perform(task: Task) -> Result<ExitCode> {
    let workspace = Workspace::locate()?;
    match task {
        Task::Setup => setup::prepare(&workspace, Goal::Test).map(drop)?,
        Task::Build { release } => {
            let tools = setup::prepare(&workspace, Goal::Build)?;
            build::all(&workspace, &tools, release).map(drop)?;
        }
        Task::Run { release, arguments } => match run::agent(&workspace, release, &arguments)? {},
        Task::Check => check::prepared(&workspace)?,
        Task::Test { fast, kernel } => return test::run(&workspace, fast, &kernel),
        Task::Coverage { kernel } => match run::coverage(&workspace, &kernel)? {},
        Task::Demo { months } => match run::demo(&workspace, months)? {},
        Task::Soak { seconds } => match run::soak(&workspace, seconds)? {},
        Task::Bench { arguments } => match run::bench(&workspace, &arguments)? {},
        Task::Fuzz { target, runs } => fuzz::run(&workspace, target.as_deref(), runs)?,
        Task::Package {
            for_tests: true, ..
        } => {
            let tools = setup::prepare(&workspace, Goal::Build)?;
            let packager = setup::packager(&workspace)?;
            let agent = build::all(&workspace, &tools, false)?;
            package::for_tests(&workspace, &packager, &agent)?;
        }
        Task::Package { check, rebuild, .. } => {
            let again = match (check, rebuild) {
                (_, true) => Again::Compiled,
                (true, false) => Again::Packed,
                (false, false) => Again::Never,
            };
            package::release(&workspace, again)?;
        }
        Task::Screenshots => screenshots::run(&workspace)?,
        Task::Clean => clean::run(&workspace)?,
    }
    Ok(ExitCode::SUCCESS)
}
