//! System calls (seccomp(2)): which are still answered.
//!
//! The filter is a list of what is allowed. Anything else fails with `EPERM` and is logged by
//! the kernel; it does not end the process. An agent that is killed for a call that a new
//! library makes would lose what only it knows, while one that is refused goes on and says
//! what it could not do.

use std::{collections::BTreeMap, io};

use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use super::calls;

/// Which process it is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SystemCalls {
    /// The agent, and what it starts. It opens sockets to the Internet only if `network`.
    Agent {
        /// Whether findings are sent away.
        network: bool,
    },
    /// Whoever answers questions about processes and accounts.
    Reader,
    /// Whoever starts the canary, and the canary.
    Canary,
}

/// Whether the kernel filters system calls.
pub fn has_seccomp() -> bool {
    let allow: u32 = libc::SECCOMP_RET_ALLOW;
    // SAFETY: the kernel reads the four bytes that the pointer is of.
    let known = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_GET_ACTION_AVAIL,
            0,
            std::ptr::from_ref(&allow),
        )
    };
    known == 0
}

/// Filters the system calls of every thread.
pub(super) fn filter(of: SystemCalls) -> io::Result<()> {
    // What clone3 is asked for lies in memory, where a filter does not see it. libc falls back
    // to clone where there is no clone3. Of two filters, the stricter answer counts; the second
    // forbids to install a third.
    let absent = [libc::SYS_clone3].map(|number| (number, Vec::new()));
    let absent = SeccompFilter::new(
        BTreeMap::from(absent),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS.unsigned_abs()),
        arch()?,
    );
    install(absent, 0)?;
    let allowed = SeccompFilter::new(
        rules(of).map_err(io::Error::other)?,
        SeccompAction::Errno(libc::EPERM.unsigned_abs()),
        SeccompAction::Allow,
        arch()?,
    );
    install(allowed, libc::SECCOMP_FILTER_FLAG_LOG)
}

fn arch() -> io::Result<TargetArch> {
    TargetArch::try_from(std::env::consts::ARCH).map_err(io::Error::other)
}

fn install(
    filter: Result<SeccompFilter, seccompiler::BackendError>,
    flags: libc::c_ulong,
) -> io::Result<()> {
    let program: BpfProgram = filter
        .and_then(BpfProgram::try_from)
        .map_err(io::Error::other)?;
    let length = u16::try_from(program.len()).map_err(io::Error::other)?;
    let program = libc::sock_fprog {
        len: length,
        filter: program.as_ptr().cast::<libc::sock_filter>().cast_mut(),
    };
    // SAFETY: the program is `len` instructions of four integers each, laid out as the kernel
    // has them, and lives over the call, which only reads it.
    let refused = unsafe {
        libc::syscall(
            libc::SYS_seccomp,
            libc::SECCOMP_SET_MODE_FILTER,
            libc::SECCOMP_FILTER_FLAG_TSYNC | flags,
            std::ptr::from_ref(&program),
        )
    };
    match refused {
        0 => Ok(()),
        thread if thread > 0 => Err(io::Error::other(format!(
            "thread {thread} has a filter of its own"
        ))),
        _ => Err(io::Error::last_os_error()),
    }
}

type Rules = BTreeMap<i64, Vec<SeccompRule>>;

/// The rules: a system call without conditions, or with one of several.
fn rules(of: SystemCalls) -> Result<Rules, seccompiler::BackendError> {
    let lists: &[&[i64]] = match of {
        SystemCalls::Reader => &[calls::ANY],
        SystemCalls::Agent { .. } | SystemCalls::Canary => {
            &[calls::ANY, calls::WRITING, calls::STARTING]
        }
    };
    let every = lists.iter().flat_map(|list| list.iter());
    let mut rules: Rules = every.map(|number| (*number, Vec::new())).collect();
    // No thread or process in namespaces of its own.
    const NEW: u64 = (libc::CLONE_NEWNS
        | libc::CLONE_NEWCGROUP
        | libc::CLONE_NEWUTS
        | libc::CLONE_NEWIPC
        | libc::CLONE_NEWUSER
        | libc::CLONE_NEWPID
        | libc::CLONE_NEWNET) as u64;
    rules.insert(libc::SYS_clone, vec![masked(0, NEW, 0)?]);
    rules.insert(libc::SYS_clone3, Vec::new());
    rules.insert(libc::SYS_prctl, each(0, calls::PRCTL)?);
    let families: &[u64] = match of {
        SystemCalls::Reader => calls::NETLINK,
        SystemCalls::Agent { network: false } => calls::LOCAL,
        SystemCalls::Agent { network: true } => calls::INTERNET,
        SystemCalls::Canary => calls::CANARY,
    };
    rules.insert(libc::SYS_socket, each(0, families)?);
    if of != SystemCalls::Reader {
        rules.insert(libc::SYS_bpf, each(0, calls::BPF)?);
    }
    if of == SystemCalls::Canary {
        let network = libc::CLONE_NEWNET as u64;
        rules.insert(libc::SYS_unshare, each(0, &[network])?);
        rules.insert(libc::SYS_setns, each(1, &[network])?);
    }
    Ok(rules)
}

/// The argument is one of these. Only its lower half counts, as in the kernel.
fn each(argument: u8, values: &[u64]) -> Result<Vec<SeccompRule>, seccompiler::BackendError> {
    values
        .iter()
        .map(|value| {
            SeccompRule::new(vec![SeccompCondition::new(
                argument,
                SeccompCmpArgLen::Dword,
                SeccompCmpOp::Eq,
                *value,
            )?])
        })
        .collect()
}

fn masked(argument: u8, mask: u64, value: u64) -> Result<SeccompRule, seccompiler::BackendError> {
    SeccompRule::new(vec![SeccompCondition::new(
        argument,
        SeccompCmpArgLen::Qword,
        SeccompCmpOp::MaskedEq(mask),
        value,
    )?])
}
