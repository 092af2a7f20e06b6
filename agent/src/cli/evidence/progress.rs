//! How far a long work is, on a terminal.

use indicatif::{ProgressBar, ProgressStyle};

use crate::evidence::{Phase, verify::Check};

/// A bar on standard error; nothing where that is no terminal.
pub(super) struct Bar(ProgressBar);

impl Bar {
    pub(super) fn new() -> Self {
        let bar = ProgressBar::no_length();
        let style = ProgressStyle::with_template("{msg:>22} {wide_bar} {pos}/{len}");
        if let Ok(style) = style {
            bar.set_style(style);
        }
        Self(bar)
    }

    pub(super) fn show(&self, phase: Phase) {
        match phase {
            Phase::Choose => self.0.set_message("looking for entries"),
            Phase::Entries(reached, of) => {
                self.0.set_message("writing entries");
                self.0.set_length(of);
                self.0.set_position(reached);
            }
            Phase::Derive => self.0.set_message("deriving files"),
            Phase::Pack => self.0.set_message("signing and packing"),
        }
    }
}

impl Bar {
    /// A check of a bundle is so far.
    pub(super) fn check(&self, check: Check, reached: u64, of: u64) {
        self.0.set_message(check.id());
        self.0.set_length(of);
        self.0.set_position(reached);
    }
}

impl Drop for Bar {
    fn drop(&mut self) {
        self.0.finish_and_clear();
    }
}
