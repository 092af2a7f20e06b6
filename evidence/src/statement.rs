//! The statement that names every file (in-toto attestation framework, Statement
//! layer version 1).

use serde::{Deserialize, Serialize};

use crate::{digest::Digest, sums::Sums};

/// What the envelope says that its payload is.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// The type of a statement.
const TYPE: &str = "https://in-toto.io/Statement/v1";

/// A statement about files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Statement<P> {
    #[serde(rename = "_type")]
    kind: String,
    /// What it speaks of.
    pub subject: Vec<Subject>,
    /// What kind of thing it says.
    pub predicate_type: String,
    /// What it says.
    pub predicate: P,
}

/// A file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subject {
    /// Its name in the bundle.
    pub name: String,
    /// Its digest.
    pub digest: DigestSet,
}

/// Digests of one file by algorithm; this bundle has one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DigestSet {
    /// SHA-256.
    pub sha256: Digest,
}

impl<P> Statement<P> {
    /// A statement about all these files.
    pub fn about(files: &Sums, predicate_type: impl Into<String>, predicate: P) -> Self {
        let subject = files.iter().map(|(name, sha256)| Subject {
            name: name.to_string(),
            digest: DigestSet { sha256 },
        });
        Self {
            kind: TYPE.to_owned(),
            subject: subject.collect(),
            predicate_type: predicate_type.into(),
            predicate,
        }
    }

    /// Whether it is a statement of the version that this crate knows.
    pub fn is_known(&self) -> bool {
        self.kind == TYPE
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn it_is_written_as_the_framework_has_it() {
        let mut sums = Sums::default();
        sums.add("a".parse().unwrap(), Digest::of(b"abc"));
        let statement = Statement::about(&sums, "https://weir.example/evidence/v1", 7);
        let json = serde_json::to_string(&statement).unwrap();
        let digest = Digest::of(b"abc");
        assert_eq!(
            json,
            format!(
                r#"{{"_type":"https://in-toto.io/Statement/v1","subject":[{{"name":"a","digest":{{"sha256":"{digest}"}}}}],"predicateType":"https://weir.example/evidence/v1","predicate":7}}"#
            )
        );
        let read: Statement<i32> = serde_json::from_str(&json).unwrap();
        assert!(read.is_known());
        assert_eq!(read, statement);
    }
}
