//! Paths and TCP ports (landlock(7)): which can still be reached.
//!
//! A rule is of a directory as it is now, with everything below: what comes to be in it later
//! is covered, and another directory of its name is not.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use landlock::{
    ABI, Access as _, AccessFs, AccessNet, BitFlags, CompatLevel, Compatible as _, NetPort,
    PathBeneath, PathFd, Ruleset, RulesetAttr as _, RulesetCreated, RulesetCreatedAttr as _,
    RulesetError, RulesetStatus, Scope,
};

use super::ConfineError;

/// What is asked for: everything that this ABI knows. Later ones add the connection to Unix
/// sockets by path, which name services need.
const WANTED: ABI = ABI::V6;

/// What each ABI brought, for those that a kernel may lack
/// (`Documentation/userspace-api/landlock.rst`).
const SINCE: [(u32, &str, &str); 5] = [
    (2, "renaming between directories", "5.19"),
    (3, "truncation of files", "6.2"),
    (4, "TCP ports", "6.7"),
    (5, "ioctl of devices", "6.10"),
    (6, "signals and abstract Unix sockets", "6.12"),
];

/// Paths that stay within reach; each file, or directory with everything below. What does not
/// exist is passed over.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Paths {
    /// To be read.
    pub read: BTreeSet<PathBuf>,
    /// To be read, and files and directories in them to be made, written, renamed and removed.
    pub write: BTreeSet<PathBuf>,
    /// To be read and executed.
    pub execute: BTreeSet<PathBuf>,
    /// TCP.
    pub tcp: Tcp,
}

/// What may be done by TCP beyond what is open already.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Tcp {
    /// Anything.
    Any,
    /// Connections to these ports; none is bound.
    To(BTreeSet<u16>),
}

impl Default for Tcp {
    /// Nothing.
    fn default() -> Self {
        Self::To(BTreeSet::new())
    }
}

/// ABI of Landlock that the running kernel has; 0 if none (landlock_create_ruleset(2)).
pub fn landlock_abi() -> u32 {
    const VERSION: libc::c_uint = 1;
    // SAFETY: with this flag, the kernel reads no attributes and opens nothing.
    let abi = unsafe {
        libc::syscall(
            libc::SYS_landlock_create_ruleset,
            std::ptr::null::<libc::c_void>(),
            0_usize,
            VERSION,
        )
    };
    u32::try_from(abi).unwrap_or(0)
}

/// Restricts the calling thread, and gives the ABI that the kernel enforces: at most
/// [`WANTED`], and 0 if none.
pub(super) fn restrict(paths: &Paths, not_enforced: &mut Vec<String>) -> Result<u32, ConfineError> {
    let refused =
        |error: RulesetError| ConfineError::Refused("access to paths", io::Error::other(error));
    let status = ruleset(paths).map_err(refused)?;
    if status == RulesetStatus::NotEnforced {
        not_enforced.push(
            "Landlock: paths stay within reach; boot with `landlock` in lsm=, or Linux 5.13 or later"
                .to_owned(),
        );
        return Ok(0);
    }
    let abi = landlock_abi().min(WANTED as u32);
    let missing = SINCE.iter().filter(|(since, ..)| *since > abi);
    not_enforced
        .extend(missing.map(|(_, what, kernel)| format!("Landlock: {what} (Linux {kernel})")));
    Ok(abi)
}

fn ruleset(paths: &Paths) -> Result<RulesetStatus, RulesetError> {
    let mut ruleset = Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(WANTED))?
        .scope(Scope::from_all(WANTED))?;
    if let Tcp::To(_) = &paths.tcp {
        ruleset = ruleset.handle_access(AccessNet::from_all(WANTED))?;
    }
    let mut created = ruleset.create()?;
    let read = AccessFs::ReadFile | AccessFs::ReadDir;
    let write = AccessFs::from_all(WANTED)
        & !(AccessFs::Execute
            | AccessFs::MakeChar
            | AccessFs::MakeBlock
            | AccessFs::MakeSock
            | AccessFs::MakeFifo
            | AccessFs::MakeSym
            | AccessFs::IoctlDev);
    for (set, access) in [
        (&paths.read, read),
        (&paths.write, write),
        (&paths.execute, read | AccessFs::Execute),
    ] {
        for path in set {
            created = allow(created, path, access)?;
        }
    }
    if let Tcp::To(ports) = &paths.tcp {
        for port in ports {
            created = created.add_rule(NetPort::new(*port, AccessNet::ConnectTcp))?;
        }
    }
    Ok(created.restrict_self()?.ruleset)
}

fn allow(
    created: RulesetCreated,
    path: &Path,
    access: BitFlags<AccessFs>,
) -> Result<RulesetCreated, RulesetError> {
    let Ok(fd) = PathFd::new(path) else {
        return Ok(created);
    };
    // A file has no rights of directories.
    let access = if path.is_dir() {
        access
    } else {
        access & AccessFs::from_file(WANTED)
    };
    created.add_rule(PathBeneath::new(fd, access))
}
