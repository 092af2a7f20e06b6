//! What a valid set means.

use jiff::civil::date;

use super::*;
use crate::{
    policy::{Condition, Posture, Selection, Territory},
    record::Direction,
};

#[test]
fn the_reference_set_is_valid_and_complete() {
    let policy = Policy::load(&repository("allowlists")).unwrap_or_else(|e| panic!("{e}"));
    let names: Vec<&str> = policy.products().map(|product| product.name()).collect();
    let systems = [
        "audit",
        "compute",
        "control-plane",
        "customer-workloads",
        "databases",
        "dns",
        "identity-access",
        "image-generation",
        "llm-inference",
        "monitoring",
        "object-storage",
        "video-generation",
        "weir",
    ];
    assert_eq!(names, systems);
    let external: Vec<&str> = policy
        .products()
        .filter(|product| product.posture() == Posture::ExternalDeclared)
        .map(|product| product.name())
        .collect();
    assert_eq!(
        external,
        [
            "customer-workloads",
            "dns",
            "image-generation",
            "video-generation"
        ]
    );
    // The first two name no provider: what customers call, and the name servers of anyone.
    let outbound = |product: &str| -> Vec<String> {
        let entries = policy.product(product).unwrap().entries().iter();
        let entries = entries.filter(|entry| entry.direction == Direction::Outbound);
        entries.map(|entry| entry.id.clone()).collect()
    };
    assert_eq!(outbound("customer-workloads"), ["customer-outbound"]);
    assert_eq!(outbound("dns"), ["dns-recursion"]);
}

/// Whatever leads outside is disclosed, and each system of the report is in a claim.
#[test]
fn the_claims_of_the_reference_set() {
    let policy = Policy::load(&repository("allowlists")).unwrap();
    let claims = policy.claims().unwrap();
    assert_eq!((claims.stated.len(), claims.out_of_reach.len()), (17, 15));
    let used: BTreeSet<&str> = claims.stated.iter().map(|c| c.condition.label()).collect();
    assert_eq!(used, Condition::LABELS.into());
    let of = |product: &str| {
        let claims = claims.stated.iter();
        claims
            .filter(|claim| claim.products.contains(product))
            .count()
    };
    assert_eq!(of("customer-workloads"), 0);
    for product in policy.products() {
        let entries = product.entries().iter();
        for entry in entries.filter(|entry| entry.direction == Direction::Outbound) {
            assert!(entry.duties.disclosed_at.is_some(), "{}", entry.id);
        }
        let own = claims.stated.iter().filter(|claim| {
            matches!(&claim.products, Selection::Only(names) if names.contains(product.name()))
        });
        let none = product.name() == "customer-workloads";
        assert_eq!(own.count() == 0, none, "{}", product.name());
    }
    let readme = fs::read_to_string(repository("allowlists/README.md")).unwrap();
    for claim in &claims.stated {
        assert!(readme.contains(&format!("`{}`", claim.id)), "{}", claim.id);
    }
}

#[test]
fn the_reference_sets_of_countries() {
    let policy = Policy::load(&repository("allowlists")).unwrap();
    let day = date(2026, 11, 1);
    let count = |set: &str| {
        let territory = Territory::Set(set.into());
        // Every pair of letters that is a country.
        ('A'..='Z')
            .flat_map(|a| ('A'..='Z').map(move |b| format!("{a}{b}")))
            .filter_map(|code| code.parse().ok())
            .filter(|code| policy.country_sets().contains(&territory, *code, day) == Some(true))
            .count()
    };
    assert_eq!((count("EU"), count("EEA")), (27, 30));
    let third = |code: &str, day| policy.third_country(code.parse().unwrap(), day);
    assert_eq!(third("NO", day), Some(false));
    assert_eq!(third("CH", day), Some(true));
    assert_eq!(third("GB", day), Some(true));
    assert_eq!(
        third("NO", date(2019, 1, 1)),
        None,
        "no period of the set holds then"
    );
}

#[test]
fn no_home_means_no_third_country() {
    let policy = Policy::from_sources(sources(&[("a.toml", MINIMAL)])).unwrap();
    assert_eq!(
        policy.third_country("US".parse().unwrap(), date(2026, 1, 1)),
        None
    );
}

const MINIMAL: &str = "product = \"a\"\ntitle = \"A\"\nowner = \"t\"\nposture = \"internal_only\"\n\
                       [[workload]]\nunit = \"a.service\"\n";

/// The digest is what `sha256sum *.toml | sha256sum` prints.
#[test]
fn digest_is_reproducible_with_standard_tools() {
    let directory = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| fs::write(directory.path().join(name), text).unwrap();
    write("a.toml", MINIMAL);
    write("platform.toml", "home = \"NO\"\n");
    write("notes.txt", "not of the set");
    let digest = || Policy::load(directory.path()).unwrap().digest().to_owned();
    let printed = std::process::Command::new("sh")
        .args(["-c", "sha256sum *.toml | sha256sum"])
        .env("LC_ALL", "C")
        .current_dir(directory.path())
        .output()
        .unwrap();
    assert_eq!(
        digest(),
        String::from_utf8(printed.stdout)
            .unwrap()
            .split(' ')
            .next()
            .unwrap()
    );
    let before = digest();
    write("notes.txt", "still not");
    assert_eq!(digest(), before);
    write("platform.toml", "home = \"SE\"\n");
    assert_ne!(digest(), before);
}
