//! What a valid set means.

use jiff::civil::date;

use super::*;
use crate::policy::{Posture, Territory};

#[test]
fn the_reference_set_is_valid_and_complete() {
    let policy = Policy::load(&repository("allowlists")).unwrap_or_else(|e| panic!("{e}"));
    let names: Vec<&str> = policy.products().map(|product| product.name()).collect();
    let systems = [
        "audit",
        "compute",
        "control-plane",
        "databases",
        "dns",
        "identity-access",
        "image-generation",
        "llm-inference",
        "monitoring",
        "object-storage",
        "video-generation",
    ];
    assert_eq!(names, systems);
    let external: Vec<&str> = policy
        .products()
        .filter(|product| product.posture() == Posture::ExternalDeclared)
        .map(|product| product.name())
        .collect();
    assert_eq!(external, ["image-generation", "video-generation"]);
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
