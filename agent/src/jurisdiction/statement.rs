//! What a record states, decoded once for all the networks that share it.

use std::sync::Arc;

use super::{
    answer::{Operator, SourceAnswer},
    country::CountryCode,
    facts::Facts,
    layout::{Record, Stated},
};

/// Characters of an organisation's name that are kept; the longest that
/// registries hold are shorter.
const ORGANISATION: usize = 200;

/// A record's answer to each question that it, or its database elsewhere, speaks to.
#[derive(Debug)]
pub(super) struct Statement {
    pub(super) hosted: Option<Said<CountryCode>>,
    pub(super) registered: Option<Said<CountryCode>>,
    pub(super) operator: Option<Said<Operator>>,
    pub(super) anycast: Option<Said<bool>>,
}

/// A value, or why there is none.
#[derive(Debug)]
pub(super) struct Said<T> {
    value: Option<T>,
    note: Option<Arc<str>>,
}

impl Statement {
    pub(super) fn of(record: &Record<'_>, facts: &Facts) -> Self {
        let (hosted, registered) = (record.hosted(), record.registered());
        let (system, anycast) = (record.system(), record.anycast());
        Self {
            hosted: (facts.hosted.is_some() || hosted.is_some())
                .then(|| country(hosted, "its entry has no country of hosting")),
            registered: (facts.registered.is_some() || registered.is_some())
                .then(|| country(registered, "its entry has no country of registration")),
            operator: (facts.system.is_some() || system.is_some()).then(|| Said {
                value: system.map(|system| Operator {
                    asn: system.value,
                    organisation: record.organisation().map(shortened),
                }),
                note: match system {
                    Some(_) => None,
                    None => Some(Arc::from("its entry has no autonomous system")),
                },
            }),
            // Some vendors mark only what is anycast: no mark is no answer.
            anycast: (facts.anycast.is_some() || anycast.is_some()).then(|| Said {
                value: anycast.map(|stated| stated.value),
                note: None,
            }),
        }
    }
}

impl<T: Clone> Said<T> {
    /// As the answer of a source, for one of the networks.
    pub(super) fn by(
        &self,
        source: &Arc<str>,
        prefix: &Arc<str>,
        too_old: Option<&Arc<str>>,
    ) -> SourceAnswer<T> {
        SourceAnswer {
            source: Arc::clone(source),
            value: self.value.clone(),
            prefix: Some(Arc::clone(prefix)),
            note: too_old.or(self.note.as_ref()).cloned(),
        }
    }
}

fn country(stated: Option<Stated<&str>>, otherwise: &str) -> Said<CountryCode> {
    let (value, note) = match stated {
        Some(stated) => match stated.value.to_ascii_uppercase().parse() {
            Ok(code) => (Some(code), None),
            Err(_) => {
                let code = stated.value.escape_debug();
                let note = format!("`{code}` is not an ISO 3166-1 country");
                (None, Some(Arc::from(note)))
            }
        },
        None => (None, Some(Arc::from(otherwise))),
    };
    Said { value, note }
}

fn shortened(text: &str) -> Arc<str> {
    match text.char_indices().nth(ORGANISATION) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)).into(),
        None => text.into(),
    }
}
