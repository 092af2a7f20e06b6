//! `weir-bench`: what Weir costs on this machine.
//!
//! Each measurement is a ratio between two things measured alternately in the
//! same run, so that a slow or busy machine slows both. It is no test: a
//! missed goal is printed and the exit code stays 0; only a measurement that
//! could not be made fails. To add rows, write a file beside `program_cost` and
//! call it in [`measure`].

mod agent;
mod alert;
mod compiling;
mod empty;
mod judge_cost;
mod load;
mod machine;
mod median;
mod memory;
mod month;
mod observer;
mod program_cost;
mod report;
mod stop;
mod storm;
mod throughput;
mod uplink_cost;
mod world;

use std::{
    io::{self, Write as _},
    process::ExitCode,
};

use anyhow::{Result, bail};
use aya::programs::{ProgramInfo, loaded_programs};
use clap::Parser as _;

use crate::{machine::Machine, report::Report, stop::Stop};

/// Measures what Weir costs; most of it needs root.
#[derive(Debug, clap::Parser)]
#[command(name = "weir-bench", version)]
struct Arguments {
    #[command(subcommand)]
    task: Option<Task>,

    /// How to print.
    #[arg(long, global = true, value_enum, default_value_t = Format::Table)]
    format: Format,

    /// Rounds of each measurement; medians are printed.
    #[arg(long, global = true, value_name = "N", default_value_t = 7, value_parser = clap::value_parser!(u32).range(1..=25))]
    rounds: u32,
}

#[derive(Debug, clap::Subcommand)]
enum Task {
    /// Only the programs' time per packet.
    Programs,
    /// Only the traffic, beside other observers.
    Traffic,
    /// Only the memory of the idle agent.
    Memory,
    /// Only the storms of new flows; 80 seconds.
    Storm,
    /// Only the time until a deviation is told, in a storm; 35 seconds.
    Alert,
    /// Only the place and the verdict of flows; needs no root.
    Judge {
        /// Only the cases whose heading or name contains this.
        #[arg(default_value = "")]
        only: String,
    },
    /// Only what a month of records takes, and how fast it answers; needs no root.
    Month(month::MonthArguments),
    /// Compiles a policy and prints what it took (the benchmark starts itself with this).
    #[command(hide = true)]
    Compile(compiling::CompileArguments),
    /// Makes traffic in a network namespace of its own (the benchmark starts
    /// itself with this).
    #[command(hide = true)]
    Load(load::LoadArguments),
}

#[derive(Clone, Copy, Debug, clap::ValueEnum)]
enum Format {
    /// One table of 80 columns.
    Table,
    /// One JSON object.
    Json,
}

fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let done = match &arguments.task {
        Some(Task::Load(load)) => load::run(load),
        Some(Task::Compile(compile)) => compiling::run(compile),
        _ => bench(&arguments),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("weir-bench: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn bench(arguments: &Arguments) -> Result<()> {
    if !matches!(arguments.task, Some(Task::Judge { .. } | Task::Month(_))) {
        if !nix::unistd::geteuid().is_root() {
            bail!("loading kernel programs needs root: run `cargo xtask bench`, or use sudo");
        }
        // Rather now than after half of the work.
        agent::Places::find()?;
        tell_of_others();
    }
    let stop = Stop::on_signals()?;
    let report = measure(arguments.task.as_ref(), arguments.rounds, &stop)?;
    let text = match arguments.format {
        Format::Table => report.table(),
        Format::Json => report.json()?,
    };
    writeln!(io::stdout(), "{text}")?;
    Ok(())
}

/// Another agent's programs run on the reference's traffic too. A program that
/// goes away while the list is read is no matter.
fn tell_of_others() {
    let is_weir = |program: ProgramInfo| program.name_as_str() == Some("weir_egress");
    if loaded_programs().flatten().any(is_weir) {
        eprintln!(
            "weir-bench: another Weir records on this host, so the reference of the traffic \
             is too low: stop it and repeat"
        );
    }
}

/// Every measurement that was asked for, in the order of the table.
fn measure(task: Option<&Task>, rounds: u32, stop: &Stop) -> Result<Report> {
    let mut report = Report::new(Machine::this()?, rounds);
    if matches!(task, None | Some(Task::Programs)) {
        report.extend(program_cost::measure(rounds, stop)?);
        report.extend(uplink_cost::measure(rounds, stop)?);
    }
    if matches!(task, None | Some(Task::Traffic)) {
        report.extend(throughput::measure(rounds, stop)?);
    }
    if matches!(task, None | Some(Task::Memory)) {
        report.extend(memory::measure(stop)?);
    }
    if matches!(task, None | Some(Task::Storm)) {
        report.extend(storm::measure(stop)?);
    }
    if matches!(task, None | Some(Task::Alert)) {
        report.extend(alert::measure(stop)?);
    }
    match task {
        None => report.extend(judge_cost::measure("", rounds, stop)?),
        Some(Task::Month(arguments)) => report.extend(month::measure(arguments, stop)?),
        Some(Task::Judge { only }) => report.extend(judge_cost::measure(only, rounds, stop)?),
        Some(_) => {}
    }
    Ok(report)
}
