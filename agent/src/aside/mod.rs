//! What a confined agent has done by processes beside it, which it starts before it gives
//! up what they need.
//!
//! The reader says of other processes what they run, and of accounts who they are. It may look
//! into any process (`CAP_SYS_PTRACE`), which Landlock denies to whoever is restricted by it,
//! and can write nowhere. The canary's keeper starts canaries, which needs namespaces of their
//! own (`CAP_SYS_ADMIN`), and understands two words. Neither reads what workloads send. A runner, of which there is one for
//! each command that is told of findings, runs that command and no other.
//!
//! All are the agent's own executable, speak lines of JSON over a pair of sockets, and end
//! when the agent's end of it is closed, however the agent ends.

mod answers;
mod channel;
mod keeper;
mod reader;
mod runner;

pub use keeper::{Canary, Keeper, Playing};
pub(crate) use reader::home_below;
pub use reader::{Reader, executable, holder_of, home_of, is_member, within};
pub use runner::Runner;
pub(crate) use runner::runner_of;

use std::{path::PathBuf, process::ExitCode};

use serde::{Deserialize, Serialize};

use crate::kernel::{InForce, UplinkHook, ignore_end_signals};

/// What the hidden command `weir aside` is asked.
#[derive(Debug, clap::Args)]
pub struct AsideArgs {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, clap::Subcommand)]
enum What {
    /// Answer questions about processes and accounts.
    Reader(HowArgs),
    /// Start canaries.
    Keeper {
        #[command(flatten)]
        how: HowArgs,
        /// Root of the cgroup v2 hierarchy.
        #[arg(long, value_name = "DIR")]
        cgroup_root: PathBuf,
        /// Whether programs are attached to interfaces by clsact.
        #[arg(long)]
        clsact: bool,
    },
    /// Run a command, which is said first.
    Runner,
}

/// How it is confined.
#[derive(Clone, Copy, Debug, clap::Args)]
struct HowArgs {
    /// Not at all.
    #[arg(long)]
    unconfined: bool,
    /// As far as it can be.
    #[arg(long, conflicts_with = "unconfined")]
    best_effort: bool,
}

/// The first line of a process aside.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Hello {
    /// It is ready; what the kernel could not enforce on it.
    Ready {
        /// Each with the reason.
        not_enforced: Vec<String>,
    },
    /// It is not, and ends.
    Failed(String),
}

impl Hello {
    /// Of a process that was to be confined.
    fn of(how: HowArgs, confined: Result<InForce, String>) -> Self {
        match confined {
            Ok(in_force) => Self::Ready {
                not_enforced: in_force.not_enforced,
            },
            Err(error) if how.best_effort => Self::Ready {
                not_enforced: vec![error],
            },
            Err(error) => Self::Failed(error),
        }
    }
}

/// Runs one of them until the agent is gone.
///
/// # Errors
/// When the agent cannot be talked to.
pub fn run(args: &AsideArgs) -> anyhow::Result<ExitCode> {
    // Whoever ends the agent may send the same to all that it has started. The agent needs
    // them until its own end. A command would inherit that, and what it did not run waits.
    if !matches!(args.what, What::Runner) {
        ignore_end_signals()?;
    }
    match &args.what {
        What::Runner => runner::serve()?,
        What::Reader(how) => reader::serve(*how)?,
        What::Keeper {
            how,
            cgroup_root,
            clsact,
        } => {
            let hook = if *clsact {
                UplinkHook::Clsact
            } else {
                UplinkHook::Tcx
            };
            keeper::serve(*how, cgroup_root, hook)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}
