//! IP databases of a usual size, made here: what they say is made up.

use std::{fs, path::Path, rc::Rc, sync::Arc};

use anyhow::{Context as _, Result, anyhow};
use ipnet::{IpNet, Ipv4Net, Ipv6Net};
use maxminddb::Reader;
use mmdb_writer::{Ipv4Aliasing, ReservedNetworks, Value, Writer};
use weir::jurisdiction::{DatabaseFile, Databases};

use super::random::{Random, mix};

/// Networks of IPv6; those of IPv4 are some 250,000, as their lengths fall.
const IPV6_NETWORKS: u32 = 50_000;
/// Build date of all of them: 2026-11-01, in seconds since 1970.
const BUILT: u64 = 1_793_491_200;
/// Autonomous systems.
const SYSTEMS: u32 = 75_000;
/// Countries that the databases name.
const COUNTRIES: [&str; 16] = [
    "DE", "US", "FR", "NL", "SE", "NO", "FI", "CH", "GB", "JP", "BR", "IN", "SG", "AU", "CA", "PL",
];
/// Languages of a country's names, as GeoIP2 has them.
const LANGUAGES: [&str; 8] = ["de", "en", "es", "fr", "ja", "pt-BR", "ru", "zh-CN"];

/// Two country databases and one of autonomous systems.
pub(super) struct Made {
    /// As the agent opens them.
    pub(super) weir: Arc<Databases>,
    /// The same bytes, for a reader without the agent.
    pub(super) plain: Rc<[Reader<Vec<u8>>; 3]>,
}

/// What a database is made of.
struct Kind {
    name: &'static str,
    database_type: &'static str,
    seed: u64,
    record: fn(place: u64) -> Value,
}

const KINDS: [Kind; 3] = [
    Kind {
        name: "country-a",
        database_type: "Synthetic-Country",
        seed: 1,
        record: nested_country,
    },
    Kind {
        name: "country-b",
        database_type: "Synthetic-Country-Flat",
        seed: 2,
        record: flat_country,
    },
    Kind {
        name: "as",
        database_type: "Synthetic-ASN",
        seed: 3,
        record: system,
    },
];

/// Makes and opens the three, with files in `directory`.
pub(super) fn make(directory: &Path) -> Result<Made> {
    let mut files = Vec::new();
    let mut plain = Vec::new();
    for kind in &KINDS {
        let bytes = kind.build()?;
        let path = directory.join(format!("{}.mmdb", kind.name));
        fs::write(&path, &bytes).context("cannot write a database")?;
        files.push(DatabaseFile::new(kind.name, path));
        plain.push(Reader::from_source(bytes).context("the database that was made")?);
    }
    let plain = <[_; 3]>::try_from(plain).map_err(|_| anyhow!("there are three databases"))?;
    let weir = Databases::open(&files).context("the databases that were made")?;
    Ok(Made {
        weir: Arc::new(weir),
        plain: Rc::new(plain),
    })
}

impl Kind {
    fn build(&self) -> Result<Vec<u8>> {
        let mut writer = Writer::builder(self.database_type)
            .description(&[("en", "made for the benchmark")])
            .ipv4_aliasing(Ipv4Aliasing::Disabled)
            .reserved_networks(ReservedNetworks::Included)
            .build_epoch(std::time::UNIX_EPOCH + std::time::Duration::from_secs(BUILT))
            .build();
        let mut random = Random::new(self.seed);
        for network in networks(&mut random)? {
            // Neighbours are in one place, as they are in the world.
            let place = match network {
                IpNet::V4(network) => u64::from(network.addr().to_bits() >> 18),
                IpNet::V6(network) => u64::try_from(network.addr().to_bits() >> 100)?,
            };
            // One record in 16 differs between the databases.
            let place = if random.below(16) == 0 {
                random.next()
            } else {
                mix(place)
            };
            let record = (self.record)(place);
            writer.insert_value(network, record)?;
        }
        Ok(writer.to_bytes()?)
    }
}

/// Networks that fill the unicast space of IPv4, and some of IPv6.
fn networks(random: &mut Random) -> Result<Vec<IpNet>> {
    let mut networks = Vec::new();
    let mut at: u32 = 1 << 24;
    while at < 224 << 24 {
        let wanted: u8 = match random.below(100) {
            0..30 => 24,
            30..50 => 22,
            50..70 => 20,
            70..88 => 18,
            88..98 => 16,
            _ => 14,
        };
        let aligned = u8::try_from(32 - at.trailing_zeros())?;
        let length = wanted.max(aligned);
        networks.push(Ipv4Net::new(at.into(), length)?.into());
        at += 1 << (32 - length);
    }
    for number in 0..IPV6_NETWORKS {
        let length = [32, 36, 40, 44, 48][usize::try_from(random.below(5))?];
        let bits = (0x2a00_u128 << 112) | (u128::from(number) << 96);
        networks.push(Ipv6Net::new(bits.into(), length)?.trunc().into());
    }
    Ok(networks)
}

fn country(place: u64) -> &'static str {
    let at = usize::try_from(place % 16).unwrap_or_default();
    COUNTRIES.get(at).copied().unwrap_or("DE")
}

/// GeoIP2's layout.
fn nested_country(place: u64) -> Value {
    let named = |code: &str| {
        let names = LANGUAGES.map(|language| (language, format!("Country {code}, {language}")));
        Value::map([
            ("iso_code", Value::from(code)),
            ("geoname_id", Value::from(2_000_000_u32)),
            ("names", Value::map(names)),
        ])
    };
    let code = country(place);
    // Some are registered elsewhere.
    let registered = country(if place.is_multiple_of(7) {
        place >> 8
    } else {
        place
    });
    Value::map([
        ("continent", named("EU")),
        ("country", named(code)),
        ("registered_country", named(registered)),
    ])
}

/// A flat layout.
fn flat_country(place: u64) -> Value {
    let code = country(place);
    Value::map([
        ("continent", Value::from("Continent")),
        ("country_name", Value::from(format!("Country {code}"))),
        ("country_code", Value::from(code)),
    ])
}

fn system(place: u64) -> Value {
    let number = u32::try_from(place % u64::from(SYSTEMS)).unwrap_or_default() + 1;
    Value::map([
        ("autonomous_system_number", Value::from(number)),
        (
            "autonomous_system_organization",
            Value::from(format!("Organisation of AS{number}")),
        ),
    ])
}
