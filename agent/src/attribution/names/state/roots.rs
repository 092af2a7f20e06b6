//! Where state files are on this host.

use std::path::{Path, PathBuf};

use crate::{aside, attribution::names::StateRoots};

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
        let root = self.0.root.as_path();
        if root == Path::new("/") {
            return aside::home_of(uid);
        }
        let home = aside::home_below(root, uid)?;
        Some(self.at(&home.to_string_lossy()))
    }

    /// The homes of all users that the host's own list has.
    pub(super) fn homes(self) -> Vec<PathBuf> {
        let passwd = std::fs::read_to_string(self.at("etc/passwd")).unwrap_or_default();
        let homes = passwd.lines().filter_map(|line| line.split(':').nth(5));
        homes.map(|home| self.at(home)).collect()
    }

    /// Further roots of containers/storage.
    pub(super) fn container_storage(self) -> &'r [PathBuf] {
        &self.0.container_storage
    }
}
