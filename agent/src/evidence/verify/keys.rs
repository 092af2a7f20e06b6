//! The keys of a bundle: each as PEM in a file of its id, all as signed notes have them.

use ed25519_dalek::VerifyingKey;
use weir_evidence::dsse::{from_pem, key_id};
use weir_ledger::verifying_key;

use super::{
    archive::Opened,
    check::{Doubt, failed},
};

/// File that lists them, the newest last.
const LISTED: &str = "keys/node.pub";

/// A key of the node.
#[derive(Clone, Debug)]
pub(super) struct Key {
    /// SHA-256 of its `SubjectPublicKeyInfo`, in hexadecimal.
    pub(super) id: String,
    /// As signed notes have it.
    pub(super) note: String,
    pub(super) key: VerifyingKey,
}

/// Keys, the newest last.
#[derive(Clone, Debug)]
pub(super) struct Keys(pub(super) Vec<Key>);

impl Keys {
    /// Reads them.
    ///
    /// # Errors
    /// Both kinds of files do not have the same keys, or one has none.
    pub(super) fn read(bundle: &Opened) -> Result<Self, Doubt> {
        let text = bundle.text(LISTED)?;
        let mut keys = Vec::new();
        for line in text.lines() {
            let (_, key) = verifying_key(line).ok_or_else(|| {
                failed(format!(
                    "{LISTED} has a line that is no key of signed notes"
                ))
            })?;
            keys.push(Key {
                id: key_id(&key),
                note: line.to_owned(),
                key,
            });
        }
        let mut found = Vec::new();
        for (name, _) in bundle.files() {
            let name = name.as_str();
            let Some(file) = name.strip_prefix("keys/").filter(|_| name != LISTED) else {
                continue;
            };
            let key = from_pem(&bundle.text(name)?)
                .map_err(|error| failed(format!("{name} is {error}")))?;
            let id = key_id(&key);
            if file != format!("{id}.pem") {
                return Err(failed(format!(
                    "{name} holds the key {id}: it was exchanged"
                )));
            }
            found.push(id);
        }
        let mut listed: Vec<_> = keys.iter().map(|key| key.id.clone()).collect();
        listed.sort();
        found.sort();
        if listed != found || keys.is_empty() {
            return Err(failed(
                "keys/node.pub and the other files of keys/ have not the same keys: the bundle \
                 was put together from several",
            ));
        }
        Ok(Self(keys))
    }

    /// The newest.
    pub(super) fn newest(&self) -> Option<&Key> {
        self.0.last()
    }

    /// As signed notes have them.
    pub(super) fn notes(&self) -> Vec<String> {
        self.0.iter().map(|key| key.note.clone()).collect()
    }
}

/// What is neither a key nor the id of one.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0}: give the file of an Ed25519 public key in PEM, or its id (`openssl pkey -pubin -in KEY -outform DER | sha256sum`)"
)]
pub struct NotAKey(String);

/// The id of a key: as it is given, or of the key in a file.
///
/// # Errors
/// It is neither.
pub fn key_id_of(text: &str) -> Result<String, NotAKey> {
    if text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
        return Ok(text.to_owned());
    }
    let pem = std::fs::read_to_string(text)
        .map_err(|error| NotAKey(format!("{text} cannot be read ({error})")))?;
    let key = from_pem(&pem).map_err(|error| NotAKey(format!("{text} is {error}")))?;
    Ok(key_id(&key))
}
