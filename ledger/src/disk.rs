//! Every change that the ledger makes on disk, in one place, so that tests can
//! stop it between any two of them.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write as _},
    os::unix::fs::OpenOptionsExt as _,
    path::Path,
};

use nix::fcntl::{FallocateFlags, fallocate};

#[cfg(test)]
pub(crate) mod fault;

/// Makes a file that is not there yet.
pub(crate) fn create(path: &Path, mode: u32) -> io::Result<File> {
    #[cfg(test)]
    fault::step(fault::Op::Create(path))?;
    OpenOptions::new()
        .create_new(true)
        .append(true)
        .mode(mode)
        .open(path)
}

/// Adds to the end of a file.
pub(crate) fn append(file: &mut File, path: &Path, bytes: &[u8]) -> io::Result<()> {
    let _ = path;
    #[cfg(test)]
    if let Err(error) = fault::step(fault::Op::Append(path)) {
        // The process ends in the middle of a write.
        file.write_all(&bytes[..fault::torn(bytes.len())])?;
        return Err(error);
    }
    file.write_all(bytes)
}

/// Waits until the disk has what was written.
pub(crate) fn sync(file: &File, path: &Path) -> io::Result<()> {
    let _ = path;
    #[cfg(test)]
    fault::step(fault::Op::Sync(path))?;
    file.sync_data()
}

/// Cuts a file to a length.
pub(crate) fn truncate(file: &File, path: &Path, length: u64) -> io::Result<()> {
    let _ = path;
    #[cfg(test)]
    fault::step(fault::Op::Truncate(path, length))?;
    file.set_len(length)
}

/// Reserves room beyond the end of a file, where the file system can, so that
/// a full disk is met here and not in a write.
pub(crate) fn reserve(file: &File, from: u64, length: u64) -> io::Result<()> {
    let (Ok(from), Ok(length)) = (i64::try_from(from), i64::try_from(length)) else {
        return Ok(());
    };
    match fallocate(file, FallocateFlags::FALLOC_FL_KEEP_SIZE, from, length) {
        Ok(()) | Err(nix::Error::EOPNOTSUPP | nix::Error::ENOSYS) => Ok(()),
        Err(error) => Err(error.into()),
    }
}

/// Gives a file another name; what had it is replaced.
pub(crate) fn rename(from: &Path, to: &Path) -> io::Result<()> {
    #[cfg(test)]
    fault::step(fault::Op::Rename(from, to))?;
    fs::rename(from, to)
}

/// Removes a file.
pub(crate) fn remove(path: &Path) -> io::Result<()> {
    #[cfg(test)]
    fault::step(fault::Op::Remove(path))?;
    fs::remove_file(path)
}

/// Waits until the disk has the names in a directory.
pub(crate) fn sync_directory(path: &Path) -> io::Result<()> {
    #[cfg(test)]
    fault::step(fault::Op::SyncDirectory)?;
    File::open(path)?.sync_all()
}

/// Writes a whole file under a name, so that the name has all of it or what it
/// had before.
pub(crate) fn replace(path: &Path, mode: u32, bytes: &[u8]) -> io::Result<()> {
    let mut name = path.as_os_str().to_owned();
    name.push(".tmp");
    let temporary = Path::new(&name);
    match remove(temporary) {
        Ok(()) => {}
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let mut file = create(temporary, mode)?;
    let written = append(&mut file, temporary, bytes).and_then(|()| sync(&file, temporary));
    if let Err(error) = written {
        // No room is taken by what is of no use; a failure to say so is the same one.
        let _ = remove(temporary);
        return Err(error);
    }
    rename(temporary, path)?;
    match path.parent() {
        Some(directory) => sync_directory(directory),
        None => Ok(()),
    }
}

/// Whether there is no room, as opposed to a disk that fails.
pub(crate) fn is_full(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded
    )
}
