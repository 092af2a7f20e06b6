//! The archive: one tar file (POSIX.1-1988 ustar), the same bytes for the same
//! files.
//!
//! Members stand in the order of their names, each once, owned by nobody in
//! particular and with one time for all. A reader takes nothing else: no links,
//! no devices, no paths that lead elsewhere, no names out of order.

use std::io::{self, Read, Write};

use tar::{Builder, EntryType, Header};

use crate::name::{BadName, FileName};

/// Length of a header, and what contents are filled up to a multiple of.
const BLOCK: usize = 512;

/// Where the content of a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Member {
    /// Its first byte, counted from the beginning of the archive.
    pub start: u64,
    /// Its length in bytes.
    pub size: u64,
}

/// Writes an archive.
pub struct Writer<W: Write> {
    builder: Builder<W>,
    time: u64,
    last: Option<FileName>,
}

/// Why an archive cannot be written or is not believed.
#[derive(Debug, thiserror::Error)]
pub enum ArchiveError {
    /// Reading or writing failed.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: String,
        /// Why it failed.
        #[source]
        source: io::Error,
    },
    /// A member has a name that none may have.
    #[error(transparent)]
    Name(#[from] BadName),
    /// A member stands where it may not.
    #[error("{name} stands after {last}: members are in the order of their names, each once")]
    Order {
        /// The member.
        name: FileName,
        /// The one before it.
        last: FileName,
    },
    /// A member is no plain file.
    #[error("{name} is not a plain file ({kind})")]
    Kind {
        /// The member.
        name: String,
        /// What it is.
        kind: String,
    },
    /// A header that [`Writer`] does not write.
    #[error("the header of {name}, at byte {at}, is not that of a bundle")]
    Header {
        /// The member.
        name: FileName,
        /// Where the header begins.
        at: u64,
    },
    /// Between two members is something.
    #[error("what follows {name} is not empty")]
    Padding {
        /// The member before it.
        name: FileName,
    },
    /// The archive ends before its end.
    #[error("the archive ends at byte {at}, before its end: it was cut")]
    Cut {
        /// Where something should be.
        at: u64,
    },
    /// The archive does not end where it should.
    #[error("the archive does not end where it should: it was cut or continued")]
    End,
    /// A member is shorter or longer than was said.
    #[error("{name} has {found} bytes, and {wanted} were announced")]
    Length {
        /// The member.
        name: FileName,
        /// Announced length.
        wanted: u64,
        /// Bytes that came.
        found: u64,
    },
    /// A member is larger than a reader takes.
    #[error("{name} has {size} bytes; at most {limit} are taken")]
    Large {
        /// The member.
        name: FileName,
        /// Its length.
        size: u64,
        /// The bound.
        limit: u64,
    },
}

impl ArchiveError {
    fn io(what: impl Into<String>) -> impl FnOnce(io::Error) -> Self {
        let what = what.into();
        move |source| Self::Io { what, source }
    }
}

impl<W: Write> Writer<W> {
    /// Begins an archive whose members are all of this time, in seconds since 1970.
    pub fn new(to: W, time: u64) -> Self {
        Self {
            builder: Builder::new(to),
            time,
            last: None,
        }
    }

    /// Adds a file of this length.
    ///
    /// # Errors
    /// If it does not come after the last one, or is not as long as was said, or
    /// cannot be written.
    pub fn add(
        &mut self,
        name: &FileName,
        length: u64,
        content: impl Read,
    ) -> Result<(), ArchiveError> {
        if let Some(last) = self.last.as_ref().filter(|last| *last >= name) {
            return Err(ArchiveError::Order {
                name: name.clone(),
                last: last.clone(),
            });
        }
        let failed = || ArchiveError::io(format!("{name} cannot be written"));
        let header = header(name, length, self.time).map_err(failed())?;
        // One more than announced shows that there is more.
        let mut counted = Counted {
            inner: content.take(length.saturating_add(1)),
            count: 0,
        };
        self.builder
            .append(&header, &mut counted)
            .map_err(failed())?;
        if counted.count != length {
            return Err(ArchiveError::Length {
                name: name.clone(),
                wanted: length,
                found: counted.count,
            });
        }
        self.last = Some(name.clone());
        Ok(())
    }

    /// Ends the archive.
    ///
    /// # Errors
    /// If it cannot be written.
    pub fn finish(self) -> Result<W, ArchiveError> {
        self.builder
            .into_inner()
            .map_err(ArchiveError::io("the archive cannot be ended"))
    }
}

/// The only header that such a member has.
fn header(name: &FileName, length: u64, time: u64) -> io::Result<Header> {
    let mut header = Header::new_ustar();
    header.set_path(name.as_str())?;
    header.set_size(length);
    header.set_mode(if name.as_str() == "verify.py" {
        0o755
    } else {
        0o644
    });
    header.set_mtime(time);
    header.set_uid(0);
    header.set_gid(0);
    header.set_entry_type(EntryType::Regular);
    header.set_cksum();
    Ok(header)
}

struct Counted<R> {
    inner: R,
    count: u64,
}

impl<R: Read> Read for Counted<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let length = self.inner.read(buffer)?;
        self.count += length as u64;
        Ok(length)
    }
}

/// Reads an archive member by member, in its order. Gives name, length, where its
/// content begins in the archive, and the content.
///
/// # Errors
/// Whatever makes it another than [`Writer`] would have written, to the byte, or what
/// `each` refuses.
pub fn each<E: From<ArchiveError>>(
    mut from: impl Read,
    largest: u64,
    mut each: impl FnMut(&FileName, Member, &mut dyn Read) -> Result<(), E>,
) -> Result<(), E> {
    let mut at = 0;
    let mut last: Option<(FileName, u64)> = None;
    loop {
        let mut block = [0; BLOCK];
        read_whole(&mut from, &mut block, at)?;
        at += BLOCK as u64;
        if block == [0; BLOCK] {
            break;
        }
        let (name, size, time) = member(&block, at - BLOCK as u64, last.take())?;
        if size > largest {
            let limit = largest;
            return Err(ArchiveError::Large { name, size, limit }.into());
        }
        let mut counted = Counted {
            inner: from.by_ref().take(size),
            count: 0,
        };
        let place = Member { start: at, size };
        each(&name, place, &mut counted)?;
        // What was not read is read to its end, so that a cut archive is seen.
        io::copy(&mut counted, &mut io::sink()).map_err(unreadable())?;
        if counted.count != size {
            let (wanted, found) = (size, counted.count);
            return Err(ArchiveError::Length {
                name,
                wanted,
                found,
            }
            .into());
        }
        at += size;
        let mut padding = [0; BLOCK];
        let rest = usize::try_from(size.next_multiple_of(BLOCK as u64) - size).unwrap_or(0);
        let padding = padding.get_mut(..rest).unwrap_or_default();
        read_whole(&mut from, padding, at)?;
        if padding.iter().any(|byte| *byte != 0) {
            return Err(ArchiveError::Padding { name }.into());
        }
        at += rest as u64;
        last = Some((name, time));
    }
    let mut end = Vec::new();
    let wanted = 2 * BLOCK as u64;
    from.take(wanted)
        .read_to_end(&mut end)
        .map_err(unreadable())?;
    if end != [0; BLOCK] {
        return Err(ArchiveError::End.into());
    }
    Ok(())
}

fn unreadable() -> impl FnOnce(io::Error) -> ArchiveError {
    ArchiveError::io("the archive cannot be read")
}

fn read_whole(from: &mut impl Read, to: &mut [u8], at: u64) -> Result<(), ArchiveError> {
    from.read_exact(to).map_err(|error| match error.kind() {
        io::ErrorKind::UnexpectedEof => ArchiveError::Cut { at },
        _ => unreadable()(error),
    })
}

/// Name, length and time of the member with this header, which follows the last one.
fn member(
    block: &[u8; BLOCK],
    at: u64,
    last: Option<(FileName, u64)>,
) -> Result<(FileName, u64, u64), ArchiveError> {
    let found = Header::from_byte_slice(block);
    let path = found.path_bytes();
    let name = String::from_utf8_lossy(&path);
    let kind = found.entry_type();
    if kind != EntryType::Regular {
        let name = name.chars().flat_map(char::escape_debug).collect();
        let kind = format!("type {:?}", char::from(kind.as_byte()));
        return Err(ArchiveError::Kind { name, kind });
    }
    let name: FileName = name.parse().map_err(ArchiveError::Name)?;
    let malformed = || ArchiveError::Header {
        name: name.clone(),
        at,
    };
    let size = found.entry_size().map_err(|_| malformed())?;
    let time = found.mtime().map_err(|_| malformed())?;
    if let Some((last, _)) = last.as_ref().filter(|(last, _)| *last >= name) {
        let last = last.clone();
        return Err(ArchiveError::Order { name, last });
    }
    let wanted = header(&name, size, time).map_err(|_| malformed())?;
    if wanted.as_bytes() != block || last.is_some_and(|(_, all)| all != time) {
        return Err(malformed());
    }
    Ok((name, size, time))
}

#[cfg(test)]
mod tests;
