//! Files of a bundle in the making: on disk beside the archive, so that memory does not
//! hold them, and with their digests.

use std::{
    fs::{self, File},
    io::{self, BufReader, BufWriter, Write},
    path::{Path, PathBuf},
};

use weir_evidence::{archive, digest::Digest, name::FileName, sums::Sums};

use super::EvidenceError;

/// The directory that the files are gathered in. It is removed in the end, whatever the end is.
#[derive(Debug)]
pub(super) struct Staging {
    directory: PathBuf,
}

impl Drop for Staging {
    fn drop(&mut self) {
        // Another try removes it, too.
        let _ = fs::remove_dir_all(&self.directory);
    }
}

impl Staging {
    /// Beside a file that is to be; what an earlier try left there is removed.
    pub(super) fn beside(target: &Path) -> Result<Self, EvidenceError> {
        let directory = hidden(target, "files");
        match fs::remove_dir_all(&directory) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(EvidenceError::io(&directory, "written")(error));
            }
            _ => {}
        }
        fs::create_dir(&directory).map_err(EvidenceError::io(&directory, "written"))?;
        Ok(Self { directory })
    }

    pub(super) fn directory(&self) -> &Path {
        &self.directory
    }

    /// A directory in it, made.
    pub(super) fn subdirectory(&self, name: &str) -> Result<PathBuf, EvidenceError> {
        let path = self.directory.join(name);
        fs::create_dir_all(&path).map_err(EvidenceError::io(&path, "written"))?;
        Ok(path)
    }

    /// Adds a file that `write` writes.
    pub(super) fn add(
        &self,
        name: &str,
        write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
    ) -> Result<(), EvidenceError> {
        let name: FileName = name.parse()?;
        let path = self.directory.join(name.as_str());
        let written = || -> io::Result<()> {
            if let Some(parent) = path.parent() {
                fs::create_dir_all(parent)?;
            }
            let mut file = BufWriter::new(File::create_new(&path)?);
            write(&mut file)?;
            file.flush()
        };
        written().map_err(EvidenceError::io(&path, "written"))
    }

    /// Digests of all files.
    pub(super) fn sums(&self) -> Result<Sums, EvidenceError> {
        let mut sums = Sums::default();
        for name in self.names()? {
            let path = self.directory.join(name.as_str());
            let digest = File::open(&path).and_then(|file| {
                Digest::of_reader(&mut BufReader::new(file)).map(|(digest, _)| digest)
            });
            sums.add(name, digest.map_err(EvidenceError::io(&path, "read"))?);
        }
        Ok(sums)
    }

    /// Puts all files into an archive of this time, under its name once it is whole.
    pub(super) fn archive(&self, target: &Path, time: u64) -> Result<(), EvidenceError> {
        let partial = hidden(target, "partial");
        let unwritten = || EvidenceError::io(&partial, "written");
        let file = File::create(&partial).map_err(unwritten())?;
        let write = || -> Result<(), EvidenceError> {
            let mut writer = archive::Writer::new(BufWriter::new(file), time);
            for name in self.names()? {
                let path = self.directory.join(name.as_str());
                let unread = || EvidenceError::io(&path, "read");
                let content = File::open(&path).map_err(unread())?;
                let length = content.metadata().map_err(unread())?.len();
                writer.add(&name, length, BufReader::new(content))?;
            }
            let buffered = writer.finish()?;
            let file = buffered
                .into_inner()
                .map_err(|error| unwritten()(error.into_error()))?;
            file.sync_all().map_err(unwritten())?;
            fs::rename(&partial, target).map_err(EvidenceError::io(target, "written"))?;
            let directory = target.parent().filter(|path| !path.as_os_str().is_empty());
            let directory = directory.unwrap_or(Path::new("."));
            let synced = File::open(directory).and_then(|directory| directory.sync_all());
            synced.map_err(EvidenceError::io(directory, "written"))
        };
        write().inspect_err(|_| {
            // No room is taken by what is of no use; that it failed is said.
            let _ = fs::remove_file(&partial);
        })
    }

    /// Names of all files, in order.
    fn names(&self) -> Result<Vec<FileName>, EvidenceError> {
        let mut names = Vec::new();
        let mut waiting = vec![(self.directory.clone(), String::new())];
        while let Some((directory, prefix)) = waiting.pop() {
            let unread = || EvidenceError::io(&directory, "read");
            for entry in fs::read_dir(&directory).map_err(unread())? {
                let entry = entry.map_err(unread())?;
                let name = format!("{prefix}{}", entry.file_name().to_string_lossy());
                if entry.file_type().map_err(unread())?.is_dir() {
                    waiting.push((entry.path(), format!("{name}/")));
                } else {
                    names.push(name.parse()?);
                }
            }
        }
        names.sort();
        Ok(names)
    }
}

/// A name beside a file's that no bundle has.
fn hidden(target: &Path, what: &str) -> PathBuf {
    let name = target.file_name().unwrap_or_default().to_string_lossy();
    target.with_file_name(format!(".{name}.{what}"))
}
