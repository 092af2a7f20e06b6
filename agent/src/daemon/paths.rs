//! Paths of cgroups: those that exist from the directory, those that are gone
//! from what the kernel programs kept.

use std::{
    cell::RefCell,
    collections::{HashMap, HashSet},
    path::Path,
    rc::Rc,
};

use crate::{
    attribution::CgroupPaths as Lookup,
    kernel::{CgroupDirectory, CgroupPaths},
    record::CgroupId,
};

/// Cgroups below the root that are read at the start, at most.
const AT_START: usize = 65_536;

/// Finds the path of a cgroup by its id.
pub(super) struct Paths {
    directory: CgroupDirectory,
    kept: Option<RefCell<CgroupPaths>>,
    /// Paths of the cgroups that existed at the start: some of them may be
    /// gone when their first flow is seen.
    before: HashMap<u64, String>,
    /// Kept paths that nobody needed when they were last pruned.
    idle: RefCell<HashSet<u64>>,
}

impl Paths {
    /// Reads what exists now.
    pub(super) fn new(directory: CgroupDirectory, kept: Option<CgroupPaths>) -> Self {
        let mut before = HashMap::new();
        let mut todo = vec![std::path::PathBuf::new()];
        while let Some(below) = todo.pop() {
            if let Some(id) = directory.id_of(&below) {
                before.insert(id, format!("/{}", below.display()));
            }
            let Ok(entries) = std::fs::read_dir(directory.path().join(&below)) else {
                continue;
            };
            let children = entries
                .filter_map(Result::ok)
                .filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()))
                .map(|entry| below.join(Path::new(&entry.file_name())));
            todo.extend(children.take(AT_START.saturating_sub(before.len() + todo.len())));
        }
        Self {
            directory,
            kept: kept.map(RefCell::new),
            before,
            idle: RefCell::default(),
        }
    }

    /// Makes room for the paths of cgroups to come: forgets those that are gone
    /// and that no flow has needed for as long as two calls lie apart.
    pub(super) fn prune(&self, needed: &HashSet<u64>) {
        let Some(kept) = &self.kept else { return };
        let mut kept = kept.borrow_mut();
        let unneeded: HashSet<_> = kept
            .ids()
            .into_iter()
            .filter(|id| !needed.contains(id) && self.directory.path_of(*id).is_none())
            .collect();
        let mut idle = self.idle.borrow_mut();
        for id in unneeded.intersection(&idle) {
            kept.forget(*id);
        }
        *idle = unneeded;
    }
}

impl Lookup for Rc<Paths> {
    fn path_of(&self, id: CgroupId) -> Option<String> {
        self.directory
            .path_of(id.0)
            .or_else(|| self.kept.as_ref()?.borrow().path_of(id.0))
            .or_else(|| self.before.get(&id.0).cloned())
    }
}
