//! One agent for each host: a lock that ends with the process.

use std::{
    fs::{File, OpenOptions},
    io::{Read as _, Seek as _, Write as _},
    path::Path,
};

use nix::fcntl::{Flock, FlockArg};

use super::Failure;

/// Held as long as the agent runs.
#[derive(Debug)]
pub(super) struct Lock {
    _file: Flock<File>,
}

impl Lock {
    /// Takes the lock in a directory, made if it is missing.
    pub(super) fn take(directory: &Path) -> Result<Self, Failure> {
        let path = directory.join("weir.lock");
        let refused = |error| Failure::Lock(path.clone(), error);
        std::fs::create_dir_all(directory).map_err(refused)?;
        let file = OpenOptions::new()
            .create(true)
            .truncate(false)
            .read(true)
            .write(true)
            .open(&path)
            .map_err(refused)?;
        match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
            Ok(mut file) => {
                let pid = std::process::id();
                file.set_len(0)
                    .and_then(|()| file.rewind())
                    .and_then(|()| writeln!(file, "{pid}"))
                    .map_err(refused)?;
                Ok(Self { _file: file })
            }
            Err((mut file, nix::Error::EWOULDBLOCK)) => {
                let mut holder = String::new();
                file.read_to_string(&mut holder).map_err(refused)?;
                Err(Failure::Running(holder.trim().to_owned()))
            }
            Err((_, error)) => Err(refused(error.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn admits_one_and_names_it() {
        let directory = tempfile::tempdir().unwrap();
        let lock = Lock::take(directory.path()).unwrap();
        let second = Lock::take(directory.path()).unwrap_err();
        assert_eq!(
            second.to_string(),
            format!(
                "another agent runs on this host (pid {}): stop it first, or leave this one",
                std::process::id()
            )
        );
        drop(lock);
        Lock::take(directory.path()).unwrap();
    }
}
