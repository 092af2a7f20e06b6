//! Check `log`: what is shown and what stands for the rest give the root that was signed.
//! On the way, what the checks after it need is kept.

use std::collections::BTreeSet;

use jiff::Timestamp;
use weir_ledger::Row;

use super::{
    archive::Opened,
    check::{Doubt, Found, failed},
    heartbeats::Heartbeats,
    keys::Keys,
    statement::About,
};
use crate::{
    Build,
    ledger::{Entry, LedgerError, Unpacked},
};

/// What the log says that other checks need.
#[derive(Debug)]
pub(super) struct Facts {
    /// Keys in the order in which they were in force, as signed notes have them.
    pub(super) keys: Vec<String>,
    /// Digests of allowlists, with when they came into force.
    pub(super) policies: Vec<(Timestamp, String)>,
    /// The builds that began to record.
    builds: BTreeSet<Build>,
    pub(super) heartbeats: Heartbeats,
    /// Entries that are shown.
    pub(super) shown: u64,
    /// Of the period's, those that are hidden.
    pub(super) hidden: u64,
}

/// Follows the log.
///
/// # Errors
/// It is not whole, or not what was signed.
pub(super) fn check(
    bundle: &Opened,
    unpacked: &Unpacked,
    (about, keys): (&About, &Keys),
    progress: &mut dyn FnMut(u64, u64),
) -> Result<(String, Facts), Doubt> {
    named_only(bundle, about)?;
    let entries = about.predicate.entries;
    let mut facts = Facts {
        keys: Vec::new(),
        policies: Vec::new(),
        builds: BTreeSet::new(),
        heartbeats: Heartbeats::default(),
        shown: 0,
        hidden: 0,
    };
    let mut within = 0;
    let mut odd: Option<Doubt> = None;
    let tree = unpacked.excerpt().verify_rows(|row| {
        facts.shown += 1;
        let of_period = row.seq >= entries.first;
        within += u64::from(of_period);
        if odd.is_none() {
            odd = facts.take(row, of_period).err();
        }
        if row.seq.is_multiple_of(4096) {
            progress(row.seq, entries.last);
        }
    });
    let tree = tree.map_err(|error| torn(&error))?;
    if tree.end() != entries.last {
        return Err(failed(format!(
            "the log ends with entry {}, and the statement with {}: entries were taken away or \
             added",
            tree.end(),
            entries.last
        )));
    }
    if tree.root() != *about.predicate.tree.root.bytes() {
        return Err(failed(format!(
            "the {} entries that are shown and {} that are hidden have another root than was \
             signed ({}): an entry or a hidden range was changed",
            facts.shown,
            tree.end() - facts.shown,
            about.predicate.tree.root
        )));
    }
    if let Some(doubt) = odd {
        return Err(doubt);
    }
    if !keys.notes().starts_with(&facts.keys) {
        return Err(failed(
            "the keys that the log tells of are not those of keys/node.pub: keys were added or \
             exchanged",
        ));
    }
    if facts.builds != about.predicate.builds {
        return Err(failed(
            "the builds of Weir that the statement names are not those that the log says began \
             to record: the statement was made of another log",
        ));
    }
    facts.hidden = (entries.last + 1 - entries.first).saturating_sub(within);
    let said = format!(
        "{} entries shown and {} hidden have the root that was signed",
        facts.shown,
        tree.end() - facts.shown
    );
    Ok((said, facts))
}

fn torn(error: &LedgerError) -> Doubt {
    match error {
        LedgerError::Torn { path, at } => {
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            failed(format!(
                "{name} is not as it was made, at {at}: entries were taken away, added, moved or \
                 changed; get the bundle anew"
            ))
        }
        other => failed(format!("the log cannot be read ({other})")),
    }
}

impl Facts {
    fn take(&mut self, row: &Row<'_>, of_period: bool) -> Result<(), Doubt> {
        let seq = row.seq;
        let beats = &mut self.heartbeats;
        match row.tag() {
            // Many: only what is needed of them is read.
            "flow" if of_period => {
                let count = |column| row.int(column).map_or(0, i128::from);
                let counts = [
                    count("egress_bytes"),
                    count("egress_packets"),
                    count("ingress_bytes"),
                    count("ingress_packets"),
                ];
                beats.flow(seq, row.time_ns, counts);
            }
            "uplink" if of_period => beats.wrote(seq, row.time_ns),
            "flow" | "uplink" => {}
            _ => {
                let odd = |what: String| failed(format!("entry {seq} is none ({what})"));
                let entry = row.entry().ok_or_else(|| odd("not JSON".to_owned()))?;
                let entry: Entry =
                    serde_json::from_value(entry).map_err(|error| odd(error.to_string()))?;
                let time = Timestamp::from_nanosecond(row.time_ns.into())
                    .map_err(|error| odd(error.to_string()))?;
                self.keys(seq, &entry)?;
                self.in_force(time, &entry);
                self.heartbeats.take(seq, row.time_ns, &entry, of_period);
            }
        }
        Ok(())
    }

    fn keys(&mut self, seq: u64, entry: &Entry) -> Result<(), Doubt> {
        match entry {
            Entry::NodeKey { public_key, .. } => self.keys.push(public_key.clone()),
            Entry::KeyRotated { old, new, note } => {
                if self.keys.last().is_some_and(|last| last != old) {
                    return Err(failed(format!(
                        "entry {seq} replaces a key that was not in force"
                    )));
                }
                if !weir_ledger::verify_rotation(old, new, note) {
                    return Err(failed(format!(
                        "entry {seq} replaces the key, and not both keys have signed that"
                    )));
                }
                if self.keys.is_empty() {
                    self.keys.push(old.clone());
                }
                self.keys.push(new.clone());
            }
            _ => {}
        }
        Ok(())
    }

    fn in_force(&mut self, time: Timestamp, entry: &Entry) {
        match entry {
            Entry::Started {
                allowlists, build, ..
            } => {
                self.policies.push((time, allowlists.clone()));
                self.builds.extend(build.clone());
            }
            Entry::AllowlistsLoaded { digest, .. } => self.policies.push((time, digest.clone())),
            _ => {}
        }
    }
}

/// Under `log/` is nothing but what is read there.
fn named_only(bundle: &Opened, about: &About) -> Result<(), Doubt> {
    let known: BTreeSet<String> = [
        "checkpoint",
        "previous.checkpoint",
        "consistency.proof",
        "hidden.jsonl",
    ]
    .into_iter()
    .map(|name| about.log_path(name))
    .collect();
    let entries = about.log_path("entries-");
    let of_entries = |name: &str| {
        let number = name.strip_prefix(&entries);
        let number = number.and_then(|rest| rest.strip_suffix(".parquet"));
        number.is_some_and(|number| {
            number.len() == 20 && number.bytes().all(|byte| byte.is_ascii_digit())
        })
    };
    let mut below = bundle.files().map(|(name, _)| name.as_str());
    match below.find(|name| name.starts_with("log/") && !known.contains(*name) && !of_entries(name))
    {
        Some(name) => Err(failed(format!("{name} is no part of a log: it was added"))),
        None => Ok(()),
    }
}

/// Check `trust`: the key that signed was given by another way, or took the place of one that
/// was, which the log shows.
pub(super) fn trust(
    about: &About,
    keys: &Keys,
    facts: Option<&Facts>,
    trusted: &BTreeSet<String>,
) -> Found {
    let signer = &about.signer;
    if trusted.is_empty() {
        return Err(Doubt::Incomplete(format!(
            "the bundle is signed by the key {signer}: ask the operator, by another way, whether \
             that is the node's, and give it by --trust"
        )));
    }
    if trusted.contains(signer) {
        return Ok(format!("signed by {signer}, which is trusted"));
    }
    let proven = facts.map_or(&[][..], |facts| &facts.keys);
    let ids: Vec<&str> = keys
        .0
        .iter()
        .take(proven.len())
        .map(|key| key.id.as_str())
        .collect();
    let replaced = ids
        .iter()
        .position(|id| id == signer)
        .and_then(|at| ids.get(..at))
        .unwrap_or_default();
    if replaced.iter().any(|id| trusted.contains(*id)) {
        return Ok(format!(
            "signed by {signer}, which took the place of a trusted key: the log has the \
             rotation, signed by both"
        ));
    }
    let trusted: Vec<&str> = trusted.iter().map(String::as_str).collect();
    Err(failed(format!(
        "signed by {signer}; trusted are {}: ask the operator for the node's key, or do not rely \
         on this bundle",
        trusted.join(", ")
    )))
}
