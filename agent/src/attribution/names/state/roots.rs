//! Where state files are on this host.

use std::path::PathBuf;

use super::file::read;
use crate::attribution::names::StateRoots;

/// [`StateRoots`], asked for paths.
#[derive(Clone, Copy)]
pub(super) struct Roots<'r>(pub(super) &'r StateRoots);

impl<'r> Roots<'r> {
    /// A path of the host.
    pub(super) fn at(self, path: &str) -> PathBuf {
        self.0.root.join(path.trim_start_matches('/'))
    }

    /// The home of a user.
    pub(super) fn home(self, uid: u32) -> Option<PathBuf> {
        let passwd = read(&self.at("etc/passwd"), None)?;
        let home = passwd.lines().find_map(|line| {
            let fields: Vec<&str> = line.split(':').collect();
            let owner = fields.get(2)?.parse::<u32>().ok()?;
            (owner == uid).then_some(*fields.get(5)?)
        })?;
        Some(self.at(home))
    }

    /// Further roots of containers/storage.
    pub(super) fn container_storage(self) -> &'r [PathBuf] {
        &self.0.container_storage
    }
}
