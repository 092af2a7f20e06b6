//! Interfaces that lead off the host, and the programs that count where
//! packets leave by them.

use std::{
    collections::BTreeMap,
    fs, io,
    os::fd::{AsFd as _, OwnedFd},
    path::Path,
};

use nix::ifaddrs::getifaddrs;

use super::{bpf, capture::CaptureError, programs::refused};

const ETHER: &str = "weir_uplink_ether";
const BARE: &str = "weir_uplink_bare";
/// What the pins of links are called: this, the number, the name.
const PIN: &str = "uplink_";

/// An interface of this network namespace.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Interface {
    /// Its number.
    pub index: u32,
    /// Its name.
    pub name: String,
    /// Whether its packets have a link-layer header as Ethernet has it; none
    /// otherwise, as those of a tunnel.
    pub ether: bool,
}

/// Every interface of this network namespace.
///
/// # Errors
/// The kernel's.
pub fn interfaces() -> io::Result<Vec<Interface>> {
    let mut found: Vec<_> = getifaddrs()?
        .filter_map(|entry| {
            let link = entry.address.as_ref()?.as_link_addr()?;
            Some(Interface {
                index: u32::try_from(link.ifindex()).ok()?,
                name: entry.interface_name,
                ether: matches!(link.hatype(), libc::ARPHRD_ETHER | libc::ARPHRD_LOOPBACK),
            })
        })
        .collect();
    found.sort();
    found.dedup();
    Ok(found)
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

#[derive(Debug)]
struct Covered {
    name: String,
    link: OwnedFd,
    program: u32,
}

/// The programs and the interfaces they are attached to.
#[derive(Debug)]
pub(super) struct Uplinks {
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
        mut load: impl FnMut(&'static str) -> Result<OwnedFd, CaptureError>,
    ) -> Result<Self, CaptureError> {
        Ok(Self {
            ether: load(ETHER)?,
            bare: load(BARE)?,
            covered: BTreeMap::new(),
            refused: Vec::new(),
        })
    }

    /// The programs and links that are pinned in a directory.
    pub(super) fn adopt(directory: &Path) -> Result<Self, CaptureError> {
        let mut uplinks = Self::loaded(|name| {
            bpf::pinned(&directory.join(name)).map_err(refused(name, "adopted"))
        })?;
        let adopted = refused(ETHER, "adopted");
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
            let name = name.to_owned();
            let covered = Covered {
                name,
                link,
                program,
            };
            uplinks.covered.insert(index, covered);
        }
        Ok(uplinks)
    }

    pub(super) fn programs(&self) -> [(&'static str, &OwnedFd); 2] {
        [(ETHER, &self.ether), (BARE, &self.bare)]
    }

    /// Pins programs and links; says which were not pinned yet.
    pub(super) fn pin(&self, directory: &Path) -> Result<Vec<String>, CaptureError> {
        let links = self
            .covered
            .iter()
            .map(|(index, covered)| (pin_name(*index, &covered.name), &covered.link));
        let programs = self.programs().map(|(name, fd)| (name.to_owned(), fd));
        let mut new = Vec::new();
        for (name, fd) in programs.into_iter().chain(links) {
            if bpf::pin_anew(fd.as_fd(), &directory.join(&name))
                .map_err(refused(ETHER, "pinned"))?
            {
                new.push(name);
            }
        }
        Ok(new)
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
                changes.push(UplinkChange::Left(covered.name));
            }
        }
        self.refused.retain(|one| wanted.contains(one));
        for one in wanted {
            let before = self.covered.get(&one.index).map(|covered| covered.program);
            let attached = before.is_some_and(|program| {
                bpf::attached_to_interface(one.index).is_ok_and(|ids| ids.contains(&program))
            });
            if attached || self.refused.contains(one) {
                continue;
            }
            changes.push(match self.attach(one, pins) {
                Ok(()) if before.is_some() => UplinkChange::Repaired(one.clone()),
                Ok(()) => UplinkChange::Covered(one.clone()),
                Err(error) => {
                    self.refused.push(one.clone());
                    UplinkChange::Refused(one.clone(), error)
                }
            });
        }
        changes
    }

    fn attach(&mut self, one: &Interface, pins: Option<&Path>) -> io::Result<()> {
        let program = if one.ether { &self.ether } else { &self.bare };
        let link = bpf::link_to_interface(program.as_fd(), one.index)?;
        unpin(pins, one.index, &one.name);
        if let Some(directory) = pins {
            bpf::pin(
                link.as_fd(),
                &directory.join(pin_name(one.index, &one.name)),
            )?;
        }
        let covered = Covered {
            name: one.name.clone(),
            link,
            program: bpf::program_info(program)?.id,
        };
        self.covered.insert(one.index, covered);
        Ok(())
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
