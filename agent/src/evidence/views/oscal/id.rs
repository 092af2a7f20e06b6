//! Identifiers by what they name.

use std::fmt;

use serde::{Serialize, Serializer};
use uuid::Uuid;

/// A UUID of version 5 (RFC 9562, section 5.5): the same for the same content.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in super::super) struct Id(Uuid);

impl Id {
    /// Of a kind of thing, by parts that together make it what it is.
    pub(in super::super) fn of(what: &str, parts: &[&str]) -> Self {
        let space = Uuid::new_v5(&Uuid::NAMESPACE_URL, super::document::NAMESPACE.as_bytes());
        let mut name = what.to_owned();
        for part in parts {
            // With its length before it, no part can be taken for two.
            name.push_str(&format!("\n{} {part}", part.len()));
        }
        Self(Uuid::new_v5(&space, name.as_bytes()))
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_hyphenated().fmt(f)
    }
}

impl Serialize for Id {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_apart_by_each_part() {
        let one = Id::of("finding", &["a", "b"]);
        assert_eq!(one, Id::of("finding", &["a", "b"]));
        for other in [
            Id::of("finding", &["b", "a"]),
            Id::of("finding", &["a b"]),
            Id::of("finding", &["a", "b", ""]),
            Id::of("observation", &["a", "b"]),
        ] {
            assert_ne!(one, other);
        }
        assert_eq!(one.0.get_version_num(), 5);
    }
}
