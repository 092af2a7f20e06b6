//! `SHA256SUMS`: digests of all other files, as `sha256sum` writes and checks
//! them (GNU coreutils, `sha256sum --check`).

use std::{collections::BTreeMap, fmt};

use crate::{digest::Digest, name::FileName};

/// The file's own name in a bundle.
pub const FILE: &str = "SHA256SUMS";

/// Digests by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sums(BTreeMap<FileName, Digest>);

/// A line that is not one of the list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{FILE}:{line}: {reason}")]
pub struct BadSums {
    line: usize,
    reason: String,
}

impl Sums {
    /// Adds a file; whether it was not there yet.
    pub fn add(&mut self, name: FileName, digest: Digest) -> bool {
        self.0.insert(name, digest).is_none()
    }

    /// The digest of a file.
    pub fn get(&self, name: &FileName) -> Option<Digest> {
        self.0.get(name).copied()
    }

    /// All of them, by name.
    pub fn iter(&self) -> impl Iterator<Item = (&FileName, Digest)> {
        self.0.iter().map(|(name, digest)| (name, *digest))
    }

    /// How many files there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Reads the list. Lines stand in the order of their names, each once, so that
    /// one set of files has one list.
    ///
    /// # Errors
    /// The first line that is no line of such a list.
    pub fn read(text: &str) -> Result<Self, BadSums> {
        let mut sums = Self::default();
        for (line, text) in (1..).zip(text.split_inclusive('\n')) {
            let refuse = |reason: String| BadSums { line, reason };
            let Some(text) = text.strip_suffix('\n') else {
                return Err(refuse("the line does not end".to_owned()));
            };
            let Some((digest, name)) = text.split_once("  ") else {
                return Err(refuse(
                    "a digest, two spaces and a name are wanted".to_owned(),
                ));
            };
            let digest = digest.parse().map_err(|error| refuse(format!("{error}")))?;
            let name: FileName = name.parse().map_err(|error| refuse(format!("{error}")))?;
            if sums
                .0
                .last_key_value()
                .is_some_and(|(last, _)| *last >= name)
            {
                return Err(refuse(format!("{name} stands out of order or twice")));
            }
            sums.0.insert(name, digest);
        }
        Ok(sums)
    }
}

impl fmt::Display for Sums {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.iter()
            .try_for_each(|(name, digest)| writeln!(f, "{digest}  {name}"))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn it_is_written_as_it_is_read() {
        let mut sums = Sums::default();
        for name in ["b", "a/c", "a/b"] {
            assert!(sums.add(name.parse().unwrap(), Digest::of(name.as_bytes())));
        }
        assert!(!sums.add("b".parse().unwrap(), Digest::of(b"b")));
        let text = sums.to_string();
        let names: Vec<_> = text.lines().map(|line| &line[66..]).collect();
        assert_eq!(names, ["a/b", "a/c", "b"]);
        assert_eq!(Sums::read(&text).unwrap(), sums);
    }

    #[test]
    fn another_list_is_refused() {
        let digest = Digest::of(b"");
        for (text, wanted) in [
            ("x  a\n".to_owned(), "1: `x` is not a SHA-256 digest"),
            (format!("{digest} a\n"), "1: a digest, two spaces"),
            (format!("{digest}  a"), "1: the line does not end"),
            (
                format!("{digest}  b\n{digest}  a\n"),
                "2: a stands out of order",
            ),
            (
                format!("{digest}  a\n{digest}  a\n"),
                "2: a stands out of order",
            ),
            (format!("{digest}  ../a\n"), "1: `../a` cannot be"),
        ] {
            let error = Sums::read(&text).unwrap_err().to_string();
            assert!(
                error.starts_with(&format!("SHA256SUMS:{wanted}")),
                "{error}"
            );
        }
    }
}
