//! IP databases in force.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::{history::Span, ledger::Entry};

/// Databases that are listed; each reload makes one.
const MOST: usize = 4096;

/// A database that was in force in the period.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DatabaseInForce {
    /// Its name.
    pub name: String,
    /// SHA-256 of the file.
    pub sha256: String,
    /// When it was built, where the record says so: it does of one that came while the
    /// agent ran.
    pub built: Option<Timestamp>,
    /// From when on: when the record first names it.
    pub from: Timestamp,
    /// Until when; `None` where it still was when the period ended.
    pub to: Option<Timestamp>,
}

/// Databases, as entries tell of them.
#[derive(Debug, Default)]
pub(super) struct Gathered {
    current: BTreeMap<String, DatabaseInForce>,
    past: Vec<DatabaseInForce>,
    /// When each file was built, by digest.
    built: BTreeMap<String, Timestamp>,
}

impl Gathered {
    pub(super) fn take(&mut self, span: &Span, time: Timestamp, entry: &Entry) {
        if time >= span.to {
            return;
        }
        match entry {
            Entry::Started { databases, .. } => {
                let gone = self
                    .current
                    .keys()
                    .filter(|name| !databases.contains_key(*name));
                for name in gone.cloned().collect::<Vec<_>>() {
                    self.end(span, time, &name);
                }
                for (name, sha256) in databases {
                    self.begin(span, time, (name, sha256));
                }
            }
            Entry::DatabaseLoaded {
                name,
                sha256,
                built,
            } => {
                if self.built.len() < MOST {
                    self.built.insert(sha256.clone(), *built);
                }
                self.begin(span, time, (name, sha256));
            }
            Entry::DatabaseRemoved { name, .. } => self.end(span, time, name),
            _ => {}
        }
    }

    fn begin(&mut self, span: &Span, time: Timestamp, (name, sha256): (&String, &String)) {
        if self
            .current
            .get(name)
            .is_some_and(|one| one.sha256 == *sha256)
        {
            return;
        }
        self.end(span, time, name);
        let one = DatabaseInForce {
            name: name.clone(),
            sha256: sha256.clone(),
            built: None,
            from: time,
            to: None,
        };
        self.current.insert(name.clone(), one);
    }

    fn end(&mut self, span: &Span, time: Timestamp, name: &str) {
        if let Some(mut one) = self.current.remove(name) {
            one.to = Some(time);
            if time >= span.from && self.past.len() < MOST {
                self.past.push(one);
            }
        }
    }

    pub(super) fn finish(self) -> Vec<DatabaseInForce> {
        let mut all: Vec<_> = self
            .past
            .into_iter()
            .chain(self.current.into_values())
            .collect();
        for one in &mut all {
            one.built = self.built.get(&one.sha256).copied();
        }
        all.sort_by(|a, b| (&a.name, a.from).cmp(&(&b.name, b.from)));
        all
    }
}
