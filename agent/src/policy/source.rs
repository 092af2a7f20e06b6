//! A directory of allowlists as text.

use std::{
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use sha2::{Digest as _, Sha256};

use super::diagnostic::Diagnostic;

/// What some editors put before a text; no character of its first line.
const BYTE_ORDER_MARK: char = '\u{feff}';

/// Longest name of a file, in bytes: what a tar header has for the last part of a path.
const LONGEST_NAME: usize = 100;

/// One file of the set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// File name without the directory: `image-generation.toml`.
    pub name: String,
    /// Path as messages show it.
    pub path: PathBuf,
    /// Its whole text.
    pub text: String,
}

/// A place in a text, both counted from 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line.
    pub line: usize,
    /// Character in the line.
    pub column: usize,
}

impl Source {
    /// A source that is not a file, for tests and tools.
    pub fn from_text(name: &str, text: &str) -> Self {
        Self {
            name: name.to_owned(),
            path: PathBuf::from(name),
            text: text.to_owned(),
        }
    }

    /// The name without `.toml`.
    pub fn stem(&self) -> &str {
        self.name.strip_suffix(".toml").unwrap_or(&self.name)
    }

    /// Line and column of a byte.
    pub fn position(&self, offset: usize) -> Position {
        let start = self.line_start(offset);
        let line = self
            .text
            .get(..start)
            .map_or(0, |before| before.matches('\n').count())
            + 1;
        let column = self
            .text
            .get(start..offset)
            .map_or(0, |part| part.chars().count())
            + 1;
        Position { line, column }
    }

    /// The line that holds a byte: its range, without the line's end.
    pub fn line_range(&self, offset: usize) -> Range<usize> {
        let start = self.line_start(offset);
        let rest = self.text.get(start..).unwrap_or_default();
        let line = rest.split('\n').next().unwrap_or_default();
        start..start + line.strip_suffix('\r').unwrap_or(line).len()
    }

    fn line_start(&self, offset: usize) -> usize {
        let before = self.text.get(..offset).unwrap_or(&self.text);
        let mark = if self.text.starts_with(BYTE_ORDER_MARK) {
            BYTE_ORDER_MARK.len_utf8()
        } else {
            0
        };
        before.rfind('\n').map_or(mark.min(offset), |at| at + 1)
    }
}

/// SHA-256, in hexadecimal, of the text that `sha256sum` prints for the files
/// in byte order of their names: for each a line of the file's own digest, two
/// spaces and its name. With standard tools, in the directory:
/// `LC_ALL=C sh -c 'sha256sum *.toml' | sha256sum`.
pub fn digest(sources: &[Source]) -> String {
    let mut sorted: Vec<&Source> = sources.iter().collect();
    sorted.sort_by(|a, b| a.name.as_bytes().cmp(b.name.as_bytes()));
    let mut whole = Sha256::new();
    for source in sorted {
        let own = hex(&Sha256::digest(source.text.as_bytes()));
        whole.update(format!("{own}  {}\n", source.name));
    }
    hex(&whole.finalize())
}

fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes
        .iter()
        .fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}

/// Reads every `*.toml` of a directory, but not of its subdirectories, and
/// none whose name starts with a dot.
pub(super) fn read(directory: &Path) -> (Vec<Source>, Vec<Diagnostic>) {
    let (sources, mut problems) = read_any(directory);
    if sources.is_empty() && problems.is_empty() {
        problems.push(Diagnostic::whole(
            directory,
            "the directory holds no allowlist",
            "add one file `<product>.toml` for each product",
        ));
    }
    (sources, problems)
}

/// The same of a directory that may be empty.
pub(super) fn read_any(directory: &Path) -> (Vec<Source>, Vec<Diagnostic>) {
    let names = match toml_names(directory) {
        Ok(names) => names,
        Err(error) => return (Vec::new(), vec![unreadable_directory(directory, &error)]),
    };
    let mut sources = Vec::new();
    let mut problems = Vec::new();
    for name in names {
        match read_file(directory, &name) {
            Ok(source) => sources.push(source),
            Err(problem) => problems.push(*problem),
        }
    }
    (sources, problems)
}

/// Names of those files, in order.
pub(super) fn toml_names(directory: &Path) -> io::Result<Vec<PathBuf>> {
    let mut names = Vec::new();
    for entry in fs::read_dir(directory)? {
        let name = PathBuf::from(entry?.file_name());
        let hidden = name.as_os_str().as_encoded_bytes().first() == Some(&b'.');
        if !hidden
            && name
                .extension()
                .is_some_and(|extension| extension == "toml")
        {
            names.push(name);
        }
    }
    names.sort();
    Ok(names)
}

/// Reads a file that evidence is to keep.
pub(super) fn read_file(directory: &Path, name: &Path) -> Result<Source, Box<Diagnostic>> {
    if name.to_str().is_some_and(|name| !can_be_kept(name)) {
        return Err(Box::new(Diagnostic::whole(
            &directory.join(name),
            "evidence cannot keep a file of this name",
            "rename it: at most 100 letters, digits, `-`, `_` and `.`, the first no `-`",
        )));
    }
    read_text(directory, name)
}

/// Reads any text file.
pub(crate) fn read_text(directory: &Path, name: &Path) -> Result<Source, Box<Diagnostic>> {
    let path = directory.join(name);
    let problem = |message: String, help| Box::new(Diagnostic::whole(&path, message, help));
    let Some(text_name) = name.to_str() else {
        return Err(problem(
            "the file's name is not UTF-8".into(),
            "rename the file",
        ));
    };
    let unreadable = |error: &io::Error| {
        let help = match error.kind() {
            io::ErrorKind::NotFound if path.is_symlink() => {
                "it is a link to a file that is not there"
            }
            io::ErrorKind::NotFound => "there is no such file: see its name",
            _ => "the agent needs to read it: see its permissions",
        };
        problem(format!("cannot read the file: {}", cause(error)), help)
    };
    let kind = fs::metadata(&path).map_err(|error| unreadable(&error))?;
    if !kind.is_file() {
        return Err(problem(
            "this is not a regular file".into(),
            "it must be a text file; rename what is not one",
        ));
    }
    let bytes = fs::read(&path).map_err(|error| unreadable(&error))?;
    match String::from_utf8(bytes) {
        Ok(text) => Ok(Source {
            name: text_name.to_owned(),
            path,
            text,
        }),
        Err(error) => {
            let at = error.utf8_error().valid_up_to();
            let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
            let source = Arc::new(Source {
                name: text_name.to_owned(),
                path,
                text,
            });
            Err(Box::new(Diagnostic::at(
                &source,
                at..at + char::REPLACEMENT_CHARACTER.len_utf8(),
                "the file is not UTF-8",
                "save it as UTF-8, which TOML asks for",
            )))
        }
    }
}

/// Whether a bundle of evidence can have a file of this name (`weir_evidence::name`), so that
/// what cannot be proven is not put in force.
fn can_be_kept(name: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    name.len() <= LONGEST_NAME && name.bytes().all(plain) && !name.starts_with('-')
}

fn unreadable_directory(directory: &Path, error: &io::Error) -> Diagnostic {
    let (message, help) = match error.kind() {
        io::ErrorKind::NotFound => (
            "the directory does not exist".to_owned(),
            "name the directory that holds the allowlists",
        ),
        io::ErrorKind::NotADirectory => (
            "this is not a directory".to_owned(),
            "name the directory that holds the file, not the file",
        ),
        _ => (
            format!("cannot read the directory: {}", cause(error)),
            "see its permissions",
        ),
    };
    Diagnostic::whole(directory, message, help)
}

/// The system's words without the error number.
fn cause(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error")
        .next()
        .unwrap_or(&text)
        .to_lowercase()
}
