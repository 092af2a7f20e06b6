//! Takes away from this process what it does not need any more: capabilities, paths and
//! system calls. Nothing gives them back, and what it starts from then on has no more.

mod calls;
mod capabilities;
mod landlock;
mod own;
mod seccomp;
mod status;

pub use capabilities::{CapabilitySet, allows_writing};
pub use landlock::{Paths, Tcp, landlock_abi};
pub use own::{OwnFiles, own_files};
pub use seccomp::{SystemCalls, has_seccomp};
pub use status::ThreadStatus;

use std::io;

/// What stays.
#[derive(Clone, Debug)]
pub struct Rules {
    /// Capabilities; of those, the process keeps what it has.
    pub capabilities: CapabilitySet,
    /// Paths; any, if `None`.
    pub paths: Option<Paths>,
    /// System calls.
    pub system_calls: SystemCalls,
}

/// What is in force from then on.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct InForce {
    /// Names of the capabilities that are left.
    pub capabilities: Vec<String>,
    /// ABI of Landlock whose rules the kernel enforces; 0 if none are.
    pub landlock_abi: u32,
    /// Whether system calls are filtered.
    pub seccomp: bool,
    /// What the kernel could not enforce, each with the reason.
    pub not_enforced: Vec<String>,
}

/// Why a process is not confined as it should be.
#[derive(Debug, thiserror::Error)]
pub enum ConfineError {
    /// The kernel refuses.
    #[error("{0} cannot be given up ({1})")]
    Refused(&'static str, io::Error),
    /// A thread was there before and goes on without.
    #[error("thread {0} is not confined as the others are ({1})")]
    Thread(String, String),
}

/// Confines the calling thread, and with it every thread that it starts from then on. System
/// calls are filtered in all threads; that the others are confined, too, is looked at in the
/// end, since capabilities and paths are each thread's own.
///
/// What of Landlock the kernel does not know is no error, and told.
///
/// # Errors
/// What could not be given up; in that case, a part may be.
pub fn confine(rules: &Rules) -> Result<InForce, ConfineError> {
    let (in_force, kept) = confine_thread(rules)?;
    status::all_alike(&ThreadStatus {
        effective: kept.bits(),
        no_new_privs: true,
        seccomp: 2,
    })?;
    Ok(in_force)
}

/// As [`confine`], of the calling thread whatever others there are.
///
/// # Errors
/// As [`confine`].
pub fn confine_thread(rules: &Rules) -> Result<(InForce, CapabilitySet), ConfineError> {
    let mut in_force = InForce::default();
    rustix::thread::set_no_new_privs(true)
        .map_err(|error| ConfineError::Refused("the gain of privileges by execve", error.into()))?;
    // Opening a directory for the rule may need what is dropped after it.
    if let Some(paths) = &rules.paths {
        in_force.landlock_abi = landlock::restrict(paths, &mut in_force.not_enforced)?;
    }
    let kept = capabilities::keep(rules.capabilities, &mut in_force.not_enforced)
        .map_err(|error| ConfineError::Refused("capabilities", error))?;
    in_force.capabilities = capabilities::names(kept);
    seccomp::filter(rules.system_calls)
        .map_err(|error| ConfineError::Refused("system calls", error))?;
    in_force.seccomp = true;
    Ok((in_force, kept))
}
