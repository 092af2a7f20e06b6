//! `weir explain`: why a recorded flow got its verdict.
//!
//! ```text
//! ledger ─> recorded (the flows that are wanted) ─> explanation ─┬─> page (people)
//!                        allowlists, where given ────────┘       └─> object (JSON)
//! ```

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
    io::Write as _,
    num::NonZeroUsize,
    path::{Path, PathBuf},
    process::ExitCode,
};

use self::{
    explanation::{Allowlists, Explanation},
    object::Object,
    recorded::{Found, find},
    wanted::{Destination, Wanted},
};
use super::{NOT_RECORDED, check::CheckFormat};
use crate::{daemon::Failure, policy::Policy};

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

    /// Only flows of these workloads: part of the name or of the cgroup path, or the
    /// product.
    #[arg(long, value_name = "TEXT")]
    workload: Option<String>,

    /// How many flows, the newest first.
    #[arg(long, value_name = "N", default_value = "1")]
    last: NonZeroUsize,

    /// How to answer: text, or a JSON object on a line for each flow.
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
}

/// Finds the flows and explains them.
///
/// # Errors
/// The store or the allowlists cannot be used, or the answer cannot be written; that
/// nothing is found is exit code 8, no error.
pub(super) fn run(args: &ExplainArgs) -> anyhow::Result<ExitCode> {
    let allowlists = match &args.allowlists {
        Some(directory) => Some(Allowlists {
            directory: directory.clone(),
            policy: Policy::load(directory).map_err(Failure::from)?,
        }),
        None => None,
    };
    let wanted = Wanted {
        destination: args.destination.clone(),
        workload: args.workload.clone(),
    };
    let flows = match find(&args.store, &wanted, args.last.get()).map_err(Failure::from)? {
        Found::Flows(flows) => flows,
        nothing => {
            anstream::eprintln!("weir: {}", instead(&nothing, &wanted, &args.store));
            return Ok(ExitCode::from(NOT_RECORDED));
        }
    };
    let mut out = anstream::stdout().lock();
    for (number, recorded) in flows.iter().enumerate() {
        let explanation = Explanation::of(recorded, allowlists.as_ref());
        match args.format {
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
