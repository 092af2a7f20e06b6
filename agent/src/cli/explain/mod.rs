//! `weir explain`: why a flow got its verdict, or would get it.
//!
//! ```text
//! ledger ─> recorded (the flows that are wanted) ─┬─> explanation ─┬─> page (people)
//!           described (flows that are only said) ─┤                └─> object (JSON)
//!                        allowlists, where given ─┘
//! ```

mod described;
mod explanation;
mod names;
mod object;
mod page;
mod place;
mod recorded;
#[cfg(test)]
mod tests;
mod wanted;

use std::{
    io::{self, Write as _},
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::ExitCode,
};

use jiff::Timestamp;

pub(super) use self::explanation::Allowlists;
use self::{
    described::{At, DescribedArgs},
    explanation::Explanation,
    object::Object,
    recorded::{Found, Recorded, find},
    wanted::{Destination, Wanted},
};
use super::{
    NOT_RECORDED, WRONG_COMMAND_LINE,
    check::{CheckFormat, INVALID, print_rejected},
};
use crate::{
    daemon::Failure,
    described::{Case, Description},
    kernel::Clock,
    ledger::FlowInterval,
    now::FlowNow,
    policy::cases_in,
    verdict::Judged,
};

/// What `weir explain` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct ExplainArgs {
    /// Address, address:port ([v6]:port), or name, by which the workload knew it; without
    /// one, the flow that was seen last.
    #[arg(value_name = "DESTINATION")]
    destination: Option<Destination>,

    /// Directory of the embedded store.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/weir")]
    store: PathBuf,

    /// Allowlists: show the entry that decided, and say whether they would judge the
    /// recorded flow otherwise.
    #[arg(long, value_name = "DIR")]
    allowlists: Option<PathBuf>,

    /// Only flows of this workload: part of the name or of the cgroup path, or the product.
    /// With --to, a fact of the workload, as KEY=VALUE.
    #[arg(long, value_name = "TEXT")]
    workload: Vec<String>,

    /// How many flows, the newest first.
    #[arg(long, value_name = "N", default_value = "1")]
    last: NonZeroUsize,

    /// How to answer: text, or a JSON object on a line for each flow.
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,

    #[command(flatten)]
    described: DescribedArgs,
}

/// Finds the flows and explains them.
///
/// # Errors
/// The store or the allowlists cannot be used, or the answer cannot be written; that
/// nothing is found is exit code 8, no error.
pub(super) fn run(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let allowlists = match &args.allowlists {
        Some(directory) => Some(Allowlists::load(directory)?),
        None => None,
    };
    if let Some(set) = &allowlists
        && (args.described.to.is_some() || args.described.flow.is_some())
    {
        return described(args, set);
    }
    if args.described.at.is_some() {
        return Ok(wrong(
            "--at is of a flow that is described: add --to or --flow",
        ));
    }
    let workload = match args.workload.as_slice() {
        [] => None,
        [one] => Some(one.clone()),
        _ => return Ok(wrong("give one --workload, or --to to describe a flow")),
    };
    let wanted = Wanted {
        destination: args.destination.clone(),
        workload,
    };
    let flows = match find(&args.store, &wanted, args.last.get()).map_err(Failure::from)? {
        Found::Flows(flows) => flows,
        nothing => {
            anstream::eprintln!("weir: {}", instead(&nothing, &wanted, &args.store));
            return Ok(ExitCode::from(NOT_RECORDED));
        }
    };
    let explanations = flows
        .iter()
        .map(|recorded| Explanation::of(recorded, allowlists.as_ref()));
    print(args.format, explanations)
}

/// The same of a flow that is open, as the agent has it: text without colours.
///
/// # Errors
/// None that comes up: it is written to memory.
pub(super) fn of_now(flow: FlowNow, allowlists: Option<&Allowlists>) -> io::Result<String> {
    let recorded = Recorded {
        time: flow.time,
        seen: Some(flow.seen),
        allowlists: Some(flow.allowlists),
        flow: Box::new(FlowInterval {
            counters: flow.judged.flow.flow.flow.record.counters,
            slot: u32::MAX,
            recording: flow.recording,
            judged: flow.judged,
        }),
    };
    let mut page = Vec::new();
    page::print(&Explanation::of(&recorded, allowlists), &mut page)?;
    let page = anstream::adapter::strip_bytes(&page).into_vec();
    Ok(String::from_utf8_lossy(&page).into_owned())
}

/// Explains the flows that are described.
fn described(args: &ExplainArgs, set: &Allowlists) -> anyhow::Result<ExitCode> {
    let now = match args.described.at {
        Some(At(time)) => time,
        None => Clock::read().map_err(Failure::Clock)?.now(),
    };
    let flows: Vec<(Description, Timestamp)> = match &args.described.flow {
        Some(file) => {
            let cases = match cases_in(file) {
                Ok(cases) => cases,
                Err(rejected) => {
                    print_rejected(&rejected)?;
                    return Ok(ExitCode::from(INVALID));
                }
            };
            let time = |case: &Case| args.described.at.map(|at| at.0).or(case.at);
            cases
                .into_iter()
                .map(|case| (case.description.clone(), time(&case).unwrap_or(now)))
                .collect()
        }
        None => match args.described.description(&args.workload) {
            Ok(description) => description.into_iter().map(|flow| (flow, now)).collect(),
            Err(error) => return Ok(wrong(&error.to_string())),
        },
    };
    let judged: Vec<(Judged, Timestamp)> = flows
        .iter()
        .map(|(flow, time)| (flow.judged(&set.policy, *time), *time))
        .collect();
    let explanations = judged
        .iter()
        .map(|(judged, time)| Explanation::of_described(judged, *time, set));
    print(args.format, explanations)
}

/// A command line that asks for nothing that there is.
fn wrong(message: &str) -> ExitCode {
    anstream::eprintln!("weir: {message}");
    ExitCode::from(WRONG_COMMAND_LINE)
}

fn print<'a>(
    format: CheckFormat,
    explanations: impl Iterator<Item = Explanation<'a>>,
) -> anyhow::Result<ExitCode> {
    let mut out = anstream::stdout().lock();
    for (number, explanation) in explanations.enumerate() {
        match format {
            CheckFormat::Json => {
                let object = serde_json::to_string(&Object::from(&explanation))?;
                writeln!(out, "{object}")?;
            }
            CheckFormat::Text => {
                if number > 0 {
                    writeln!(out, "\n")?;
                }
                page::print(&explanation, &mut out)?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

/// What is not there, and what is.
fn instead(found: &Found, wanted: &Wanted, store: &Path) -> String {
    let store = store.display();
    let workload = wanted.workload.as_deref().unwrap_or_default();
    match (found, &wanted.destination) {
        (Found::OtherWorkloads(workloads), _) => format!(
            "the store {store} has no flow of a workload `{workload}`: ask for one that it has, \
             such as {}",
            workloads.join(", ")
        ),
        (Found::OtherDestinations(destinations), Some(destination)) => {
            let of = match &wanted.workload {
                Some(workload) => format!(" of `{workload}`"),
                None => String::new(),
            };
            format!(
                "the store {store} has no flow{of} to {destination}: ask for one that it has, \
                 such as {}",
                destinations.join(", ")
            )
        }
        _ => format!(
            "the store {store} has no flow: let `weir run --store {store}` record some, or name \
             another store"
        ),
    }
}
