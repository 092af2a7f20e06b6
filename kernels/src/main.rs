//! Runs the kernel tests on the kernels that Weir promises to support: on the
//! running one directly, on Debian's others in QEMU.
//!
//! The way of a run: [`suite`] compiles the tests, [`debian`] fetches a kernel
//! and [`emulator`] finds or fetches QEMU, [`initramfs`] packs tests and kernel,
//! [`guest`] boots them, [`outcome`] reads what the tests print and writes the
//! table.

mod debian;
mod emulator;
mod equipment;
mod guest;
mod host;
mod initramfs;
mod outcome;
mod paths;
mod suite;
mod ways;

use std::{process::ExitCode, time::Duration};

use anyhow::Context as _;
use clap::{Parser, ValueEnum};

use crate::{outcome::Outcome, suite::Suite};

/// Runs Weir's kernel tests on other kernels.
#[derive(Debug, Parser)]
#[command(name = "weir-kernels")]
struct Arguments {
    /// Where to run them; can be given several times.
    #[arg(long, value_enum, default_value = "all")]
    kernel: Vec<Choice>,
    /// Seconds that one boot with all its tests may take.
    #[arg(long, value_name = "SECONDS", default_value_t = 1500)]
    time_limit: u64,
    /// Print the catalogue of ways out, with a column for each kernel, in place
    /// of running the tests.
    #[arg(long)]
    ways: bool,
}

/// A choice on the command line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Choice {
    /// Debian's Linux 6.1 in QEMU, the stated minimum.
    #[value(name = "6.1")]
    Linux6_1,
    /// Debian's Linux 6.12 in QEMU.
    #[value(name = "6.12")]
    Linux6_12,
    /// The running kernel.
    Host,
    /// Each of the above.
    All,
}

/// Somewhere to run the tests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kernel {
    /// The running kernel.
    Host,
    /// A release series of Debian's cloud kernels.
    Debian(&'static str),
}

/// Each kernel once, oldest first: it is the one most likely to refuse.
const EVERY: [Kernel; 3] = [Kernel::Debian("6.1"), Kernel::Debian("6.12"), Kernel::Host];

fn chosen(choices: &[Choice]) -> Vec<Kernel> {
    EVERY
        .into_iter()
        .filter(|kernel| {
            choices.iter().any(|choice| match choice {
                Choice::Linux6_1 => *kernel == Kernel::Debian("6.1"),
                Choice::Linux6_12 => *kernel == Kernel::Debian("6.12"),
                Choice::Host => *kernel == Kernel::Host,
                Choice::All => true,
            })
        })
        .collect()
}

fn main() -> anyhow::Result<ExitCode> {
    let arguments = Arguments::parse();
    let time_limit = Duration::from_secs(arguments.time_limit);
    if arguments.ways {
        return ways::run(&chosen(&arguments.kernel), time_limit);
    }
    let suites = suite::compile()?;
    let mut outcomes = Vec::new();
    for kernel in chosen(&arguments.kernel) {
        let found = run(kernel, &suites, time_limit)
            .with_context(|| format!("the tests cannot be run on {}", kernel.label()))?;
        outcomes.extend(found);
    }
    println!("\n{}", outcome::table(&outcomes));
    if outcomes.iter().all(Outcome::passed) {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}

fn run(kernel: Kernel, suites: &[Suite], time_limit: Duration) -> anyhow::Result<Vec<Outcome>> {
    match kernel {
        Kernel::Host => host::run(suites, time_limit),
        Kernel::Debian(series) => guest::run(series, suites, time_limit),
    }
}

impl Kernel {
    /// As on the command line.
    fn label(self) -> &'static str {
        match self {
            Self::Host => "host",
            Self::Debian(series) => series,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kernel_is_run_once() {
        assert_eq!(chosen(&[Choice::All, Choice::Host]), EVERY);
        assert_eq!(
            chosen(&[Choice::Host, Choice::Linux6_1]),
            [Kernel::Debian("6.1"), Kernel::Host]
        );
    }
}
