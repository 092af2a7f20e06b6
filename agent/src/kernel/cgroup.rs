//! The cgroup v2 hierarchy: where it is mounted, and paths by id.

use std::{
    ffi::CString,
    fs::File,
    os::{
        fd::{AsFd, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd},
        unix::ffi::OsStrExt as _,
    },
    path::{Path, PathBuf},
};

use nix::sys::statfs::{CGROUP2_SUPER_MAGIC, statfs};

use super::preflight::Unfit;

/// `FILEID_KERNFS`, `include/linux/exportfs.h`: a handle that is the node's id.
const FILEID_KERNFS: libc::c_int = 0xfe;

/// Finds the cgroup v2 root in this mount namespace, hybrid layouts too.
///
/// # Errors
/// [`Unfit::NoCgroup2`] where none is mounted.
pub fn find_cgroup_root() -> Result<PathBuf, Unfit> {
    let mounts = std::fs::read_to_string("/proc/self/mountinfo")
        .map_err(|error| Unfit::Unreadable("/proc/self/mountinfo", error))?;
    cgroup2_mount(&mounts).ok_or(Unfit::NoCgroup2)
}

/// First whole cgroup2 mount in a mountinfo (proc_pid_mountinfo(5)).
fn cgroup2_mount(mountinfo: &str) -> Option<PathBuf> {
    mountinfo.lines().find_map(|line| {
        let (left, right) = line.split_once(" - ")?;
        let mut fields = left.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        (right.split(' ').next()? == "cgroup2" && root == "/")
            .then(|| PathBuf::from(unescape(point)))
    })
}

/// mountinfo writes space, tab, newline and backslash as three octal digits.
fn unescape(field: &str) -> String {
    ["\\040", "\\011", "\\012", "\\134"]
        .iter()
        .zip([" ", "\t", "\n", "\\"])
        .fold(field.to_owned(), |text, (from, to)| text.replace(from, to))
}

/// An open cgroup v2 root.
#[derive(Debug)]
pub struct CgroupDirectory {
    path: PathBuf,
    file: File,
}

impl CgroupDirectory {
    /// Opens the root of a cgroup v2 hierarchy.
    ///
    /// # Errors
    /// [`Unfit::NotCgroup2`] when it is something else or cannot be opened.
    pub fn open(path: &Path) -> Result<Self, Unfit> {
        let refuse = || Unfit::NotCgroup2(path.to_owned());
        let file = File::open(path).map_err(|_| refuse())?;
        let kind = statfs(path).map_err(|_| refuse())?;
        if kind.filesystem_type() != CGROUP2_SUPER_MAGIC {
            return Err(refuse());
        }
        Ok(Self {
            path: path.to_owned(),
            file,
        })
    }

    /// Where it is mounted.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Path below the root of a cgroup that exists now, by its id; `None` when
    /// it is gone.
    pub fn path_of(&self, id: u64) -> Option<String> {
        #[repr(C)]
        struct Handle {
            head: libc::file_handle,
            id: u64,
        }
        let mut handle = Handle {
            // SAFETY: a C struct of integers, for which zero is a value.
            head: unsafe { std::mem::zeroed() },
            id,
        };
        handle.head.handle_bytes = 8;
        handle.head.handle_type = FILEID_KERNFS;
        // SAFETY: the handle is 8 bytes long and they follow its head (the
        // head's size is 8, so `id` stands where `f_handle` begins).
        let fd = unsafe {
            libc::open_by_handle_at(
                self.file.as_raw_fd(),
                (&raw mut handle).cast(),
                libc::O_PATH | libc::O_CLOEXEC,
            )
        };
        if fd < 0 {
            return None;
        }
        // SAFETY: a descriptor that the kernel just gave and nobody else owns.
        let fd = unsafe { OwnedFd::from_raw_fd(fd) };
        let absolute = std::fs::read_link(format!("/proc/self/fd/{}", fd.as_raw_fd())).ok()?;
        let below = absolute.strip_prefix(&self.path).ok()?;
        // A removed directory that is still referenced reads `… (deleted)`.
        let path = format!("/{}", below.to_string_lossy());
        (!path.ends_with(" (deleted)")).then_some(path)
    }

    /// Id of a cgroup that exists now.
    pub fn id_of(&self, below: &Path) -> Option<u64> {
        let path = self.path.join(below);
        let path = CString::new(path.as_os_str().as_bytes()).ok()?;
        nix::sys::stat::stat(path.as_c_str())
            .ok()
            .map(|stat| stat.st_ino)
    }
}

impl AsFd for CgroupDirectory {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.file.as_fd()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn finds_cgroup2_in_both_layouts() {
        let unified = "29 23 0:26 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw\n";
        assert_eq!(
            cgroup2_mount(unified),
            Some(PathBuf::from("/sys/fs/cgroup"))
        );
        let hybrid = "30 25 0:26 / /sys/fs/cgroup rw - tmpfs tmpfs ro\n\
                      31 30 0:27 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu\n\
                      42 30 0:39 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw\n";
        assert_eq!(
            cgroup2_mount(hybrid),
            Some(PathBuf::from("/sys/fs/cgroup/unified"))
        );
        let bound = "42 30 0:39 /a.slice /mnt rw - cgroup2 cgroup2 rw\n";
        assert_eq!(cgroup2_mount(bound), None);
        let spaced = "42 30 0:39 / /mnt/c\\040g rw - cgroup2 cgroup2 rw\n";
        assert_eq!(cgroup2_mount(spaced), Some(PathBuf::from("/mnt/c g")));
    }

    #[test]
    fn another_directory_is_refused() {
        let error = CgroupDirectory::open(Path::new("/tmp")).unwrap_err();
        assert_eq!(
            error.to_string(),
            "/tmp is not the root of a cgroup v2 hierarchy: give the mount point of type cgroup2"
        );
    }
}
