//! A domain name that was checked.

use std::{borrow::Borrow, fmt, fmt::Write as _, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// Octets of the longest label (RFC 1035, 2.3.4).
const LONGEST_LABEL: usize = 63;

/// Octets of the longest name as it is sent, with the length before each label
/// and the root at its end (RFC 1035, 2.3.4).
const LONGEST_NAME: usize = 255;

/// A domain name: lower case, without the dot at its end; the root is `.`.
///
/// Names with the same labels are the same text. What is not a printable
/// character of ASCII, and dots and backslashes inside a label, stands as
/// `\DDD` with the decimal number of the octet (RFC 1035, 5.1), so that the text
/// is safe to print. Letters are those of ASCII: an internationalised name is
/// its A-labels (`xn--…`).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct DomainName(Arc<str>);

/// Why something is no domain name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NameFault {
    /// There is nothing.
    #[error("a name has at least one label; the root is written `.`")]
    Empty,
    /// Two dots follow each other, or one stands at the beginning.
    #[error("a label is empty: remove the extra dot")]
    EmptyLabel,
    /// A label of more than 63 octets.
    #[error("a label is longer than 63 octets")]
    LongLabel,
    /// More than 255 octets as sent.
    #[error("the name is longer than 255 octets")]
    LongName,
    /// A character that stands for itself in no name.
    #[error(
        "{0:?} cannot stand in a name: write an international name as `xn--…`, an odd octet as `\\DDD`"
    )]
    Character(char),
    /// A backslash without three digits up to 255, or a character, behind it.
    #[error("`\\` must be followed by three digits up to 255, or by the character it stands for")]
    Escape,
}

impl DomainName {
    /// The name of these labels, the root not among them.
    ///
    /// # Errors
    /// When a label or the whole is too long, or a label is empty.
    pub fn from_labels<'l>(labels: impl IntoIterator<Item = &'l [u8]>) -> Result<Self, NameFault> {
        let mut text = String::with_capacity(64);
        let mut octets = 1;
        for label in labels {
            if label.is_empty() {
                return Err(NameFault::EmptyLabel);
            }
            if label.len() > LONGEST_LABEL {
                return Err(NameFault::LongLabel);
            }
            octets += 1 + label.len();
            if octets > LONGEST_NAME {
                return Err(NameFault::LongName);
            }
            if !text.is_empty() {
                text.push('.');
            }
            for octet in label {
                push(&mut text, *octet);
            }
        }
        if text.is_empty() {
            text.push('.');
        }
        Ok(Self(Arc::from(text)))
    }

    /// The name as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The names that it lies below, the root left out, the narrowest first.
    #[inline]
    pub fn parents(&self) -> impl Iterator<Item = &str> {
        let text = self.as_str();
        let dots = text.bytes().enumerate().filter(|(_, byte)| *byte == b'.');
        dots.filter_map(|(dot, _)| text.get(dot + 1..).filter(|parent| !parent.is_empty()))
    }

    /// Whether this is the root of all names.
    pub fn is_root(&self) -> bool {
        &*self.0 == "."
    }
}

fn push(text: &mut String, octet: u8) {
    match octet {
        b'.' | b'\\' => {}
        b'!'..=b'~' => return text.push(char::from(octet.to_ascii_lowercase())),
        _ => {}
    }
    // Writing to a string does not fail.
    let _ = write!(text, "\\{octet:03}");
}

impl FromStr for DomainName {
    type Err = NameFault;

    /// Reads the presentation format (RFC 1035, 5.1), with or without the dot at
    /// the end.
    fn from_str(text: &str) -> Result<Self, NameFault> {
        match text {
            "" => return Err(NameFault::Empty),
            "." => return Self::from_labels([]),
            _ => {}
        }
        let mut labels: Vec<Vec<u8>> = Vec::new();
        let mut label = Vec::new();
        let mut rest = text.chars();
        while let Some(c) = rest.next() {
            match c {
                '.' => labels.push(std::mem::take(&mut label)),
                '\\' => label.push(unescape(&mut rest)?),
                '!'..='~' => label.push(ascii(c)?),
                _ => return Err(NameFault::Character(c)),
            }
        }
        if !label.is_empty() {
            labels.push(label);
        }
        Self::from_labels(labels.iter().map(Vec::as_slice))
    }
}

fn unescape(rest: &mut std::str::Chars<'_>) -> Result<u8, NameFault> {
    let first = rest.next().ok_or(NameFault::Escape)?;
    let Some(mut number) = first.to_digit(10) else {
        return ascii(first);
    };
    for _ in 0..2 {
        let digit = rest.next().and_then(|c| c.to_digit(10));
        number = number * 10 + digit.ok_or(NameFault::Escape)?;
    }
    u8::try_from(number).map_err(|_| NameFault::Escape)
}

fn ascii(c: char) -> Result<u8, NameFault> {
    match u8::try_from(c) {
        Ok(octet @ b' '..=b'~') => Ok(octet),
        _ => Err(NameFault::Character(c)),
    }
}

impl TryFrom<String> for DomainName {
    type Error = NameFault;

    fn try_from(text: String) -> Result<Self, NameFault> {
        text.parse()
    }
}

impl From<DomainName> for String {
    fn from(name: DomainName) -> Self {
        name.0.as_ref().to_owned()
    }
}

impl AsRef<str> for DomainName {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

/// Equality, order and hash are those of the text.
impl Borrow<str> for DomainName {
    fn borrow(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl fmt::Debug for DomainName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.0, f)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn name(text: &str) -> Result<String, NameFault> {
        text.parse::<DomainName>().map(String::from)
    }

    #[test]
    fn text_becomes_lower_case_without_the_last_dot() {
        assert_eq!(name("API.Example.COM."), Ok("api.example.com".to_owned()));
        assert_eq!(name("_443._https.a"), Ok("_443._https.a".to_owned()));
        assert_eq!(name("."), Ok(".".to_owned()));
        assert!(name(".").unwrap().parse::<DomainName>().unwrap().is_root());
    }

    #[test]
    fn escapes_have_one_form() {
        assert_eq!(name(r"a\.b.c"), Ok(r"a\046b.c".to_owned()));
        assert_eq!(name(r"a\032\255\\"), Ok(r"a\032\255\092".to_owned()));
        assert_eq!(name(r"\065\x"), Ok("ax".to_owned()));
        assert_eq!(
            DomainName::from_labels([&b"\0\x7f \xc3\xa9"[..], b"B"])
                .unwrap()
                .as_str(),
            r"\000\127\032\195\169.b"
        );
    }

    #[test]
    fn what_is_no_name_says_why() {
        let long_label = "a".repeat(64);
        let long_name = "a.".repeat(128);
        assert_eq!(name(""), Err(NameFault::Empty));
        assert_eq!(name("a..b"), Err(NameFault::EmptyLabel));
        assert_eq!(name(".a"), Err(NameFault::EmptyLabel));
        assert_eq!(name(".."), Err(NameFault::EmptyLabel));
        assert_eq!(name(&long_label), Err(NameFault::LongLabel));
        assert_eq!(name(&long_name), Err(NameFault::LongName));
        assert_eq!(name(&long_name[2..]).map(|name| name.len()), Ok(253));
        assert_eq!(name("a b"), Err(NameFault::Character(' ')));
        assert_eq!(name("bücher.example"), Err(NameFault::Character('ü')));
        assert_eq!(name("a\\"), Err(NameFault::Escape));
        assert_eq!(name("a\\25"), Err(NameFault::Escape));
        assert_eq!(name("a\\256"), Err(NameFault::Escape));
        assert_eq!(name("a\\é"), Err(NameFault::Character('é')));
    }

    #[test]
    fn it_is_a_checked_string_in_json() {
        let name: DomainName = serde_json::from_str(r#""WWW.example.""#).unwrap();
        assert_eq!(serde_json::to_string(&name).unwrap(), r#""www.example""#);
        let error = serde_json::from_str::<DomainName>(r#""a..b""#).unwrap_err();
        assert_eq!(error.to_string(), "a label is empty: remove the extra dot");
    }

    proptest! {
        #[test]
        fn every_name_is_read_back_from_its_text(
            labels in proptest::collection::vec(
                proptest::collection::vec(any::<u8>(), 1..20), 0..12)
        ) {
            let name = DomainName::from_labels(labels.iter().map(Vec::as_slice)).unwrap();
            prop_assert_eq!(&name.as_str().parse::<DomainName>().unwrap(), &name);
            prop_assert!(name.as_str().bytes().all(|b| b.is_ascii_graphic()));
        }

        #[test]
        fn no_text_panics(text in any::<String>()) {
            let _ = text.parse::<DomainName>();
        }
    }
}
