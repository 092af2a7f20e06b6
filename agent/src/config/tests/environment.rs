//! Variables in the place of keys.

use super::*;

#[test]
fn a_variable_is_nearer_than_the_file() {
    let file = "[metrics]\nlisten = \"127.0.0.1:1\"\n[capture]\nuplinks = [\"a\"]\n";
    let loaded = load(
        file,
        &[
            ("WEIR_METRICS_LISTEN", "127.0.0.1:2"),
            ("WEIR_CAPTURE_UPLINKS", "b, c"),
            ("WEIR_CAPTURE_PROGRAM_STATS", "true"),
            ("WEIR_CAPTURE_MAX_FLOWS", "4096"),
            ("WEIR_NOTIFY_QUEUE_SIZE", "8 MiB"),
            ("WEIR_PATHS_STORE", ""),
            ("PATH", "/bin"),
        ],
    )
    .unwrap();
    assert_eq!(loaded.texts("metrics.listen").unwrap(), ["127.0.0.1:2"]);
    assert_eq!(loaded.texts("capture.uplinks").unwrap(), ["b", "c"]);
    assert_eq!(loaded.config().capture.program_stats, Some(true));
    assert_eq!(loaded.config().capture.max_flows, Some(4096));
    assert_eq!(loaded.config().notify.queue_size, Some(Size(8 << 20)));
    // An empty variable says nothing.
    assert_eq!(loaded.origin("paths.store"), Origin::Default);
    let variable = Origin::Environment("WEIR_METRICS_LISTEN".to_owned());
    assert_eq!(loaded.origin("metrics.listen"), variable);
    assert_eq!(loaded.unknown(), []);
}

/// What is wrong in the environment is refused with what is wrong in the file.
#[test]
fn faulty_variables_are_refused_where_they_stand() {
    let rejected = load(
        "[metrics]\nlisten = 9184\n",
        &[
            ("WEIR_CAPTURE_MAX_FLOWS", "many"),
            ("WEIR_CAPTURE_PROGRAM_STATS", "yes"),
            ("WEIR_CAPTURE_UPLINK_HOOK", "tc"),
            ("WEIR_FINDINGS_QUIET_TIME", "15"),
            ("WEIR_IP_DATA_DATABASES", "a=/x,=/y"),
        ],
    )
    .unwrap_err();
    assert_eq!(
        shown(&rejected),
        [
            "2:10: `listen` must be a string, not an integer; for example `listen = \"127.0.0.1:9184\"`",
            "1:24: `many` is no value of `WEIR_CAPTURE_MAX_FLOWS`; write a whole number",
            "2:28: `yes` is no value of `WEIR_CAPTURE_PROGRAM_STATS`; write `true` or `false`",
            "3:26: `tc` is no value of `WEIR_CAPTURE_UPLINK_HOOK`; did you mean `tcx`?",
            "4:26: `15` is no value of `WEIR_FINDINGS_QUIET_TIME`; expected a time such as 250ms, 1s or 5m",
            "5:24: `=/y` is no value of `WEIR_IP_DATA_DATABASES`; expected FILE or NAME=FILE",
        ]
    );
}

/// A variable that no key has is no error: Kubernetes sets WEIR_PORT where a service is
/// named weir.
#[test]
fn unknown_variables_are_told() {
    let loaded = load(
        "",
        &[
            ("WEIR_METRIC_LISTEN", "off"),
            ("WEIR_LOG", "debug"),
            ("WEIR_PORT", "tcp://x"),
        ],
    )
    .unwrap();
    let near = Some("WEIR_METRICS_LISTEN".to_owned());
    assert_eq!(
        loaded.unknown(),
        [
            ("WEIR_METRIC_LISTEN".to_owned(), near),
            ("WEIR_PORT".to_owned(), None)
        ]
    );
}

/// Two keys with one variable could not be told apart.
#[test]
fn every_key_has_a_variable_of_its_own() {
    let root = schema();
    let mut names: Vec<String> = schema::leaves(&root)
        .iter()
        .map(|(path, _)| variable(path))
        .collect();
    let all = names.len();
    assert!(all > KEYS.len());
    names.sort();
    names.dedup();
    assert_eq!(names.len(), all);
    assert!(
        !names
            .iter()
            .any(|name| super::super::environment::OTHERS.contains(&name.as_str()))
    );
}
