//! `weir config show` and the warnings of `weir config check`.

use std::os::unix::fs::PermissionsExt as _;

use super::*;
use crate::{
    cli::{
        config::{
            check::{named, reach},
            in_force::without_secrets,
            show,
        },
        text::WIDTH,
    },
    record::Protocol,
};

const WAYS_OUT: &str = "[[notify.webhook]]\nname = \"chat\"\n\
                        url = \"https://weir:s3cret@hooks.example/T0/s3cret?k=s3cret\"\n\
                        secret_file = \"/etc/weir/webhook.secret\"\n";

fn keys(text: &str, line: &str) -> Vec<in_force::InForce> {
    let asked = ask(line, text, &[]).ok().unwrap();
    let mut keys = in_force::options(&asked.matches, &asked.loaded);
    keys.extend(in_force::ways_out(&asked.loaded));
    keys
}

#[test]
fn the_page_fits_and_says_where_from() {
    let long = "/srv/a-directory-with-a-rather-long-name/and-another-one-below-it/store";
    let text = format!("[paths]\nstore = \"{long}\"\n{WAYS_OUT}");
    let keys = keys(&text, "weir config show --config FILE --metrics-listen off");
    let mut page = Vec::new();
    show::page(Some("/etc/weir/weir.toml"), &keys, &mut page).unwrap();
    let page = String::from_utf8(page).unwrap();
    assert!(
        page.lines().all(|line| line.chars().count() <= WIDTH),
        "{page}"
    );
    let row = |key: &str| {
        let found = page.lines().find(|line| line.starts_with(key)).unwrap();
        found
            .split_whitespace()
            .skip(1)
            .collect::<Vec<_>>()
            .join(" ")
    };
    assert_eq!(row("metrics.listen"), "command line off");
    assert_eq!(row("control.group"), "default (root alone)");
    assert_eq!(row("paths.runtime_dir"), "default /run/weir");
    assert_eq!(row("notify.webhook[0].name"), "line 4 chat");
    assert!(row("paths.store").starts_with("line 2 /srv/a-dir"));
    assert!(page.starts_with("file: /etc/weir/weir.toml\n\nKEY "));
}

#[test]
fn secrets_are_never_shown() {
    let keys = keys(WAYS_OUT, "weir config show --config FILE");
    let mut page = Vec::new();
    show::page(None, &keys, &mut page).unwrap();
    let object = show::object(None, &keys).to_string();
    for shown in [String::from_utf8(page).unwrap(), object] {
        assert!(shown.contains("https://hooks.example/…"), "{shown}");
        assert!(!shown.contains("s3cret"), "{shown}");
    }
    assert_eq!(without_secrets("https://a.example"), "https://a.example");
    assert_eq!(
        without_secrets("https://a.example:9093/"),
        "https://a.example:9093/"
    );
    assert_eq!(
        without_secrets("https://u@a.example"),
        "https://a.example/…"
    );
    assert_eq!(without_secrets("s3cret"), "…");
}

#[test]
fn the_object_has_everything() {
    let keys = keys(
        "[capture]\nmax_flows = 64\n",
        "weir config show --config FILE",
    );
    let object = show::object(Some("f"), &keys);
    assert_eq!(object["type"], "config");
    let found = object["keys"].as_array().unwrap().iter();
    let found = found.clone().find(|key| key["key"] == "capture.max_flows");
    assert_eq!(
        found.unwrap(),
        &serde_json::json!({
            "key": "capture.max_flows", "value": 64, "origin": "file", "line": 2,
            "option": "--max-flows", "variable": "WEIR_CAPTURE_MAX_FLOWS",
        })
    );
}

fn warnings(text: &str) -> Vec<String> {
    let (_directory, path) = file(text);
    let loaded = Loaded::read(&Wanted::At(path), std::iter::empty()).unwrap();
    let found = named::warnings(&loaded).unwrap();
    let one = |found: &crate::policy::Diagnostic| {
        assert!(found.warning);
        let line = found.place.as_ref().map_or(0, |place| place.position.line);
        format!("{line}: {}", found.message)
    };
    found.iter().map(one).collect()
}

#[test]
fn what_is_not_there_is_told() {
    assert_eq!(warnings(""), [""; 0]);
    let secret = tempfile::NamedTempFile::new().unwrap();
    fs::set_permissions(secret.path(), fs::Permissions::from_mode(0o644)).unwrap();
    let secret = secret.path().display();
    let text = format!(
        "[paths]\nallowlists = \"/nonexistent/lists\"\nstore = \"/dev/null/store\"\n\
         [ip_data]\ndatabases = [\"/nonexistent/a.mmdb\"]\n\
         [capture]\nuplinks = [\"nonexistent0\", \"lo\"]\n\
         [control]\ngroup = \"no-such-group\"\n\
         [evidence]\ndirectory = \"evidence\"\n\
         [[notify.webhook]]\nname = \"a\"\nurl = \"https://localhost/\"\nsecret_file = \"{secret}\"\n\
         [[notify.command]]\nname = \"b\"\ncommand = [\"/etc/passwd\"]\n"
    );
    let mut expected = vec![
        "2: `/nonexistent/lists` is not there".to_owned(),
        "3: `/dev/null` is no directory".to_owned(),
        "5: `/nonexistent/a.mmdb` is not there".to_owned(),
        "7: this host has no interface `nonexistent0`".to_owned(),
        "9: the group `no-such-group` cannot be used".to_owned(),
        "11: `evidence` is relative".to_owned(),
        format!("15: everybody may use the secret `{secret}` (mode 644)"),
        "18: `/etc/passwd` is not executable".to_owned(),
    ];
    let mut found = warnings(&text);
    (found.sort(), expected.sort());
    assert_eq!(found, expected);
}

/// The agent's own notifications are recorded and judged as everybody's flows are.
#[test]
fn ways_out_that_nothing_declares_are_told() {
    let lists = tempfile::tempdir().unwrap();
    fs::write(
        lists.path().join("weir.toml"),
        "product = \"weir\"\ntitle = \"Weir\"\nowner = \"team-platform\"\nposture = \"external_declared\"\n\
         [[workload]]\nunit = \"weir.service\"\n\
         [[allow]]\nid = \"hooks\"\npurpose = \"Notifications.\"\nowner = \"team-platform\"\n\
         name = [\"*.hooks.example\"]\nports = [443]\ndata_categories = [\"test\"]\nlegal_basis = \"test\"\n         approved_by = \"a\"\napproved_on = 2026-11-01\nexpires = 2027-06-30\n",
    )
    .unwrap();
    if let Err(rejected) = crate::policy::Policy::load(lists.path()) {
        panic!("{rejected}");
    }
    let hook = |name: &str, url: &str| {
        format!(
            "[[notify.webhook]]\nname = \"{name}\"\nurl = \"{url}\"\nsecret_file = \"/dev/null\"\n"
        )
    };
    let text = format!(
        "[paths]\nallowlists = \"{}\"\n{}{}{}{}",
        lists.path().display(),
        hook("a", "https://a.hooks.example/x"),
        hook("b", "https://a.hooks.example:8443/x"),
        hook("c", "https://other.example/x"),
        hook("d", "http://127.0.0.1:1/x"),
    );
    let found = warnings(&text);
    let undeclared: Vec<_> = found
        .iter()
        .filter(|one| one.contains("declares"))
        .collect();
    assert_eq!(
        undeclared,
        [
            "9: no allowlist declares `a.hooks.example`",
            "13: no allowlist declares `other.example`"
        ]
    );
}

#[test]
fn where_ways_out_lead() {
    let to = |host: &str, port, protocol| {
        Some(reach::Reach {
            host: host.to_owned(),
            port,
            protocol,
        })
    };
    let tcp = Protocol::TCP;
    assert_eq!(
        reach::of_url("https://A.example/x"),
        to("a.example", Some(443), tcp)
    );
    assert_eq!(
        reach::of_url("http://u:p@[2001:db8::1]:8080?x"),
        to("2001:db8::1", Some(8080), tcp)
    );
    assert_eq!(reach::of_url("a.example"), None);
    assert_eq!(
        reach::of_address("udp:198.51.100.1:514"),
        to("198.51.100.1", Some(514), Protocol::UDP)
    );
    assert_eq!(
        reach::of_address("tls:log.example:6514"),
        to("log.example", Some(6514), tcp)
    );
    assert_eq!(reach::of_address("unix:/dev/log"), None);
    assert_eq!(reach::of_address("journald"), None);
}
