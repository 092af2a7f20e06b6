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

use std::{process::ExitCode, thread, time::Duration};

use anyhow::{Context as _, bail};
use clap::{Parser, ValueEnum};

use crate::{guest::Guest, outcome::Outcome, suite::Suite};

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
    let outcomes = run(&chosen(&arguments.kernel), &suites, time_limit)?;
    println!("\n{}", outcome::table(&outcomes));
    if outcomes.iter().all(Outcome::passed) {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}

/// Runs the suites on each kernel: on emulated ones at once, for an emulator keeps one
/// processor busy; then on the running one, alone.
fn run(kernels: &[Kernel], suites: &[Suite], time_limit: Duration) -> anyhow::Result<Vec<Outcome>> {
    let mut guests = Vec::new();
    for kernel in kernels {
        if let Kernel::Debian(series) = kernel {
            let guest = Guest::prepare(series, suites, time_limit);
            guests.push((kernel, guest.with_context(|| cannot_run(*kernel))?));
        }
    }
    let mut outcomes = Vec::new();
    let found: Vec<_> = thread::scope(|scope| {
        let running: Vec<_> = guests
            .into_iter()
            .map(|(kernel, guest)| (kernel, scope.spawn(|| guest.run())))
            .collect();
        let ended = running.into_iter().map(|(kernel, thread)| {
            let found = thread.join();
            let found = found.unwrap_or_else(|_| bail!("the thread that ran it panicked"));
            found.with_context(|| cannot_run(*kernel))
        });
        ended.collect::<anyhow::Result<_>>()
    })?;
    outcomes.extend(found.into_iter().flatten());
    if kernels.contains(&Kernel::Host) {
        let found = host::run(suites, time_limit);
        outcomes.extend(found.with_context(|| cannot_run(Kernel::Host))?);
    }
    Ok(outcomes)
}

fn cannot_run(kernel: Kernel) -> String {
    format!("the tests cannot be run on {}", kernel.label())
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
