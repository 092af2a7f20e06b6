//! Labels of containers and pods, bounded.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// Labels kept of one container or pod.
const MOST: usize = 64;
/// Longest key, in bytes: what Kubernetes allows, a name of 63 below a domain of 253.
const LONGEST_KEY: usize = 317;
/// Longest value, in bytes.
const LONGEST_VALUE: usize = 512;
/// Bytes of all keys and values together.
const LARGEST: usize = 4096;

/// Labels of a container or a pod, as far as they are known.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Labels {
    /// Those that are known, by key: 64 at most and 4 KiB of them, with keys of at
    /// most 317 bytes and values of at most 512, without control characters.
    pub known: BTreeMap<String, String>,
    /// Why there may be others; `None` when these are all.
    pub incomplete: Option<String>,
}

/// What is known of one label.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Label<'a> {
    /// Its value.
    Value(&'a str),
    /// There is none of that key.
    Absent,
    /// Not known, for this reason.
    Unknown(&'a str),
}

impl Default for Labels {
    fn default() -> Self {
        Self::unknown("no state file told its labels")
    }
}

impl Labels {
    /// Labels of which nothing is known.
    pub fn unknown(reason: &str) -> Self {
        Self {
            known: BTreeMap::new(),
            incomplete: Some(reason.to_owned()),
        }
    }

    /// All labels of something, as its state has them. What is too much, too long or
    /// not printable is left out, and that is said.
    pub fn all(labels: impl IntoIterator<Item = (String, String)>) -> Self {
        let mut known = BTreeMap::new();
        let mut incomplete = None;
        for (key, value) in labels {
            let printable = !key.chars().chain(value.chars()).any(char::is_control);
            if key.len() > LONGEST_KEY || value.len() > LONGEST_VALUE || !printable {
                incomplete = Some("a label is too long or not printable".to_owned());
            } else {
                known.insert(key, value);
            }
        }
        let (mut count, mut bytes) = (0, 0);
        // The first by key, so that the same labels give the same record.
        known.retain(|key, value| {
            count += 1;
            bytes += key.len() + value.len();
            count <= MOST && bytes <= LARGEST
        });
        if count > MOST || bytes > LARGEST {
            incomplete = Some(format!(
                "there are more than {MOST} labels, or {LARGEST} bytes of them"
            ));
        }
        Self { known, incomplete }
    }

    /// What is known of the label of that key. One that is not there is absent only
    /// where all labels are known.
    pub fn get(&self, key: &str) -> Label<'_> {
        match (self.known.get(key), &self.incomplete) {
            (Some(value), _) => Label::Value(value),
            (None, None) => Label::Absent,
            (None, Some(reason)) => Label::Unknown(reason),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(pairs: &[(&str, &str)]) -> Labels {
        Labels::all(
            pairs
                .iter()
                .map(|(key, value)| ((*key).to_owned(), (*value).to_owned())),
        )
    }

    #[test]
    fn a_label_is_there_or_not() {
        let found = labels(&[("tier", "gpu"), ("empty", "")]);
        assert_eq!(found.get("tier"), Label::Value("gpu"));
        assert_eq!(found.get("empty"), Label::Value(""));
        assert_eq!(found.get("other"), Label::Absent);
        assert_eq!(
            Labels::default().get("tier"),
            Label::Unknown("no state file told its labels")
        );
    }

    #[test]
    fn what_is_left_out_is_not_known() {
        let long = "x".repeat(513);
        let found = labels(&[("tier", "gpu"), ("long", &long)]);
        let reason = "a label is too long or not printable";
        assert_eq!(found.get("tier"), Label::Value("gpu"));
        assert_eq!(found.get("long"), Label::Unknown(reason));
        assert_eq!(found.get("other"), Label::Unknown(reason));
        let found = labels(&[("tier", "\u{1b}[2J")]);
        assert_eq!(found.get("tier"), Label::Unknown(reason));

        let many = (0..65).map(|n| (format!("k{n:02}"), String::new()));
        let found = Labels::all(many);
        assert_eq!(found.known.len(), 64);
        assert_eq!(found.get("k00"), Label::Value(""));
        assert_eq!(
            found.get("k64"),
            Label::Unknown("there are more than 64 labels, or 4096 bytes of them")
        );
        let large = (0..9).map(|n| (format!("k{n}"), "x".repeat(500)));
        let found = Labels::all(large);
        assert_eq!(found.known.len(), 8);
        assert_eq!(found.get("k8"), found.get("other"));
    }
}
