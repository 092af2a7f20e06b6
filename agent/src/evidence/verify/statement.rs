//! Check `statement`: a signed statement names every file, its digest, and what the bundle
//! is about.

use std::collections::BTreeMap;

use weir_evidence::{
    dsse::{Envelope, NotBelieved},
    statement::{PAYLOAD_TYPE, Statement},
};

use super::{
    archive::Opened,
    check::{Doubt, Found, failed},
    keys::Keys,
    sums::STATEMENT,
};
use crate::{
    evidence::{Entries, PREDICATE_TYPE, Predicate, SCHEMA},
    ledger::short,
};

/// A statement that is believed, and who signed it.
#[derive(Clone, Debug)]
pub(super) struct About {
    /// What it says.
    pub(super) predicate: Predicate,
    /// Id of the key that signed it.
    pub(super) signer: String,
}

impl About {
    /// Path of a file of the log.
    pub(super) fn log_path(&self, name: &str) -> String {
        format!("log/{}/{name}", short(&self.predicate.node))
    }
}

pub(super) fn check(bundle: &Opened, about: &About) -> Found {
    let Predicate { node, period, .. } = &about.predicate;
    Ok(format!(
        "{} files of {node}, {} to {}, signed by {}",
        bundle.files().count() - 1,
        period.from,
        period.to,
        about.signer
    ))
}

/// Opens the envelope with the newest key of the bundle, and compares every file.
pub(super) fn open(bundle: &Opened, keys: &Keys) -> Result<About, Doubt> {
    let newest = keys
        .newest()
        .ok_or_else(|| failed("the bundle has no key"))?;
    let malformed = |error: serde_json::Error| {
        failed(format!(
            "{STATEMENT} is no envelope with a statement about a bundle of evidence ({error}): \
             it was changed, or made by something else"
        ))
    };
    let envelope: Envelope = serde_json::from_slice(&bundle.read(STATEMENT)?).map_err(malformed)?;
    let claimed = match envelope.signatures.as_slice() {
        [one] => one.keyid.clone(),
        _ => return Err(failed(format!("{STATEMENT} has not just one signature"))),
    };
    if claimed != newest.id {
        return Err(failed(format!(
            "{STATEMENT} names the key {}, and the newest of the node is {}: it was signed by \
             another, or by one that was replaced",
            claimed
                .chars()
                .take(64)
                .flat_map(char::escape_debug)
                .collect::<String>(),
            newest.id
        )));
    }
    let payload = envelope
        .open(PAYLOAD_TYPE, &[newest.key])
        .map_err(|error| match error {
            NotBelieved::Changed(id) => failed(format!(
                "the signature by {id} does not fit what {STATEMENT} says: one of them was \
                 changed; get the bundle anew"
            )),
            other => failed(format!("{STATEMENT}: {other}")),
        })?;
    let statement: Statement<Predicate> = serde_json::from_slice(&payload).map_err(malformed)?;
    if !statement.is_known() || statement.predicate_type != PREDICATE_TYPE {
        return Err(failed(format!(
            "{STATEMENT} is no in-toto statement about a bundle of evidence"
        )));
    }
    subjects(bundle, &statement)?;
    let predicate = statement.predicate;
    bounds(&predicate)?;
    Ok(About {
        predicate,
        signer: newest.id.clone(),
    })
}

fn subjects(bundle: &Opened, statement: &Statement<Predicate>) -> Result<(), Doubt> {
    let named: BTreeMap<_, _> = statement
        .subject
        .iter()
        .map(|subject| (subject.name.as_str(), subject.digest.sha256))
        .collect();
    if named.len() != statement.subject.len() {
        return Err(failed(format!("{STATEMENT} names a file twice")));
    }
    let files: BTreeMap<_, _> = bundle
        .files()
        .filter(|(name, _)| name.as_str() != STATEMENT)
        .map(|(name, digest)| (name.as_str(), digest))
        .collect();
    let after = "it was added or taken away after signing; get the bundle anew";
    if let Some(name) = files.keys().find(|name| !named.contains_key(*name)) {
        return Err(failed(format!(
            "{name} is in the bundle and not in the statement: {after}"
        )));
    }
    for (name, digest) in named {
        match files.get(name) {
            Some(found) if *found == digest => {}
            Some(_) => {
                return Err(failed(format!(
                    "{name} has another SHA-256 than was signed: it was changed; get the bundle \
                     anew"
                )));
            }
            None => {
                let name: String = name
                    .chars()
                    .take(100)
                    .flat_map(char::escape_debug)
                    .collect();
                return Err(failed(format!(
                    "{name} is in the statement and not in the bundle: {after}"
                )));
            }
        }
    }
    Ok(())
}

/// What is said must be possible.
fn bounds(predicate: &Predicate) -> Result<(), Doubt> {
    if predicate.schema != SCHEMA {
        return Err(failed(format!(
            "{STATEMENT} is of schema {:?}, and this build knows {SCHEMA}: use the build that \
             made it, or a later one",
            predicate.schema.chars().take(100).collect::<String>()
        )));
    }
    let id = predicate
        .node
        .strip_prefix("weir-node/")
        .unwrap_or_default();
    if id.is_empty() || id.len() > 64 || !id.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
    {
        return Err(failed(format!("{STATEMENT} has no name of a node")));
    }
    let Entries { first, last } = predicate.entries;
    if first == 0 || first > last || last != predicate.tree.size {
        return Err(failed(format!(
            "{STATEMENT} says entries {first} to {last} of a tree of {}",
            predicate.tree.size
        )));
    }
    if predicate.period.from >= predicate.period.to {
        return Err(failed(format!("{STATEMENT} says a period that is empty")));
    }
    if predicate.previous.is_none() != (first == 1) {
        return Err(failed(format!(
            "{STATEMENT} begins with entry {first}, and says of a bundle before it: {}",
            predicate.previous.as_ref().map_or_else(
                || "none".to_owned(),
                |tree| format!("{} entries", tree.size)
            )
        )));
    }
    Ok(())
}
