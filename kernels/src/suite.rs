//! The tests that run on every kernel, compiled by cargo.

use std::{
    env,
    path::PathBuf,
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
}

/// What cargo is asked for.
struct Source {
    name: &'static str,
    package: &'static str,
    target: &'static [&'static str],
    filter: &'static str,
}

/// Every suite. A test that needs a real kernel belongs into one of these.
const SOURCES: [Source; 3] = [
    Source {
        name: "units",
        package: "weir",
        target: &["--lib"],
        filter: "kernel::",
    },
    Source {
        name: "capture",
        package: "weir",
        target: &["--test", "capture"],
        filter: "",
    },
    Source {
        name: "versions",
        package: "weir-kernels",
        target: &["--test", "versions"],
        filter: "",
    },
];

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

/// Compiles every suite.
pub(crate) fn compile() -> anyhow::Result<Vec<Suite>> {
    SOURCES
        .iter()
        .map(|source| {
            let executable = executable(source)
                .with_context(|| format!("the suite `{}` cannot be compiled", source.name))?;
            Ok(Suite {
                name: source.name,
                executable,
                filter: source.filter,
            })
        })
        .collect()
}

fn executable(source: &Source) -> anyhow::Result<PathBuf> {
    let cargo = env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(cargo)
        .current_dir(paths::workspace())
        .args(["test", "--package", source.package, "--no-run"])
        .arg("--message-format=json-render-diagnostics")
        .args(source.target)
        .stderr(Stdio::inherit())
        .output()
        .context("cargo cannot be started")?;
    if !output.status.success() {
        bail!("cargo ended with {}: see its messages above", output.status);
    }
    from_messages(&String::from_utf8_lossy(&output.stdout))
        .context("cargo named no test executable: does the test target still exist?")
}

/// The one test executable in cargo's messages. Libraries that a test needs
/// are listed too, but without an executable.
fn from_messages(messages: &str) -> Option<PathBuf> {
    messages
        .lines()
        .filter_map(|line| serde_json::from_str::<Value>(line).ok())
        .filter(|message| message["profile"]["test"] == true)
        .find_map(|message| message["executable"].as_str().map(PathBuf::from))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_executable_among_the_messages() {
        let messages = r#"{"reason":"compiler-artifact","profile":{"test":false},"executable":null}
{"reason":"compiler-artifact","profile":{"test":false},"executable":"/t/debug/weir"}
{"reason":"compiler-artifact","profile":{"test":true},"executable":"/t/debug/deps/capture-0"}
{"reason":"build-finished","success":true}
"#;
        assert_eq!(
            from_messages(messages),
            Some(PathBuf::from("/t/debug/deps/capture-0"))
        );
        assert_eq!(from_messages("not json\n"), None);
    }
}
