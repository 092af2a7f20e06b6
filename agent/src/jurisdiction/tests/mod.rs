//! Databases of every layout and fault, built here.
#![expect(clippy::unwrap_used, reason = "tests")]

mod age;
mod agreement;
mod faults;
mod files;
mod layouts;

use std::{
    fs,
    sync::Arc,
    time::{Duration, UNIX_EPOCH},
};

use ipnet::IpNet;
use jiff::civil::{Date, date};
use mmdb_writer::{IpVersion, Ipv4Aliasing, Value, Writer};

use super::*;

/// 2023-11-14, on which every database here was built.
const BUILT: u64 = 1_700_000_000;

/// A day on which they all count.
const TODAY: Date = date(2023, 11, 20);

/// `country.iso_code`, as GeoIP2 and DB-IP have it.
fn nested(code: &str) -> Value {
    Value::map([
        ("continent", Value::map([("code", Value::from("EU"))])),
        (
            "country",
            Value::map([
                ("geoname_id", Value::from(1_u32)),
                ("iso_code", Value::from(code)),
            ]),
        ),
        (
            "registered_country",
            Value::map([("iso_code", Value::from("CH"))]),
        ),
    ])
}

fn mmdb(kind: &str, version: IpVersion, entries: &[(&str, Value)]) -> Vec<u8> {
    let mut writer = Writer::builder(kind)
        .description(&[("en", "synthetic")])
        .ip_version(version)
        .ipv4_aliasing(Ipv4Aliasing::Disabled)
        .build_epoch(UNIX_EPOCH + Duration::from_secs(BUILT))
        .build();
    for (net, value) in entries {
        writer
            .insert_value(net.parse::<IpNet>().unwrap(), value.clone())
            .unwrap();
    }
    writer.to_bytes().unwrap()
}

/// Databases by name, in a directory of the test's own.
struct Files {
    directory: tempfile::TempDir,
    sources: Vec<DatabaseFile>,
}

impl Files {
    fn new() -> Self {
        Self {
            directory: tempfile::tempdir().unwrap(),
            sources: Vec::new(),
        }
    }

    fn with(mut self, name: &str, bytes: &[u8]) -> Self {
        let path = self.directory.path().join(name).with_extension("mmdb");
        fs::write(&path, bytes).unwrap();
        self.sources.push(DatabaseFile::new(name, path));
        self
    }

    fn entries(self, name: &str, entries: &[(&str, Value)]) -> Self {
        self.with(name, &mmdb("Test-Country", IpVersion::V6, entries))
    }

    fn open(&self) -> Databases {
        Databases::open(&self.sources).unwrap()
    }

    /// The error without the directory's name.
    fn error(&self) -> String {
        let Err(error) = Databases::open(&self.sources) else {
            return "none".to_owned();
        };
        error
            .to_string()
            .replace(&format!("{}/", self.directory.path().display()), "")
    }
}

fn at(databases: &Databases, address: &str) -> Arc<Place> {
    databases.place(address.parse().unwrap(), TODAY)
}

fn code(text: &str) -> Option<CountryCode> {
    Some(text.parse().unwrap())
}

fn text(text: &str) -> Value {
    Value::from(text)
}

/// `autonomous_system_number`, as GeoLite2 and DB-IP have it.
fn system(number: u32, organisation: &str) -> Value {
    Value::map([
        ("autonomous_system_number", Value::from(number)),
        ("autonomous_system_organization", Value::from(organisation)),
    ])
}
