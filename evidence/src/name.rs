//! Names of files in a bundle.

use std::{fmt, str::FromStr};

/// Longest name, in bytes, that stands in a ustar header as it is.
const LONGEST: usize = 100;

/// Longest directory that a longer one may begin with: it stands in the header's prefix
/// field, so that every `tar` reads it (POSIX.1-1988).
const LONGEST_DIRECTORY: usize = 155;

/// Path of a file within the bundle, with `/` between its parts.
///
/// Of a few plain characters, so that no tool reads it otherwise: no absolute path,
/// no `..`, no hidden file, nothing that a shell or a terminal interprets.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct FileName(String);

/// A path that no file of a bundle may have.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{name}` cannot be the name of a file in a bundle: {reason}")]
pub struct BadName {
    name: String,
    reason: &'static str,
}

impl FileName {
    /// As it stands in the archive and in the list of digests.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for FileName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for FileName {
    type Err = BadName;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.' | b'/');
        let reason = if text.is_empty() {
            "it is empty"
        } else if !fits(text) {
            "it has more than 100 bytes, or its last part has or its directory more than 155"
        } else if !text.bytes().all(plain) {
            "only letters, digits, `-`, `_`, `.` and `/` are admitted"
        } else if text.split('/').any(str::is_empty) {
            "it begins or ends with `/`, or has two in a row"
        } else if text.split('/').any(|part| part.starts_with(['.', '-'])) {
            "a part of it begins with `.` or `-`"
        } else {
            return Ok(Self(text.to_owned()));
        };
        Err(BadName {
            name: text
                .chars()
                .take(LONGEST)
                .flat_map(char::escape_debug)
                .collect(),
            reason,
        })
    }
}

/// Whether a ustar header has room for it, in one way only.
fn fits(text: &str) -> bool {
    match text.rsplit_once('/') {
        _ if text.len() <= LONGEST => true,
        Some((directory, last)) => directory.len() <= LONGEST_DIRECTORY && last.len() <= LONGEST,
        None => false,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn plain_paths_are_names() {
        for text in ["README.md", "log/node-1/checkpoint", "flows/a_b.parquet"] {
            assert_eq!(text.parse::<FileName>().unwrap().as_str(), text);
        }
        let longest = format!("{}/{}", "d".repeat(155), "n".repeat(100));
        assert_eq!(longest.parse::<FileName>().unwrap().as_str(), longest);
    }

    #[test]
    fn what_leads_elsewhere_is_none() {
        let long = "a".repeat(101);
        for text in [
            "",
            "/etc/passwd",
            "a//b",
            "a/",
            "../a",
            "a/../b",
            "./a",
            ".hidden",
            "a/-rf",
            "a b",
            "a\nb",
            "a\\b",
            "ä",
            &long,
            &format!("a/{long}"),
            &format!("{}/n", "d".repeat(156)),
        ] {
            assert!(text.parse::<FileName>().is_err(), "{text}");
        }
        assert_eq!(
            "a/../b".parse::<FileName>().unwrap_err().to_string(),
            "`a/../b` cannot be the name of a file in a bundle: a part of it begins with `.` or `-`"
        );
    }
}
