//! Writes an initramfs: a `cpio` archive in the `newc` format
//! (`Documentation/driver-api/early-userspace/buffer-format.rst`).

use std::{
    collections::BTreeSet,
    fs::{self, File},
    io::{self, BufWriter, Write},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Context as _;

/// What the archive holds.
#[derive(Debug, Default)]
pub(crate) struct Initramfs {
    directories: BTreeSet<String>,
    files: Vec<(String, Vec<u8>)>,
}

const DIRECTORY: u32 = 0o040_755;
const EXECUTABLE: u32 = 0o100_755;

impl Initramfs {
    /// Adds a file, executable, with the directories above it.
    pub(crate) fn file(&mut self, path: &str, content: Vec<u8>) {
        let path = path.trim_start_matches('/');
        for (end, _) in path.match_indices('/') {
            self.directories.insert(path[..end].to_owned());
        }
        if !self.files.iter().any(|(known, _)| known == path) {
            self.files.push((path.to_owned(), content));
        }
    }

    /// Adds a program of this host with the shared libraries it needs.
    pub(crate) fn program(&mut self, path: &str, source: &Path) -> anyhow::Result<()> {
        self.copy(path, source)?;
        for library in libraries(source)? {
            self.copy(&library.to_string_lossy(), &library)?;
        }
        Ok(())
    }

    fn copy(&mut self, path: &str, source: &Path) -> anyhow::Result<()> {
        let content =
            fs::read(source).with_context(|| format!("{} cannot be read", source.display()))?;
        self.file(path, content);
        Ok(())
    }

    /// Writes the archive.
    pub(crate) fn write(&self, path: &Path) -> anyhow::Result<()> {
        let write = || -> io::Result<()> {
            let mut out = Archive::new(BufWriter::new(File::create(path)?));
            // Sorted, so a directory comes before what is in it.
            for directory in &self.directories {
                out.entry(directory, DIRECTORY, &[])?;
            }
            for (path, content) in &self.files {
                out.entry(path, EXECUTABLE, content)?;
            }
            out.end()
        };
        write().with_context(|| format!("{} cannot be written", path.display()))
    }
}

/// Shared libraries and loader of a program, none if it is static.
fn libraries(program: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let output = Command::new("ldd")
        .arg(program)
        .output()
        .context("ldd cannot be started")?;
    // Its status is 1 for a static program: what it prints is decisive.
    Ok(library_paths(&String::from_utf8_lossy(&output.stdout)))
}

/// Each line is `name => /path (address)` or `/path (address)`.
fn library_paths(listing: &str) -> Vec<PathBuf> {
    listing
        .split_whitespace()
        .filter(|word| word.starts_with('/') && !word.ends_with(':'))
        .map(PathBuf::from)
        .collect()
}

struct Archive<W> {
    out: W,
    written: usize,
    inode: u32,
}

impl<W: Write> Archive<W> {
    fn new(out: W) -> Self {
        Self {
            out,
            written: 0,
            inode: 0,
        }
    }

    fn entry(&mut self, name: &str, mode: u32, content: &[u8]) -> io::Result<()> {
        self.inode += 1;
        let (inode, size, name_size) = (self.inode, content.len(), name.len() + 1);
        if u32::try_from(size).is_err() {
            return Err(io::Error::other("a file larger than 4 GiB"));
        }
        // magic, ino, mode, uid, gid, nlink, mtime, filesize, four device
        // numbers, namesize, check
        let header = format!(
            "070701{inode:08x}{mode:08x}{0:08x}{0:08x}{1:08x}{0:08x}{size:08x}\
             {0:08x}{0:08x}{0:08x}{0:08x}{name_size:08x}{0:08x}",
            0, 1
        );
        self.put(header.as_bytes())?;
        self.put(name.as_bytes())?;
        self.put(&[0])?;
        self.pad()?;
        self.put(content)?;
        self.pad()
    }

    fn end(mut self) -> io::Result<()> {
        self.entry("TRAILER!!!", 0, &[])?;
        self.out.flush()
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.written += bytes.len();
        self.out.write_all(bytes)
    }

    /// Everything begins at a multiple of four bytes.
    fn pad(&mut self) -> io::Result<()> {
        let missing = self.written.next_multiple_of(4) - self.written;
        self.put(&[0; 3][..missing])
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn writes_entries_at_multiples_of_four() {
        let mut bytes = Vec::new();
        let mut archive = Archive::new(&mut bytes);
        archive.entry("init", EXECUTABLE, b"hello").unwrap();
        archive.end().unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let first = "070701\
            00000001000081ed000000000000000000000001000000000000000500000000\
            0000000000000000000000000000000500000000init\0\0";
        assert_eq!(text[..first.len() + 8], format!("{first}hello\0\0\0"));
        let trailer = &text[first.len() + 8..];
        assert!(trailer.starts_with("07070100000002"));
        assert!(trailer.contains("0000000b00000000TRAILER!!!\0"));
        assert_eq!(text.len() % 4, 0);
    }

    #[test]
    fn makes_the_directories_above_a_file() {
        let mut image = Initramfs::default();
        image.file("/usr/lib/a.so", vec![1]);
        image.file("/usr/lib/a.so", vec![2]);
        assert_eq!(
            image.directories.iter().collect::<Vec<_>>(),
            ["usr", "usr/lib"]
        );
        assert_eq!(image.files, [("usr/lib/a.so".to_owned(), vec![1])]);
    }

    #[test]
    fn reads_the_libraries() {
        let listing = "\tlinux-vdso.so.1 (0x00007fff)\n\
            \tlibc.so.6 => /lib/x86_64-linux-gnu/libc.so.6 (0x00007f00)\n\
            \t/lib64/ld-linux-x86-64.so.2 (0x00007f01)\n";
        assert_eq!(
            library_paths(listing),
            [
                PathBuf::from("/lib/x86_64-linux-gnu/libc.so.6"),
                PathBuf::from("/lib64/ld-linux-x86-64.so.2")
            ]
        );
        assert!(library_paths("\tnot a dynamic executable\n").is_empty());
    }
}
