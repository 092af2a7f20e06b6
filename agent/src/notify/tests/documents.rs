//! What `docs/alerts.md` shows of the config file is so.

use std::{collections::BTreeSet, fs, path::Path};

use crate::config::Config;

/// Texts that are set in by four blanks, each as one.
fn blocks(page: &str) -> Vec<String> {
    let mut blocks = vec![String::new()];
    for line in page.lines() {
        match (line.strip_prefix("    "), blocks.last_mut()) {
            (Some(line), Some(last)) => last.push_str(&format!("{line}\n")),
            (None, Some(last)) if line.is_empty() && !last.is_empty() => last.push('\n'),
            _ => blocks.push(String::new()),
        }
    }
    blocks
}

#[test]
fn the_examples_of_the_document_are_read_and_have_every_key() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/alerts.md");
    let page = fs::read_to_string(path).unwrap();
    let blocks = blocks(&page);
    let shown = blocks
        .iter()
        .filter(|block| block.starts_with('['))
        .cloned();
    let text: String = shown.collect::<Vec<_>>().concat();
    let config: Config = toml::from_str(&text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let notify = &config.notify;
    assert_eq!(notify.problems(), []);
    let kinds: Vec<(&str, &str)> = notify.names();
    assert_eq!(
        kinds,
        [
            ("alertmanager", "alertmanager"),
            ("chat", "webhook"),
            ("collector", "syslog"),
            ("journal", "syslog"),
            ("pager", "command"),
        ]
    );
    let written: BTreeSet<&str> = text
        .lines()
        .filter_map(|line| Some(line.split_once(" = ")?.0))
        .collect();
    for key in [
        "most_waiting",
        "url",
        "ca_file",
        "bearer_token_file",
        "resend",
        "cluster",
        "instance",
        "labels",
        "runbooks",
        "secret_file",
        "severities",
        "address",
        "facility",
        "command",
        "timeout",
    ] {
        assert!(written.contains(key), "{key}");
    }
}
