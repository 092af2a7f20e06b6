//! Real containers: podman and runc, with a root file system made here.

use std::{
    fmt, fs,
    io::{BufRead, BufReader, Write},
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use anyhow::{Context, Result, bail};

use crate::{
    cgroup::{self, Slice, Unit},
    run::{PREFIX, Run, STATE, entries},
    tool,
    traffic::Report,
    world::Host,
};

/// Where podman keeps images and containers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Storage {
    /// In the run's directory: nothing of the host's is touched.
    Temporary,
    /// The host's own, where an agent finds container names. What the run put
    /// there is removed with the run.
    Host,
}

/// Marks a run that used the host's storage.
const HOST_MARK: &str = "podman-in-host-storage";

/// An image with the traffic generator, imported into podman's storage.
#[derive(Debug)]
pub struct Image {
    run: String,
    storage: Storage,
    directory: PathBuf,
    /// Where podman itself runs, so that it ends with the run.
    unit: Unit,
}

impl Image {
    /// Makes the image: busybox, the traffic generator, and the shared libraries
    /// that it is linked with.
    ///
    /// # Errors
    /// podman or busybox is missing.
    pub fn import(run: &Run, slice: &Slice, storage: Storage) -> Result<Self> {
        let image = Self {
            run: run.name().to_owned(),
            storage,
            directory: run.directory(),
            unit: slice.unit("podman.service")?.keep(),
        };
        let root = image.directory.join("rootfs");
        fill(&root).context("root file system of the test container")?;
        let archive = image
            .directory
            .join("rootfs.tar")
            .to_string_lossy()
            .into_owned();
        tool::tool(
            "tar",
            &["-C", &root.to_string_lossy(), "-cf", &archive, "."],
        )?;
        if storage == Storage::Host {
            fs::write(image.directory.join(HOST_MARK), "")?;
        }
        let mut import = image.podman()?;
        finish(
            import.args(["import", "--quiet", &archive, &image.name()]),
            "import",
        )?;
        Ok(image)
    }

    fn podman(&self) -> Result<Command> {
        let traffic = tool::weir_traffic()?.to_string_lossy().into_owned();
        let mut command = self.unit.command(None, &[traffic])?;
        podman_arguments(&mut command, &self.directory, self.storage);
        Ok(command)
    }

    /// Name of the image, as the record should have it.
    pub fn name(&self) -> String {
        image_name(&self.run)
    }

    /// Starts a container in `slice` and in the network namespace of `host`.
    ///
    /// # Errors
    /// It does not start; the error holds what podman said.
    pub fn start(&self, slice: &Slice, host: &Host, name: &str) -> Result<Container> {
        let root = cgroup::root()?;
        let parent = slice.path().join("libpod_parent");
        let parent = format!(
            "/{}",
            parent.strip_prefix(root).unwrap_or(&parent).display()
        );
        let id_file = self.directory.join(format!("{name}.id"));
        let mut command = self.podman()?;
        command
            .args(["run", "--rm", "--interactive", "--name", name, "--label"])
            .arg(format!("weir-run={}", self.run))
            .arg(format!("--network=ns:{}", host.netns().display()))
            .arg(format!("--cgroup-parent={parent}"))
            .arg(format!("--cidfile={}", id_file.display()))
            .args([
                "--ulimit=nofile=1024:1024",
                "--ulimit=nproc=1024:1024",
                "--pids-limit=0",
            ])
            .args([&self.name(), "/bin/weir-traffic", "attend"]);
        let mut child = command
            .process_group(0)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .context("start podman")?;
        let input = child.stdin.take().context("podman's input")?;
        let mut output = BufReader::new(child.stdout.take().context("podman's output")?);
        let mut line = String::new();
        output
            .read_line(&mut line)
            .context("first line of the container")?;
        if line.trim() != "ready" {
            let output = child.wait_with_output().context("wait for podman")?;
            bail!(
                "container {name} did not start ({}): {}",
                output.status,
                String::from_utf8_lossy(&output.stderr).trim()
            );
        }
        let id = fs::read_to_string(&id_file)
            .context("id of the container")?
            .trim()
            .to_owned();
        Ok(Container {
            name: name.to_owned(),
            id,
            parent,
            child,
            input: Some(input),
            output,
        })
    }
}

impl Drop for Image {
    fn drop(&mut self) {
        // The host's storage outlives the run's directory.
        if self.storage == Storage::Host
            && let Err(error) = remove_from_host(&self.directory, &self.run)
        {
            eprintln!("weir-tests: image {} remains: {error:#}", self.name());
        }
    }
}

/// Runs podman on a storage of the run's own, which goes with it; in a unit, so that what
/// it starts ends with the run too.
///
/// # Errors
/// podman is missing.
pub fn podman_of(run: &Run, unit: &Unit) -> Result<Command> {
    let traffic = tool::weir_traffic()?.to_string_lossy().into_owned();
    let mut command = unit.command(None, &[traffic])?;
    podman_arguments(&mut command, &run.directory(), Storage::Temporary);
    Ok(command)
}

/// Fills a root file system with programs of this host, the libraries they are linked with,
/// and their loaders.
///
/// # Errors
/// A program is missing.
pub fn fill_with(root: &Path, programs: &[&str]) -> Result<()> {
    for program in programs {
        let mut files = libraries(Path::new(program))?;
        files.push(program.into());
        for file in files {
            let target = root.join(file.strip_prefix("/").unwrap_or(&file));
            fs::create_dir_all(target.parent().unwrap_or(root))?;
            fs::copy(&file, &target)
                .with_context(|| format!("copy {}: is it installed?", file.display()))?;
        }
    }
    Ok(())
}

/// A running container that sends on command. It goes when dropped.
pub struct Container {
    name: String,
    id: String,
    parent: String,
    child: Child,
    input: Option<ChildStdin>,
    output: BufReader<ChildStdout>,
}

impl fmt::Debug for Container {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Container({} {})", self.name, self.id)
    }
}

impl Container {
    /// Name given to podman.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Full id.
    pub fn id(&self) -> &str {
        &self.id
    }

    /// Path below the cgroup root, as the record has it.
    pub fn cgroup_path(&self) -> String {
        format!("{}/libpod-{}", self.parent, self.id)
    }

    /// Sends traffic as a process of the container; `line` is a command line of
    /// `weir-traffic`.
    ///
    /// # Errors
    /// The traffic could not be sent.
    pub fn traffic(&mut self, line: &str) -> Result<Report> {
        let input = self.input.as_mut().context("the container has ended")?;
        writeln!(input, "{line}").context("command the container")?;
        let mut answer = String::new();
        self.output
            .read_line(&mut answer)
            .context("answer of the container")?;
        serde_json::from_str(&answer)
            .with_context(|| format!("`weir-traffic {line}` in {}: {}", self.name, answer.trim()))
    }
}

impl Drop for Container {
    fn drop(&mut self) {
        // Its first process ends with its input, and `--rm` removes the rest.
        drop(self.input.take());
        if let Err(error) = self.child.wait() {
            eprintln!("weir-tests: container {} may remain: {error}", self.name);
        }
    }
}

/// Removes containers and images of every run whose name starts with `prefix`.
pub(crate) fn sweep(prefix: &str) -> Result<()> {
    for run in entries(Path::new(STATE))? {
        let directory = Path::new(STATE).join(&run);
        if !run.starts_with(prefix) {
            continue;
        }
        if directory.join("storage").exists() {
            podman(
                &directory,
                Storage::Temporary,
                &["rm", "--force", "--all", "--time=0"],
            )?;
        }
        if directory.join(HOST_MARK).exists() {
            remove_from_host(&directory, &run)?;
        }
    }
    Ok(())
}

fn remove_from_host(directory: &Path, run: &str) -> Result<()> {
    let filter = format!("--filter=label=weir-run={run}");
    podman(
        directory,
        Storage::Host,
        &["rm", "--force", "--time=0", &filter],
    )?;
    podman(
        directory,
        Storage::Host,
        &["rmi", "--force", &image_name(run)],
    )?;
    fs::remove_file(directory.join(HOST_MARK)).context("mark of the host's storage")
}

fn image_name(run: &str) -> String {
    format!("localhost/{run}:latest")
}

/// Images in the host's storage that any run made.
///
/// # Errors
/// podman cannot be asked.
pub fn images() -> Result<Vec<String>> {
    let mut command = Command::new(tool::weir_traffic()?);
    command.args([
        "podman",
        "--",
        "images",
        "--all",
        "--format",
        "{{.Repository}}",
    ]);
    let listed = finish(&mut command, "images")?;
    let name = |line: &str| Some(line.strip_prefix("localhost/")?.to_owned());
    Ok(listed
        .lines()
        .filter_map(name)
        .filter(|name| name.starts_with(PREFIX))
        .collect())
}

fn podman(directory: &Path, storage: Storage, arguments: &[&str]) -> Result<()> {
    let mut command = Command::new(tool::weir_traffic()?);
    podman_arguments(&mut command, directory, storage);
    finish(command.args(arguments), &arguments.join(" ")).map(drop)
}

fn finish(command: &mut Command, what: &str) -> Result<String> {
    let output = command
        .process_group(0)
        .stdin(Stdio::null())
        .output()
        .context("start podman")?;
    if !output.status.success() {
        bail!(
            "`podman {what}` failed ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn podman_arguments(command: &mut Command, directory: &Path, storage: Storage) {
    // Unfinished work of podman goes with the run.
    command.env("TMPDIR", directory).args(["podman", "--"]);
    if storage == Storage::Temporary {
        command.arg("--root").arg(directory.join("storage"));
        command.arg("--runroot").arg(directory.join("run"));
        command.arg("--tmpdir").arg(directory.join("tmp"));
    }
}

fn fill(root: &Path) -> Result<()> {
    let bin = root.join("bin");
    fs::create_dir_all(&bin)?;
    let traffic = tool::weir_traffic()?;
    fs::copy("/usr/bin/busybox", bin.join("busybox"))
        .context("/usr/bin/busybox: install busybox-static")?;
    fs::copy(&traffic, bin.join("weir-traffic"))?;
    std::os::unix::fs::symlink("busybox", bin.join("sh"))?;
    for library in libraries(&traffic)? {
        let target = root.join(library.strip_prefix("/").unwrap_or(&library));
        fs::create_dir_all(target.parent().unwrap_or(root))?;
        fs::copy(&library, &target).with_context(|| format!("copy {}", library.display()))?;
    }
    Ok(())
}

/// Shared libraries that a program is linked with, and its loader.
fn libraries(program: &Path) -> Result<Vec<PathBuf>> {
    let listed = tool::attempt("ldd", &[program])?;
    let text = String::from_utf8_lossy(&listed.stdout).into_owned();
    // A static program has none; `ldd` then says so and fails.
    Ok(text
        .split_whitespace()
        .filter(|word| word.starts_with('/'))
        .map(PathBuf::from)
        .collect())
}
