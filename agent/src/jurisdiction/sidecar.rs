//! What is said of a database beside it: `NAME.toml` beside `NAME.mmdb`.

use std::{
    fs, io,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use serde::Deserialize;

/// More than that is no such file.
const MOST_BYTES: u64 = 64 << 10;

/// The keys, all optional; any other is an error.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Sidecar {
    /// Under which licence the database is used.
    pub(super) licence: Option<String>,
    /// Days after the build date for which its answers count.
    pub(super) max_age_days: Option<NonZeroU32>,
    /// Where it was taken from.
    pub(super) source: Option<String>,
}

/// A sidecar that cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SidecarError {
    /// The operating system refused.
    #[error("{} cannot be read ({error}): make it a readable file, or remove it", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// It is too long.
    #[error("{} is longer than 64 KiB: it holds no more than licence, max_age_days and source", .0.display())]
    TooLong(PathBuf),
    /// It is not what is expected.
    #[error("{}:{line}:{column}: {message}: write licence = \"…\", max_age_days = 45, source = \"…\", each of which may be missing", path.display())]
    Invalid {
        /// The file.
        path: PathBuf,
        /// Line, counted from 1.
        line: usize,
        /// Column in characters, counted from 1.
        column: usize,
        /// What is wrong there.
        message: String,
    },
}

impl Sidecar {
    /// Where the sidecar of a database would be.
    pub(super) fn path_of(database: &Path) -> PathBuf {
        database.with_extension("toml")
    }

    /// Reads the sidecar of a database; nothing is said where there is none.
    pub(super) fn of(database: &Path) -> Result<Self, SidecarError> {
        let path = Self::path_of(database);
        if path == database {
            return Ok(Self::default());
        }
        let unreadable = |error| SidecarError::Unreadable {
            path: path.clone(),
            error,
        };
        let bytes = match fs::metadata(&path) {
            Ok(metadata) if metadata.len() > MOST_BYTES => return Err(SidecarError::TooLong(path)),
            Ok(_) => fs::read(&path).map_err(unreadable)?,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Self::default()),
            Err(error) => return Err(unreadable(error)),
        };
        let text = String::from_utf8_lossy(&bytes);
        toml::from_str(&text).map_err(|error| {
            let start = error.span().unwrap_or_default().start;
            let before = text.get(..start).unwrap_or_default();
            let line = before.rfind('\n').map_or(0, |at| at + 1);
            SidecarError::Invalid {
                line: before.matches('\n').count() + 1,
                column: before.get(line..).unwrap_or_default().chars().count() + 1,
                message: error.message().lines().collect::<Vec<_>>().join(", "),
                path,
            }
        })
    }
}
