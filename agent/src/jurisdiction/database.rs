//! One database: opened, checked, and what it says of an address.

use std::{
    io,
    net::IpAddr,
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use foldhash::fast::RandomState;
use jiff::Timestamp;
use maxminddb::{MaxMindDbError, Reader};

use super::{
    agree::Heard,
    answer::SourceAnswer,
    description::{DatabaseFile, Description},
    error::Fault,
    facts::{Facts, examine},
    files::stamps,
    image::{Image, corrupt, digest, load_checked},
    layout::Record,
    statement::Statement,
};
use crate::bounded::Bounded;
use crate::look::{Look, Stamp};

/// Records of which the statement is remembered. Each takes about 300 bytes.
const REMEMBERED: usize = 16_384;

/// An open database.
pub(super) struct Database {
    reader: Reader<Image>,
    name: Arc<str>,
    description: Description,
    facts: Facts,
    file: DatabaseFile,
    /// How file and sidecar looked before they were opened, if somebody looked.
    stamps: Option<[Option<Stamp>; 2]>,
    /// By the place of the record in the file, which many networks share.
    statements: Mutex<Bounded<usize, Arc<Statement>, RandomState>>,
}

/// A record, and the network that it is for.
struct Found {
    statement: Arc<Statement>,
    prefix: Arc<str>,
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
            statements: Mutex::new(Bounded::new(REMEMBERED)),
        })
    }

    /// Keeps how the file looked before it was opened.
    pub(super) fn seen(self, look: &Look) -> Self {
        Self {
            stamps: Some(stamps(look, &self.file.path)),
            ..self
        }
    }

    /// Whether the file is as it was when it was opened.
    pub(super) fn is_still(&self, file: &DatabaseFile, look: &Look) -> bool {
        self.file == *file && self.stamps == Some(stamps(look, &file.path))
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
            Ok(Some(found)) => self.state(&found.statement, &found.prefix, too_old, heard),
            Ok(None) => self.silent(too_old, heard),
            Err(why) => self.silent(Some(&Arc::from(why)), heard),
        }
    }

    fn look(&self, address: IpAddr) -> Result<Option<Found>, String> {
        if address.is_ipv6() && self.description.ip_version == 4 {
            return Err("holds IPv4 alone".to_owned());
        }
        let failed = |error: MaxMindDbError| format!("cannot answer: {error}");
        let found = self.reader.lookup(address).map_err(failed)?;
        let Some(offset) = found.offset() else {
            return Ok(None);
        };
        let mut statements = self.statements();
        let statement = match statements.get_clone(&offset) {
            Some(statement) => statement,
            None => {
                let Some(record) = found.decode::<Record<'_>>().map_err(failed)? else {
                    return Ok(None);
                };
                let statement = Arc::new(Statement::of(&record, &self.facts));
                statements.insert(offset, Arc::clone(&statement));
                statement
            }
        };
        let prefix = found.network().map_err(failed)?.to_string();
        Ok(Some(Found {
            statement,
            prefix: Arc::from(prefix),
        }))
    }

    fn statements(&self) -> MutexGuard<'_, Bounded<usize, Arc<Statement>, RandomState>> {
        let statements = self.statements.lock();
        statements.unwrap_or_else(PoisonError::into_inner)
    }

    fn state(
        &self,
        statement: &Statement,
        prefix: &Arc<str>,
        too_old: Option<&Arc<str>>,
        heard: &mut Heard,
    ) {
        let name = &self.name;
        if let Some(said) = &statement.hosted {
            heard.hosted_in.push(said.by(name, prefix, too_old));
        }
        if let Some(said) = &statement.registered {
            heard.registered_in.push(said.by(name, prefix, too_old));
        }
        if let Some(said) = &statement.operator {
            heard.operator.push(said.by(name, prefix, too_old));
        }
        if let Some(said) = &statement.anycast {
            heard.anycast.push(said.by(name, prefix, too_old));
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

    fn nothing<T>(&self, note: Option<&Arc<str>>) -> SourceAnswer<T> {
        SourceAnswer {
            source: Arc::clone(&self.name),
            value: None,
            prefix: None,
            note: note.cloned(),
        }
    }
}
