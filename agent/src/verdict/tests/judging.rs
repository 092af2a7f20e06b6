//! A judge that remembers says what one says that was made anew for every flow.

use std::{
    fmt::Write as _,
    fs,
    sync::LazyLock,
    time::{Duration, UNIX_EPOCH},
};

use ipnet::IpNet;
use jiff::civil::{Date, date};
use mmdb_writer::{IpVersion, Ipv4Aliasing, Value, Writer};
use proptest::prelude::*;

use super::*;
use crate::{
    jurisdiction::{DatabaseFile, Databases, Locator},
    naming::{Grade, Name, Source as NameSource, Transport},
    verdict::Judge,
};

/// A database of two countries.
static DATABASES: LazyLock<Arc<Databases>> = LazyLock::new(|| {
    let mut writer = Writer::builder("Test-Country")
        .description(&[("en", "synthetic")])
        .ip_version(IpVersion::V6)
        .ipv4_aliasing(Ipv4Aliasing::Disabled)
        .build_epoch(UNIX_EPOCH + Duration::from_secs(1_790_000_000))
        .build();
    for (network, country) in [("198.51.100.0/25", "DE"), ("2001:db8::/32", "NO")] {
        let value = Value::map([("country", Value::map([("iso_code", Value::from(country))]))]);
        let network: IpNet = network.parse().unwrap();
        writer.insert_value(network, value).unwrap();
    }
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("test.mmdb");
    fs::write(&path, writer.to_bytes().unwrap()).unwrap();
    Arc::new(Databases::open(&[DatabaseFile::new("test", path)]).unwrap())
});

const ADDRESSES: [&str; 7] = [
    "198.51.100.1",
    "198.51.100.2",
    "198.51.100.200",
    "::ffff:198.51.100.1",
    "2001:db8::1",
    "10.0.0.1",
    "127.0.0.1",
];

const PLATFORM: &str = "[[internal]]\ncidr = \"10.0.0.0/8\"\npurpose = \"p\"\nowner = \"o\"\n";

/// What makes a product's workloads: by unit, by program and by user.
const PRODUCTS: [&str; 3] = [
    "[[workload]]\nunit = \"a*.service\"\n",
    "[[workload]]\nunit = \"b.service\"\nexecutable = \"/usr/bin/worker\"\n",
    "[[workload]]\nunit = \"*.service\"\nuid = 0\n",
];

/// Where an entry leads: to a network or to a name, in a country or anywhere.
#[derive(Clone, Debug)]
struct Drawn {
    product: usize,
    destination: &'static str,
    norway: bool,
    expires: Date,
}

fn drawn() -> impl Strategy<Value = Drawn> {
    let destinations = vec![
        "cidr = [\"198.51.100.0/24\"]",
        "cidr = [\"198.51.100.0/31\", \"2001:db8::/64\"]",
        "name = [\"a.example\"]",
        "name = [\"*.example\"]",
    ];
    let expires = prop::sample::select(vec![date(2026, 11, 1), date(2026, 11, 2)]);
    let destination = prop::sample::select(destinations);
    (0..=PRODUCTS.len(), destination, any::<bool>(), expires).prop_map(
        |(product, destination, norway, expires)| Drawn {
            product,
            destination,
            norway,
            expires,
        },
    )
}

fn set(entries: &[Drawn]) -> Policy {
    let mut files: Vec<String> = PRODUCTS
        .iter()
        .enumerate()
        .map(|(number, workloads)| {
            format!(
                "product = \"p{number}\"\ntitle = \"P\"\nowner = \"o\"\n\
                 posture = \"external_declared\"\n{workloads}"
            )
        })
        .chain([PLATFORM.to_owned()])
        .collect();
    for (number, entry) in entries.iter().enumerate() {
        let file = &mut files[entry.product];
        write!(
            file,
            "[[allow]]\nid = \"e{number}\"\npurpose = \"p\"\nowner = \"o\"\n{}\n\
             data_categories = [\"test\"]\nlegal_basis = \"test\"\napproved_by = \"dpo\"\n\
             approved_on = 2026-03-01\nexpires = {}\n",
            entry.destination, entry.expires
        )
        .unwrap();
        if entry.norway {
            file.push_str("countries = [\"NO\"]\n");
        }
    }
    let names = ["p0.toml", "p1.toml", "p2.toml", "platform.toml"];
    let files: Vec<(&str, &str)> = names
        .into_iter()
        .zip(files.iter().map(String::as_str))
        .collect();
    policy(&files)
}

/// A flow of one of the workloads, and the day.
#[derive(Clone, Debug)]
struct Asked {
    workload: usize,
    /// Whether it is told of the workload anew, and of no one else.
    anew: bool,
    program: Option<&'static str>,
    uid: Option<u32>,
    address: usize,
    name: Option<&'static str>,
    scope: Scope,
    later: bool,
}

fn asked() -> impl Strategy<Value = Asked> {
    let programs = vec![Some("/usr/bin/worker"), Some("/usr/bin//worker"), None];
    (
        (0_usize..3, any::<bool>()),
        prop::sample::select(programs),
        prop::sample::select(vec![Some(0), Some(1000), None]),
        0..ADDRESSES.len(),
        prop::sample::select(vec![Some("a.example"), Some("b.a.example"), None]),
        prop::sample::select(vec![
            Scope::Exact,
            Scope::Exact,
            Scope::Unseen,
            Scope::Folded,
        ]),
        prop::bool::weighted(0.2),
    )
        .prop_map(
            |((workload, anew), program, uid, address, name, scope, later)| Asked {
                workload,
                anew,
                program,
                uid,
                address,
                name,
                scope,
                later,
            },
        )
}

fn named(asked: &Asked, workloads: &[Arc<Workload>]) -> Named {
    let mut named = flow("a.service", ADDRESSES[asked.address]).flow;
    let workload = &workloads[asked.workload];
    named.flow.workload = if asked.anew {
        Arc::new((**workload).clone())
    } else {
        Arc::clone(workload)
    };
    named.flow.executable = match asked.program {
        Some(path) => Executable::Path(path.into()),
        None => Executable::Unknown("gone".into()),
    };
    named.flow.record.scope = asked.scope;
    named.flow.record.process = asked.uid.map(|uid| Process {
        pid: 9,
        uid,
        comm: "worker".into(),
        start_ns: 1,
    });
    if let Some(name) = asked.name {
        named.names.names.push(Name {
            name: name.parse().unwrap(),
            grade: Grade::Answered,
            aliases: Vec::new(),
            source: NameSource::Dns {
                resolver: [10, 0, 0, 53].into(),
                transport: Transport::Udp,
                served_by: None,
                asked_by: None,
            },
            time: jiff::Timestamp::UNIX_EPOCH,
            doubt: None,
        });
        named.names.missing = None;
    }
    named
}

proptest! {
    #[test]
    fn what_is_remembered_changes_no_verdict(
        entries in prop::collection::vec(drawn(), 0..8),
        flows in prop::collection::vec(asked(), 1..24),
    ) {
        let policy = Arc::new(set(&entries));
        let unit = |unit: &str| flow(unit, ADDRESSES[0]).flow.flow.workload;
        let workloads = [unit("a.service"), unit("b.service"), unit("other.scope")];
        let mut remembering = Judge::new(Arc::clone(&DATABASES), Arc::clone(&policy));
        for asked in &flows {
            let day = if asked.later { date(2026, 11, 2) } else { date(2026, 11, 1) };
            let named = named(asked, &workloads);
            let providers = Arc::clone(policy.providers());
            let located = Locator::new(Arc::clone(&DATABASES), providers).locate(named.clone(), day);
            let spent = Spent::default();
            let moment = Moment::new(Offset::UTC.to_timestamp(day.at(12, 0, 0, 0)).unwrap(), &spent);
            let wanted = super::super::judge(located, &policy, moment);
            prop_assert_eq!(remembering.judge(named, moment), wanted, "{:?}", asked);
        }
    }
}
