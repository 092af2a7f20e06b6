//! The country database of the tests.

use std::{fs, path::Path};

use anyhow::{Context, Result};
use ipnet::IpNet;
use mmdb_writer::{Value, Writer};

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
    let mut writer = Writer::new("Weir-Test-Country");
    for (network, country) in COUNTRIES {
        let record = Value::map([("country", Value::map([("iso_code", Value::from(country))]))]);
        writer.insert_value(network.parse::<IpNet>()?, record)?;
    }
    fs::write(file, writer.to_bytes()?).with_context(|| format!("write {}", file.display()))
}
