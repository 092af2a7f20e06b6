//! Interfaces that lead off the host, and the programs that count where
//! packets leave by them.

use std::{
    collections::BTreeMap,
    fs, io,
    os::fd::{AsFd as _, OwnedFd},
    path::Path,
};

use nix::sched::{CloneFlags, setns};

use super::{
    bpf,
    capture::CaptureError,
    netlink::{self, Interface},
    preflight::kernel_at_least,
    programs::refused,
    repinned::Repinned,
};

const ETHER: &str = "weir_uplink_ether";
const BARE: &str = "weir_uplink_bare";
/// What the pins of links are called: this, the number, the name.
const PIN: &str = "uplink_";

/// First kernel with tcx.
const TCX_SINCE: (u32, u32) = (6, 6);

/// How programs are attached where packets leave an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UplinkHook {
    /// By a link that nobody else can take away unseen (Linux 6.6).
    Tcx,
    /// As a filter of the qdisc clsact.
    Clsact,
}

impl UplinkHook {
    /// The better one that the running kernel has.
    pub fn of_this_kernel() -> Self {
        if kernel_at_least(TCX_SINCE) {
            Self::Tcx
        } else {
            Self::Clsact
        }
    }
}

/// What became of an interface.
#[derive(Debug)]
pub enum UplinkChange {
    /// It is counted at from now on.
    Covered(Interface),
    /// It was counted at, had lost its program, and has it again.
    Repaired(Interface),
    /// It cannot be counted at.
    Refused(Interface, io::Error),
    /// It has gone or leads nowhere any more.
    Left(String),
}

/// The uplink layer's program, to be attached in another network namespace.
#[derive(Debug)]
pub struct UplinkProgram {
    program: OwnedFd,
    hook: UplinkHook,
}

/// A program at an interface of another network namespace; dropping it takes it
/// off. By clsact, it goes with the namespace.
#[derive(Debug)]
pub struct CanaryUplink {
    _link: Option<OwnedFd>,
}

impl UplinkProgram {
    /// A program of type `SCHED_CLS`, to be attached in a given way.
    pub fn new(program: OwnedFd, hook: UplinkHook) -> Self {
        Self { program, hook }
    }

    /// The program, and how it is attached.
    pub fn into_parts(self) -> (OwnedFd, UplinkHook) {
        (self.program, self.hook)
    }

    /// Attaches to an interface in the network namespace of a process.
    ///
    /// # Errors
    /// The kernel's; or there is no such interface.
    pub fn attach_in(&self, process: u32, interface: &str) -> io::Result<CanaryUplink> {
        let namespace = fs::File::open(format!("/proc/{process}/ns/net"))?;
        let attach = || {
            setns(namespace, CloneFlags::CLONE_NEWNET)?;
            let index = netlink::interfaces()?
                .into_iter()
                .find(|one| one.name == interface)
                .ok_or(io::ErrorKind::NotFound)?
                .index;
            let link = link(self.hook, &self.program, index)?;
            Ok(CanaryUplink { _link: link })
        };
        // A thread of its own: the namespace is the thread's.
        std::thread::scope(|scope| scope.spawn(attach).join())
            .map_err(|_| io::Error::other("a thread panicked"))?
    }
}

fn link(hook: UplinkHook, program: &OwnedFd, index: u32) -> io::Result<Option<OwnedFd>> {
    match hook {
        UplinkHook::Tcx => bpf::link_to_interface(program.as_fd(), index).map(Some),
        UplinkHook::Clsact => netlink::attach(program.as_fd(), index).map(|()| None),
    }
}

#[derive(Debug)]
struct Covered {
    name: String,
    /// None with clsact, whose filters last without.
    link: Option<OwnedFd>,
    program: u32,
}

/// The programs and the interfaces they are attached to.
#[derive(Debug)]
pub(super) struct Uplinks {
    hook: UplinkHook,
    ether: OwnedFd,
    bare: OwnedFd,
    covered: BTreeMap<u32, Covered>,
    /// Interfaces that were refused, so that it is said once.
    refused: Vec<Interface>,
}

fn pin_name(index: u32, name: &str) -> String {
    format!("{PIN}{index}_{name}")
}

impl Uplinks {
    /// The programs of a loaded object, attached nowhere yet.
    pub(super) fn loaded(
        hook: UplinkHook,
        mut load: impl FnMut(&'static str) -> Result<OwnedFd, CaptureError>,
    ) -> Result<Self, CaptureError> {
        Ok(Self {
            hook,
            ether: load(ETHER)?,
            bare: load(BARE)?,
            covered: BTreeMap::new(),
            refused: Vec::new(),
        })
    }

    /// The programs and links that are pinned in a directory.
    pub(super) fn adopt(hook: UplinkHook, directory: &Path) -> Result<Self, CaptureError> {
        let mut uplinks = Self::loaded(hook, |name| {
            bpf::pinned(&directory.join(name)).map_err(refused(name, "adopted"))
        })?;
        let adopted = refused(ETHER, "adopted");
        let own = uplinks.programs().map(|(_, program)| {
            let info = bpf::program_info(program);
            info.map(|info| info.id).unwrap_or_default()
        });
        for entry in fs::read_dir(directory).map_err(&adopted)? {
            let entry = entry.map_err(&adopted)?;
            let file = entry.file_name().to_string_lossy().into_owned();
            let Some((index, name)) = file.strip_prefix(PIN).and_then(|rest| rest.split_once('_'))
            else {
                continue;
            };
            let Ok(index) = index.parse() else { continue };
            let link = bpf::pinned(&entry.path()).map_err(&adopted)?;
            let program = bpf::link_program(&link).map_err(&adopted)?;
            // Somebody gave it another program: as if it had none.
            if !own.contains(&program) {
                continue;
            }
            let name = name.to_owned();
            let covered = Covered {
                name,
                link: Some(link),
                program,
            };
            uplinks.covered.insert(index, covered);
        }
        Ok(uplinks)
    }

    pub(super) fn programs(&self) -> [(&'static str, &OwnedFd); 2] {
        [(ETHER, &self.ether), (BARE, &self.bare)]
    }

    /// Pins programs and links; says which were not pinned.
    pub(super) fn pin(&self, directory: &Path) -> Result<Repinned, CaptureError> {
        let links = self.covered.iter().filter_map(|(index, covered)| {
            Some((pin_name(*index, &covered.name), covered.link.as_ref()?))
        });
        let programs = self.programs().map(|(name, fd)| (name.to_owned(), fd));
        let mut found = Repinned::default();
        for (name, fd) in programs.into_iter().chain(links) {
            let pinned = bpf::pin_here(fd.as_fd(), &directory.join(&name))
                .map_err(refused(ETHER, "pinned"))?;
            found.take(&name, pinned);
        }
        Ok(found)
    }

    /// Attaches to what is wanted, and leaves what is not.
    pub(super) fn follow(
        &mut self,
        wanted: &[Interface],
        pins: Option<&Path>,
    ) -> Vec<UplinkChange> {
        let mut changes = Vec::new();
        let left: Vec<_> = self
            .covered
            .iter()
            .filter(|(index, covered)| {
                !wanted
                    .iter()
                    .any(|one| one.index == **index && one.name == covered.name)
            })
            .map(|(index, _)| *index)
            .collect();
        for index in left {
            if let Some(covered) = self.covered.remove(&index) {
                unpin(pins, index, &covered.name);
                if covered.link.is_none() {
                    take_off(index, &covered.name);
                }
                changes.push(UplinkChange::Left(covered.name));
            }
        }
        self.refused.retain(|one| wanted.contains(one));
        for one in wanted {
            let before = self.covered.contains_key(&one.index);
            if self.is_attached(one) || self.refused.contains(one) {
                continue;
            }
            changes.push(match self.attach(one, pins) {
                Ok(()) if before => UplinkChange::Repaired(one.clone()),
                Ok(()) => UplinkChange::Covered(one.clone()),
                Err(error) => {
                    self.refused.push(one.clone());
                    UplinkChange::Refused(one.clone(), error)
                }
            });
        }
        changes
    }

    /// The program for interfaces like Ethernet's.
    pub(super) fn program(&self) -> io::Result<UplinkProgram> {
        Ok(UplinkProgram {
            program: self.ether.try_clone()?,
            hook: self.hook,
        })
    }

    /// Takes filters of recordings that are no more off all interfaces.
    pub(super) fn clear(&self, all: &[Interface]) {
        for one in all {
            let ours = bpf::program_info(self.program_for(one)).map(|info| info.id);
            let found = netlink::attached(one.index).unwrap_or_default();
            if found
                .iter()
                .any(|program| !matches!(ours, Ok(id) if id == *program))
            {
                take_off(one.index, &one.name);
            }
        }
    }

    /// Takes the programs off interfaces where no link does that by itself.
    pub(super) fn leave(&mut self) {
        for (index, covered) in std::mem::take(&mut self.covered) {
            if covered.link.is_none() {
                take_off(index, &covered.name);
            }
        }
    }

    /// Asks the interface itself. A filter of clsact that an earlier agent left
    /// is taken over.
    fn is_attached(&mut self, one: &Interface) -> bool {
        let holds = |found: io::Result<Vec<u32>>, program: u32| {
            found.is_ok_and(|programs| programs.contains(&program))
        };
        if let Some(covered) = self.covered.get(&one.index) {
            let found = match covered.link {
                Some(_) => bpf::attached_to_interface(one.index),
                None => netlink::attached(one.index),
            };
            return holds(found, covered.program);
        }
        let Ok(program) = bpf::program_info(self.program_for(one)).map(|info| info.id) else {
            return false;
        };
        let left = holds(netlink::attached(one.index), program);
        if left {
            self.cover(one, None, program);
        }
        left
    }

    fn program_for(&self, one: &Interface) -> &OwnedFd {
        if one.ether { &self.ether } else { &self.bare }
    }

    fn cover(&mut self, one: &Interface, link: Option<OwnedFd>, program: u32) {
        let name = one.name.clone();
        let covered = Covered {
            name,
            link,
            program,
        };
        self.covered.insert(one.index, covered);
    }

    fn attach(&mut self, one: &Interface, pins: Option<&Path>) -> io::Result<()> {
        let program = self.program_for(one);
        let id = bpf::program_info(program)?.id;
        let link = link(self.hook, program, one.index)?;
        unpin(pins, one.index, &one.name);
        if let (Some(directory), Some(link)) = (pins, &link) {
            bpf::pin(
                link.as_fd(),
                &directory.join(pin_name(one.index, &one.name)),
            )?;
        }
        self.cover(one, link, id);
        Ok(())
    }
}

fn take_off(index: u32, name: &str) {
    // The interface may have gone, and the program with it.
    if let Err(error) = netlink::detach(index) {
        tracing::debug!(%error, name, "a program cannot be taken off an interface");
    }
}

fn unpin(pins: Option<&Path>, index: u32, name: &str) {
    let Some(directory) = pins else { return };
    match fs::remove_file(directory.join(pin_name(index, name))) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            tracing::warn!(%error, name, "the pin of an uplink cannot be removed");
        }
        _ => {}
    }
}
