//! Installs databases in a directory: checked whole, replaced as a whole, never
//! fetched.

use std::{
    collections::BTreeMap,
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use super::{
    database::Database,
    description::{DatabaseFile, Description},
    error::DatabaseError,
    files::{IpData, databases_in},
    image::Image,
    sidecar::Sidecar,
};

/// Why something cannot be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// It is no database that the agent could use.
    #[error(transparent)]
    Unusable(#[from] DatabaseError),
    /// A directory cannot be read.
    #[error("{path} cannot be read ({1}): name a readable file or directory", path = .0.display())]
    Unreadable(PathBuf, io::Error),
    /// A directory holds nothing to install.
    #[error("{} holds no *.mmdb: name the directory that does, or the files", .0.display())]
    NoDatabases(PathBuf),
    /// A file's name cannot become that of a database.
    #[error("{} has no name that a database could bear: rename it to NAME.mmdb", .0.display())]
    Nameless(PathBuf),
    /// Two files would become one database.
    #[error("{} and {} are both called `{name}`: rename one of them", first.display(), second.display())]
    Twice {
        /// Name of both.
        name: String,
        /// A file.
        first: PathBuf,
        /// The other.
        second: PathBuf,
    },
    /// What is installed is newer.
    #[error(
        "{} was built {built}, and `{name}` as it is installed {installed}: pass --allow-older if that is meant",
        path.display()
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Name of the database.
        name: String,
        /// Build date of the file.
        built: jiff::Timestamp,
        /// Build date of what is installed.
        installed: jiff::Timestamp,
    },
    /// The directory cannot be written to.
    #[error("{path} cannot be written ({1}): nothing was installed; check permissions and free space, or name another with --ip-data", path = .0.display())]
    Unwritable(PathBuf, io::Error),
    /// Somebody else installs.
    #[error("another `weir geo update` is at work in {}: wait for its end", .0.display())]
    Busy(PathBuf),
}

/// A database that is ready to be installed.
pub struct Candidate {
    /// What it is.
    pub database: Description,
    /// What is installed under its name; `None` if nothing is, or nothing that
    /// could be used.
    pub before: Option<Description>,
    image: Image,
    /// Bytes of the file beside it.
    said: Option<Vec<u8>>,
}

impl Candidate {
    /// Whether the same is installed already.
    pub fn is_installed(&self) -> bool {
        let before = self.before.as_ref();
        before.is_some_and(|before| before.sha256 == self.database.sha256)
    }
}

/// Checks files, and every `*.mmdb` of directories, as a whole.
///
/// # Errors
/// Everything that is wrong with any of them: then none shall be installed.
pub fn check(
    paths: &[PathBuf],
    directory: &Path,
    allow_older: bool,
) -> Result<Vec<Candidate>, Vec<InstallError>> {
    let mut errors = Vec::new();
    let mut named: BTreeMap<String, PathBuf> = BTreeMap::new();
    for path in paths {
        for (name, second) in files_of(path).unwrap_or_else(|error| {
            errors.push(error);
            Vec::new()
        }) {
            match named.get(&name) {
                Some(first) if *first != second => errors.push(InstallError::Twice {
                    name,
                    first: first.clone(),
                    second,
                }),
                _ => drop(named.insert(name, second)),
            }
        }
    }
    let mut candidates = Vec::new();
    for (name, path) in &named {
        match candidate(name, path, directory, allow_older) {
            Ok(candidate) => candidates.push(candidate),
            Err(error) => errors.push(error),
        }
    }
    if errors.is_empty() {
        Ok(candidates)
    } else {
        Err(errors)
    }
}

fn files_of(path: &Path) -> Result<Vec<(String, PathBuf)>, InstallError> {
    if path.is_dir() {
        let unreadable = |error| InstallError::Unreadable(path.to_owned(), error);
        let found = databases_in(path).map_err(unreadable)?;
        if found.is_empty() {
            return Err(InstallError::NoDatabases(path.to_owned()));
        }
        return Ok(found);
    }
    let name = path.file_stem().and_then(|stem| stem.to_str());
    match name.filter(|name| !name.starts_with('.')) {
        Some(name) => Ok(vec![(name.to_owned(), path.to_owned())]),
        None => Err(InstallError::Nameless(path.to_owned())),
    }
}

fn candidate(
    name: &str,
    path: &Path,
    directory: &Path,
    allow_older: bool,
) -> Result<Candidate, InstallError> {
    let file = IpData::named(Vec::new()).file(name, path)?;
    let beside = Sidecar::path_of(path);
    let said = match fs::read(&beside) {
        Ok(bytes) => Some(bytes),
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        Err(error) => return Err(InstallError::Unreadable(beside, error)),
    };
    let unusable = |fault| DatabaseError::Unusable {
        path: path.to_owned(),
        fault,
    };
    // What is checked is what is written, whatever becomes of the file.
    let mut kept = None;
    let database = Database::open(&file, |path| {
        let image = Image::map(path)?;
        kept = Some(image.clone());
        Ok(image)
    })
    .map_err(unusable)?;
    let Some(image) = kept else {
        return Err(InstallError::Nameless(path.to_owned()));
    };
    let target = DatabaseFile::new(name, place_of(directory, name));
    let before = Database::open(&target, Image::map).ok();
    let before = before.map(|before| before.description().clone());
    let database = database.description().clone();
    match before.as_ref().map(|before| before.built) {
        Some(installed) if !allow_older && database.built < installed => Err(InstallError::Older {
            path: path.to_owned(),
            name: name.to_owned(),
            built: database.built,
            installed,
        }),
        _ => Ok(Candidate {
            database,
            before,
            image,
            said,
        }),
    }
}

/// Puts the databases into the directory, which is made if it is missing. Until
/// all are written, none takes the place of another; each does at once.
///
/// # Errors
/// The directory cannot be written to, or another installs at the same time.
pub fn install(candidates: &[Candidate], directory: &Path) -> Result<(), InstallError> {
    let unwritable = |error| InstallError::Unwritable(directory.to_owned(), error);
    fs::create_dir_all(directory).map_err(unwritable)?;
    let handle = File::open(directory).map_err(unwritable)?;
    match handle.try_lock() {
        Ok(()) => {}
        Err(fs::TryLockError::WouldBlock) => return Err(InstallError::Busy(directory.to_owned())),
        Err(fs::TryLockError::Error(error)) => return Err(unwritable(error)),
    }
    let mut written = Vec::new();
    let done = write_all(candidates, directory, &mut written).and_then(|()| {
        for (partial, target) in &written {
            fs::rename(partial, target)?;
        }
        handle.sync_all()
    });
    done.map_err(|error| {
        for (partial, _) in &written {
            // Those that were renamed are gone already.
            let _ = fs::remove_file(partial);
        }
        unwritable(error)
    })
}

/// Writes everything under names that nobody reads, and notes them with those
/// that they are to have: what is said of a database first.
fn write_all(
    candidates: &[Candidate],
    directory: &Path,
    written: &mut Vec<(PathBuf, PathBuf)>,
) -> io::Result<()> {
    for candidate in candidates {
        let target = place_of(directory, &candidate.database.name);
        if let Some(said) = &candidate.said {
            write(said, directory, Sidecar::path_of(&target), written)?;
        }
        if !candidate.is_installed() {
            write(candidate.image.as_ref(), directory, target, written)?;
        }
    }
    Ok(())
}

/// Where a database of that name is installed.
fn place_of(directory: &Path, name: &str) -> PathBuf {
    directory.join(format!("{name}.mmdb"))
}

fn write(
    bytes: &[u8],
    directory: &Path,
    target: PathBuf,
    written: &mut Vec<(PathBuf, PathBuf)>,
) -> io::Result<()> {
    let partial = directory.join(format!(".partial-{}", written.len()));
    written.push((partial.clone(), target));
    let mut file = File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()
}
