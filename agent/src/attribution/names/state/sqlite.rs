//! Tables of an SQLite database, in which Podman 5 keeps its containers.
//!
//! A reader of its own for the reason that [`super::bolt`] has one: nothing of a
//! runtime's may be locked. Podman writes with a rollback journal. While that is there,
//! the database may be half written; and each transaction changes a counter. So what
//! was read is whole if there is no journal before and after, and the counter is the
//! same. A database with a write-ahead log is not read.
//!
//! Layout: "Database File Format" of the SQLite documentation. Numbers are big-endian.

use std::{cell::Cell, fs::File, os::unix::fs::FileExt as _, path::Path};

const MAGIC: &[u8] = b"SQLite format 3\0";
/// Bytes of the file's header, on its first page.
const HEADER: usize = 100;
/// Kinds of pages of tables.
const INTERIOR: u8 = 0x05;
const LEAF: u8 = 0x0d;
/// Pages that one look may read, and that may wait to be read.
const MOST_PAGES: u32 = 4096;
/// Largest row that is read, in bytes.
const LARGEST: usize = 1 << 20;
/// Looks before a database that is always being written is left alone.
const TRIES: usize = 3;

/// A database as of one transaction.
pub(super) struct Sqlite<'f> {
    file: &'f File,
    header: Header,
    /// Pages that may still be read.
    left: Cell<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Header {
    page_size: usize,
    /// Bytes of a page that hold something.
    usable: usize,
    /// Changes with each transaction.
    counter: u32,
}

/// A value of a row.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Value {
    /// A text in UTF-8.
    Text(String),
    /// A whole number that is not negative.
    Number(u64),
    /// Anything else.
    Other,
}

/// What `look` finds in the database, as of one transaction; `None` also when the
/// file is none, is being written, or is of a kind that is not read.
pub(super) fn read<T>(
    file: &File,
    journal: &Path,
    look: impl Fn(&Sqlite<'_>) -> Option<T>,
) -> Option<T> {
    // An empty journal is how some modes leave it.
    let quiet = || {
        journal
            .metadata()
            .map_or(true, |journal| journal.len() == 0)
    };
    for _ in 0..TRIES {
        if !quiet() {
            continue;
        }
        let header = header(file)?;
        let found = look(&Sqlite {
            file,
            header,
            left: Cell::new(MOST_PAGES),
        });
        if quiet() && self::header(file)? == header {
            return found;
        }
    }
    None
}

impl Sqlite<'_> {
    /// The first row of a table that `wanted` picks by its first column, a text.
    pub(super) fn row(&self, table: &str, wanted: &str) -> Option<Vec<Value>> {
        // The first page holds the table of tables: kind, name, table, root page.
        let root = self.first(1, |row| {
            let text = |at: usize| row.get(at);
            let is = |at: usize, wanted: &str| {
                matches!(text(at), Some(Value::Text(text)) if text == wanted)
            };
            is(0, "table") && is(1, table)
        })?;
        let Some(Value::Number(root)) = root.get(3) else {
            return None;
        };
        self.first(
            u32::try_from(*root).ok()?,
            |row| matches!(row.first(), Some(Value::Text(text)) if text == wanted),
        )
    }

    fn first(&self, root: u32, wanted: impl Fn(&[Value]) -> bool) -> Option<Vec<Value>> {
        let mut open = vec![root];
        while let Some(number) = open.pop() {
            // A damaged tree may lead to itself.
            if open.len() > usize::try_from(MOST_PAGES).ok()? {
                return None;
            }
            let page = self.page(number)?;
            let start = if number == 1 { HEADER } else { 0 };
            let count = usize::from(u16::from_be_bytes(array(&page, start + 3)?));
            match *page.get(start)? {
                INTERIOR => {
                    for cell in 0..count {
                        let cell = cell_at(&page, start + 12 + 2 * cell)?;
                        open.push(u32::from_be_bytes(array(&page, cell)?));
                    }
                    open.push(u32::from_be_bytes(array(&page, start + 8)?));
                }
                LEAF => {
                    for cell in 0..count {
                        let cell = cell_at(&page, start + 8 + 2 * cell)?;
                        let row = values(&self.payload(&page, cell)?)?;
                        if wanted(&row) {
                            return Some(row);
                        }
                    }
                }
                _ => return None,
            }
        }
        None
    }

    fn page(&self, number: u32) -> Option<Vec<u8>> {
        self.left.set(self.left.get().checked_sub(1)?);
        let size = self.header.page_size;
        let before = u64::from(number.checked_sub(1)?);
        let at = before.checked_mul(u64::try_from(size).ok()?)?;
        let mut page = vec![0; size];
        self.file.read_exact_at(&mut page, at).ok()?;
        page.truncate(self.header.usable);
        Some(page)
    }

    /// The bytes of the row in a cell, with those that overflow to pages of their own.
    fn payload(&self, page: &[u8], cell: usize) -> Option<Vec<u8>> {
        let mut at = cell;
        let length = usize::try_from(varint(page, &mut at)?).ok()?;
        let _row_id = varint(page, &mut at)?;
        if length > LARGEST {
            return None;
        }
        let usable = self.header.usable;
        let most = usable - 35;
        if length <= most {
            return slice(page, at, length).map(<[u8]>::to_vec);
        }
        let least = (usable - 12) * 32 / 255 - 23;
        let fitting = least + (length - least) % (usable - 4);
        let local = if fitting <= most { fitting } else { least };
        let mut payload = slice(page, at, local)?.to_vec();
        let mut next = u32::from_be_bytes(array(page, at.checked_add(local)?)?);
        while payload.len() < length {
            let page = self.page(next)?;
            next = u32::from_be_bytes(array(&page, 0)?);
            let part = (length - payload.len()).min(usable - 4);
            payload.extend_from_slice(slice(&page, 4, part)?);
        }
        Some(payload)
    }
}

fn header(file: &File) -> Option<Header> {
    let mut bytes = [0; HEADER];
    file.read_exact_at(&mut bytes, 0).ok()?;
    let page_size = match u16::from_be_bytes(array(&bytes, 16)?) {
        1 => 65_536,
        size => usize::from(size),
    };
    let reserved = usize::from(*bytes.get(20)?);
    // Written and read with a rollback journal, and texts in UTF-8.
    let readable = bytes.starts_with(MAGIC)
        && bytes.get(18..20)? == [1, 1]
        && u32::from_be_bytes(array(&bytes, 56)?) == 1;
    let usable = page_size.checked_sub(reserved)?;
    (readable && page_size.is_power_of_two() && usable >= 480).then_some(Header {
        page_size,
        usable,
        counter: u32::from_be_bytes(array(&bytes, 24)?),
    })
}

/// The columns of a row.
fn values(row: &[u8]) -> Option<Vec<Value>> {
    let mut at = 0;
    let header = usize::try_from(varint(row, &mut at)?).ok()?;
    let mut data = header;
    let mut found = Vec::new();
    while at < header {
        let kind = varint(row, &mut at)?;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => usize::try_from(kind).ok()?,
            5 => 6,
            6 | 7 => 8,
            10 | 11 => return None,
            _ => usize::try_from((kind - 12) / 2).ok()?,
        };
        let bytes = slice(row, data, length)?;
        data += length;
        found.push(match kind {
            1..=6 if bytes.first().is_some_and(|first| *first < 0x80) => {
                Value::Number(bytes.iter().fold(0, |n, byte| n << 8 | u64::from(*byte)))
            }
            8 => Value::Number(0),
            9 => Value::Number(1),
            13.. if kind % 2 == 1 => Value::Text(String::from_utf8(bytes.to_vec()).ok()?),
            _ => Value::Other,
        });
    }
    Some(found)
}

/// Where a cell is, from the array of pointers.
fn cell_at(page: &[u8], pointer: usize) -> Option<usize> {
    array(page, pointer).map(|bytes| usize::from(u16::from_be_bytes(bytes)))
}

/// A number of seven bits in each byte, and eight in the ninth.
fn varint(bytes: &[u8], at: &mut usize) -> Option<u64> {
    let mut number = 0_u64;
    for nth in 1..=9 {
        let byte = *bytes.get(*at)?;
        *at += 1;
        if nth == 9 {
            return Some(number << 8 | u64::from(byte));
        }
        number = number << 7 | u64::from(byte & 0x7f);
        if byte < 0x80 {
            break;
        }
    }
    Some(number)
}

fn slice(bytes: &[u8], at: usize, length: usize) -> Option<&[u8]> {
    bytes.get(at..at.checked_add(length)?)
}

fn array<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    slice(bytes, at, N)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::{fs, io::Write as _};

    use proptest::prelude::*;

    use super::*;

    /// Podman's table of containers with twelve of them, as SQLite 3.40 wrote it. One
    /// row goes on over other pages.
    const DATABASE: &[u8] = include_bytes!("../fixtures/podman-5-db.sql");

    const FIRST: &str = "f651d5b6866d080b2f3de174f9ddce80e6b13a5c80e34259e1e212c14d0ae9ba";
    const LARGE: &str = "7fce868d01f67411406fc8b64a2a45d84b213fa0128e6c3fcd204c31e1ee364b";
    const LAST: &str = "6f378dd63c653e0c6ece5eaa3c6ab03ce1acf30588d58b2f5d5336fbeaf44ac7";

    fn name(bytes: &[u8], id: &str) -> Option<Value> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let none = Path::new("/nonexistent");
        let mut row = read(&file, none, |sqlite| sqlite.row("ContainerConfig", id))?;
        assert_eq!(row.len(), 4);
        Some(row.swap_remove(1))
    }

    #[test]
    fn rows_as_sqlite_wrote_them() {
        for (id, expected) in [
            (FIRST, "weir-probe-0"),
            (LARGE, "weir-probe-3"),
            (LAST, "weir-probe-11"),
        ] {
            assert_eq!(name(DATABASE, id), Some(Value::Text(expected.into())));
        }
        assert_eq!(name(DATABASE, "other"), None);
        assert_eq!(name(&DATABASE[..4096], FIRST), None);
        assert_eq!(name(&[], FIRST), None);
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(DATABASE).unwrap();
        let none = Path::new("/nonexistent");
        assert_eq!(read(&file, none, |sqlite| sqlite.row("NoTable", "x")), None);
        // With a write-ahead log.
        let mut logged = DATABASE.to_vec();
        logged[18..20].copy_from_slice(&[2, 2]);
        assert_eq!(name(&logged, FIRST), None);
    }

    #[test]
    fn what_is_being_written_is_not_believed() {
        let directory = tempfile::tempdir().unwrap();
        let journal = directory.path().join("db.sql-journal");
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(DATABASE).unwrap();
        let looks = Cell::new(0);
        let look = |meanwhile: &dyn Fn(u8)| {
            looks.set(0);
            read(&file, &journal, |_| {
                looks.set(looks.get() + 1);
                meanwhile(looks.get());
                Some(looks.get())
            })
        };
        assert_eq!(look(&|_| ()), Some(1));
        let commit = |to: u8| file.write_all_at(&[to], 27).unwrap();
        assert_eq!(
            look(&|n| if n == 1 {
                commit(200);
            }),
            Some(2)
        );
        assert_eq!(look(&|n| commit(n)), None);
        // A transaction that has begun, and one before.
        assert_eq!(look(&|_| fs::write(&journal, "x").unwrap()), None);
        assert_eq!(look(&|_| ()), None);
        assert_eq!(looks.get(), 0);
        fs::write(&journal, "").unwrap();
        assert_eq!(look(&|_| ()), Some(1));
    }

    #[test]
    fn numbers_of_variable_length() {
        let number = |bytes: &[u8]| varint(bytes, &mut 0);
        assert_eq!(number(&[0x7f]), Some(127));
        assert_eq!(number(&[0x81, 0x00]), Some(128));
        assert_eq!(number(&[0xff; 9]), Some(u64::MAX));
        assert_eq!(number(&[0x81]), None);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// Whatever is changed, the reader ends, within its bounds.
        #[test]
        fn no_bytes_break_it(changes in prop::collection::vec((0..DATABASE.len(), any::<u8>()), 1..64)) {
            let mut bytes = DATABASE.to_vec();
            for (at, byte) in changes {
                bytes[at] = byte;
            }
            let mut file = tempfile::tempfile().unwrap();
            file.write_all(&bytes).unwrap();
            let none = Path::new("/nonexistent");
            read(&file, none, |sqlite| sqlite.row("ContainerConfig", LAST));
        }
    }
}
