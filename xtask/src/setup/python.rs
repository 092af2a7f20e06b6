//! Public tools from Python's package index that read what Weir writes, in an
//! environment of their own below `target/tools`.

use std::{fs, path::Path, process::Command};

use anyhow::{Context as _, Result, bail};

use super::apt::Apt;
use crate::{
    command,
    progress::{self, Step},
    workspace::Workspace,
};

/// What is wanted, by version and digest.
const REQUIREMENTS: &str = "tests/python/requirements.txt";
/// Debian's own, whose version does not depend on what else a machine has.
const PYTHON: &str = "/usr/bin/python3";
const WHY: &str = "public tools read what Weir writes, in the tests";

/// Makes the environment, unless it is there with what is wanted.
pub(super) fn provide(workspace: &Workspace, apt: &mut Apt<'_>) -> Result<()> {
    let wanted = workspace.root().join(REQUIREMENTS);
    let wanted = fs::read_to_string(&wanted).with_context(|| workspace.display(&wanted))?;
    let directory = workspace.tools().join("python");
    // Written last: an environment without it was not finished.
    let done = directory.join("installed.txt");
    if fs::read_to_string(&done).is_ok_and(|installed| installed == wanted) && starts(&directory) {
        let names: Vec<_> = names(&wanted).collect();
        progress::found("python tools", &names.join(" "));
        return Ok(());
    }
    apt.install_missing("python", WHY, &["python3-venv"])?;
    if !Path::new(PYTHON).exists() {
        bail!("{PYTHON} is missing: install Python 3.11 or later with its module venv");
    }
    make(workspace, &directory)?;
    install(workspace, &directory)?;
    fs::write(&done, wanted).with_context(|| workspace.display(&done))
}

fn starts(directory: &Path) -> bool {
    let python = directory.join("bin/python");
    command::output(Command::new(python).arg("--version")).is_ok()
}

fn make(workspace: &Workspace, directory: &Path) -> Result<()> {
    let step = Step {
        name: "python environment",
        what: &format!("python3 -m venv {}", workspace.display(directory)),
        why: WHY,
        remedy: "look at the output, then start again",
    };
    let mut venv = Command::new(PYTHON);
    venv.args(["-m", "venv", "--clear"]).arg(directory);
    progress::perform(workspace, step, &mut venv)
}

fn install(workspace: &Workspace, directory: &Path) -> Result<()> {
    let step = Step {
        name: "python tools",
        what: &format!("pip install --requirement {REQUIREMENTS}"),
        why: WHY,
        remedy: "check the network; a digest that differs means that a package is not the one \
                 that was pinned",
    };
    let mut pip = Command::new(directory.join("bin/python"));
    pip.args(["-m", "pip", "install", "--quiet", "--require-hashes"])
        .args(["--no-deps", "--only-binary", ":all:"])
        .args(["--disable-pip-version-check", "--requirement"])
        .arg(workspace.root().join(REQUIREMENTS));
    progress::perform(workspace, step, &mut pip)
}

/// Packages with their versions, as pinned.
fn names(requirements: &str) -> impl Iterator<Item = &str> {
    requirements
        .lines()
        .filter(|line| line.contains("=="))
        .filter_map(|line| line.split_whitespace().next())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn comments_and_digests_are_no_packages() {
        let text = "# tools\na==1.0 \\\n    --hash=sha256:00\nb-c==2.1\n";
        assert_eq!(names(text).collect::<Vec<_>>(), ["a==1.0", "b-c==2.1"]);
    }
}
