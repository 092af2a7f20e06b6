//! A bundle as its files, to be changed, packed and signed again.

use std::{collections::BTreeMap, fs, path::Path};

use ed25519_dalek::SigningKey;
use serde_json::Value;
use weir::evidence::Predicate;
use weir_evidence::{
    archive::{self, ArchiveError, Writer},
    digest::Digest,
    dsse::Envelope,
    statement::{PAYLOAD_TYPE, Statement},
    sums::Sums,
};

pub(crate) const STATEMENT: &str = "statement.dsse.json";
pub(crate) const SUMS: &str = "SHA256SUMS";

/// The files of a bundle.
#[derive(Clone)]
pub(crate) struct Files {
    pub(crate) files: BTreeMap<String, Vec<u8>>,
    time: u64,
}

impl Files {
    pub(crate) fn read(bundle: &Path) -> Self {
        let bytes = fs::read(bundle).unwrap();
        let mut files = BTreeMap::new();
        archive::each(bytes.as_slice(), 1 << 30, |name, _, content| {
            let mut bytes = Vec::new();
            content.read_to_end(&mut bytes).unwrap();
            files.insert(name.to_string(), bytes);
            Ok::<_, ArchiveError>(())
        })
        .unwrap();
        let time = str::from_utf8(&bytes[136..147]).unwrap();
        let time = u64::from_str_radix(time, 8).unwrap();
        Self { files, time }
    }

    /// Name of the only file that begins and ends so.
    pub(crate) fn named(&self, begin: &str, end: &str) -> String {
        let mut names = self
            .files
            .keys()
            .filter(|name| name.starts_with(begin) && name.ends_with(end));
        let name = names.next_back().unwrap();
        name.clone()
    }

    /// Changes a file.
    pub(crate) fn edit(&mut self, name: &str, from: &str, to: &str) -> &mut Self {
        let bytes = self.files.get_mut(name).unwrap();
        let text = str::from_utf8(bytes).unwrap();
        assert!(text.contains(from), "{name}: {text}");
        *bytes = text.replacen(from, to, 1).into_bytes();
        self
    }

    /// Makes the list of digests again.
    pub(crate) fn sum(&mut self) -> &mut Self {
        let mut sums = Sums::default();
        for (name, bytes) in &self.files {
            if name != STATEMENT && name != SUMS {
                sums.add(name.parse().unwrap(), Digest::of(bytes));
            }
        }
        self.files
            .insert(SUMS.to_owned(), sums.to_string().into_bytes());
        self
    }

    /// Makes the list and the statement again, with another predicate, and signs it.
    pub(crate) fn sign_with(
        &mut self,
        key: &SigningKey,
        change: impl FnOnce(&mut Value),
    ) -> &mut Self {
        self.sum();
        let payload: Value = serde_json::from_slice(&self.files[STATEMENT]).unwrap();
        let payload = decode(payload["payload"].as_str().unwrap());
        let statement: Value = serde_json::from_slice(&payload).unwrap();
        let mut predicate = statement["predicate"].clone();
        change(&mut predicate);
        let predicate: Predicate = serde_json::from_value(predicate).unwrap();
        let mut sums = Sums::default();
        for (name, bytes) in self.files.iter().filter(|(name, _)| *name != STATEMENT) {
            sums.add(name.parse().unwrap(), Digest::of(bytes));
        }
        let kind = statement["predicateType"].as_str().unwrap();
        let statement = Statement::about(&sums, kind, predicate);
        let payload = serde_json::to_vec(&statement).unwrap();
        let envelope = Envelope::sign(PAYLOAD_TYPE, &payload, key);
        let json = serde_json::to_vec(&envelope).unwrap();
        self.files.insert(STATEMENT.to_owned(), json);
        self
    }

    /// Makes the list and the statement again and signs it.
    pub(crate) fn sign(&mut self, key: &SigningKey) -> &mut Self {
        self.sign_with(key, |_| ())
    }

    /// The bytes of the archive.
    pub(crate) fn pack(&self) -> Vec<u8> {
        let mut writer = Writer::new(Vec::new(), self.time);
        for (name, bytes) in &self.files {
            let length = bytes.len() as u64;
            writer
                .add(&name.parse().unwrap(), length, bytes.as_slice())
                .unwrap();
        }
        writer.finish().unwrap()
    }
}

fn decode(text: &str) -> Vec<u8> {
    use base64::{Engine as _, engine::general_purpose::STANDARD};
    STANDARD.decode(text).unwrap()
}
