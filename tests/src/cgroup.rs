//! Cgroups v2 as systemd makes them: a slice with units.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::OnceLock,
};

use anyhow::{Context, Result, ensure};

use crate::{
    lookup::Lookup,
    run::{Run, entries, retry},
    tool,
    traffic::Report,
    workload,
    world::Host,
};

/// Where cgroup v2 is mounted, as `/proc/self/mountinfo` says.
///
/// # Errors
/// It is not mounted.
pub fn root() -> Result<&'static Path> {
    static ROOT: OnceLock<Option<PathBuf>> = OnceLock::new();
    ROOT.get_or_init(|| mount_point(&fs::read_to_string("/proc/self/mountinfo").ok()?))
        .as_deref()
        .context("cgroup v2 is not mounted: mount it (`mount -t cgroup2 cgroup2 /sys/fs/cgroup`)")
}

/// Finds the mount point of the whole cgroup v2 hierarchy in the text of a `mountinfo`.
fn mount_point(mountinfo: &str) -> Option<PathBuf> {
    mountinfo.lines().find_map(|line| {
        let (mount, kind) = line.split_once(" - ")?;
        let mut fields = mount.split(' ').skip(3);
        let (root, point) = (fields.next()?, fields.next()?);
        (root == "/" && kind.starts_with("cgroup2 ")).then(|| PathBuf::from(point))
    })
}

/// The slice of one run: `<root>/<run>.slice`.
#[derive(Debug)]
pub struct Slice {
    path: PathBuf,
}

impl Slice {
    /// Makes it. It goes when the run goes.
    ///
    /// # Errors
    /// Not root, or cgroup v2 is not mounted.
    pub fn new(run: &Run) -> Result<Self> {
        let path = root()?.join(format!("{}.slice", run.name()));
        fs::create_dir_all(&path).with_context(|| format!("make cgroup {}", path.display()))?;
        Ok(Self { path })
    }

    /// Its name, which is the slice's name in the record.
    pub fn name(&self) -> String {
        name(&self.path)
    }

    /// Its directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Makes a unit in it, such as `image-generation.service`; a path such as
    /// `a.slice/b.service` makes what is on the way.
    ///
    /// # Errors
    /// The directory cannot be made.
    pub fn unit(&self, name: &str) -> Result<Unit> {
        let path = self.path.join(name);
        fs::create_dir_all(&path).with_context(|| format!("make cgroup {}", path.display()))?;
        Ok(Unit { path, kept: false })
    }
}

/// A cgroup as a unit. It goes, with its processes, when dropped.
#[derive(Debug)]
pub struct Unit {
    path: PathBuf,
    /// Goes with the run, not with this value.
    kept: bool,
}

impl Unit {
    /// Its directory.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Path below the cgroup root, as the record has it.
    pub fn cgroup_path(&self) -> String {
        let root = root().unwrap_or(Path::new("/"));
        format!(
            "/{}",
            self.path.strip_prefix(root).unwrap_or(&self.path).display()
        )
    }

    /// Name of the unit.
    pub fn name(&self) -> String {
        name(&self.path)
    }

    /// A command that will run in this cgroup and on `host` (`None`: where the
    /// harness runs).
    ///
    /// # Errors
    /// The traffic generator, which moves itself there first, has not been built.
    pub fn command<S: AsRef<str>>(&self, host: Option<&Host>, line: &[S]) -> Result<Command> {
        self.command_asking(host, None, line)
    }

    /// The same for a program that looks names up as `lookup` says.
    ///
    /// # Errors
    /// As [`Unit::command`].
    pub fn command_asking<S: AsRef<str>>(
        &self,
        host: Option<&Host>,
        lookup: Option<&Lookup>,
        line: &[S],
    ) -> Result<Command> {
        let mut command = Command::new(tool::weir_traffic()?);
        command.arg("exec").arg("--cgroup").arg(&self.path);
        if let Some(host) = host {
            command.arg("--netns").arg(host.netns());
        }
        if let Some(lookup) = lookup {
            command.args(lookup.binds());
        }
        command.arg("--").args(line.iter().map(AsRef::as_ref));
        Ok(command)
    }

    /// Runs any program as a process of this unit on `host`, where names are
    /// looked up as `lookup` says, and returns its standard output. `line` is split
    /// at blanks.
    ///
    /// # Errors
    /// It cannot be started or fails; the error has what it wrote.
    pub fn run(&self, host: &Host, lookup: Option<&Lookup>, line: &str) -> Result<String> {
        let words: Vec<&str> = line.split_whitespace().collect();
        let output = self
            .command_asking(Some(host), lookup, &words)?
            .stdin(Stdio::null())
            .output()
            .with_context(|| format!("start `{line}`"))?;
        let (out, err) = (output.stdout, output.stderr);
        ensure!(
            output.status.success(),
            "`{line}` failed ({}): {}{}",
            output.status,
            String::from_utf8_lossy(&out),
            String::from_utf8_lossy(&err)
        );
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    /// Sends traffic as a process of this unit on `host` and waits until it has
    /// ended. `line` is a command line of `weir-traffic`.
    ///
    /// # Errors
    /// The traffic could not be sent.
    pub fn traffic(&self, host: &Host, line: &str) -> Result<Report> {
        let output = self
            .traffic_command(host, line)?
            .output()
            .context("start weir-traffic")?;
        workload::report(line, &output)
    }

    /// Starts the same and does not wait.
    ///
    /// # Errors
    /// The process cannot be started.
    pub fn start(&self, host: &Host, line: &str) -> Result<Child> {
        self.traffic_command(host, line)?
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .with_context(|| format!("start `weir-traffic {line}`"))
    }

    fn traffic_command(&self, host: &Host, line: &str) -> Result<Command> {
        let traffic = tool::weir_traffic()?.to_string_lossy().into_owned();
        let line: Vec<&str> = std::iter::once(traffic.as_str())
            .chain(line.split(' '))
            .collect();
        self.command(Some(host), &line)
    }

    /// Lets it stay until the run ends, and its processes with it.
    #[must_use]
    pub fn keep(mut self) -> Self {
        self.kept = true;
        self
    }

    /// Removes the cgroup at once; its processes must have ended.
    ///
    /// # Errors
    /// It still has processes.
    pub fn remove(self) -> Result<()> {
        fs::remove_dir(&self.path).with_context(|| format!("remove cgroup {}", self.path.display()))
    }
}

impl Drop for Unit {
    fn drop(&mut self) {
        if !self.kept
            && let Err(error) = remove_tree(&self.path)
        {
            eprintln!(
                "weir-tests: cgroup {} remains: {error:#}",
                self.path.display()
            );
        }
    }
}

/// Kills and removes every slice whose name starts with `prefix`.
pub(crate) fn sweep(prefix: &str) -> Result<()> {
    let root = root()?;
    for name in entries(root)? {
        if name.starts_with(prefix) {
            remove_tree(&root.join(name))?;
        }
    }
    Ok(())
}

/// Kills the processes of a cgroup and of those below it, then removes them all.
fn remove_tree(path: &Path) -> Result<()> {
    if !path.exists() {
        return Ok(());
    }
    fs::write(path.join("cgroup.kill"), "1")
        .with_context(|| format!("kill the processes of {}", path.display()))?;
    for child in fs::read_dir(path).into_iter().flatten().flatten() {
        if child.file_type().is_ok_and(|kind| kind.is_dir()) {
            remove_tree(&child.path())?;
        }
    }
    retry(|| fs::remove_dir(path)).with_context(|| format!("remove cgroup {}", path.display()))
}

fn name(path: &Path) -> String {
    path.file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .into_owned()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn hybrid_and_unified_layouts_are_read() {
        let hybrid = "32 31 0:29 / /sys/fs/cgroup/cpu rw,relatime - cgroup cgroup rw,cpu\n\
                      41 31 0:31 / /sys/fs/cgroup/unified rw,relatime - cgroup2 cgroup2 rw\n";
        let unified = "30 23 0:26 / /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw\n";
        assert_eq!(
            mount_point(hybrid).unwrap(),
            Path::new("/sys/fs/cgroup/unified")
        );
        assert_eq!(mount_point(unified).unwrap(), Path::new("/sys/fs/cgroup"));
    }

    #[test]
    fn a_part_of_the_hierarchy_is_not_its_root() {
        let inner = "30 23 0:26 /a.slice /sys/fs/cgroup rw shared:9 - cgroup2 cgroup2 rw\n";
        assert_eq!(mount_point(inner), None);
    }
}
