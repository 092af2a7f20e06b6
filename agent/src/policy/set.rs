//! A set of allowlists as it was read, before it is understood.

use std::path::{Path, PathBuf};

use super::{
    Policy,
    diagnostic::{Diagnostic, Rejected},
    forms::Forms,
    source::{self, Source, digest},
};
use crate::look::Look;

/// The text of a set: every file of a directory at one moment.
#[derive(Clone, Debug)]
pub struct Set {
    directory: PathBuf,
    sources: Vec<Source>,
    /// Why files, or the directory, could not be read.
    problems: Vec<Diagnostic>,
}

impl Set {
    /// Reads a directory of allowlists. What cannot be read is told by
    /// [`Set::compile`].
    pub fn read(directory: &Path) -> Self {
        let (sources, problems) = source::read(directory);
        Self {
            directory: directory.to_owned(),
            sources,
            problems,
        }
    }

    /// Reads it, unless files changed meanwhile: then some may have been read before, and
    /// others after.
    pub fn read_at_rest(directory: &Path) -> Option<Self> {
        let before = Self::look(directory);
        let set = Self::read(directory);
        (Self::look(directory) == before).then_some(set)
    }

    /// How the files of a set look from outside.
    pub fn look(directory: &Path) -> Look {
        match source::toml_names(directory) {
            Ok(names) => Look::at(names.into_iter().map(|name| directory.join(name))),
            // As a directory that is not there.
            Err(_) => Look::at([directory.to_owned()]),
        }
    }

    /// Identifies the set: see [`digest`]. Of a set with files that cannot be read, it
    /// covers those that can.
    pub fn digest(&self) -> String {
        digest(&self.sources)
    }

    /// Whether every file of the directory could be read.
    pub fn is_whole(&self) -> bool {
        self.problems.is_empty()
    }

    /// Where it was read.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The files that could be read.
    pub fn sources(&self) -> &[Source] {
        &self.sources
    }

    /// Makes a policy of it.
    ///
    /// # Errors
    /// Everything that is wrong with the set, or with the directory.
    pub fn compile(&self) -> Result<Policy, Rejected> {
        Forms::read(&self.directory, self.sources.clone(), self.problems.clone())
            .map(Policy::compile)
    }
}
