//! Which build of Weir records: its executable, and the programs that it loads.

use std::{
    fs::File,
    io::{self, BufReader},
};

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::kernel::programs_digest;

/// Bytes of the executable that are read at once.
const AT_ONCE: usize = 1 << 20;

/// A build of Weir, as digests: who has the package can tell whether it is that one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// SHA-256 of the executable, in hexadecimal.
    pub executable: String,
    /// SHA-256 of the object with the kernel programs, in hexadecimal. It is embedded in
    /// the executable.
    pub programs: String,
}

impl Build {
    /// The build that this process runs. What is read is the file that was executed, though
    /// another may have taken its place meanwhile (`/proc/self/exe`, proc_pid_exe(5)).
    ///
    /// # Errors
    /// When the executable cannot be read.
    pub fn own() -> io::Result<Self> {
        let mut hash = Sha256::new();
        let file = File::open("/proc/self/exe")?;
        io::copy(&mut BufReader::with_capacity(AT_ONCE, file), &mut hash)?;
        Ok(Self {
            executable: format!("{:x}", hash.finalize()),
            programs: programs_digest(),
        })
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn it_is_the_build_that_runs() {
        let file = std::fs::read(std::env::current_exe().unwrap()).unwrap();
        let own = Build::own().unwrap();
        assert_eq!(own.executable, format!("{:x}", Sha256::digest(file)));
        assert_eq!(own.programs.len(), 64);
    }
}
