//! What is wrong with a set of allowlists, and where.

use std::{
    collections::BTreeSet,
    fmt,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::Serialize;

use super::{
    lint::Lint,
    render,
    source::{Position, Source},
};
use crate::counted::count;

/// One error of a set, or one lint.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnostic {
    /// File, or the directory when the error is of the set itself.
    pub file: PathBuf,
    /// Where in the file; `None` when the error is of the whole.
    pub place: Option<Place>,
    /// The lint that it is of; `None` for an error.
    pub lint: Option<Lint>,
    /// Whether it is worth a second look only, as every lint is.
    pub warning: bool,
    /// What is wrong.
    pub message: String,
    /// What was expected, or what to do.
    pub help: String,
}

/// A stretch of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// Where it starts.
    pub position: Position,
    /// Bytes of the file that it takes.
    pub span: Range<usize>,
    /// The file.
    pub source: Arc<Source>,
}

impl Diagnostic {
    /// An error at a stretch of a file.
    pub fn at(
        source: &Arc<Source>,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Self {
        let position = source.position(span.start);
        Self {
            file: source.path.clone(),
            place: Some(Place {
                position,
                span,
                source: Arc::clone(source),
            }),
            lint: None,
            warning: false,
            message: message.into(),
            help: help.into(),
        }
    }

    /// The same as a lint.
    pub(super) fn of(self, lint: Lint) -> Self {
        Self {
            lint: Some(lint),
            warning: true,
            ..self
        }
    }

    /// The same as a warning of no lint.
    pub(crate) fn into_warning(self) -> Self {
        Self {
            warning: true,
            ..self
        }
    }

    /// An error of a whole file or directory.
    pub fn whole(file: &Path, message: impl Into<String>, help: impl Into<String>) -> Self {
        Self {
            file: file.to_owned(),
            place: None,
            lint: None,
            warning: false,
            message: message.into(),
            help: help.into(),
        }
    }
}

/// As `weir check --format json` shows it.
impl Serialize for Diagnostic {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        use serde::ser::SerializeStruct as _;
        let place = self.place.as_ref();
        let mut fields = serializer.serialize_struct("Diagnostic", 7)?;
        fields.serialize_field("file", &self.file.to_string_lossy())?;
        fields.serialize_field("line", &place.map(|p| p.position.line))?;
        fields.serialize_field("column", &place.map(|p| p.position.column))?;
        fields.serialize_field("span", &place.map(|p| [p.span.start, p.span.end]))?;
        fields.serialize_field("lint", &self.lint.map(Lint::id))?;
        fields.serialize_field("message", &self.message)?;
        fields.serialize_field("help", &self.help)?;
        fields.end()
    }
}

/// A set that is refused whole, with everything that is wrong with it.
///
/// Displays as plain text, one block for each error and a last line with the
/// number of errors.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub struct Rejected {
    directory: PathBuf,
    diagnostics: Vec<Diagnostic>,
}

impl Rejected {
    /// Sorts the errors by file and place, and drops repetitions.
    pub(crate) fn new(directory: &Path, diagnostics: Vec<Diagnostic>) -> Self {
        Self {
            directory: directory.to_owned(),
            diagnostics: in_order(diagnostics),
        }
    }

    /// A refusal for these errors, if there are any.
    pub fn if_any(directory: &Path, diagnostics: Vec<Diagnostic>) -> Option<Self> {
        (!diagnostics.is_empty()).then(|| Self::new(directory, diagnostics))
    }

    /// The same with further errors.
    pub fn with(mut self, more: Vec<Diagnostic>) -> Self {
        self.diagnostics.extend(more);
        Self::new(&self.directory, self.diagnostics)
    }

    /// The directory that was read.
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// Every error, by file and place.
    pub fn diagnostics(&self) -> &[Diagnostic] {
        &self.diagnostics
    }

    /// Every error, by file and place.
    pub fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.diagnostics
    }

    /// `3 errors in 2 files`.
    pub fn summary(&self) -> String {
        summary(&self.directory, &self.diagnostics, "error")
    }

    /// The errors as framed excerpts for a terminal.
    pub fn graphical(&self, colour: bool) -> String {
        render::graphical(&self.diagnostics, &self.summary(), colour)
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        render::plain(&self.diagnostics, &self.summary(), f)
    }
}

/// By file and place, without repetitions.
pub(super) fn in_order(mut diagnostics: Vec<Diagnostic>) -> Vec<Diagnostic> {
    diagnostics.sort_by(|a, b| sort_key(a).cmp(&sort_key(b)));
    diagnostics.dedup();
    diagnostics
}

/// `3 errors in 2 files`.
pub(super) fn summary(directory: &Path, diagnostics: &[Diagnostic], thing: &str) -> String {
    let files = diagnostics.iter().map(|found| found.file.as_path());
    let files: BTreeSet<&Path> = files.filter(|file| *file != directory).collect();
    let found = count(diagnostics.len(), thing);
    if files.is_empty() {
        found
    } else {
        format!("{found} in {}", count(files.len(), "file"))
    }
}

fn sort_key(diagnostic: &Diagnostic) -> (&Path, usize, usize, &str) {
    let span = diagnostic
        .place
        .as_ref()
        .map_or(0..0, |place| place.span.clone());
    (&diagnostic.file, span.start, span.end, &diagnostic.message)
}
