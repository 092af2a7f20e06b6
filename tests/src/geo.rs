//! The country database of the tests.

use std::{fs, path::Path};

use anyhow::{Context, Result};

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
    let built = 1_767_225_600; // 2026-01-01
    let bytes = weir_ipdata::country_mmdb(COUNTRIES, "Weir-Test-Country", built)?;
    fs::write(file, bytes).with_context(|| format!("write {}", file.display()))
}
