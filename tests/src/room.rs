//! A file system of a test's own, that can be full.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use nix::mount::{MntFlags, MsFlags, mount, umount2};

/// A file system in memory, gone with this.
#[derive(Debug)]
pub struct Room(PathBuf);

impl Room {
    /// Mounts one of so many mebibytes.
    ///
    /// # Errors
    /// Not root, or the directory cannot be made.
    pub fn at(path: &Path, mebibytes: u32) -> Result<Self> {
        fs::create_dir_all(path).with_context(|| format!("make {}", path.display()))?;
        let none: Option<&Path> = None;
        let size = format!("size={mebibytes}m");
        mount(none, path, Some("tmpfs"), MsFlags::empty(), Some(&*size)).context("mount")?;
        Ok(Self(path.to_owned()))
    }

    /// Takes all the room that is left. The file gives it back when it is removed.
    ///
    /// # Errors
    /// No file can be made.
    pub fn fill(&self) -> Result<PathBuf> {
        let path = self.0.join("filler");
        let mut file = fs::File::create(&path).context("make a filler")?;
        while file.write_all(&[1; 4096]).is_ok() {}
        while file.write_all(&[1]).is_ok() {}
        Ok(path)
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        // If it cannot be unmounted, the directory cannot be removed either.
        let _ = umount2(&self.0, MntFlags::MNT_DETACH);
    }
}
