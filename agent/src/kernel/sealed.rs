//! Memory that nobody can change any more, not even the agent.

use std::{
    ffi::CString,
    fs::File,
    io::{self, Read, Seek as _, SeekFrom},
};

use memmap2::Mmap;
use nix::{
    errno::Errno,
    fcntl::{FcntlArg, SealFlag, fcntl},
    sys::memfd::{MFdFlags, memfd_create},
};

/// A copy of some bytes in a memfd that is sealed against writing, growing and
/// shrinking (memfd_create(2), `F_ADD_SEALS`), mapped for reading.
#[derive(Debug)]
pub struct SealedMemory(Mmap);

impl SealedMemory {
    /// Copies everything that `from` gives. `name` appears in
    /// `/proc/PID/maps`, as `/memfd:name`.
    ///
    /// # Errors
    /// When it cannot be read, or the system refuses the memory.
    pub fn copy_of(name: &str, from: &mut impl Read) -> io::Result<Self> {
        let name = CString::new(name)?;
        let flags = MFdFlags::MFD_CLOEXEC | MFdFlags::MFD_ALLOW_SEALING;
        // Not executable: where `vm.memfd_noexec` asks for it, no other is given.
        // Linux before 6.3 does not know the flag.
        let noexec = flags | MFdFlags::from_bits_retain(libc::MFD_NOEXEC_SEAL);
        let memory = match memfd_create(name.as_c_str(), noexec) {
            Err(Errno::EINVAL) => memfd_create(name.as_c_str(), flags),
            made => made,
        };
        let mut memory = File::from(memory?);
        io::copy(from, &mut memory)?;
        memory.seek(SeekFrom::Start(0))?;
        let seals = SealFlag::F_SEAL_SHRINK
            | SealFlag::F_SEAL_GROW
            | SealFlag::F_SEAL_WRITE
            | SealFlag::F_SEAL_SEAL;
        fcntl(&memory, FcntlArg::F_ADD_SEALS(seals))?;
        // SAFETY: the mapped file is anonymous and sealed: no process can write,
        // truncate or extend it any more, so that the bytes stay as they are and
        // each page of the mapping exists for as long as the mapping does.
        unsafe { Mmap::map(&memory) }.map(Self)
    }
}

impl AsRef<[u8]> for SealedMemory {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::fs;

    use super::*;

    #[test]
    fn the_copy_outlives_its_file() {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), b"as it was").unwrap();
        let copy = SealedMemory::copy_of("weir-test", &mut File::open(file.path()).unwrap());
        let copy = copy.unwrap();
        fs::write(file.path(), b"x").unwrap();
        assert_eq!(copy.as_ref(), b"as it was");
        file.as_file().set_len(0).unwrap();
        assert_eq!(copy.as_ref(), b"as it was");
    }

    /// Its descriptor is closed, so that it is opened again by the mapping.
    #[test]
    fn nobody_can_write_to_it() {
        let copy = SealedMemory::copy_of("weir-test-sealed", &mut &b"bytes"[..]).unwrap();
        let maps = fs::read_to_string("/proc/self/maps").unwrap();
        let range = maps
            .lines()
            .find(|line| line.contains("memfd:weir-test-sealed"))
            .and_then(|line| line.split(' ').next())
            .unwrap();
        let path = format!("/proc/self/map_files/{range}");
        let write = fs::OpenOptions::new()
            .write(true)
            .open(path)
            .and_then(|file| file.set_len(0));
        assert!(write.is_err(), "{write:?}");
        assert_eq!(copy.as_ref(), b"bytes");
    }

    #[test]
    fn nothing_is_nothing() {
        let copy = SealedMemory::copy_of("weir-test", &mut io::empty()).unwrap();
        assert_eq!(copy.as_ref(), b"");
    }
}
