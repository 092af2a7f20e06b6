//! One database: opened, checked, and what it says of an address.

use std::{
    fmt::Write as _,
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use foldhash::fast::RandomState;
use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use maxminddb::{MaxMindDbError, Reader};
use serde::Serialize;
use sha2::{Digest as _, Sha256};

use super::{
    agree::Heard,
    answer::SourceAnswer,
    error::Fault,
    facts::{Facts, examine},
    layout::Record,
    statement::Statement,
};
use crate::{bounded::Bounded, kernel::SealedMemory};

/// Days after which a database no longer counts, unless it is told otherwise.
///
/// Vendors publish country and AS data every day to every month (DB-IP Lite:
/// on the first of a month). One that is a month and a half old has missed an
/// issue of even the slowest.
pub const MAX_AGE_DAYS: u32 = 45;

/// Records of which the statement is remembered. Each takes about 300 bytes.
const REMEMBERED: usize = 16_384;

/// The bytes of a database, wherever they are.
pub struct Image(Box<dyn AsRef<[u8]> + Send + Sync>);

impl Image {
    /// Takes bytes that stay the same for as long as they are held.
    pub fn new(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self(Box::new(bytes))
    }

    /// Copies the file into sealed memory and maps that: what becomes of the
    /// file afterwards changes no answer (`docs/decisions/0007`).
    ///
    /// # Errors
    /// When the file cannot be read, or the system refuses the memory.
    pub fn map(path: &Path) -> io::Result<Self> {
        let mut file = fs::File::open(path)?;
        SealedMemory::copy_of("weir-ip-database", &mut file).map(Self::new)
    }
}

impl AsRef<[u8]> for Image {
    fn as_ref(&self) -> &[u8] {
        (*self.0).as_ref()
    }
}

/// A file to open, and what is said of it beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFile {
    /// Name that its answers bear.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Days after its build date for which its answers count.
    pub max_age_days: u32,
    /// Under which licence it is used, if somebody says so.
    pub licence: Option<String>,
    /// Where it was taken from, if somebody says so.
    pub origin: Option<String>,
}

impl DatabaseFile {
    /// A file of which nothing is said.
    pub fn new(name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            path: path.into(),
            max_age_days: MAX_AGE_DAYS,
            licence: None,
            origin: None,
        }
    }
}

/// What a database is, for output and records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Description {
    /// Name as the configuration gives it.
    pub name: String,
    /// The file as given.
    pub path: PathBuf,
    /// `database_type` of its metadata, such as `GeoLite2-Country`.
    pub kind: String,
    /// When it was built, as its metadata says.
    pub built: Timestamp,
    /// Days after that for which its answers count.
    pub max_age_days: u32,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Under which licence it is used: what is said of it, or else its own
    /// description, which vendors use for that.
    pub licence: Option<String>,
    /// Where it was taken from, if somebody says so.
    pub origin: Option<String>,
    /// Size in bytes.
    pub bytes: u64,
    /// Nodes of the search tree.
    pub nodes: u32,
    /// Bits in each half of a node.
    pub record_size: u16,
    /// 4, or 6 for both families.
    pub ip_version: u16,
    /// Fields with facts, in the order of the questions.
    pub fields: Vec<&'static str>,
}

impl Description {
    /// Day on which it was built, in UTC.
    pub fn built_on(&self) -> Date {
        self.built.to_zoned(TimeZone::UTC).date()
    }

    /// Why its answers do not count on that day, if they do not.
    pub fn too_old(&self, today: Date) -> Option<String> {
        let built = self.built_on();
        // Clocks and time zones differ by a day at most.
        if built > today.saturating_add(1.day()) {
            return Some(format!("built {built}, which is in the future"));
        }
        let last = built.saturating_add(i64::from(self.max_age_days).days());
        (today > last).then(|| {
            format!(
                "built {built}, older than its limit of {} days",
                self.max_age_days
            )
        })
    }
}

/// An open database.
pub(super) struct Database {
    reader: Reader<Image>,
    name: Arc<str>,
    description: Description,
    facts: Facts,
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
        load: impl Fn(&Path) -> io::Result<Image>,
    ) -> Result<Self, Fault> {
        let metadata = fs::metadata(&file.path).map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(Fault::Directory);
        }
        if !metadata.is_file() {
            return Err(Fault::Special);
        }
        if metadata.len() == 0 {
            return Err(Fault::Empty);
        }
        let image = load(&file.path).map_err(unreadable)?;
        refuse_other_formats(image.as_ref())?;
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
            statements: Mutex::new(Bounded::new(REMEMBERED)),
        })
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

fn unreadable(error: io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::NotFound => Fault::Missing,
        _ => Fault::Unreadable(error),
    }
}

pub(super) fn corrupt(error: MaxMindDbError) -> Fault {
    Fault::Corrupt(match error {
        MaxMindDbError::InvalidDatabase { message, .. } => message,
        other => other.to_string(),
    })
}

/// The marker that every database ends with is looked for in its last 128 KiB.
fn refuse_other_formats(bytes: &[u8]) -> Result<(), Fault> {
    const MARKER: &[u8] = b"\xab\xcd\xefMaxMind.com";
    const ARCHIVES: [&[u8]; 5] = [
        b"\x1f\x8b",
        b"PK\x03\x04",
        b"BZh",
        b"\xfd7zXZ",
        b"\x28\xb5\x2f\xfd",
    ];
    let tail = bytes
        .get(bytes.len().saturating_sub(128 * 1024)..)
        .unwrap_or_default();
    if tail.windows(MARKER.len()).any(|window| window == MARKER) {
        return Ok(());
    }
    if ARCHIVES.iter().any(|magic| bytes.starts_with(magic)) {
        return Err(Fault::Compressed);
    }
    let head = bytes.get(..4096).unwrap_or(bytes);
    let text = head
        .iter()
        .all(|b| !b.is_ascii_control() || b.is_ascii_whitespace());
    Err(if text { Fault::Text } else { Fault::NoMetadata })
}

pub(super) fn digest(bytes: &[u8]) -> String {
    Sha256::digest(bytes)
        .iter()
        .fold(String::with_capacity(64), |mut text, byte| {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02x}");
            text
        })
}
