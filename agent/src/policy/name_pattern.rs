//! Names of destinations in allowlists.

use std::fmt;

use serde::Serialize;

use crate::naming::{DomainName, NameFault};

/// Why a text is no pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PatternFault {
    /// It is no name.
    #[error("{0}")]
    Name(#[from] NameFault),
    /// A star stands elsewhere than as the first label.
    #[error("`*` stands for whole labels, as `*.` at the beginning only")]
    Star,
}

/// A name, or everything below one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum NamePattern {
    /// The name itself.
    Exact(DomainName),
    /// `*.name`: every name with one or more labels before it.
    Below(DomainName),
}

impl NamePattern {
    /// Reads `name` or `*.name`.
    ///
    /// # Errors
    /// When it is neither.
    pub fn parse(text: &str) -> Result<Self, PatternFault> {
        let (below, name) = match text.strip_prefix("*.") {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        if name.contains('*') {
            return Err(PatternFault::Star);
        }
        let name: DomainName = name.parse()?;
        Ok(if below {
            Self::Below(name)
        } else {
            Self::Exact(name)
        })
    }

    /// Whether the name is meant.
    pub fn matches(&self, name: &DomainName) -> bool {
        match self {
            Self::Exact(exact) => exact == name,
            Self::Below(below) => name
                .as_str()
                .strip_suffix(below.as_str())
                .is_some_and(|rest| rest.len() > 1 && rest.ends_with('.')),
        }
    }

    /// How closely it names: labels, and an exact name before what is below the same.
    pub fn closeness(&self) -> (usize, bool) {
        let labels = |name: &DomainName| name.as_str().split('.').count();
        match self {
            Self::Exact(name) => (labels(name), true),
            Self::Below(name) => (labels(name), false),
        }
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(name) => name.fmt(f),
            Self::Below(name) => write!(f, "*.{name}"),
        }
    }
}

impl Serialize for NamePattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn below_is_not_the_name_itself_nor_what_merely_ends_alike() {
        let pattern = NamePattern::parse("*.provider.example").unwrap();
        let says = |name: &str| pattern.matches(&name.parse().unwrap());
        assert!(says("api.provider.example"));
        assert!(says("a.b.Provider.Example."));
        assert!(!says("provider.example"));
        assert!(!says("evilprovider.example"));
        assert!(!says("provider.example.evil"));
        assert_eq!(pattern.to_string(), "*.provider.example");
    }

    #[test]
    fn an_exact_name_is_itself_alone() {
        let pattern = NamePattern::parse("Api.Provider.example").unwrap();
        assert!(pattern.matches(&"api.provider.EXAMPLE".parse().unwrap()));
        assert!(!pattern.matches(&"x.api.provider.example".parse().unwrap()));
        assert_eq!(pattern.to_string(), "api.provider.example");
    }

    #[test]
    fn a_star_stands_at_the_beginning_only() {
        for text in ["api.*.example", "*", "*api.example", "*.*.example", ""] {
            assert!(NamePattern::parse(text).is_err(), "{text}");
        }
    }
}
