//! One database: opened, checked, and what it says of an address.

use std::{io, net::IpAddr, path::Path, sync::Arc};

use jiff::Timestamp;
use maxminddb::{MaxMindDbError, Reader};

use super::{
    agree::Heard,
    answer::{Operator, SourceAnswer},
    country::CountryCode,
    description::{DatabaseFile, Description},
    error::Fault,
    facts::{Facts, examine},
    files::{Look, Stamp},
    image::{Image, corrupt, digest, load_checked},
    layout::{Record, Stated},
};

/// Characters of an organisation's name that are kept; the longest that
/// registries hold are shorter.
const ORGANISATION: usize = 200;

/// An open database.
pub(super) struct Database {
    reader: Reader<Image>,
    name: Arc<str>,
    description: Description,
    facts: Facts,
    file: DatabaseFile,
    /// How file and sidecar looked before they were opened, if somebody looked.
    stamps: Option<[Option<Stamp>; 2]>,
}

impl Database {
    /// Opens and checks the whole file.
    pub(super) fn open(
        file: &DatabaseFile,
        load: impl FnOnce(&Path) -> io::Result<Image>,
    ) -> Result<Self, Fault> {
        let image = load_checked(&file.path, load)?;
        let bytes = image.as_ref().len() as u64;
        let sha256 = digest(image.as_ref());
        let reader = Reader::from_source(image).map_err(corrupt)?;
        reader.verify().map_err(corrupt)?;
        let facts = examine(&reader)?;
        let metadata = reader.metadata();
        let built = i64::try_from(metadata.build_epoch)
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .ok_or_else(|| Fault::Corrupt("its build date is out of range".to_owned()))?;
        let own = metadata.description.get("en").cloned();
        let description = Description {
            name: file.name.clone(),
            path: file.path.clone(),
            kind: metadata.database_type.clone(),
            built,
            max_age_days: file.max_age_days,
            sha256,
            licence: file.licence.clone().or(own),
            origin: file.origin.clone(),
            bytes,
            nodes: metadata.node_count,
            record_size: metadata.record_size,
            ip_version: metadata.ip_version,
            fields: facts.fields(),
        };
        Ok(Self {
            reader,
            name: Arc::from(file.name.as_str()),
            description,
            facts,
            file: file.clone(),
            stamps: None,
        })
    }

    /// Keeps how the file looked before it was opened.
    pub(super) fn seen(self, look: &Look) -> Self {
        Self {
            stamps: Some(look.stamps(&self.file.path)),
            ..self
        }
    }

    /// Whether the file is as it was when it was opened.
    pub(super) fn is_still(&self, file: &DatabaseFile, look: &Look) -> bool {
        self.file == *file && self.stamps == Some(look.stamps(&file.path))
    }

    /// Whether another database is the same bytes under the same conditions.
    pub(super) fn tells_as(&self, other: &Self) -> bool {
        self.file == other.file && self.description.sha256 == other.description.sha256
    }

    pub(super) fn is_called(&self, name: &str) -> bool {
        self.file.name == name
    }

    pub(super) fn description(&self) -> &Description {
        &self.description
    }

    /// Adds what it says of `address` to what the others say. One look answers
    /// every question.
    pub(super) fn tell(&self, address: IpAddr, too_old: Option<&Arc<str>>, heard: &mut Heard) {
        match self.look(address) {
            Ok(Some((record, prefix))) => self.state(&record, &prefix, too_old, heard),
            Ok(None) => self.silent(too_old, heard),
            Err(why) => self.silent(Some(&Arc::from(why)), heard),
        }
    }

    fn look(&self, address: IpAddr) -> Result<Option<(Record<'_>, Arc<str>)>, String> {
        if address.is_ipv6() && self.description.ip_version == 4 {
            return Err("holds IPv4 alone".to_owned());
        }
        let failed = |error: MaxMindDbError| format!("cannot answer: {error}");
        let found = self.reader.lookup(address).map_err(failed)?;
        let Some(record) = found.decode::<Record<'_>>().map_err(failed)? else {
            return Ok(None);
        };
        let prefix = found.network().map_err(failed)?.to_string();
        Ok(Some((record, Arc::from(prefix))))
    }

    fn state(
        &self,
        record: &Record<'_>,
        prefix: &Arc<str>,
        too_old: Option<&Arc<str>>,
        heard: &mut Heard,
    ) {
        let country = |stated: Option<Stated<&str>>, otherwise: &str| match stated {
            Some(stated) => match stated.value.to_ascii_uppercase().parse::<CountryCode>() {
                Ok(code) => (Some(code), None),
                Err(_) => {
                    let code = stated.value.escape_debug();
                    (None, Some(format!("`{code}` is not an ISO 3166-1 country")))
                }
            },
            None => (None, Some(otherwise.to_owned())),
        };
        if self.facts.hosted.is_some() || record.hosted().is_some() {
            let (value, note) = country(record.hosted(), "its entry has no country of hosting");
            heard
                .hosted_in
                .push(self.answer(value, note, prefix, too_old));
        }
        if self.facts.registered.is_some() || record.registered().is_some() {
            let otherwise = "its entry has no country of registration";
            let (value, note) = country(record.registered(), otherwise);
            let answer = self.answer(value, note, prefix, too_old);
            heard.registered_in.push(answer);
        }
        let system = record.system();
        if self.facts.system.is_some() || system.is_some() {
            let note = match system {
                Some(_) => None,
                None => Some("its entry has no autonomous system".to_owned()),
            };
            let value = system.map(|system| Operator {
                asn: system.value,
                organisation: record.organisation().map(shortened),
            });
            heard
                .operator
                .push(self.answer(value, note, prefix, too_old));
        }
        // Some vendors mark only what is anycast: no mark is no answer.
        let anycast = record.anycast();
        if self.facts.anycast.is_some() || anycast.is_some() {
            let value = anycast.map(|stated| stated.value);
            heard
                .anycast
                .push(self.answer(value, None, prefix, too_old));
        }
    }

    /// No entry for the address.
    fn silent(&self, note: Option<&Arc<str>>, heard: &mut Heard) {
        if self.facts.hosted.is_some() {
            heard.hosted_in.push(self.nothing(note));
        }
        if self.facts.registered.is_some() {
            heard.registered_in.push(self.nothing(note));
        }
        if self.facts.system.is_some() {
            heard.operator.push(self.nothing(note));
        }
        if self.facts.anycast.is_some() {
            heard.anycast.push(self.nothing(note));
        }
    }

    fn answer<T>(
        &self,
        value: Option<T>,
        note: Option<String>,
        prefix: &Arc<str>,
        too_old: Option<&Arc<str>>,
    ) -> SourceAnswer<T> {
        SourceAnswer {
            source: Arc::clone(&self.name),
            value,
            prefix: Some(Arc::clone(prefix)),
            note: too_old.cloned().or_else(|| note.map(Arc::from)),
        }
    }

    fn nothing<T>(&self, note: Option<&Arc<str>>) -> SourceAnswer<T> {
        SourceAnswer {
            source: Arc::clone(&self.name),
            value: None,
            prefix: None,
            note: note.cloned(),
        }
    }
}

fn shortened(text: &str) -> String {
    match text.char_indices().nth(ORGANISATION) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or(text)),
        None => text.to_owned(),
    }
}
