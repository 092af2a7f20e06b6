//! Which facts a database states at all.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use maxminddb::{Reader, WithinOptions};
use serde::de::IgnoredAny;

use super::{
    error::Fault,
    image::{Image, corrupt},
    layout::{FIELDS, Record},
};

/// Different records that are looked at for facts that none before had stated.
/// A fact that is rarer than that is taken where it occurs; only the silence of
/// the database about other addresses is then not listed.
const EXAMINED: usize = 65_536;

/// The field in which a database states each fact; `None` where it does not.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Facts {
    pub(super) hosted: Option<&'static str>,
    pub(super) registered: Option<&'static str>,
    pub(super) system: Option<&'static str>,
    pub(super) anycast: Option<&'static str>,
}

impl Facts {
    fn learn(&mut self, record: &Record<'_>) {
        let Self {
            hosted,
            registered,
            system,
            anycast,
        } = self;
        *hosted = hosted.or_else(|| record.hosted().map(|stated| stated.field));
        *registered = registered.or_else(|| record.registered().map(|stated| stated.field));
        *system = system.or_else(|| record.system().map(|stated| stated.field));
        *anycast = anycast.or_else(|| record.anycast().map(|stated| stated.field));
    }

    fn all(&self) -> [Option<&'static str>; 4] {
        [self.hosted, self.registered, self.system, self.anycast]
    }

    /// The fields, in the order of the questions.
    pub(super) fn fields(&self) -> Vec<&'static str> {
        self.all().into_iter().flatten().collect()
    }
}

/// Looks through the records for facts.
pub(super) fn examine(reader: &Reader<Image>) -> Result<Facts, Fault> {
    let mut facts = Facts::default();
    let mut seen = HashSet::new();
    let mut others = BTreeSet::new();
    for network in reader.networks(WithinOptions::default()).map_err(corrupt)? {
        let network = network.map_err(corrupt)?;
        if !network.offset().is_some_and(|offset| seen.insert(offset)) {
            continue;
        }
        let record = network.decode::<Record<'_>>().ok().flatten();
        facts.learn(&record.unwrap_or_default());
        let stated = facts.fields().len();
        if stated == facts.all().len() || (stated > 0 && seen.len() >= EXAMINED) {
            break;
        }
        if stated == 0 && others.is_empty() {
            let keys = network
                .decode::<BTreeMap<String, IgnoredAny>>()
                .ok()
                .flatten();
            others.extend(keys.unwrap_or_default().into_keys());
        }
    }
    if !facts.fields().is_empty() {
        return Ok(facts);
    }
    if seen.is_empty() {
        return Err(Fault::NoNetworks);
    }
    let mut fields: Vec<String> = others
        .iter()
        .take(8)
        .map(|key| key.escape_debug().to_string())
        .collect();
    if fields.is_empty() {
        fields.push("no fields".to_owned());
    }
    let kind = reader.metadata().database_type.clone();
    Err(Fault::NoFacts {
        kind,
        fields: fields.join(", "),
        known: FIELDS,
    })
}
