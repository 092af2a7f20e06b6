//! One database: opened, checked, and what it says of itself.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    fmt::Write as _,
    fs, io,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use jiff::Timestamp;
use maxminddb::{MaxMindDbError, Reader, WithinOptions};
use serde::{Serialize, de::IgnoredAny};
use sha2::{Digest as _, Sha256};

use super::{
    country::{CountryCode, SourceAnswer},
    error::Fault,
    layout::Record,
};

/// The bytes of a database, wherever they are: read into memory, or mapped.
pub struct Image(Box<dyn AsRef<[u8]> + Send + Sync>);

impl Image {
    /// Takes bytes that stay the same for as long as they are held.
    pub fn new(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self(Box::new(bytes))
    }

    /// Reads the whole file into memory.
    ///
    /// # Errors
    /// As [`fs::read`].
    pub fn read(path: &Path) -> io::Result<Self> {
        fs::read(path).map(Self::new)
    }
}

impl AsRef<[u8]> for Image {
    fn as_ref(&self) -> &[u8] {
        (*self.0).as_ref()
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
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Its own description in English, which vendors use for the licence.
    pub description: Option<String>,
    /// Size in bytes.
    pub bytes: u64,
    /// Nodes of the search tree.
    pub nodes: u32,
    /// Bits in each half of a node.
    pub record_size: u16,
    /// 4, or 6 for both families.
    pub ip_version: u16,
    /// Fields with a country, the one that answers first.
    pub fields: Vec<String>,
}

/// An open database that tells countries.
pub(super) struct Database {
    reader: Reader<Image>,
    name: Arc<str>,
    description: Description,
}

/// An answer, and why it names no country where it does not.
pub(super) struct Answer {
    pub(super) answer: SourceAnswer,
    pub(super) reason: Option<String>,
}

impl Database {
    /// Opens and checks the whole file.
    pub(super) fn open(
        name: &str,
        path: &Path,
        load: impl Fn(&Path) -> io::Result<Image>,
    ) -> Result<Self, Fault> {
        let metadata = fs::metadata(path).map_err(unreadable)?;
        if metadata.is_dir() {
            return Err(Fault::Directory);
        }
        if !metadata.is_file() {
            return Err(Fault::Special);
        }
        if metadata.len() == 0 {
            return Err(Fault::Empty);
        }
        let image = load(path).map_err(unreadable)?;
        refuse_other_formats(image.as_ref())?;
        let bytes = image.as_ref().len() as u64;
        let sha256 = digest(image.as_ref());
        let reader = Reader::from_source(image).map_err(corrupt)?;
        reader.verify().map_err(corrupt)?;
        let fields = country_fields(&reader)?;
        let metadata = reader.metadata();
        let built = i64::try_from(metadata.build_epoch)
            .ok()
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .ok_or_else(|| Fault::Corrupt("its build date is out of range".to_owned()))?;
        let description = Description {
            name: name.to_owned(),
            path: path.to_owned(),
            kind: metadata.database_type.clone(),
            built,
            sha256,
            description: metadata.description.get("en").cloned(),
            bytes,
            nodes: metadata.node_count,
            record_size: metadata.record_size,
            ip_version: metadata.ip_version,
            fields,
        };
        Ok(Self {
            reader,
            name: Arc::from(name),
            description,
        })
    }

    pub(super) fn description(&self) -> &Description {
        &self.description
    }

    /// What it says of `address`.
    pub(super) fn answer(&self, address: IpAddr) -> Answer {
        let mut answer = SourceAnswer {
            source: Arc::clone(&self.name),
            country: None,
            prefix: None,
        };
        let reason = match self.look(address, &mut answer) {
            Ok(reason) => reason,
            Err(error) => Some(format!("`{}` cannot answer: {error}", self.name)),
        };
        Answer { answer, reason }
    }

    fn look(
        &self,
        address: IpAddr,
        answer: &mut SourceAnswer,
    ) -> Result<Option<String>, MaxMindDbError> {
        if address.is_ipv6() && self.description.ip_version == 4 {
            return Ok(Some(format!("`{}` holds IPv4 alone", self.name)));
        }
        let found = self.reader.lookup(address)?;
        let Some(record) = found.decode::<Record<'_>>()? else {
            return Ok(None);
        };
        answer.prefix = Some(found.network()?.to_string());
        let Some(stated) = record.hosted() else {
            return Ok(Some(format!("the entry of `{}` has no country", self.name)));
        };
        match stated.code.to_ascii_uppercase().parse::<CountryCode>() {
            Ok(code) => {
                answer.country = Some(code);
                Ok(None)
            }
            Err(_) => Ok(Some(format!(
                "`{}` says `{}`, which is not an ISO 3166-1 country",
                self.name,
                stated.code.escape_debug()
            ))),
        }
    }
}

fn unreadable(error: io::Error) -> Fault {
    match error.kind() {
        io::ErrorKind::NotFound => Fault::Missing,
        _ => Fault::Unreadable(error),
    }
}

fn corrupt(error: MaxMindDbError) -> Fault {
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

/// The fields in which records state a country, from the first that does.
fn country_fields(reader: &Reader<Image>) -> Result<Vec<String>, Fault> {
    let mut seen = HashSet::new();
    let mut others = BTreeSet::new();
    for network in reader.networks(WithinOptions::default()).map_err(corrupt)? {
        let network = network.map_err(corrupt)?;
        if !network.offset().is_some_and(|offset| seen.insert(offset)) {
            continue;
        }
        let record = network
            .decode::<Record<'_>>()
            .ok()
            .flatten()
            .unwrap_or_default();
        if let Some(hosted) = record.hosted() {
            let fields = [Some(hosted), record.registered()];
            return Ok(fields
                .into_iter()
                .flatten()
                .map(|stated| stated.field.to_owned())
                .collect());
        }
        if others.is_empty() {
            let keys = network
                .decode::<BTreeMap<String, IgnoredAny>>()
                .ok()
                .flatten();
            others.extend(keys.unwrap_or_default().into_keys());
        }
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
    Err(Fault::NoCountry {
        kind,
        fields: fields.join(", "),
    })
}
