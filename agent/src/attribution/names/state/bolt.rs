//! Databases of bbolt, in which Podman and containerd keep their containers.
//!
//! A reader of its own, because every other takes the lock of the file: containerd
//! holds it for as long as it runs, and holding it would stop Podman. Without the
//! lock, what is read may be overwritten meanwhile. But bbolt writes a page that is
//! in use only two transactions later, and notes each transaction last, in one of
//! two pages at the beginning of the file. So what was read is whole if the newest
//! transaction is still the same afterwards; otherwise it is read again.
//!
//! Layout: `page.go`, `meta.go` and `bucket.go` of bbolt, file format version 2.
//! Numbers are in the order of the machine, which is little-endian on all that Weir
//! runs on.

use std::{cell::Cell, fs::File, os::unix::fs::FileExt as _};

/// First bytes of a meta page, after its header.
const MAGIC: u32 = 0xED0C_DAED;
/// Version of the format.
const VERSION: u32 = 2;
/// Bytes before what a page holds: id, flags, count, number of pages that follow.
const HEADER: usize = 16;
/// Bytes of an element of a page, without key and value.
const ELEMENT: usize = 16;
/// Bytes of a meta page that its checksum covers.
const CHECKED: usize = 56;
const BRANCH: u16 = 0x01;
const LEAF: u16 = 0x02;
/// Marks a value that is a bucket.
const BUCKET: u32 = 0x01;
/// Sizes of pages: those of memory.
const PAGE_SIZES: [usize; 3] = [4096, 16_384, 65_536];
/// Pages that one look may read; a container is some ten pages down.
const MOST_PAGES: u32 = 256;
/// Largest page with those that continue it.
const LARGEST: usize = 1 << 20;
/// Keys that are taken from one bucket.
const MOST_KEYS: usize = 1024;
/// Looks before a database that is always being written is left alone.
const TRIES: usize = 3;

/// A database as of one transaction.
pub(super) struct Bolt<'f> {
    file: &'f File,
    meta: Meta,
    /// Pages that may still be read.
    left: Cell<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
struct Meta {
    page_size: usize,
    root: u64,
    transaction: u64,
}

/// Where a bucket's keys are.
pub(super) struct Bucket(Page);

/// Bytes of one page, continued.
struct Page(Vec<u8>);

/// What a leaf holds under a key.
struct Element<'p> {
    is_bucket: bool,
    key: &'p [u8],
    value: &'p [u8],
}

/// What `look` finds in the database, as of one transaction; `None` also when the
/// file is none, is torn, or changes all the time.
pub(super) fn read<T>(file: &File, look: impl Fn(&Bolt<'_>) -> Option<T>) -> Option<T> {
    for _ in 0..TRIES {
        let meta = newest(file)?;
        let database = Bolt {
            file,
            meta,
            left: Cell::new(MOST_PAGES),
        };
        let found = look(&database);
        if newest(file)? == meta {
            return found;
        }
    }
    None
}

impl Bolt<'_> {
    /// The bucket at a path of names from the root.
    pub(super) fn bucket(&self, path: &[&str]) -> Option<Bucket> {
        let mut bucket = Bucket(self.page(self.meta.root)?);
        for name in path {
            let (is_bucket, value) = self.find(bucket, name.as_bytes())?;
            if !is_bucket {
                return None;
            }
            bucket = self.open(&value)?;
        }
        Some(bucket)
    }

    /// The value of a key.
    pub(super) fn value(&self, bucket: Bucket, key: &str) -> Option<Vec<u8>> {
        let (is_bucket, value) = self.find(bucket, key.as_bytes())?;
        (!is_bucket).then_some(value)
    }

    /// Keys and values of a bucket, without the buckets in it; `None` if they are
    /// too many.
    pub(super) fn pairs(&self, bucket: Bucket) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
        let mut found = Vec::new();
        let mut open = Vec::new();
        let mut next = Some(bucket.0);
        while let Some(page) = next {
            if page.flags()? & BRANCH != 0 {
                for element in page.elements() {
                    open.push(page.child(element)?);
                }
                if open.len() > MOST_KEYS {
                    return None;
                }
                next = Some(self.page(open.pop()?)?);
                continue;
            }
            for element in page.elements() {
                let element = page.leaf(element)?;
                if !element.is_bucket {
                    found.push((element.key.to_vec(), element.value.to_vec()));
                }
            }
            if found.len() > MOST_KEYS {
                return None;
            }
            next = match open.pop() {
                Some(id) => Some(self.page(id)?),
                None => None,
            };
        }
        Some(found)
    }

    fn find(&self, bucket: Bucket, key: &[u8]) -> Option<(bool, Vec<u8>)> {
        let mut page = bucket.0;
        while page.flags()? & BRANCH != 0 {
            // The child that begins with the last key that is not past the wanted one.
            let mut child = None;
            for element in page.elements() {
                if child.is_some() && page.branch_key(element)? > key {
                    break;
                }
                child = Some(page.child(element)?);
            }
            page = self.page(child?)?;
        }
        for element in page.elements() {
            let element = page.leaf(element)?;
            if element.key == key {
                return Some((element.is_bucket, element.value.to_vec()));
            }
        }
        None
    }

    /// A bucket from its value: the page of its root, or that page itself where the
    /// bucket is small.
    fn open(&self, value: &[u8]) -> Option<Bucket> {
        let page = match u64_at(value, 0)? {
            0 => Page(value.get(16..)?.to_vec()),
            root => self.page(root)?,
        };
        Some(Bucket(page))
    }

    fn page(&self, id: u64) -> Option<Page> {
        self.left.set(self.left.get().checked_sub(1)?);
        let size = self.meta.page_size;
        let at = id.checked_mul(u64::try_from(size).ok()?)?;
        let mut bytes = vec![0; size];
        self.file.read_exact_at(&mut bytes, at).ok()?;
        if u64_at(&bytes, 0)? != id {
            return None;
        }
        let more = usize::try_from(u32_at(&bytes, 12)?).ok()?;
        let whole = more.checked_add(1)?.checked_mul(size)?;
        if whole > LARGEST {
            return None;
        }
        if whole > size {
            bytes.resize(whole, 0);
            self.file.read_exact_at(&mut bytes, at).ok()?;
        }
        Some(Page(bytes))
    }
}

impl Page {
    /// What kind of page it is: a branch or a leaf, and no other.
    fn flags(&self) -> Option<u16> {
        u16_at(&self.0, 8).filter(|flags| matches!(*flags, BRANCH | LEAF))
    }

    /// Where its elements begin.
    fn elements(&self) -> impl Iterator<Item = usize> + use<> {
        let count = usize::from(u16_at(&self.0, 10).unwrap_or(0));
        (0..count).map(|n| HEADER + n * ELEMENT)
    }

    fn branch_key(&self, element: usize) -> Option<&[u8]> {
        let (at, length) = (self.number(element, 0)?, self.number(element, 4)?);
        self.slice(element.checked_add(at)?, length)
    }

    fn child(&self, element: usize) -> Option<u64> {
        u64_at(&self.0, element.checked_add(8)?)
    }

    fn leaf(&self, element: usize) -> Option<Element<'_>> {
        let at = element.checked_add(self.number(element, 4)?)?;
        let key = self.slice(at, self.number(element, 8)?)?;
        let value = self.slice(at.checked_add(key.len())?, self.number(element, 12)?)?;
        Some(Element {
            is_bucket: u32_at(&self.0, element)? & BUCKET != 0,
            key,
            value,
        })
    }

    fn number(&self, element: usize, at: usize) -> Option<usize> {
        usize::try_from(u32_at(&self.0, element.checked_add(at)?)?).ok()
    }

    fn slice(&self, at: usize, length: usize) -> Option<&[u8]> {
        self.0.get(at..at.checked_add(length)?)
    }
}

/// The newer of the two meta pages; one of them may be torn.
fn newest(file: &File) -> Option<Meta> {
    let first = meta_at(file, 0);
    // Where the first is torn, the size of pages is not known.
    let sizes = match first {
        Some(first) => vec![first.page_size],
        None => PAGE_SIZES.to_vec(),
    };
    let second = sizes
        .into_iter()
        .find_map(|size| meta_at(file, size).filter(|meta| meta.page_size == size));
    [first, second]
        .into_iter()
        .flatten()
        .max_by_key(|meta| meta.transaction)
}

fn meta_at(file: &File, at: usize) -> Option<Meta> {
    let mut bytes = [0; HEADER + CHECKED + 8];
    let at = u64::try_from(at).ok()?;
    file.read_exact_at(&mut bytes, at).ok()?;
    let meta = bytes.get(HEADER..)?;
    let sound = u32_at(meta, 0)? == MAGIC
        && u32_at(meta, 4)? == VERSION
        && u64_at(meta, CHECKED)? == fnv1a(meta.get(..CHECKED)?);
    let page_size = usize::try_from(u32_at(meta, 8)?).ok()?;
    (sound && PAGE_SIZES.contains(&page_size)).then_some(Meta {
        page_size,
        root: u64_at(meta, 16)?,
        transaction: u64_at(meta, 48)?,
    })
}

/// FNV-1a of 64 bits.
fn fnv1a(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3)
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    array_at(bytes, at).map(u16::from_le_bytes)
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    array_at(bytes, at).map(u32::from_le_bytes)
}

fn u64_at(bytes: &[u8], at: usize) -> Option<u64> {
    array_at(bytes, at).map(u64::from_le_bytes)
}

fn array_at<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::io::Write as _;

    use proptest::prelude::*;

    use super::*;

    /// Of containerd 1.6, with three containers made by `ctr`.
    const CONTAINERD: &[u8] = include_bytes!("../fixtures/containerd-1.6-meta.db");
    const PATH: [&str; 5] = ["v1", "default", "containers", "batch-1", "labels"];

    fn labels(bytes: &[u8]) -> Option<Vec<(String, String)>> {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(bytes).unwrap();
        let pairs = read(&file, |bolt| bolt.pairs(bolt.bucket(&PATH)?))?;
        let text = |bytes| String::from_utf8(bytes).ok();
        let pairs = pairs.into_iter();
        pairs
            .map(|(key, value)| Some((text(key)?, text(value)?)))
            .collect()
    }

    fn expected() -> Option<Vec<(String, String)>> {
        let pairs = [("tier", "gpu")];
        Some(
            pairs
                .map(|(key, value)| (key.to_owned(), value.to_owned()))
                .into(),
        )
    }

    #[test]
    fn labels_as_containerd_wrote_them() {
        assert_eq!(labels(CONTAINERD), expected());
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(CONTAINERD).unwrap();
        let found = |path: &[&str]| read(&file, |bolt| bolt.bucket(path).map(drop)).is_some();
        assert!(found(&["v1", "k8s.io"]));
        assert!(!found(&["v1", "other"]));
    }

    #[test]
    fn one_meta_page_suffices_and_none_does_not() {
        let torn = |pages: &[usize]| {
            let mut bytes = CONTAINERD.to_vec();
            for page in pages {
                bytes[page * 4096 + HEADER + 20] ^= 1;
            }
            labels(&bytes)
        };
        // One of them is of the last transaction, and the other of the one before.
        assert!([torn(&[0]), torn(&[1])].contains(&expected()));
        assert_eq!(torn(&[0, 1]), None);
        assert_eq!(labels(&[]), None);
        assert_eq!(labels(&CONTAINERD[..8192]), None);
    }

    #[test]
    fn what_changes_while_it_is_read_is_read_again() {
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(CONTAINERD).unwrap();
        // A transaction after each look, as bbolt notes it.
        let commit = || {
            let newest = newest(&file).unwrap().transaction + 1;
            let at = u64::from(newest % 2 == 1) * 4096;
            let other = 4096 - at;
            let mut page = vec![0; HEADER + CHECKED + 8];
            file.read_exact_at(&mut page, other).unwrap();
            page[HEADER + 48..HEADER + 56].copy_from_slice(&newest.to_le_bytes());
            let sum = fnv1a(&page[HEADER..HEADER + CHECKED]);
            page[HEADER + CHECKED..].copy_from_slice(&sum.to_le_bytes());
            file.write_all_at(&page, at).unwrap();
        };
        let looks = Cell::new(0);
        let look = |times: usize| {
            looks.set(0);
            read(&file, |_| {
                looks.set(looks.get() + 1);
                if looks.get() <= times {
                    commit();
                }
                Some(looks.get())
            })
        };
        assert_eq!(look(0), Some(1));
        assert_eq!(look(1), Some(2));
        assert_eq!(look(9), None);
        assert_eq!(looks.get(), TRIES);
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        /// Whatever is changed, the reader ends, within its bounds.
        #[test]
        fn no_bytes_break_it(changes in prop::collection::vec((0..CONTAINERD.len(), any::<u8>()), 1..64)) {
            let mut bytes = CONTAINERD.to_vec();
            for (at, byte) in changes {
                bytes[at] = byte;
            }
            labels(&bytes);
        }
    }
}
