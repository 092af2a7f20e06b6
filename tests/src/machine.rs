//! A Debian machine of its own: systemd as the first process, on the host's files and its
//! database of packages, with what it writes in memory. Units run with all that confines
//! them, and packages are really installed.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::{Child, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{
    agent::PATIENCE,
    cgroup::{Slice, Unit},
    run::Run,
    tool,
    world::Host,
};

/// A machine that runs. It goes, with all that it wrote, when dropped.
#[derive(Debug)]
pub struct Machine {
    child: Child,
    /// Its processes; dropped before the child is waited for.
    unit: Option<Unit>,
    /// Its first process, as the host numbers it.
    init: u32,
}

impl Machine {
    /// Boots it with the network of `host`, and its cgroups below `slice`.
    ///
    /// # Errors
    /// systemd is not installed, or does not come up in time.
    pub fn boot(run: &Run, slice: &Slice, host: &Host) -> Result<Self> {
        let directory = run.directory().join("machine");
        fs::create_dir_all(&directory).context("directory of the machine")?;
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("machine/boot.sh");
        let unit = slice.unit("machine.scope")?;
        let line = [
            "unshare",
            "--mount",
            "--pid",
            "--ipc",
            "--uts",
            "--fork",
            "--kill-child",
            &script.to_string_lossy(),
            &directory.to_string_lossy(),
        ];
        let log = fs::File::create(run.directory().join("machine.log"))?;
        let child = unit
            .command(Some(host), &line)?
            .stdin(Stdio::null())
            .stdout(log.try_clone()?)
            .stderr(log)
            .spawn()
            .context("start a machine")?;
        let mut machine = Self {
            child,
            unit: Some(unit),
            init: 0,
        };
        machine.wait_until("the machine's first process", |machine| {
            let scope = machine.cgroup().join("init.scope/cgroup.procs");
            let first = fs::read_to_string(scope).unwrap_or_default();
            machine.init = first.lines().next()?.parse().ok()?;
            Some(())
        })?;
        machine.wait_until("the machine's target", |machine| {
            let state = machine.attempt(&["systemctl", "is-active", "weir-machine.target"]);
            state.ok()?.status.success().then_some(())
        })?;
        Ok(machine)
    }

    fn cgroup(&self) -> PathBuf {
        self.unit
            .as_ref()
            .map_or_else(PathBuf::new, |unit| unit.path().to_owned())
    }

    fn wait_until<T>(
        &mut self,
        what: &str,
        mut come: impl FnMut(&mut Self) -> Option<T>,
    ) -> Result<T> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            if let Some(found) = come(self) {
                return Ok(found);
            }
            if let Some(status) = self.child.try_wait().context("wait for the machine")? {
                bail!("the machine ended ({status}) before {what}: see machine.log of the run");
            }
            if Instant::now() > deadline {
                bail!("{what} does not come");
            }
            thread::sleep(Duration::from_millis(20));
        }
    }

    /// A path of the machine, as the host reaches it.
    pub fn path(&self, inside: &str) -> PathBuf {
        Path::new(&format!("/proc/{}/root", self.init)).join(inside.trim_start_matches('/'))
    }

    /// Runs a program in the machine, as root, and returns its output, whatever its exit
    /// status.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn attempt<S: AsRef<OsStr>>(&self, line: &[S]) -> Result<Output> {
        let target = self.init.to_string();
        let mut words: Vec<&OsStr> = [
            "--target",
            &target,
            "--mount",
            "--pid",
            "--ipc",
            "--uts",
            "--net",
            "--root",
            "--wd",
            "--",
            "env",
            "LC_ALL=C.UTF-8",
            "DEBIAN_FRONTEND=noninteractive",
        ]
        .into_iter()
        .map(OsStr::new)
        .collect();
        words.extend(line.iter().map(AsRef::as_ref));
        tool::attempt("nsenter", &words)
    }

    /// The same where it must succeed; gives back its standard output.
    ///
    /// # Errors
    /// It cannot be started, or it fails; the error has what it wrote.
    pub fn run<S: AsRef<OsStr>>(&self, line: &[S]) -> Result<String> {
        let output = self.attempt(line)?;
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        if !output.status.success() {
            let shown: Vec<_> = line
                .iter()
                .map(|word| word.as_ref().to_string_lossy())
                .collect();
            bail!(
                "`{}` failed in the machine ({}): {}{}",
                shown.join(" "),
                output.status,
                text(&output.stdout),
                text(&output.stderr)
            );
        }
        Ok(text(&output.stdout))
    }

    /// A property of a unit, as `systemctl show` says it.
    ///
    /// # Errors
    /// As [`Machine::run`].
    pub fn property(&self, unit: &str, name: &str) -> Result<String> {
        let said = self.run(&["systemctl", "show", "--value", "--property", name, unit])?;
        Ok(said.trim_end().to_owned())
    }

    /// Waits until a property of a unit is one that `wanted` accepts.
    ///
    /// # Errors
    /// It is not in time; the error has the unit's journal.
    pub fn wait_for(
        &self,
        unit: &str,
        name: &str,
        wanted: impl Fn(&str) -> bool,
    ) -> Result<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let value = self.property(unit, name)?;
            if wanted(&value) {
                return Ok(value);
            }
            if Instant::now() > deadline {
                bail!("{name} of {unit} is {value:?}; {}", self.journal(unit));
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// What a unit has logged, for a failure message.
    pub fn journal(&self, unit: &str) -> String {
        self.run(&["journalctl", "--no-pager", "--output=cat", "--unit", unit])
            .unwrap_or_else(|error| error.to_string())
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        // Kills all its processes; the namespaces and what is mounted go with the last.
        drop(self.unit.take());
        if let Err(error) = self.child.wait() {
            eprintln!("weir-tests: a machine may remain: {error}");
        }
    }
}
