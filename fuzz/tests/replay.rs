//! Each target on its corpus and on changes of it: the same ones in every run,
//! so that a failure here is a failure everywhere.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{fmt::Write as _, fs, panic, path::Path};

use weir::naming::wire::{
    Progress,
    client_hello::{from_handshake, from_stream},
    dns::answer,
    quic::QuicHello,
};
use weir_fuzz::{
    TARGETS, Target,
    mutate::{Random, mutate},
};

/// Bytes of the longest input.
const LONGEST: usize = 8 * 1024;

fn corpus(target: &Target) -> Vec<(String, Vec<u8>)> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("corpus")
        .join(target.name);
    let mut seeds: Vec<_> = fs::read_dir(&directory)
        .unwrap_or_else(|error| panic!("no corpus {}: {error}", directory.display()))
        .map(|entry| entry.unwrap())
        .map(|entry| {
            let name = entry.file_name().into_string().unwrap();
            (name, fs::read(entry.path()).unwrap())
        })
        .collect();
    // Directories have no order.
    seeds.sort();
    assert!(!seeds.is_empty(), "{} is empty", directory.display());
    seeds
}

fn replay(name: &str) {
    let target = TARGETS.iter().find(|target| target.name == name).unwrap();
    let seeds = corpus(target);
    for (file, seed) in &seeds {
        check(target, seed, file);
    }
    let mut random = Random::new(1);
    for number in 0..target.mutations {
        let (file, seed) = &seeds[random.below(seeds.len())];
        let mut input = seed.clone();
        let other = &seeds[random.below(seeds.len())].1;
        mutate(&mut input, other, &mut random, LONGEST);
        check(target, &input, &format!("change {number}, of {file}"));
    }
}

fn check(target: &Target, input: &[u8], what: &str) {
    if panic::catch_unwind(|| (target.run)(input)).is_err() {
        let hex = input.iter().fold(String::new(), |mut text, byte| {
            let _ = write!(text, "{byte:02x}");
            text
        });
        panic!("{} fails on {what}: {hex}", target.name);
    }
}

#[test]
fn dns_answer() {
    replay("dns_answer");
}

#[test]
fn dns_query() {
    replay("dns_query");
}

#[test]
fn client_hello() {
    replay("client_hello");
}

#[test]
fn quic_initial() {
    replay("quic_initial");
}

#[test]
fn stream() {
    replay("stream");
}

#[test]
fn mmdb() {
    replay("mmdb");
}

#[test]
fn bundle() {
    replay("bundle");
}

#[test]
fn policy() {
    replay("policy");
}

/// A seed that its parser refuses at once leads nowhere.
#[test]
fn seeds_lead_deep() {
    let seed = |target: &str, name: &str| {
        let target = TARGETS.iter().find(|known| known.name == target).unwrap();
        let (_, bytes) = corpus(target)
            .into_iter()
            .find(|(file, _)| file == name)
            .unwrap();
        bytes
    };
    for name in ["rustls", "split"] {
        let hello = from_stream(&seed("client_hello", name));
        assert!(matches!(hello, Progress::Complete(_)), "{name}: {hello:?}");
    }
    let hello = from_handshake(&seed("client_hello", "small"));
    assert!(matches!(hello, Progress::Complete(_)), "{hello:?}");
    for name in ["datagram", "second-version", "coalesced"] {
        let hello = QuicHello::new().datagram(&seed("quic_initial", name)[3..]);
        assert!(matches!(hello, Progress::Complete(_)), "{name}: {hello:?}");
    }
    for name in ["set", "product"] {
        let seed = seed("policy", name);
        let text = String::from_utf8_lossy(&seed);
        assert!(text.contains("[[allow]]"), "{name}");
    }
    let chain = answer(&seed("dns_answer", "chain")).unwrap();
    assert_eq!((chain.chain.len(), chain.addresses.len()), (2, 2));
    assert_eq!(
        answer(&seed("dns_answer", "service"))
            .unwrap()
            .service
            .len(),
        1
    );
}

#[test]
fn every_target_has_a_program_and_a_corpus_and_no_other_is_there() {
    let listed = |directory: &str| {
        let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join(directory);
        let mut names: Vec<String> = fs::read_dir(directory)
            .unwrap()
            .map(|entry| entry.unwrap().path().file_stem().unwrap().to_owned())
            .map(|name| name.into_string().unwrap())
            .collect();
        names.sort();
        names
    };
    let mut names = TARGETS.map(|target| target.name.to_owned());
    names.sort();
    assert_eq!(listed("corpus"), names);
    assert_eq!(listed("libfuzzer/fuzz_targets"), names);
}
