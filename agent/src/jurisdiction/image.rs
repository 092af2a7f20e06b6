//! The bytes of a database, and whether they can be one.

use std::{fmt::Write as _, fs, io, path::Path, sync::Arc};

use maxminddb::MaxMindDbError;
use sha2::{Digest as _, Sha256};

use super::error::Fault;
use crate::kernel::SealedMemory;

/// The bytes of a database, wherever they are.
#[derive(Clone)]
pub struct Image(Arc<dyn AsRef<[u8]> + Send + Sync>);

impl Image {
    /// Takes bytes that stay the same for as long as they are held.
    pub fn new(bytes: impl AsRef<[u8]> + Send + Sync + 'static) -> Self {
        Self(Arc::new(bytes))
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

/// Gets at the bytes of a regular file that has some and ends as a database does.
pub(super) fn load_checked(
    path: &Path,
    load: impl FnOnce(&Path) -> io::Result<Image>,
) -> Result<Image, Fault> {
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
    Ok(image)
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
