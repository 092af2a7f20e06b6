//! The tests that run on every kernel, compiled by cargo.

use std::{
    env,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use anyhow::{Context as _, bail};
use serde_json::Value;

use crate::paths;

/// A test executable and what of it to run.
#[derive(Clone, Debug)]
pub(crate) struct Suite {
    /// Name in the table.
    pub(crate) name: &'static str,
    /// The executable.
    pub(crate) executable: PathBuf,
    /// Only tests whose path contains this; all, if empty.
    pub(crate) filter: &'static str,
    /// Whether it compares both layers on network devices.
    pub(crate) traffic: bool,
}

/// Where a suite comes from.
struct Source {
    name: &'static str,
    /// Of its package.
    directory: &'static str,
    /// Kind and name of the target, as in cargo's messages.
    kind: &'static str,
    target: &'static str,
    filter: &'static str,
    traffic: bool,
}

/// Every suite. A test that needs a real kernel belongs into one of these.
const SOURCES: [Source; 8] = [
    Source {
        name: "units",
        directory: "agent",
        kind: "lib",
        target: "weir",
        filter: "kernel::",
        traffic: false,
    },
    agents("capture"),
    agents("bounds"),
    agents("cgroup"),
    agents("pins"),
    agents("payloads"),
    Source {
        name: "versions",
        directory: "kernels",
        kind: "test",
        target: "versions",
        filter: "",
        traffic: false,
    },
    Source {
        name: "coverage",
        directory: "tests",
        kind: "test",
        target: "coverage",
        filter: "every_way_is_recorded",
        traffic: true,
    },
];

/// A file in `agent/tests`.
const fn agents(target: &'static str) -> Source {
    Source {
        name: target,
        directory: "agent",
        kind: "test",
        target,
        filter: "",
        traffic: false,
    }
}

impl Suite {
    /// Arguments for the executable. One test at a time: the programs of two
    /// would count each other's packets.
    pub(crate) fn arguments(&self) -> Vec<&'static str> {
        let mut arguments = vec!["--test-threads=1"];
        if !self.filter.is_empty() {
            arguments.push(self.filter);
        }
        arguments
    }
}

/// Compiles every suite, with the same selection of packages as
/// `cargo xtask test`, so that nothing is built twice.
pub(crate) fn compile() -> anyhow::Result<Vec<Suite>> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(paths::workspace())
        .args(["test", "--workspace", "--exclude", "weir-ebpf", "--no-run"])
        .arg("--message-format=json-render-diagnostics")
        .stderr(Stdio::inherit())
        .output()
        .context("cargo cannot be started")?;
    if !output.status.success() {
        bail!("cargo ended with {}: see its messages above", output.status);
    }
    let messages = String::from_utf8_lossy(&output.stdout);
    SOURCES
        .iter()
        .map(|source| {
            let executable = executable(source, &messages).with_context(|| {
                format!(
                    "cargo named no executable of the suite `{}`: does the {} `{}` in {}/ still \
                     exist?",
                    source.name, source.kind, source.target, source.directory
                )
            })?;
            Ok(Suite {
                name: source.name,
                executable,
                filter: source.filter,
                traffic: source.traffic,
            })
        })
        .collect()
}

/// The test executable in cargo's messages. Libraries that a test needs are
/// listed too, but without an executable.
fn executable(source: &Source, messages: &str) -> Option<PathBuf> {
    let manifest = Path::new(source.directory).join("Cargo.toml");
    let is_of = |message: &Value| {
        let path = message["manifest_path"].as_str();
        path.is_some_and(|path| Path::new(path).ends_with(&manifest))
    };
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["profile"]["test"] == true)
        .filter(is_of)
        .filter(|message| message["target"]["name"] == source.target)
        .filter(|message| message["target"]["kind"][0] == source.kind)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_executable_among_the_messages() {
        let messages = r#"{"target":{"kind":["lib"],"name":"weir"},"manifest_path":"/w/agent/Cargo.toml","profile":{"test":false},"executable":null}
{"target":{"kind":["bin"],"name":"weir"},"manifest_path":"/w/agent/Cargo.toml","profile":{"test":true},"executable":"/t/debug/deps/weir-1"}
{"target":{"kind":["test"],"name":"capture"},"manifest_path":"/w/tests/Cargo.toml","profile":{"test":true},"executable":"/t/debug/deps/capture-1"}
{"target":{"kind":["test"],"name":"capture"},"manifest_path":"/w/agent/Cargo.toml","profile":{"test":true},"executable":"/t/debug/deps/capture-0"}
{"target":{"kind":["lib"],"name":"weir"},"manifest_path":"/w/agent/Cargo.toml","profile":{"test":true},"executable":"/t/debug/deps/weir-0"}
{"reason":"build-finished","success":true}
"#;
        assert_eq!(
            executable(&agents("capture"), messages),
            Some(PathBuf::from("/t/debug/deps/capture-0"))
        );
        assert_eq!(
            executable(&SOURCES[0], messages),
            Some(PathBuf::from("/t/debug/deps/weir-0"))
        );
        assert_eq!(executable(&SOURCES[5], messages), None);
        assert_eq!(executable(&SOURCES[0], "not json\n"), None);
    }
}
