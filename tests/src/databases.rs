//! IP databases of the tests that differ from the first ([`crate::geo`]): one of
//! networks' operators, one that disagrees, and one that is too old.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, UNIX_EPOCH},
};

use anyhow::{Context, Result};
use mmdb_writer::{Ipv4Aliasing, Value, Writer};
use weir_ipdata::Range;

use crate::{geo, run::Run, stage};

/// Build date of what is up to date, 2026-01-01, in seconds since 1970.
pub const CURRENT: u64 = 1_767_225_600;
/// Build date of what is too old by any measure, 2019-01-01.
pub const LONG_AGO: u64 = 1_546_300_800;

/// An autonomous system; the numbers are those for documentation (RFC 5398).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct System {
    /// A network of its.
    pub network: &'static str,
    /// Number.
    pub number: u32,
    /// Organisation.
    pub organisation: &'static str,
}

/// Who runs which network. What is missing here (203.0.113.128/25) is nobody's
/// that the database knows.
pub const SYSTEMS: [System; 5] = [
    System {
        network: "198.51.100.0/25",
        number: 64496,
        organisation: "Example Content Network GmbH",
    },
    System {
        network: "198.51.100.128/25",
        number: 64497,
        organisation: "Example Nordic AS",
    },
    System {
        network: "203.0.113.0/25",
        number: 64498,
        organisation: "Example Overseas Inc.",
    },
    System {
        network: "2001:db8:1::/48",
        number: 64496,
        organisation: "Example Content Network GmbH",
    },
    System {
        network: "2001:db8:2::/48",
        number: 64498,
        organisation: "Example Overseas Inc.",
    },
];

/// The address about which [`Databases::second`] disagrees: Norway there, Germany
/// in the first.
pub const DISPUTED: &str = stage::GERMANY;

/// Files of a run.
#[derive(Clone, Debug)]
pub struct Databases {
    /// [`geo::COUNTRIES`].
    pub first: PathBuf,
    /// The same in a flat layout (`country_code`), but for [`DISPUTED`].
    pub second: PathBuf,
    /// [`geo::COUNTRIES`], as of [`LONG_AGO`].
    pub expired: PathBuf,
    /// [`SYSTEMS`], in the layout of GeoLite2-ASN.
    pub systems: PathBuf,
}

impl Databases {
    /// Writes them.
    ///
    /// # Errors
    /// A file cannot be written.
    pub fn write(run: &Run) -> Result<Self> {
        let file = |name: &str| run.directory().join(name);
        let made = Self {
            first: file("first.mmdb"),
            second: file("second.mmdb"),
            expired: file("expired.mmdb"),
            systems: file("systems.mmdb"),
        };
        save(&made.first, countries("Weir-Test-First-Country", CURRENT)?)?;
        save(
            &made.expired,
            countries("Weir-Test-Expired-Country", LONG_AGO)?,
        )?;
        let limit = file("expired.toml");
        fs::write(&limit, "max_age_days = 30\n").context("write a sidecar")?;
        save(&made.second, dissenting()?)?;
        save(&made.systems, systems()?)?;
        Ok(made)
    }

    /// Arguments that give these databases to the agent, each by `option` as
    /// `NAME=FILE`.
    pub fn arguments(option: &str, databases: &[(&str, &Path)]) -> Vec<String> {
        databases
            .iter()
            .flat_map(|(name, file)| [option.to_owned(), format!("{name}={}", file.display())])
            .collect()
    }
}

fn save(file: &Path, bytes: Vec<u8>) -> Result<()> {
    fs::write(file, bytes).with_context(|| format!("write {}", file.display()))
}

fn countries(kind: &str, built: u64) -> Result<Vec<u8>> {
    Ok(weir_ipdata::country_mmdb(geo::COUNTRIES, kind, built)?)
}

fn writer(kind: &str, built: u64) -> Writer {
    Writer::builder(kind)
        .description(&[("en", kind)])
        .ipv4_aliasing(Ipv4Aliasing::Disabled)
        .build_epoch(UNIX_EPOCH + Duration::from_secs(built))
        .build()
}

fn dissenting() -> Result<Vec<u8>> {
    let mut writer = writer("Weir-Test-Second-Country", CURRENT);
    let disputed = format!("{DISPUTED}/32");
    for (network, country) in geo::COUNTRIES
        .into_iter()
        .chain([(disputed.as_str(), "NO")])
    {
        let record = Value::map([("country_code", Value::from(country))]);
        let network: Range = network.parse()?;
        writer.insert_range(network.first(), network.last(), &record)?;
    }
    Ok(writer.to_bytes()?)
}

fn systems() -> Result<Vec<u8>> {
    let mut writer = writer("Weir-Test-ASN", CURRENT);
    for system in SYSTEMS {
        let record = Value::map([
            ("autonomous_system_number", Value::from(system.number)),
            (
                "autonomous_system_organization",
                Value::from(system.organisation),
            ),
        ]);
        let network: Range = system.network.parse()?;
        writer.insert_range(network.first(), network.last(), &record)?;
    }
    Ok(writer.to_bytes()?)
}
