//! Check `archive`: opens a bundle, and hashes every file on the way.
//!
//! An archive is unpacked into a directory of this process: its members are plain files of
//! harmless names, so that nothing of it leads elsewhere.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, BufReader, Write},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};
use tempfile::TempDir;
use weir_evidence::{
    archive::{self, ArchiveError},
    digest::Digest,
    name::FileName,
};

use super::check::{Doubt, Found, failed};

/// Longest member that is taken, in bytes: far more than a month has.
const LARGEST: u64 = 1 << 36;
/// Longest file that is read as a whole, in bytes.
const LARGEST_WHOLE: u64 = 256 << 20;
/// Members that are taken at most.
const MOST: usize = 100_000;

/// The files of a bundle, in a directory.
#[derive(Debug)]
pub(super) struct Opened {
    directory: PathBuf,
    /// Length and digest of each.
    files: BTreeMap<FileName, (u64, Digest)>,
    /// Removed with this value.
    _unpacked: Option<TempDir>,
}

impl Opened {
    /// Opens a bundle: an archive, or the directory that it was unpacked into. `progress`
    /// gets the bytes that were read so far, and all there are.
    ///
    /// # Errors
    /// What is wrong with it.
    pub(super) fn open(path: &Path, progress: &mut dyn FnMut(u64, u64)) -> Result<Self, Doubt> {
        let unreadable = |error: io::Error| {
            failed(format!(
                "{} cannot be read ({error}): name the archive, or the directory it was \
                 unpacked into",
                path.display()
            ))
        };
        let facts = fs::metadata(path).map_err(unreadable)?;
        if facts.is_dir() {
            let mut files = BTreeMap::new();
            walk(path, "", &mut files)?;
            return Ok(Self {
                directory: path.to_owned(),
                files,
                _unpacked: None,
            });
        }
        let file = File::open(path).map_err(unreadable)?;
        let target = tempfile::tempdir().map_err(|error| {
            Doubt::Incomplete(format!(
                "there is no room to unpack the bundle ({error}): unpack it with tar, and name \
                 the directory"
            ))
        })?;
        let files = unpack(file, facts.len(), target.path(), progress)?;
        Ok(Self {
            directory: target.path().to_owned(),
            files,
            _unpacked: Some(target),
        })
    }

    /// What the check says of it.
    pub(super) fn found(&self) -> Found {
        let bytes: u64 = self.files.values().map(|(bytes, _)| bytes).sum();
        Ok(format!(
            "{} plain files of {bytes} bytes, in the order of their names",
            self.files.len()
        ))
    }

    /// Where they are.
    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// Name and digest of each, in the order of their names.
    pub(super) fn files(&self) -> impl Iterator<Item = (&FileName, Digest)> {
        self.files.iter().map(|(name, (_, digest))| (name, *digest))
    }

    /// The digest of one.
    pub(super) fn digest(&self, name: &str) -> Option<Digest> {
        let name: FileName = name.parse().ok()?;
        self.files.get(&name).map(|(_, digest)| *digest)
    }

    /// One of them, whole.
    ///
    /// # Errors
    /// It is not there, too large, or no longer what it was.
    pub(super) fn read(&self, name: &str) -> Result<Vec<u8>, Doubt> {
        let missing = || failed(format!("{name} is missing: the bundle is not whole"));
        let parsed: FileName = name.parse().map_err(|_| missing())?;
        let (length, digest) = self.files.get(&parsed).ok_or_else(missing)?;
        if *length > LARGEST_WHOLE {
            return Err(failed(format!(
                "{name} has {length} bytes; at most {LARGEST_WHOLE} are taken"
            )));
        }
        let bytes = fs::read(self.directory.join(name))
            .map_err(|error| failed(format!("{name} cannot be read ({error})")))?;
        if Digest::of(&bytes) != *digest {
            return Err(failed(format!("{name} changed while it was read")));
        }
        Ok(bytes)
    }

    /// One of them, as a text.
    ///
    /// # Errors
    /// As [`Opened::read`]; or it is none.
    pub(super) fn text(&self, name: &str) -> Result<String, Doubt> {
        String::from_utf8(self.read(name)?)
            .map_err(|error| failed(format!("{name} is not UTF-8 ({error})")))
    }
}

/// Takes the place of [`ArchiveError`] where a file cannot be unpacked.
enum Unpacking {
    Archive(ArchiveError),
    Doubt(Doubt),
}

impl From<ArchiveError> for Unpacking {
    fn from(error: ArchiveError) -> Self {
        Self::Archive(error)
    }
}

fn unpack(
    file: File,
    length: u64,
    target: &Path,
    progress: &mut dyn FnMut(u64, u64),
) -> Result<BTreeMap<FileName, (u64, Digest)>, Doubt> {
    let mut files = BTreeMap::new();
    let read = archive::each(BufReader::new(file), LARGEST, |name, member, content| {
        if files.len() >= MOST {
            let what = format!("the archive has more than {MOST} members");
            return Err(Unpacking::Doubt(failed(what)));
        }
        let path = target.join(name.as_str());
        let unwritten = |error: io::Error| {
            Unpacking::Doubt(Doubt::Incomplete(format!(
                "{name} cannot be unpacked ({error}): make room in the directory for temporary \
                 files (TMPDIR), or unpack the bundle with tar and name the directory"
            )))
        };
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(unwritten)?;
        }
        let mut into = File::create_new(&path).map_err(unwritten)?;
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 1 << 20];
        let mut at = member.start;
        loop {
            let read = content.read(&mut buffer).map_err(|source| {
                let what = format!("{name} cannot be read");
                Unpacking::Archive(ArchiveError::Io { what, source })
            })?;
            let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else {
                break;
            };
            hasher.update(bytes);
            into.write_all(bytes).map_err(unwritten)?;
            at += read as u64;
            progress(at, length);
        }
        let digest = Digest::from(<[u8; 32]>::from(hasher.finalize()));
        files.insert(name.clone(), (at - member.start, digest));
        Ok(())
    });
    match read {
        Ok(()) => Ok(files),
        Err(Unpacking::Doubt(doubt)) => Err(doubt),
        Err(Unpacking::Archive(error)) => Err(failed(format!("{error}: get the bundle anew"))),
    }
}

/// Files of a directory and those below it.
fn walk(
    root: &Path,
    prefix: &str,
    files: &mut BTreeMap<FileName, (u64, Digest)>,
) -> Result<(), Doubt> {
    let directory = root.join(prefix);
    let unreadable =
        |error: io::Error| failed(format!("{} cannot be read ({error})", directory.display()));
    for entry in fs::read_dir(&directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
        let parsed: FileName = name
            .parse()
            .map_err(|error| failed(format!("{error}: unpack the archive anew")))?;
        // Of the link itself, if it is one.
        let kind = entry.file_type().map_err(unreadable)?;
        if kind.is_dir() {
            walk(root, &format!("{name}/"), files)?;
        } else if kind.is_file() && files.len() < MOST {
            let mut file = File::open(entry.path()).map_err(unreadable)?;
            let (digest, length) = Digest::of_reader(&mut file).map_err(unreadable)?;
            files.insert(parsed, (length, digest));
        } else {
            return Err(failed(format!(
                "{name} is not a plain file: unpack the archive anew, as a user without rights"
            )));
        }
    }
    Ok(())
}
