//! Patterns for host names.

use std::{fmt, net::IpAddr, str::FromStr};

use serde::Serialize;

/// Longest name in its text form, without the dot at the end (RFC 1035 section
/// 2.3.4: 255 octets with length octets and root).
pub(super) const LONGEST_NAME: usize = 253;
/// Longest label (RFC 1035 section 2.3.4).
const LONGEST_LABEL: usize = 63;

/// A host name, or everything below one: `provider.example`,
/// `*.provider.example`. Lower case, without a dot at the end.
///
/// `*.` stands for one label or more, but not for none: `*.provider.example` is
/// not `provider.example`.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct NamePattern {
    name: String,
    wildcard: bool,
}

/// A text that is no pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NamePatternError {
    /// It says nothing.
    #[error("the name is empty")]
    Empty,
    /// An address.
    #[error("it is an address, not a name")]
    Address,
    /// With a scheme, a port or a path.
    #[error("it is more than a host name")]
    NotOnlyName,
    /// Not in the form that goes over the wire.
    #[error("`{0}` is not ASCII")]
    NotAscii(char),
    /// With capitals.
    #[error("it has capitals")]
    Capitals,
    /// With the dot of the root.
    #[error("it ends with a dot")]
    FinalDot,
    /// A star elsewhere than as the first label.
    #[error("`*` stands only in front, as `*.`")]
    Star,
    /// Longer than a name may be.
    #[error("it is longer than 253 characters")]
    Long,
    /// A part that no name has.
    #[error("`{0}` is not a label of a host name")]
    Label(String),
}

impl NamePattern {
    /// The name without `*.`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Whether it means everything below the name, and not the name itself.
    pub fn is_wildcard(&self) -> bool {
        self.wildcard
    }

    /// Whether it fits a host name in lower case without a dot at the end.
    pub fn fits(&self, host: &str) -> bool {
        if !self.wildcard {
            return host == self.name;
        }
        host.strip_suffix(self.name.as_str())
            .is_some_and(|below| below.len() > 1 && below.ends_with('.'))
    }
}

impl FromStr for NamePattern {
    type Err = NamePatternError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let (name, wildcard) = match text.strip_prefix("*.") {
            Some(name) => (name, true),
            None => (text, false),
        };
        if name.is_empty() {
            return Err(NamePatternError::Empty);
        }
        if name.parse::<IpAddr>().is_ok() {
            return Err(NamePatternError::Address);
        }
        if name.contains(['/', ':', '@']) {
            return Err(NamePatternError::NotOnlyName);
        }
        if let Some(other) = name.chars().find(|c| !c.is_ascii()) {
            return Err(NamePatternError::NotAscii(other));
        }
        if name.bytes().any(|b| b.is_ascii_uppercase()) {
            return Err(NamePatternError::Capitals);
        }
        if name.contains('*') {
            return Err(NamePatternError::Star);
        }
        if name.ends_with('.') {
            return Err(NamePatternError::FinalDot);
        }
        if name.len() > LONGEST_NAME {
            return Err(NamePatternError::Long);
        }
        if let Some(label) = name.split('.').find(|label| !is_label(label)) {
            return Err(NamePatternError::Label(label.escape_debug().to_string()));
        }
        Ok(Self {
            name: name.to_owned(),
            wildcard,
        })
    }
}

/// Letters, digits and hyphens (RFC 1123 section 2.1), and the underscore, which
/// service names have.
fn is_label(label: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    !label.is_empty()
        && label.len() <= LONGEST_LABEL
        && label.bytes().all(plain)
        && !label.starts_with('-')
        && !label.ends_with('-')
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let star = if self.wildcard { "*." } else { "" };
        write!(f, "{star}{}", self.name)
    }
}

impl Serialize for NamePattern {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}
