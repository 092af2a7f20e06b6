//! The lints of a set, as text.

use std::{
    fmt,
    path::{Path, PathBuf},
};

use crate::policy::{
    diagnostic::{Diagnostic, in_order, summary},
    render,
};

/// Every lint of a set, by file and place.
///
/// Displays as plain text, one block for each and a last line with their number; as
/// nothing where there is none.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lints {
    directory: PathBuf,
    diagnostics: Vec<Diagnostic>,
}

impl Lints {
    pub(crate) fn new(directory: &Path, diagnostics: Vec<Diagnostic>) -> Self {
        Self {
            directory: directory.to_owned(),
            diagnostics: in_order(diagnostics),
        }
    }

    /// Each of them, with its [`Diagnostic::lint`].
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.diagnostics.is_empty()
    }

    /// `3 warnings in 2 files`.
    pub fn summary(&self) -> String {
        summary(&self.directory, &self.diagnostics, "warning")
    }

    /// Framed excerpts for a terminal.
    pub fn graphical(&self, colour: bool) -> String {
        render::graphical(&self.diagnostics, &self.summary(), colour)
    }
}

impl fmt::Display for Lints {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_empty() {
            return Ok(());
        }
        render::plain(&self.diagnostics, &self.summary(), f)
    }
}
