//! What an agent recorded of every scenario, and what is asked of it.

use std::{collections::BTreeMap, fs};

use weir_tests::{
    agent::Settings,
    databases::Databases,
    geo,
    named_stage::{self as names, NamedStage},
    stage,
    tool::{self, Said},
};

use super::TIME;

/// The allowlists, below the directory of fixtures.
pub(super) const LISTS: &str = "explain-allowlists";

/// What an agent recorded.
pub(super) struct Played {
    /// Its run has the store and the databases.
    _stage: NamedStage,
    pub(super) store: String,
    /// Arguments of the databases.
    pub(super) databases: Vec<String>,
}

impl Played {
    /// Each scenario in a unit of its own, for one agent.
    pub(super) fn new() -> Self {
        let stage = NamedStage::new().unwrap();
        let (settings, databases) = settings(&stage);
        let agent = stage.stage.agent_with(&settings).unwrap();
        let unit = |case: &str| {
            let name = format!("image-generation-{case}.service");
            stage.stage.unit(&name).unwrap().keep()
        };
        let traffic = |case: &str, line: &str| {
            unit(case).traffic(&stage.stage.app, line).unwrap();
        };
        let curl = |case: &str, name: &str| {
            let url = format!("https://{name}/ --ipv4");
            stage.curl(&unit(case), names::RESOLVER, &url).unwrap();
        };
        curl("chain", names::API);
        forged(&stage, &traffic);
        curl("both", names::API);
        curl("both", names::STRANGER);
        for (case, how) in [("split", "--split 7"), ("grease", "--ech-grease")] {
            let to = format!("--to {}:8443 --sni {}", names::CDN, names::API);
            traffic(case, &format!("tls {to} --alpn h2,http/1.1 {how}"));
        }
        let dig = format!(
            "dig +timeout=10 +tries=1 @{} +tls {}",
            names::FOREIGN_RESOLVER,
            names::API
        );
        unit("dot").run(&stage.stage.app, None, &dig).unwrap();
        traffic("disputed", &format!("tcp --to {}:443", stage::GERMANY));
        traffic("expired", &format!("tcp --to {}:443", stage::NORWAY));
        stage::ended_well(&agent.stop().unwrap()).unwrap();
        Self {
            store: settings.store.to_string_lossy().into_owned(),
            databases,
            _stage: stage,
        }
    }

    /// Exit code, standard output and standard error.
    pub(super) fn weir(&self, line: &[&str]) -> Said {
        let mut command = tool::weir().unwrap();
        command.args(line).args(["--store", &self.store]);
        tool::said(command.current_dir(stage::fixtures())).unwrap()
    }

    pub(super) fn said(&self, line: &[&str]) -> String {
        let (code, out, error) = self.weir(line);
        assert_eq!((code, error.as_str()), (Some(0), ""));
        out
    }

    /// The page of a scenario, by its headings.
    pub(super) fn page(&self, case: &str, destination: &str) -> Page {
        let unit = format!("image-generation-{case}.service");
        let line = ["explain", "--workload", &unit, destination];
        let out = self.said(&[&line[..], &["--allowlists", LISTS]].concat());
        assert!(
            out.lines().all(|line| line.chars().count() <= 80),
            "wider than 80 columns:\n{out}"
        );
        let parts = out.split("\n\n").map(|part| {
            let (heading, text) = part.split_once('\n').unwrap();
            let lines = text.lines().map(constant).collect();
            (heading.to_owned(), lines)
        });
        Page(parts.collect())
    }
}

/// A line without the time, which is another in every run.
fn constant(line: &str) -> String {
    let at = "                      at 2";
    if line.starts_with(at) && line.ends_with(" UTC") {
        return TIME.to_owned();
    }
    match line.split_once(" as of ") {
        Some((before, after)) => format!("{before} as of TODAY{}", &after["2026-11-01".len()..]),
        None => line.to_owned(),
    }
}

/// A foreign resolver says that a declared name is overseas; the workload goes there.
fn forged(stage: &NamedStage, traffic: &impl Fn(&str, &str)) {
    let (server, lie) = (names::FOREIGN_LIAR, names::ROGUE_ADDRESS);
    let line = format!("--listen {server}:53 --answer {lie} --by address");
    let _forger = stage.forger(&line).unwrap();
    let (case, name) = ("forged", names::API);
    traffic(case, &format!("ask --server {server}:53 --name {name}"));
    traffic(case, &format!("tls --to {lie}:443 --sni {name}"));
}

/// Two databases that disagree on one address, one that alone knows of Norway and is too
/// old, and one of autonomous systems.
fn settings(stage: &NamedStage) -> (Settings, Vec<String>) {
    let run = &stage.stage.run;
    let made = Databases::write(run).unwrap();
    let norway = [("198.51.100.128/25", "NO")];
    let old = run.directory().join("old.mmdb");
    geo::write_countries(&old, &norway).unwrap();
    fs::write(old.with_extension("toml"), "max_age_days = 30\n").unwrap();
    let first = run.directory().join("first-without-norway.mmdb");
    let countries = geo::COUNTRIES.iter().filter(|entry| entry.1 != "NO");
    let countries: Vec<_> = countries.copied().collect();
    geo::write_countries(&first, &countries).unwrap();
    let second = run.directory().join("second-without-norway.mmdb");
    geo::write_countries(&second, &[("198.51.100.9/32", "NO")]).unwrap();
    let others = [
        ("second", &*second),
        ("old", &*old),
        ("systems", &*made.systems),
    ];
    let extra = Databases::arguments("--ip-db", &others);
    let settings = Settings {
        allowlists: stage::fixtures().join(LISTS),
        ip_db: first.clone(),
        extra: extra.clone(),
        ..stage.stage.settings().unwrap()
    };
    let first = Databases::arguments("--ip-db", &[("test", &first)]);
    let age = ["--ip-db-max-age".to_owned(), "36500".to_owned()];
    (settings, [first, extra, age.to_vec()].concat())
}

/// Lines by the heading that they stand under.
pub(super) struct Page(BTreeMap<String, Vec<String>>);

impl Page {
    pub(super) fn assert(&self, heading: &str, lines: &[&str]) {
        assert_eq!(self.0[heading], lines, "{heading}");
    }
}
