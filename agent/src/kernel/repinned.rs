//! Names in the BPF filesystem that were not as they should be.

use super::bpf::Pinned;

/// Names that were given again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Repinned {
    /// Those that were gone.
    pub missing: Vec<String>,
    /// Those that something else had.
    pub exchanged: Vec<String>,
}

impl Repinned {
    pub(super) fn take(&mut self, name: &str, found: Pinned) {
        match found {
            Pinned::Already => {}
            Pinned::Anew => self.missing.push(name.to_owned()),
            Pinned::InPlaceOfAnother => self.exchanged.push(name.to_owned()),
        }
    }

    pub(super) fn extend(&mut self, more: Self) {
        self.missing.extend(more.missing);
        self.exchanged.extend(more.exchanged);
    }
}
