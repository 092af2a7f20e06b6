//! Versions as programs print them.

use std::fmt;

/// Major, minor and patch number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Version(pub(crate) u32, pub(crate) u32, pub(crate) u32);

impl Version {
    /// Reads `1.96.0`, `1.98.0-nightly` or `22.1`; absent numbers are 0.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let plain = text.trim().split(['-', '+', ' ']).next()?;
        let mut numbers = [0; 3];
        let mut parts = plain.split('.');
        for number in &mut numbers {
            match parts.next() {
                Some(part) => *number = part.parse().ok()?,
                None => break,
            }
        }
        if plain.is_empty() || parts.next().is_some() {
            return None;
        }
        let [major, minor, patch] = numbers;
        Some(Self(major, minor, patch))
    }

    /// Reads what `PROGRAM --version` prints: `bpf-linker 0.13.0`.
    pub(crate) fn after_name(text: &str, name: &str) -> Option<Self> {
        Self::parse(text.trim().strip_prefix(name)?.split_whitespace().next()?)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}.{}.{}", self.0, self.1, self.2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read() {
        assert_eq!(Version::parse("1.96.0"), Some(Version(1, 96, 0)));
        assert_eq!(Version::parse("1.98.0-nightly"), Some(Version(1, 98, 0)));
        assert_eq!(Version::parse("22.1"), Some(Version(22, 1, 0)));
        assert_eq!(Version::parse("23"), Some(Version(23, 0, 0)));
    }

    #[test]
    fn anything_else_is_no_version() {
        for text in ["", "unknown", "1.x", "1.2.3.4", "1..2"] {
            assert_eq!(Version::parse(text), None, "{text:?}");
        }
    }

    #[test]
    fn the_name_must_match() {
        let text = "bpf-linker 0.13.0\n";
        assert_eq!(
            Version::after_name(text, "bpf-linker"),
            Some(Version(0, 13, 0))
        );
        assert_eq!(Version::after_name(text, "cargo-deny"), None);
    }

    #[test]
    fn versions_are_ordered_by_number() {
        assert!(Version(1, 96, 0) > Version(1, 95, 9));
        assert!(Version(0, 9, 0) < Version(0, 13, 0));
    }
}
