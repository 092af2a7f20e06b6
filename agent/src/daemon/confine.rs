//! What the agent keeps once it records: everything else it gives up
//! ([hardening](../../../docs/hardening.md)).

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
};

use super::{Failure, Options};
use crate::{
    aside::{Keeper, Reader, Runner},
    attribution::StateRoots,
    coverage::{ConfineMode, Confinement},
    kernel::{
        CapabilitySet, Capture, CgroupDirectory, InForce, Paths, Pins, Rules, SystemCalls, Tcp,
        allows_writing, confine, own_files,
    },
    notify::{self, endpoints},
};

/// What the C library looks names up by (nsswitch.conf(5), resolv.conf(5)), where the
/// resolver of the host keeps it, and authorities that the system trusts.
const NAME_SERVICE: [&str; 9] = [
    "/etc/resolv.conf",
    "/etc/hosts",
    "/etc/host.conf",
    "/etc/nsswitch.conf",
    "/etc/gai.conf",
    "/etc/services",
    "/etc/ssl",
    "/etc/pki",
    "/run/systemd/resolve",
];

/// Port of DNS over TCP, for long answers.
const DNS: u16 = 53;

/// The confined agent: the processes aside, which end when this is dropped.
pub(super) struct Confined {
    /// Starts canaries, if any are wanted.
    pub(super) keeper: Option<Keeper>,
    /// What is in force.
    pub(super) confinement: Confinement,
    _reader: Option<Reader>,
    _runners: Vec<Runner>,
}

/// Starts what needs more than stays, and gives up everything else. To be called before any
/// thread is started: capabilities and paths are each thread's own.
pub(super) fn confined(
    options: &Options,
    (capture, pins): (&Capture, Option<&Pins>),
    root: &CgroupDirectory,
) -> Result<Confined, Failure> {
    let mode = options.confine;
    let aside = |what| move |error| Failure::Aside(what, error);
    let reader = match mode {
        ConfineMode::Off => None,
        _ => Some(Reader::start(mode).map_err(aside("the reader of processes"))?),
    };
    let keeper = options.self_test.map(|_| {
        let program = capture.uplink_program()?;
        Keeper::start(mode, program, root)
    });
    let keeper = keeper
        .transpose()
        .map_err(aside("the keeper of the canary"))?;
    let runners = match mode {
        ConfineMode::Off => Vec::new(),
        _ => runners(options).map_err(aside("the runner of a command"))?,
    };
    let in_force = match mode {
        ConfineMode::Off => InForce::default(),
        _ => match confine(&rules(options, pins, root)) {
            Ok(in_force) => in_force,
            Err(error) if mode == ConfineMode::BestEffort => {
                tracing::warn!(%error, "the agent keeps what it does not need");
                InForce {
                    not_enforced: vec![error.to_string()],
                    ..InForce::default()
                }
            }
            Err(error) => return Err(Failure::Confine(error)),
        },
    };
    let of_reader = reader.iter().flat_map(|one| one.not_enforced.clone());
    let of_keeper = keeper.iter().flat_map(|one| one.not_enforced.clone());
    let confinement = Confinement::new(mode, in_force, of_reader.chain(of_keeper).collect());
    Ok(Confined {
        keeper,
        confinement,
        _reader: reader,
        _runners: runners,
    })
}

/// One for each command that is told of findings.
fn runners(options: &Options) -> std::io::Result<Vec<Runner>> {
    let commands = options.notify.command.iter();
    commands
        .map(|one| Runner::start(one.name.as_str(), one.command.line(), notify::most(one)))
        .collect()
}

/// What the agent keeps from then on.
pub fn rules(options: &Options, pins: Option<&Pins>, root: &CgroupDirectory) -> Rules {
    let paths = paths(options, pins, root);
    // Attach again and follow interfaces; bpf(2) where it is denied to others; cgroups by
    // their ids, and the state of users' containers.
    let mut capabilities =
        CapabilitySet::NET_ADMIN | CapabilitySet::BPF | CapabilitySet::DAC_READ_SEARCH;
    // Another user's directory that is written, such as one of evidence.
    if !paths.write.iter().all(|path| allows_writing(path)) {
        capabilities |= CapabilitySet::DAC_OVERRIDE;
    }
    Rules {
        capabilities,
        paths: Some(paths),
        system_calls: SystemCalls::Agent {
            network: !endpoints(&options.notify).is_empty(),
        },
    }
}

/// Every path that the agent, and what it starts, needs from now on. What a part of the agent
/// needs is added here.
fn paths(options: &Options, pins: Option<&Pins>, root: &CgroupDirectory) -> Paths {
    let own = own_files();
    let mut read = own.read;
    // Maps that have a value for each processor are read by their number.
    read.extend(["/proc".into(), "/sys/devices/system/cpu".into()]);
    read.insert(root.path().to_owned());
    let databases = options.ip_data.named.iter().map(|(_, path)| path.as_path());
    let replaced = databases
        .chain(options.ip_data.directory.as_deref())
        .chain([options.allowlists.as_path()]);
    read.extend(replaced.flat_map(with_what_replaces));
    let state = StateRoots::default().directories();
    read.extend(state.iter().filter_map(|path| there(path)));

    read.extend(
        options
            .notify
            .files()
            .into_iter()
            .flat_map(with_what_replaces),
    );
    let ports = endpoints(&options.notify).into_iter();
    let mut ports: BTreeSet<u16> = ports.map(|one| one.endpoint.port).collect();
    if !ports.is_empty() {
        // What is not there is not read where it might come to be: that would be `/run`.
        let service = NAME_SERVICE.map(PathBuf::from).into_iter();
        read.extend(service.filter(|path| path.exists()));
        ports.insert(DNS);
    }

    let mut write = BTreeSet::from([options.store.clone(), options.runtime.clone()]);
    write.extend(pins.map(|pins| pins.parent().to_owned()));
    if let Some(bundles) = &options.bundles {
        // As who exports would do it later, without the right to.
        if let Err(error) = std::fs::create_dir_all(&bundles.directory) {
            tracing::warn!(%error, directory = %bundles.directory.display(), "the directory of bundles cannot be made");
        }
        write.insert(bundles.directory.clone());
    }
    write.insert(PathBuf::from("/dev/null"));
    Paths {
        read,
        write,
        execute: own.execute,
        tcp: Tcp::To(ports),
    }
}

/// A path that is read anew, and the directories in which another may take its place: a link
/// is pointed elsewhere, a file or directory is renamed over it.
fn with_what_replaces(path: &Path) -> Vec<PathBuf> {
    let real = path.canonicalize().ok();
    [Some(path.to_owned()), real]
        .into_iter()
        .flatten()
        .flat_map(|path| {
            let parent = path.parent().map(Path::to_owned);
            [Some(path), parent]
        })
        .flatten()
        .filter(|path| !is_too_much(path))
        .collect()
}

/// The path, or else the nearest directory above it in which it may come to be.
fn there(path: &Path) -> Option<PathBuf> {
    let found = path.ancestors().find(|path| path.exists())?;
    (!is_too_much(found)).then(|| found.to_owned())
}

/// Directories in which everything may be.
fn is_too_much(path: &Path) -> bool {
    path.as_os_str().is_empty()
        || ["/", "/etc", "/home", "/root"]
            .map(Path::new)
            .contains(&path)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn what_may_be_replaced_is_read_where_it_may_come_to_be() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        std::fs::create_dir_all(at("releases/one")).unwrap();
        std::fs::create_dir(at("etc")).unwrap();
        symlink(at("releases/one"), at("etc/allowlists")).unwrap();
        assert_eq!(
            with_what_replaces(&at("etc/allowlists")),
            ["etc/allowlists", "etc", "releases/one", "releases"].map(at)
        );
        assert_eq!(
            with_what_replaces(Path::new("/etc/allowlists-that-are-not")),
            [PathBuf::from("/etc/allowlists-that-are-not")]
        );
    }

    #[test]
    fn what_is_not_there_yet_is_read_where_it_will_be() {
        let directory = tempfile::tempdir().unwrap();
        let later = directory.path().join("lib/containers");
        assert_eq!(there(&later), Some(directory.path().to_owned()));
        std::fs::create_dir_all(&later).unwrap();
        assert_eq!(there(&later), Some(later));
        assert_eq!(there(Path::new("/nowhere/at/all")), None);
    }
}
