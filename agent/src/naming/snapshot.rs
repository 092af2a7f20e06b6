//! What is known of names, kept over a restart of the agent.
//!
//! Recording goes on while no agent runs, and flows outlive it: without their names, what was
//! declared would be in doubt. Names that were answered and names that were presented
//! are kept together, for one without the other would turn what is undeclared into what
//! is declared.

use std::{
    fs::{self, File},
    io::{self, Write as _},
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::{Name, presented::Destination, table::Told};
use crate::record::Owner;

/// Version of the form.
const VERSION: u32 = 1;

/// File in the store.
const FILE: &str = "names.snapshot";

/// Everything that is known of names.
#[derive(Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// Number of the recording that it belongs to, in hexadecimal.
    pub recording: String,
    /// When it was made, nanoseconds of `CLOCK_BOOTTIME`.
    pub saved_ns: u64,
    /// Since when names are recorded, same clock.
    pub began_ns: u64,
    /// Whether the agent ended with it, so that nothing came after it but what waits in
    /// the ring buffer.
    pub complete: bool,
    pub(super) told: Vec<Told>,
    pub(super) held: Vec<Kept>,
    pub(super) said: Vec<(Destination, Vec<Name>, bool)>,
    pub(super) relays: Vec<(Owner, Arc<str>)>,
}

/// A name that leads to an address.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Kept {
    pub(super) owner: Owner,
    pub(super) address: IpAddr,
    /// Number of what was told.
    pub(super) told: u32,
    pub(super) answered_ns: u64,
    pub(super) expires_ns: u64,
}

/// What stands in the file, behind its checksum.
#[derive(Serialize, Deserialize)]
struct Form<B> {
    version: u32,
    body: B,
}

/// Why names could not be kept or read.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// The file system refuses.
    #[error("names in {path}: {source}")]
    Io {
        /// The file.
        path: PathBuf,
        /// What it says.
        source: io::Error,
    },
    /// It is not what an agent wrote.
    #[error("names in {path} cannot be read: {why}; flows of older processes are in doubt")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        why: String,
    },
}

impl Snapshot {
    /// Writes it into the store in place of the one before: wholly, or not at all.
    ///
    /// # Errors
    /// The file system's.
    pub fn write(&self, store: &Path) -> Result<(), SnapshotError> {
        let path = store.join(FILE);
        let failed = |source| SnapshotError::Io {
            path: path.clone(),
            source,
        };
        let form = Form {
            version: VERSION,
            body: self,
        };
        let body = serde_json::to_vec(&form).map_err(|error| failed(error.into()))?;
        let sum = crc32c::crc32c(&body);
        let temporary = store.join("names.new");
        let mut file = File::create(&temporary).map_err(failed)?;
        file.write_all(&sum.to_le_bytes()).map_err(failed)?;
        file.write_all(&body).map_err(failed)?;
        file.sync_all().map_err(failed)?;
        fs::rename(&temporary, &path).map_err(failed)?;
        File::open(store)
            .and_then(|directory| directory.sync_all())
            .map_err(failed)
    }

    /// Reads what an earlier agent left; `None` if it left nothing, or what it left is of
    /// another recording.
    ///
    /// # Errors
    /// The file system's; or it is damaged.
    pub fn read(store: &Path, recording: &str) -> Result<Option<Self>, SnapshotError> {
        let path = store.join(FILE);
        let bytes = match fs::read(&path) {
            Ok(bytes) => bytes,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(source) => return Err(SnapshotError::Io { path, source }),
        };
        let unreadable = |why: &str| SnapshotError::Unreadable {
            path: path.clone(),
            why: why.to_owned(),
        };
        let (sum, body) = bytes
            .split_first_chunk()
            .ok_or_else(|| unreadable("it is too short"))?;
        if crc32c::crc32c(body) != u32::from_le_bytes(*sum) {
            return Err(unreadable("its checksum is wrong"));
        }
        let form: Form<&RawValue> =
            serde_json::from_slice(body).map_err(|error| unreadable(&error.to_string()))?;
        if form.version != VERSION {
            return Err(unreadable("it is of another version"));
        }
        let snapshot: Self = serde_json::from_str(form.body.get())
            .map_err(|error| unreadable(&error.to_string()))?;
        Ok((snapshot.recording == recording).then_some(snapshot))
    }
}
