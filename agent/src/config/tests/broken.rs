//! Files that are refused, with everything that is wrong with them.

use std::env;

use super::*;

/// Every directory of `tests/broken-config`, byte for byte. `BLESS=1` writes what is
/// printed now.
#[test]
fn broken_files() {
    let root = repository("tests/broken-config");
    let mut cases: Vec<PathBuf> = fs::read_dir(&root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    assert!(cases.len() > 5, "the broken files are where they belong");
    let mut wrong = Vec::new();
    for case in cases {
        let file = Wanted::At(case.join("weir.toml"));
        let rejected = Loaded::read(&file, std::iter::empty()).unwrap_err();
        let shown = format!("{rejected}\n").replace(&format!("{}/", case.display()), "");
        let expected = case.join("expected.txt");
        if env::var_os("BLESS").is_some() {
            fs::write(&expected, &shown).unwrap();
        } else if fs::read_to_string(&expected).unwrap_or_default() != shown {
            wrong.push(format!("--- {} now prints:\n{shown}", case.display()));
        }
    }
    assert!(
        wrong.is_empty(),
        "{}\nBLESS=1 accepts this",
        wrong.join("\n")
    );
}

/// Each error has its place, and none hides another.
#[test]
fn all_at_once() {
    assert_eq!(
        faults(
            "[metrics]\nlisten = \"9184\"\n[paths]\nstor = \"/x\"\npin = \"\"\n[capture]\nmax_flows = 1\n"
        ),
        [
            "2:10: `9184` is no value of `listen`; expected ADDRESS:PORT such as 127.0.0.1:9184, or off",
            "4:1: unknown key `stor` in [paths]; did you mean `store`?",
            "5:7: `pin` is empty; for example `pin = \"/sys/fs/bpf/weir\"`",
            "7:13: `max_flows` must be from 63 to 16000000; for example `max_flows = 131071`",
        ]
    );
}

/// Who knows the option finds the key.
#[test]
fn options_lead_to_keys() {
    assert_eq!(
        faults("metrics-listen = \"off\"\nstore = \"/x\"\n"),
        [
            "1:1: unknown key `metrics-listen` in the file; that is `listen` in [metrics]",
            "2:1: unknown key `store` in the file; that is `store` in [paths]",
        ]
    );
    assert_eq!(
        faults("[paths]\nlisten = \"off\"\n"),
        ["2:1: unknown key `listen` in [paths]; it stands in [metrics] or [page]"]
    );
}

#[test]
fn ways_out_are_told_apart() {
    let two = "[[notify.syslog]]\nname = \"a\"\naddress = \"journald\"\n\
               [[notify.syslog]]\nname = \"a\"\naddress = \"unix:/dev/log\"\n";
    assert_eq!(
        faults(two),
        [
            "5:8: `a` is the name of two ways out; it is that of notify.syslog[0].name, too: give each its own"
        ]
    );
}
