//! Which files are to be in force, and whether they have changed.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    description::{DatabaseFile, MAX_AGE_DAYS},
    error::DatabaseError,
    sidecar::Sidecar,
};
use crate::look::{Look, Stamp};

/// Where `weir geo update` installs databases, and where they are looked for.
pub const IP_DATA: &str = "/var/lib/weir/ipdata";

/// The databases that are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IpData {
    /// Files by name. Each must be there.
    pub named: Vec<(String, PathBuf)>,
    /// A directory of which every `*.mmdb` is taken, by its name.
    pub directory: Option<PathBuf>,
    /// Whether the directory must be there; else it counts as empty.
    pub must_exist: bool,
    /// Age limit of a database whose sidecar states none, in days.
    pub max_age_days: u32,
}

impl IpData {
    /// Files alone, with the age limit that holds unless another is given.
    pub fn named(named: Vec<(String, PathBuf)>) -> Self {
        Self {
            named,
            directory: None,
            must_exist: false,
            max_age_days: MAX_AGE_DAYS,
        }
    }

    /// Name and path of each database that there is to be: those named first,
    /// in their order, then those of the directory by name.
    pub(super) fn list(&self) -> Result<Vec<(String, PathBuf)>, DatabaseError> {
        let mut all = self.named.clone();
        if let Some(directory) = &self.directory {
            match databases_in(directory) {
                Ok(found) => all.extend(found),
                Err(error) if !self.must_exist && error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(DatabaseError::Directory(directory.clone(), error)),
            }
        }
        Ok(all)
    }

    /// The file with what its sidecar says of it.
    pub(super) fn file(&self, name: &str, path: &Path) -> Result<DatabaseFile, DatabaseError> {
        let sidecar = Sidecar::of(path)?;
        Ok(DatabaseFile {
            name: name.to_owned(),
            path: path.to_owned(),
            max_age_days: sidecar.max_age_days.map_or(self.max_age_days, u32::from),
            licence: sidecar.licence,
            origin: sidecar.source,
        })
    }

    /// What the files look like from outside. Another look that gives another
    /// result says that some have changed.
    pub fn look(&self) -> Look {
        let all = self.list().unwrap_or_default().into_iter();
        Look::at(all.flat_map(|(_, path)| [Sidecar::path_of(&path), path]))
    }
}

/// How a database and its sidecar looked.
pub(super) fn stamps(look: &Look, path: &Path) -> [Option<Stamp>; 2] {
    [look.stamp(path), look.stamp(&Sidecar::path_of(path))]
}

/// Every `*.mmdb` of a directory that is not hidden, by name.
pub(super) fn databases_in(directory: &Path) -> io::Result<Vec<(String, PathBuf)>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let is_database = path.extension().is_some_and(|end| end == "mmdb");
        match path.file_stem().and_then(|stem| stem.to_str()) {
            Some(stem) if is_database && !stem.starts_with('.') => {
                found.push((stem.to_owned(), path.clone()));
            }
            _ => {}
        }
    }
    found.sort();
    Ok(found)
}
