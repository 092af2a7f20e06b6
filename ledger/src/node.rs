//! Who signs: the node's name and key, and what it signs.

use std::{
    fs,
    path::{Path, PathBuf},
};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use ed25519_dalek::{SigningKey, VerifyingKey};
use rand_core::{OsRng, RngCore as _};
use signed_note::{
    Note, Signer as _, StandardSigner, StandardVerifier, Verifier, VerifierList, generate_key,
    new_ed25519_verifier_key,
};
use tlog_tiles::{Checkpoint, Hash};

use crate::{LedgerError, disk, error::io, leaf::hex};

/// The private key, in the encoding of signed notes, mode 0600.
pub(crate) const KEY: &str = "node.key";

/// A key that is to take the place of the private key.
const NEXT: &str = "node.key.next";

/// Every public key that the node ever had, one a line, the newest last.
const PUBLIC: &str = "node.pub";

/// The node's identity.
pub struct Node {
    directory: PathBuf,
    signer: StandardSigner,
    /// Public keys, the newest last.
    public: Vec<String>,
}

/// Without the key.
impl std::fmt::Debug for Node {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Node")
            .field("public", &self.public)
            .finish_non_exhaustive()
    }
}

/// One key takes the place of another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rotation {
    /// The public key so far.
    pub old: String,
    /// The public key from now on.
    pub new: String,
    /// A signed note that names both, signed by both.
    pub note: String,
}

pub(crate) fn key_error(path: &Path, what: &impl ToString) -> LedgerError {
    LedgerError::Key {
        path: path.to_owned(),
        what: what.to_string(),
    }
}

impl Node {
    /// Opens the identity in a directory, made if neither key nor entries are
    /// there; whether it was made.
    pub(crate) fn open(directory: &Path, has_entries: bool) -> Result<(Self, bool), LedgerError> {
        let path = directory.join(KEY);
        let made = match fs::read_to_string(&path) {
            Ok(_) => false,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                if has_entries {
                    return Err(key_error(&path, &"missing, but the store has entries"));
                }
                let mut id = [0; 8];
                OsRng.fill_bytes(&mut id);
                let name = format!("weir-node/{}", hex(&id));
                let (private, _) = generate_key(&mut OsRng, &name);
                disk::replace(&path, 0o600, private.as_bytes()).map_err(io(&path, "written"))?;
                true
            }
            Err(error) => return Err(io(&path, "read")(error)),
        };
        let private = fs::read_to_string(&path).map_err(io(&path, "read"))?;
        let signer =
            StandardSigner::new(private.trim()).map_err(|error| key_error(&path, &error))?;
        let listed = directory.join(PUBLIC);
        let text = match fs::read_to_string(&listed) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(io(&listed, "read")(error)),
        };
        let mut node = Self {
            directory: directory.to_owned(),
            signer,
            public: text.lines().map(str::to_owned).collect(),
        };
        let own = public_of(&private).ok_or_else(|| key_error(&path, &"malformed"))?;
        node.list(own)?;
        Ok((node, made))
    }

    /// Makes a key the last of the public ones.
    fn list(&mut self, key: String) -> Result<(), LedgerError> {
        if self.public.last() == Some(&key) {
            return Ok(());
        }
        self.public.retain(|known| *known != key);
        self.public.push(key);
        let path = self.directory.join(PUBLIC);
        let text: String = self.public.iter().map(|key| format!("{key}\n")).collect();
        disk::replace(&path, 0o644, text.as_bytes()).map_err(io(&path, "written"))
    }

    /// Opens the identity of a store that has one already.
    ///
    /// # Errors
    /// The system's; or there is none.
    pub fn existing(directory: &Path) -> Result<Self, LedgerError> {
        let path = directory.join(KEY);
        fs::metadata(&path).map_err(io(&path, "read"))?;
        Self::open(directory, true).map(|(node, _)| node)
    }

    /// Name of the node of a store.
    ///
    /// # Errors
    /// The system's; or it has none.
    pub(crate) fn name_of(directory: &Path) -> Result<String, LedgerError> {
        let listed = public_keys(directory)?;
        let name = listed.last().and_then(|key| key.split('+').next());
        let missing = || key_error(&directory.join(PUBLIC), &"empty");
        name.map(str::to_owned).ok_or_else(missing)
    }

    /// The key that signs, for what is no signed note.
    ///
    /// # Errors
    /// It cannot be read.
    pub fn signing_key(&self) -> Result<SigningKey, LedgerError> {
        let path = self.directory.join(KEY);
        let private = fs::read_to_string(&path).map_err(io(&path, "read"))?;
        secret_of(&private).map_err(|what| key_error(&path, &what))
    }

    /// Name of the node, and origin of its checkpoints.
    pub fn name(&self) -> &str {
        self.signer.name()
    }

    /// The public key, in the encoding of signed notes: name, key id and key.
    pub fn public(&self) -> &str {
        self.public.last().map_or("", String::as_str)
    }

    /// Every public key that the node ever had, the newest last.
    pub fn all_public(&self) -> &[String] {
        &self.public
    }

    /// A signed checkpoint.
    pub fn checkpoint(&self, size: u64, root: &[u8; 32]) -> Result<String, LedgerError> {
        let failed = |what: String| LedgerError::Entry(format!("checkpoint of {size}: {what}"));
        let checkpoint = Checkpoint::new(self.name(), size, Hash(*root), "")
            .map_err(|error| failed(error.to_string()))?;
        sign(&checkpoint.to_bytes(), &[&self.signer]).map_err(failed)
    }

    /// Size and root of a checkpoint, if a key of this node signed it.
    pub fn verify(&self, checkpoint: &str) -> Option<(u64, [u8; 32])> {
        verify(checkpoint, self.name(), &self.public)
    }

    /// Makes a key that is to take the place of this one, if there is none yet.
    ///
    /// # Errors
    /// The system's.
    pub fn prepare_rotation(directory: &Path) -> Result<(), LedgerError> {
        let (key, next) = (directory.join(KEY), directory.join(NEXT));
        // A first key is new enough.
        if next.exists() || !key.exists() {
            return Ok(());
        }
        let private = fs::read_to_string(&key).map_err(io(&key, "read"))?;
        let signer =
            StandardSigner::new(private.trim()).map_err(|error| key_error(&key, &error))?;
        let (private, _) = generate_key(&mut OsRng, signer.name());
        disk::replace(&next, 0o600, private.as_bytes()).map_err(io(&next, "written"))
    }

    /// What a prepared rotation will change, if there is one.
    pub(crate) fn rotation(&self) -> Result<Option<Rotation>, LedgerError> {
        let path = self.directory.join(NEXT);
        let private = match fs::read_to_string(&path) {
            Ok(private) => private,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io(&path, "read")(error)),
        };
        let signer =
            StandardSigner::new(private.trim()).map_err(|error| key_error(&path, &error))?;
        let new = public_of(&private).ok_or_else(|| key_error(&path, &"malformed"))?;
        let old = self.public().to_owned();
        let text = rotation_text(&old, &new);
        let note = sign(text.as_bytes(), &[&self.signer, &signer])
            .map_err(|what| key_error(&path, &what))?;
        Ok(Some(Rotation { old, new, note }))
    }

    /// Puts the new key in the place of the old one, once the log has the rotation.
    pub(crate) fn rotate(&mut self) -> Result<(), LedgerError> {
        let (key, next) = (self.directory.join(KEY), self.directory.join(NEXT));
        let private = fs::read_to_string(&next).map_err(io(&next, "read"))?;
        let signer =
            StandardSigner::new(private.trim()).map_err(|error| key_error(&next, &error))?;
        let new = public_of(&private).ok_or_else(|| key_error(&next, &"malformed"))?;
        self.list(new)?;
        disk::rename(&next, &key)
            .and_then(|()| disk::sync_directory(&self.directory))
            .map_err(io(&key, "written"))?;
        self.signer = signer;
        Ok(())
    }
}

/// Every public key that the node of a store ever had, the newest last.
///
/// # Errors
/// The store has none, or they cannot be read.
pub fn public_keys(directory: &Path) -> Result<Vec<String>, LedgerError> {
    let path = directory.join(PUBLIC);
    match fs::read_to_string(&path) {
        Ok(text) => Ok(text.lines().map(str::to_owned).collect()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            Err(key_error(&path, &"missing, but the store has a checkpoint"))
        }
        Err(error) => Err(io(&path, "read")(error)),
    }
}

/// Size and root of a checkpoint with this origin, if one of the public keys
/// signed it.
pub(crate) fn verify(text: &str, origin: &str, public: &[String]) -> Option<(u64, [u8; 32])> {
    let note = Note::from_bytes(text.as_bytes()).ok()?;
    let known = public.iter().filter_map(|key| {
        let verifier = StandardVerifier::new(key).ok()?;
        Some(Box::new(verifier) as Box<dyn Verifier>)
    });
    let (verified, _) = note.verify(&VerifierList::new(known.collect())).ok()?;
    let checkpoint = Checkpoint::from_bytes(note.text()).ok()?;
    (!verified.is_empty() && checkpoint.origin() == origin)
        .then(|| (checkpoint.size(), checkpoint.hash().0))
}

fn sign(text: &[u8], signers: &[&dyn signed_note::Signer]) -> Result<String, String> {
    let mut note = Note::new(text, &[]).map_err(|error| error.to_string())?;
    note.add_sigs(signers).map_err(|error| error.to_string())?;
    String::from_utf8(note.to_bytes()).map_err(|error| error.to_string())
}

/// The public key of a private one.
pub(crate) fn public_of(private: &str) -> Option<String> {
    let name = private
        .trim()
        .strip_prefix("PRIVATE+KEY+")?
        .split('+')
        .next()?;
    let public = secret_of(private).ok()?.verifying_key();
    Some(new_ed25519_verifier_key(name, &public))
}

/// The key in a private one as signed notes have it: name, key id, and base64 of the
/// algorithm and 32 bytes.
fn secret_of(private: &str) -> Result<SigningKey, &'static str> {
    let secret = || -> Option<SigningKey> {
        let mut parts = private.trim().strip_prefix("PRIVATE+KEY+")?.splitn(3, '+');
        let (_, _, key) = (parts.next()?, parts.next()?, parts.next()?);
        // The base64 alphabet has a plus, too.
        let key = BASE64_STANDARD.decode(key).ok()?;
        let secret: [u8; 32] = key.get(1..)?.try_into().ok()?;
        Some(SigningKey::from_bytes(&secret))
    };
    secret().ok_or("malformed")
}

/// The Ed25519 key in a public key of signed notes (name, key id, and base64 of the algorithm
/// and 32 bytes), and the name.
pub fn verifying_key(public: &str) -> Option<(String, VerifyingKey)> {
    let mut parts = public.splitn(3, '+');
    let (name, _, key) = (parts.next()?, parts.next()?, parts.next()?);
    StandardVerifier::new(public).ok()?;
    let key = BASE64_STANDARD.decode(key).ok()?;
    let key: [u8; 32] = key.get(1..)?.try_into().ok()?;
    Some((name.to_owned(), VerifyingKey::from_bytes(&key).ok()?))
}

/// Whether both keys have signed that the one takes the place of the other.
pub fn verify_rotation(old: &str, new: &str, note: &str) -> bool {
    let Ok(signed) = Note::from_bytes(note.as_bytes()) else {
        return false;
    };
    let by = |key: &str| {
        StandardVerifier::new(key).is_ok_and(|verifier| {
            let known = VerifierList::new(vec![Box::new(verifier)]);
            signed
                .verify(&known)
                .is_ok_and(|(found, _)| !found.is_empty())
        })
    };
    signed.text() == rotation_text(old, new).as_bytes() && by(old) && by(new)
}

fn rotation_text(old: &str, new: &str) -> String {
    format!("weir key rotation\n{old}\n{new}\n")
}

/// Size and root of a checkpoint of a node, if one of these public keys signed it.
pub fn verify_checkpoint(text: &str, node: &str, public: &[String]) -> Option<(u64, [u8; 32])> {
    verify(text, node, public)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn a_key_is_made_once_and_only_its_owner_reads_it() {
        let directory = tempfile::tempdir().unwrap();
        let (first, made) = Node::open(directory.path(), false).unwrap();
        assert!(made);
        let (again, made) = Node::open(directory.path(), true).unwrap();
        assert!(!made);
        assert_eq!(first.public(), again.public());
        assert!(first.public().starts_with(&format!("{}+", first.name())));
        let mode = fs::metadata(directory.path().join(KEY))
            .unwrap()
            .permissions();
        assert_eq!(mode.mode() & 0o777, 0o600);
    }

    #[test]
    fn a_missing_key_is_not_replaced() {
        let directory = tempfile::tempdir().unwrap();
        let error = Node::open(directory.path(), true).unwrap_err().to_string();
        assert!(
            error.contains("is missing, but the store has entries: restore it"),
            "{error}"
        );
    }

    #[test]
    fn checkpoints_verify_by_their_key_only() {
        let directory = tempfile::tempdir().unwrap();
        let (node, _) = Node::open(directory.path(), false).unwrap();
        let note = node.checkpoint(3, &[7; 32]).unwrap();
        assert_eq!(node.verify(&note), Some((3, [7; 32])));
        assert_eq!(node.verify(&note.replace("\n3\n", "\n4\n")), None);
        let other = tempfile::tempdir().unwrap();
        let (other, _) = Node::open(other.path(), false).unwrap();
        assert_eq!(other.verify(&note), None);
    }

    #[test]
    fn a_rotation_is_signed_by_both_keys_and_old_checkpoints_still_verify() {
        let directory = tempfile::tempdir().unwrap();
        let (mut node, _) = Node::open(directory.path(), false).unwrap();
        let before = node.checkpoint(3, &[7; 32]).unwrap();
        assert_eq!(node.rotation().unwrap(), None);
        Node::prepare_rotation(directory.path()).unwrap();
        let rotation = node.rotation().unwrap().unwrap();
        node.rotate().unwrap();
        assert_eq!(node.public(), rotation.new);
        assert_eq!(
            node.all_public(),
            [rotation.old.clone(), rotation.new.clone()]
        );
        let note = Note::from_bytes(rotation.note.as_bytes()).unwrap();
        for key in [&rotation.old, &rotation.new] {
            let verifier = StandardVerifier::new(key).unwrap();
            let known = VerifierList::new(vec![Box::new(verifier)]);
            assert_eq!(note.verify(&known).unwrap().0.len(), 1);
        }
        let (again, _) = Node::open(directory.path(), true).unwrap();
        assert_eq!(again.verify(&before), Some((3, [7; 32])));
        let after = again.checkpoint(4, &[8; 32]).unwrap();
        assert_eq!(again.verify(&after), Some((4, [8; 32])));
    }
}
