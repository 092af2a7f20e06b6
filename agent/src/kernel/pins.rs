//! Names in a BPF filesystem, which keep programs and maps at work while no
//! agent runs.
//!
//! Everything of one recording lies in one directory, `current`. It is filled
//! under another name and renamed when whole, so that a crash leaves either
//! everything or nothing that counts.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use nix::mount::{MsFlags, mount};

/// Where a BPF filesystem is mounted by convention (`bpffs`, systemd).
const CONVENTION: &str = "/sys/fs/bpf";

/// Why nothing can be kept in the kernel.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// No BPF filesystem, and none can be mounted.
    #[error(
        "no BPF filesystem is mounted and {CONVENTION} cannot be ({0}): mount one with \
         `mount -t bpf bpf {CONVENTION}`, or run with --pin off"
    )]
    NoFilesystem(io::Error),
    /// A directory cannot be made, renamed or removed.
    #[error(
        "the pins in {path} cannot be {action} ({source}): check that it lies in a BPF \
         filesystem that root can write, or name another with --pin"
    )]
    Directory {
        /// What was touched.
        path: PathBuf,
        /// `made`, `renamed` or `removed`.
        action: &'static str,
        /// What the system said.
        source: io::Error,
    },
}

/// The directory that holds what outlives the agent.
#[derive(Clone, Debug)]
pub struct Pins {
    directory: PathBuf,
}

impl Pins {
    /// `weir` in the BPF filesystem of this mount namespace, which is mounted if
    /// there is none.
    ///
    /// # Errors
    /// When there is none and none can be mounted.
    pub fn find() -> Result<Self, PinError> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").map_err(PinError::NoFilesystem)?;
        let root = match bpf_mount(&mounts) {
            Some(path) => path,
            None => {
                mount_bpf().map_err(PinError::NoFilesystem)?;
                PathBuf::from(CONVENTION)
            }
        };
        Ok(Self::at(root.join("weir")))
    }

    /// The directory that [`Pins::find`] would give, if a BPF filesystem is
    /// mounted: mounts nothing.
    pub fn mounted() -> Option<Self> {
        let mounts = fs::read_to_string("/proc/self/mountinfo").ok()?;
        bpf_mount(&mounts).map(|root| Self::at(root.join("weir")))
    }

    /// A directory in a BPF filesystem; made when it is needed.
    pub fn at(directory: PathBuf) -> Self {
        Self { directory }
    }

    /// The pins of the recording at work.
    pub fn current(&self) -> PathBuf {
        self.directory.join("current")
    }

    /// The BPF filesystem, or the directory in it, that the pins' directory is in.
    pub fn parent(&self) -> &Path {
        self.directory.parent().unwrap_or(&self.directory)
    }

    /// Whether a recording was left at work.
    pub fn exist(&self) -> bool {
        self.current().exists()
    }

    /// Fills a new directory and makes it the current one.
    pub(super) fn publish<E: From<PinError>>(
        &self,
        fill: impl FnOnce(&Path) -> Result<(), E>,
    ) -> Result<(), E> {
        let new = self.directory.join("new");
        remove(&new)?;
        fs::create_dir_all(&new).map_err(failed(&new, "made"))?;
        fill(&new).inspect_err(|_| {
            let _ = remove(&new);
        })?;
        let current = self.current();
        Ok(fs::rename(&new, &current).map_err(failed(&current, "renamed"))?)
    }

    /// The current directory, made again if it was removed.
    pub(super) fn restored(&self) -> Result<PathBuf, PinError> {
        let current = self.current();
        fs::create_dir_all(&current).map_err(failed(&current, "made"))?;
        Ok(current)
    }

    /// Removes every pin. What no descriptor holds ends at once.
    ///
    /// # Errors
    /// When the directory cannot be removed.
    pub fn remove(&self) -> Result<(), PinError> {
        remove(&self.directory.join("new"))?;
        remove(&self.current())?;
        remove(&self.directory)
    }
}

fn failed(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> PinError {
    move |source| PinError::Directory {
        path: path.to_owned(),
        action,
        source,
    }
}

fn remove(directory: &Path) -> Result<(), PinError> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            Err(failed(directory, "removed")(error))
        }
        _ => Ok(()),
    }
}

fn mount_bpf() -> io::Result<()> {
    let flags = MsFlags::MS_NOSUID | MsFlags::MS_NODEV | MsFlags::MS_NOEXEC;
    mount(
        Some("bpf"),
        CONVENTION,
        Some("bpf"),
        flags,
        Some("mode=700"),
    )?;
    tracing::info!("mounted a BPF filesystem at {CONVENTION}, for there was none");
    Ok(())
}

/// First mount of type bpf in a mountinfo (proc_pid_mountinfo(5)).
fn bpf_mount(mountinfo: &str) -> Option<PathBuf> {
    mountinfo.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let point = left.split(' ').nth(4)?;
        (right.split(' ').next()? == "bpf").then(|| PathBuf::from(point))
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn finds_the_mount() {
        let mounts = "25 30 0:23 / /sys rw shared:7 - sysfs sysfs rw\n\
                      33 25 0:29 / /sys/fs/bpf rw,nosuid shared:12 - bpf bpf rw,mode=700\n";
        assert_eq!(bpf_mount(mounts), Some(PathBuf::from("/sys/fs/bpf")));
        assert_eq!(bpf_mount("25 30 0:23 / /sys rw - sysfs sysfs rw\n"), None);
    }

    #[test]
    fn what_was_not_whole_never_counts() {
        let directory = tempfile::tempdir().unwrap();
        let pins = Pins::at(directory.path().join("weir"));
        let outcome = pins.publish(|new| {
            fs::write(new.join("half"), "").unwrap();
            Err(PinError::NoFilesystem(io::Error::other("stop")))
        });
        outcome.unwrap_err();
        assert!(!pins.exist());
        pins.publish(|new| {
            fs::write(new.join("whole"), "").unwrap();
            Ok::<_, PinError>(())
        })
        .unwrap();
        assert!(pins.current().join("whole").exists());
        pins.remove().unwrap();
        assert!(!directory.path().join("weir").exists());
    }
}
