//! What an archive takes back, and what it refuses.

#![expect(clippy::unwrap_used, reason = "tests")]
use proptest::prelude::*;

use super::*;

fn archive(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = Writer::new(Vec::new(), 1_793_404_800);
    for (name, content) in files {
        let length = content.len() as u64;
        writer
            .add(&name.parse().unwrap(), length, *content)
            .unwrap();
    }
    writer.finish().unwrap()
}

fn read(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, ArchiveError> {
    let mut files = Vec::new();
    each(bytes, 1 << 20, |name, _, content| {
        let mut all = Vec::new();
        content
            .read_to_end(&mut all)
            .map_err(ArchiveError::io("test"))?;
        files.push((name.to_string(), all));
        Ok::<_, ArchiveError>(())
    })?;
    Ok(files)
}

#[test]
fn a_long_name_is_in_the_header_as_any_tar_has_it() {
    let directory = format!("policy/{}", "0".repeat(64));
    let name = format!("{directory}/{}.toml", "a".repeat(40));
    let bytes = archive(&[(&name, b"text")]);
    assert_eq!(read(&bytes).unwrap(), [(name, b"text".to_vec())]);
    assert!(bytes[345..].starts_with(directory.as_bytes()));
    let mut split = bytes;
    // The same path, parted elsewhere.
    split[345..500].fill(0);
    split[345..351].copy_from_slice(b"policy");
    assert!(read(&split).is_err());
}

#[test]
fn files_come_back_and_bytes_are_the_same() {
    let files: &[(&str, &[u8])] = &[("a", b"one"), ("b/c", b""), ("b/d", &[7; 600])];
    let bytes = archive(files);
    assert_eq!(bytes, archive(files));
    let found = read(&bytes).unwrap();
    let wanted: Vec<_> = files
        .iter()
        .map(|(n, c)| ((*n).to_owned(), c.to_vec()))
        .collect();
    assert_eq!(found, wanted);
}

#[test]
fn order_and_length_are_kept() {
    let mut writer = Writer::new(Vec::new(), 0);
    writer
        .add(&"b".parse().unwrap(), 1, b"x".as_slice())
        .unwrap();
    let refused = |result: Result<(), ArchiveError>| result.unwrap_err().to_string();
    assert_eq!(
        refused(writer.add(&"a".parse().unwrap(), 0, b"".as_slice())),
        "a stands after b: members are in the order of their names, each once"
    );
    assert_eq!(
        refused(writer.add(&"c".parse().unwrap(), 1, b"xy".as_slice())),
        "c has 2 bytes, and 1 were announced"
    );
    assert_eq!(
        refused(Writer::new(Vec::new(), 0).add(&"c".parse().unwrap(), 2, b"x".as_slice())),
        "c has 1 bytes, and 2 were announced"
    );
}

#[test]
fn other_members_are_refused() {
    let mut header = Header::new_ustar();
    header.set_entry_type(EntryType::Symlink);
    header.set_path("link").unwrap();
    header.set_size(0);
    header.set_link_name("/etc/passwd").unwrap();
    header.set_cksum();
    let mut builder = Builder::new(Vec::new());
    builder.append(&header, io::empty()).unwrap();
    let error = read(&builder.into_inner().unwrap()).unwrap_err();
    assert_eq!(error.to_string(), "link is not a plain file (type '2')");

    let mut builder = Builder::new(Vec::new());
    let mut header = Header::new_ustar();
    header.as_mut_bytes()[..4].copy_from_slice(b"../a");
    header.set_entry_type(EntryType::Regular);
    header.set_size(0);
    header.set_cksum();
    builder.append(&header, io::empty()).unwrap();
    let error = read(&builder.into_inner().unwrap()).unwrap_err();
    assert!(matches!(error, ArchiveError::Name(_)), "{error}");
}

#[test]
fn a_large_member_is_refused_before_it_is_read() {
    let bytes = archive(&[("a", &[0; 100])]);
    let error = each(bytes.as_slice(), 99, |_, _, _| Ok::<_, ArchiveError>(())).unwrap_err();
    assert_eq!(error.to_string(), "a has 100 bytes; at most 99 are taken");
}

#[test]
fn a_cut_member_is_seen() {
    let bytes = archive(&[("a", &[7; 2000])]);
    for cut in [100, 512, 513, 1500, 2511] {
        assert!(read(&bytes[..cut]).is_err(), "cut at {cut}");
    }
}

/// One archive for one set of files: no other byte is taken.
#[test]
fn any_other_byte_beside_the_contents_is_refused() {
    let files: &[(&str, &[u8])] = &[("a", &[7; 700]), ("verify.py", b"x")];
    let bytes = archive(files);
    let content = |at: usize| (512..1212).contains(&at) || at == 2048;
    for at in (0..bytes.len()).filter(|at| !content(*at)) {
        for flip in [1, 0x80] {
            let mut other = bytes.clone();
            other[at] ^= flip;
            assert!(read(&other).is_err(), "byte {at} with {flip:#x}");
        }
    }
    let mut longer = bytes.clone();
    longer.push(0);
    for (other, wanted) in [
        (
            longer.as_slice(),
            "the archive does not end where it should: it was cut or continued",
        ),
        (
            &bytes[..bytes.len() - 1024],
            "the archive ends at byte 2560, before its end: it was cut",
        ),
        (
            &bytes[..bytes.len() - 1],
            "the archive does not end where it should: it was cut or continued",
        ),
    ] {
        assert_eq!(read(other).unwrap_err().to_string(), wanted);
    }
    let mut padding = bytes;
    padding[1300] = b'x';
    let error = read(&padding).unwrap_err().to_string();
    assert_eq!(error, "what follows a is not empty");
}

proptest! {
    /// Whatever is read, reading ends, and never with a panic.
    #[test]
    fn any_bytes_are_read_or_refused(mut bytes in prop::collection::vec(any::<u8>(), 0..2048), at in 0_usize..2048) {
        drop(read(&bytes));
        let mut whole = archive(&[("a", b"one"), ("b", &[1; 700])]);
        if let (Some(place), Some(byte)) = (whole.get_mut(at), bytes.pop()) {
            *place = byte;
        }
        drop(read(&whole));
    }
}
