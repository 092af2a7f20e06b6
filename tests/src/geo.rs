//! The IP databases of the tests.

use std::{
    fs,
    path::Path,
    time::{Duration, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use ipnet::IpNet;
use mmdb_writer::{IpVersion, Ipv4Aliasing, Value, Writer};

/// Day on which every database of the tests was built: 2026-01-01.
pub const BUILT: u64 = 1_767_225_600;

/// Networks and countries. What is missing here (203.0.113.128/25, 2001:db8:3::/48)
/// is in no country that the database knows.
pub const COUNTRIES: [(&str, &str); 5] = [
    ("198.51.100.0/25", "DE"),
    ("198.51.100.128/25", "NO"),
    ("203.0.113.0/25", "US"),
    ("2001:db8:1::/48", "DE"),
    ("2001:db8:2::/48", "US"),
];

/// Writes [`COUNTRIES`] to `file` in MaxMind's format, in the layout of
/// GeoIP2-Country.
///
/// # Errors
/// The file cannot be written.
pub fn write(file: &Path) -> Result<()> {
    write_countries(file, &COUNTRIES)
}

/// Writes a database of countries.
///
/// # Errors
/// The file cannot be written.
pub fn write_countries(file: &Path, entries: &[(&str, &str)]) -> Result<()> {
    let entries = entries.iter().copied();
    let bytes = weir_ipdata::country_mmdb(entries, "Weir-Test-Country", BUILT)?;
    replace(file, &bytes)
}

/// An autonomous system: network, number, organisation, whether it is marked as
/// anycast.
pub type System<'a> = (&'a str, u32, &'a str, bool);

/// Writes a database of autonomous systems, in the flat layout of IPinfo.
///
/// # Errors
/// The file cannot be written.
pub fn write_systems(file: &Path, entries: &[System<'_>]) -> Result<()> {
    let mut writer = Writer::builder("Weir-Test-ASN")
        .description(&[("en", "synthetic")])
        .ip_version(IpVersion::V6)
        .ipv4_aliasing(Ipv4Aliasing::Disabled)
        .build_epoch(UNIX_EPOCH + Duration::from_secs(BUILT))
        .build();
    for (network, number, organisation, anycast) in entries {
        let record = Value::map([
            ("asn", Value::from(format!("AS{number}").as_str())),
            ("as_name", Value::from(*organisation)),
            ("is_anycast", Value::from(*anycast)),
        ]);
        let network: IpNet = network.parse().context("a network of the test")?;
        writer
            .insert_value(network, record)
            .context("an entry of the test")?;
    }
    replace(file, &writer.to_bytes().context("write the database")?)
}

/// Replaces a file as a whole, as those who install databases do.
///
/// # Errors
/// It cannot be written.
pub fn replace(file: &Path, bytes: &[u8]) -> Result<()> {
    let partial = file.with_extension("partial");
    fs::write(&partial, bytes).with_context(|| format!("write {}", partial.display()))?;
    fs::rename(&partial, file).with_context(|| format!("replace {}", file.display()))
}
