//! The command `weir-ipdata`: builds the country database that set-up installs.

use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    time::Instant,
};

use anyhow::{Context as _, Result, bail};
use clap::{Parser, Subcommand};
use weir_ipdata::{CountryDatabase, tor_geoip};

#[derive(Parser)]
#[command(version, about = "Builds MaxMind-format country databases")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Build a country database from the text files of Debian's tor-geoipdb
    Build {
        /// Ranges of IPv4
        #[arg(long, value_name = "FILE", default_value = "/usr/share/tor/geoip")]
        geoip: PathBuf,
        /// Ranges of IPv6
        #[arg(long, value_name = "FILE", default_value = "/usr/share/tor/geoip6")]
        geoip6: PathBuf,
        /// Database to write; replaced as a whole. What is said of it stands in
        /// a file beside it, with the ending .toml
        #[arg(long, value_name = "FILE")]
        out: PathBuf,
    },
}

/// Days after the export for which the answers count.
const MAX_AGE_DAYS: u32 = 400;

fn main() -> Result<()> {
    match Arguments::parse().command {
        Command::Build { geoip, geoip6, out } => build(&geoip, &geoip6, &out),
    }
}

fn build(geoip: &Path, geoip6: &Path, out: &Path) -> Result<()> {
    let started = Instant::now();
    let (v4, v6) = (read(geoip)?, read(geoip6)?);
    if v4.generated != v6.generated {
        bail!(
            "{} is of {} and {} of {}: take both from the same package",
            geoip.display(),
            v4.generated,
            geoip6.display(),
            v6.generated
        );
    }
    let database = CountryDatabase {
        kind: "Tor-GeoIP-Country".to_owned(),
        description: format!(
            "Country by address, from the tor-geoipdb export of {} of {}; licence {}",
            v4.vendor, v4.generated, v4.licence
        ),
        build_epoch: u64::try_from(v4.generated.as_second()).context("the date is before 1970")?,
    };
    let said = said(&v4);
    let total = v4.entries.len() + v6.entries.len();
    eprintln!("building from {total} ranges; this takes a few seconds");
    let entries = v4
        .entries
        .into_iter()
        .chain(v6.entries)
        .enumerate()
        .map(|(index, entry)| {
            if index > 0 && index % 100_000 == 0 {
                eprintln!("  {index} of {total} ranges");
            }
            entry
        });
    let bytes = database.build(entries)?;
    write(&out.with_extension("toml"), said.as_bytes())?;
    write(out, &bytes)?;
    eprintln!(
        "wrote {} ({} KiB, data of {}) in {:.1} s",
        out.display(),
        bytes.len() / 1024,
        v4.generated,
        started.elapsed().as_secs_f64()
    );
    Ok(())
}

/// What the agent is to know of the database. A stable Debian has new data with
/// each upload of tor, which comes a few times a year: then the data are old,
/// and still the best that set-up can build.
fn said(source: &tor_geoip::TorGeoip) -> String {
    format!(
        "licence = {:?}\nsource = {:?}\nmax_age_days = {MAX_AGE_DAYS}\n",
        source.licence,
        format!("{}, by Debian's tor-geoipdb", source.vendor)
    )
}

fn write(path: &Path, bytes: &[u8]) -> Result<()> {
    replace(path, bytes).with_context(|| {
        format!(
            "{} cannot be written: check the directory and its permissions",
            path.display()
        )
    })
}

fn read(path: &Path) -> Result<tor_geoip::TorGeoip> {
    let text = fs::read_to_string(path).with_context(|| {
        format!(
            "{} cannot be read: install the package tor-geoipdb",
            path.display()
        )
    })?;
    let file = tor_geoip::parse(&text)
        .with_context(|| format!("{} is not usable: reinstall tor-geoipdb", path.display()))?;
    eprintln!(
        "read {}: {} ranges, {} without a country",
        path.display(),
        file.entries.len(),
        file.unknown
    );
    Ok(file)
}

/// Writes beside the target and renames, so that a reader never maps half a file.
fn replace(out: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let mut partial = out.as_os_str().to_owned();
    partial.push(".partial");
    let mut file = fs::File::create(&partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(&partial, out)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    const HEADER: &str = "# Generated: Thu, 25 Jun 2026 04:33:59 GMT\n\
        # Vendor:    Example Registry (synthetic)\n# License:   CC BY-SA 4.0\n";

    fn files(v6_header: &str) -> (tempfile::TempDir, PathBuf, PathBuf, PathBuf) {
        let dir = tempfile::tempdir().unwrap();
        let at = |name: &str| dir.path().join(name);
        fs::write(at("geoip"), format!("{HEADER}3405803776,3405804031,US\n")).unwrap();
        fs::write(
            at("geoip6"),
            format!("{v6_header}2001:db8::,2001:db8::ffff,DE\n"),
        )
        .unwrap();
        let paths = (at("geoip"), at("geoip6"), at("country.mmdb"));
        (dir, paths.0, paths.1, paths.2)
    }

    #[test]
    fn two_builds_of_one_export_are_the_same_file() {
        let (_dir, geoip, geoip6, out) = files(HEADER);
        build(&geoip, &geoip6, &out).unwrap();
        let first = fs::read(&out).unwrap();
        build(&geoip, &geoip6, &out).unwrap();
        assert_eq!(first, fs::read(&out).unwrap());
        let reader = maxminddb::Reader::from_source(first).unwrap();
        assert_eq!(
            reader.metadata().description["en"],
            "Country by address, from the tor-geoipdb export of Example Registry (synthetic) \
             of 2026-06-25T04:33:59Z; licence CC BY-SA 4.0"
        );
        assert_eq!(reader.metadata().build_epoch, 1_782_362_039);
        assert_eq!(
            fs::read_to_string(out.with_extension("toml")).unwrap(),
            "licence = \"CC BY-SA 4.0\"\nsource = \"Example Registry (synthetic), by Debian's \
             tor-geoipdb\"\nmax_age_days = 400\n"
        );
    }

    #[test]
    fn files_of_two_exports_are_not_mixed() {
        let (_dir, geoip, geoip6, out) = files(&HEADER.replace("04:33:59", "05:00:00"));
        let error = build(&geoip, &geoip6, &out).unwrap_err().to_string();
        assert!(
            error.ends_with("take both from the same package"),
            "{error}"
        );
        assert!(!out.exists());
    }

    #[test]
    fn a_missing_file_names_the_package() {
        let (_dir, _, geoip6, out) = files(HEADER);
        let error = build(Path::new("/nonexistent/geoip"), &geoip6, &out)
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "/nonexistent/geoip cannot be read: install the package tor-geoipdb"
        );
    }
}
