//! What is refused, and how the rest comes through.

use std::fs;

use proptest::prelude::*;

use super::*;

#[test]
fn each_fault_has_its_own_error_and_remedy() {
    let whole = mmdb(
        "Test-Country",
        IpVersion::V6,
        &[("198.51.100.0/24", nested("DE"))],
    );
    let says = |bytes: &[u8]| Files::new().with("x", bytes).error();
    const AGAIN: &str = "fetch it again, or name another";

    assert_eq!(
        Files::new().error(),
        "no IP database is given: pass --ip-db FILE, or install some with `weir geo update FILE…`"
    );
    assert_eq!(
        Files::new().with("x", &whole).with("x", &whole).error(),
        "two IP databases are called `x`: name each with --ip-db NAME=FILE"
    );
    let mut missing = Files::new();
    missing
        .sources
        .push(DatabaseFile::new("x", "/nonexistent/x.mmdb"));
    assert_eq!(
        missing.error(),
        "IP database /nonexistent/x.mmdb does not exist: name one that does"
    );
    let mut directory = Files::new();
    directory
        .sources
        .push(DatabaseFile::new("x", directory.directory.path().join(".")));
    assert!(
        directory
            .error()
            .ends_with("is a directory: name the .mmdb file in it")
    );
    let mut device = Files::new();
    device.sources.push(DatabaseFile::new("x", "/dev/null"));
    assert!(device.error().contains("/dev/null is not a regular file"));
    assert_eq!(
        says(b""),
        "IP database x.mmdb is empty: fetch it again, or name another"
    );
    assert_eq!(
        says(b"1.0.0.0,1.0.0.255,AU\n"),
        "IP database x.mmdb is a text file: name a database in MaxMind format (.mmdb)"
    );
    assert_eq!(
        says(b"\x1f\x8b\x08\x00"),
        "IP database x.mmdb is compressed: unpack it and name the .mmdb file"
    );
    assert_eq!(
        says(&whole[..whole.len() / 2]),
        format!(
            "IP database x.mmdb has no MaxMind metadata, so it is cut off or of another format: {AGAIN}"
        )
    );
    let shortened = says(&whole[64..]);
    assert!(
        shortened.starts_with("IP database x.mmdb is corrupt: "),
        "{shortened}"
    );
    assert!(shortened.ends_with(AGAIN), "{shortened}");
    let cut_metadata = says(&whole[..whole.len() - 8]);
    assert!(
        cut_metadata.starts_with("IP database x.mmdb is corrupt: "),
        "{cut_metadata}"
    );
    assert_eq!(
        says(&mmdb("Test-Country", IpVersion::V6, &[])),
        format!("IP database x.mmdb holds no networks: {AGAIN}")
    );
    let city = Value::map([("city", text("Example")), ("zip", text("1"))]);
    assert_eq!(
        says(&mmdb(
            "Test-City",
            IpVersion::V6,
            &[("198.51.100.0/24", city)]
        )),
        "IP database x.mmdb (Test-City) states nothing that is asked: its records have city, zip, \
         and none of country.iso_code, country_code, country, registered_country.iso_code, \
         autonomous_system_number, asn, traits.is_anycast, is_anycast; name a country, city or \
         ASN database"
    );
}

#[test]
fn an_image_may_come_from_elsewhere() {
    let files = Files::new().entries("main", &[("198.51.100.0/24", nested("DE"))]);
    let bytes: &'static [u8] = fs::read(&files.sources[0].path).unwrap().leak();
    let databases = Databases::open_with(&files.sources, |_| Ok(Image::new(bytes))).unwrap();
    assert_eq!(at(&databases, "198.51.100.1").country(), code("DE"));
}

/// A file that is truncated or overwritten in place kills no agent and changes
/// no answer.
#[test]
fn what_becomes_of_the_file_changes_nothing() {
    let files = Files::new().entries("x", &[("198.51.100.0/24", nested("DE"))]);
    let databases = files.open();
    let path = &files.sources[0].path;
    let length = fs::metadata(path).unwrap().len();
    fs::OpenOptions::new()
        .write(true)
        .open(path)
        .unwrap()
        .set_len(1)
        .unwrap();
    assert_eq!(at(&databases, "198.51.100.1").country(), code("DE"));
    fs::write(path, vec![0xff; usize::try_from(length).unwrap()]).unwrap();
    assert_eq!(at(&databases, "198.51.100.2").country(), code("DE"));
}

proptest! {
    /// A damaged file is refused or answers; it never stops the agent.
    #[test]
    fn damage_never_panics(place in any::<prop::sample::Index>(), byte in any::<u8>(), cut in any::<bool>()) {
        let mut bytes = mmdb(
            "Test-Country",
            IpVersion::V6,
            &[
                ("198.51.100.0/24", nested("DE")),
                ("2001:db8::/48", nested("FR")),
                ("192.0.2.0/24", system(64_500, "Example (synthetic)")),
            ],
        );
        let place = place.index(bytes.len());
        if cut { bytes.truncate(place) } else { bytes[place] = byte }
        let files = Files::new().with("x", &bytes);
        if let Ok(databases) = Databases::open(&files.sources) {
            for address in ["198.51.100.1", "2001:db8::1", "192.0.2.1"] {
                at(&databases, address);
            }
        }
    }
}
