//! Command line, environment, file, default: in this order.

use serde_json::json;

use super::*;

const FILE: &str = "[metrics]\nlisten = \"127.0.0.1:1\"\n\
                    [paths]\nstore = \"/file/store\"\nallowlists = \"/file/lists\"\n\
                    [capture]\nuplinks = [\"eth0\", \"eth1\"]\nprogram_stats = true\n\
                    [ip_data]\ndatabases = [\"a=/a.mmdb\"]\ndirectory = \"/file/ipdata\"\n\
                    [evidence]\ndirectory = \"/file/evidence\"\n";

#[test]
fn the_nearest_counts() {
    let line = "weir run --config FILE --store /line/store --uplink eth9";
    let variables = [
        ("WEIR_METRICS_LISTEN", "127.0.0.1:2"),
        ("WEIR_PATHS_STORE", "/variable/store"),
    ];
    let found = in_force(line, FILE, &variables);
    let at = |path: &str| (found[path].0.clone(), found[path].1.as_str());
    assert_eq!(at("paths.store"), (json!("/line/store"), "command line"));
    assert_eq!(at("capture.uplinks"), (json!(["eth9"]), "command line"));
    assert_eq!(at("metrics.listen"), (json!("127.0.0.1:2"), "environment"));
    assert_eq!(at("paths.allowlists"), (json!("/file/lists"), "file"));
    assert_eq!(at("capture.program_stats"), (json!(true), "file"));
    assert_eq!(at("ip_data.databases"), (json!(["a=/a.mmdb"]), "file"));
    assert_eq!(at("paths.runtime_dir"), (json!("/run/weir"), "default"));
    assert_eq!(at("capture.max_flows"), (json!(131_071), "default"));
    assert_eq!(at("ledger.keep_size"), (Value::Null, "default"));
    assert_eq!(found.len(), KEYS.len());
}

/// What the file turns on, the command line turns off.
#[test]
fn flags_may_be_taken_back() {
    let found = in_force("weir run --config FILE --program-stats=false", FILE, &[]);
    let taken_back = (json!(false), "command line".to_owned());
    assert_eq!(found["capture.program_stats"], taken_back);
    let found = in_force("weir run --config off --program-stats", FILE, &[]);
    assert_eq!(found["capture.program_stats"].0, json!(true));
}

/// A schedule of the command line goes with a directory of the file.
#[test]
fn options_that_need_each_other_may_stand_apart() {
    let found = in_force("weir run --config FILE --evidence-schedule day", FILE, &[]);
    assert_eq!(found["evidence.schedule"].0, json!("day"));
    assert_eq!(found["evidence.directory"].0, json!("/file/evidence"));
}

/// Every command with a store, and so on, takes its default from the same file.
#[test]
fn other_commands_take_what_they_have() {
    let raw = |line: &str, option: &str| {
        let asked = ask(line, FILE, &[]).ok().unwrap();
        let raw = asked.matches.get_raw(option)?;
        Some(
            raw.map(|one| one.to_str().unwrap().to_owned())
                .collect::<Vec<_>>(),
        )
    };
    let period = "--period 2026-10 --config FILE";
    for line in [
        "ack x --reason x --until 2026-12-01",
        "claims --period 2026-10",
        "evidence export --period 2026-10",
        "explain",
        "findings",
        "flows",
        "geo compare",
        "geo lookup 198.51.100.1",
        "learn",
        "replay",
        "report --period 2026-10",
    ] {
        let line = format!("weir {line} --config FILE");
        assert_eq!(raw(&line, "store").unwrap(), ["/file/store"], "{line}");
    }
    let lists = |command: &str| raw(&format!("weir {command} {period}"), "allowlists");
    for command in ["claims", "replay"] {
        assert_eq!(lists(command).unwrap(), ["/file/lists"], "{command}");
    }
    // Without the option, these say something else.
    for command in ["report", "learn"] {
        assert_eq!(lists(command), None, "{command}");
    }
    let databases = |command: &str| raw(&format!("weir {command} --config FILE"), "ip_db");
    assert_eq!(databases("geo compare").unwrap(), ["a=/a.mmdb"]);
    assert_eq!(databases("replay"), None);
    let update = "weir geo update a.mmdb --config FILE";
    assert_eq!(raw(update, "ip_data").unwrap(), ["/file/ipdata"]);
}

/// What a command does not need cannot keep it from working.
#[test]
fn the_file_is_read_where_it_counts() {
    for line in [
        "weir --config /nonexistent/weir.toml flows --store /x",
        "weir --config /nonexistent/weir.toml check /x",
        "weir --config /nonexistent/weir.toml evidence verify /x",
        "weir --config /nonexistent/weir.toml diff /x /y",
        "weir --config /nonexistent/weir.toml config schema",
    ] {
        assert!(ask(line, "", &[]).is_ok(), "{line}");
    }
    for line in [
        "weir --config /nonexistent/weir.toml flows",
        "weir --config /nonexistent/weir.toml run --store /x",
    ] {
        let refused = matches!(ask(line, "", &[]), Err(Unasked::Config(_)));
        assert!(refused, "{line}");
    }
}

#[test]
fn a_broken_file_is_refused() {
    let Err(Unasked::Config(rejected)) =
        ask("weir run --config FILE", "[metrics]\nlisten = 1\n", &[])
    else {
        panic!("it is broken");
    };
    assert_eq!(rejected.summary(), "1 error in 1 file");
    let line = "weir run --config FILE";
    let refused = ask(line, "", &[("WEIR_METRICS_LISTEN", "9184")]);
    assert!(matches!(refused, Err(Unasked::Config(_))));
}
