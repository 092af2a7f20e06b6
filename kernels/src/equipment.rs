//! What scenarios with real network devices need in a guest: programs, the
//! allowlists of the tests, and modules of the kernel.

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};

use crate::{initramfs::Initramfs, paths};

/// Modules of Debian's kernels, in the order in which they can be loaded.
const MODULES: [&str; 6] = ["llc", "stp", "bridge", "veth", "sch_ingress", "cls_bpf"];

/// What the scenarios start, beside them in the target directory.
const PROGRAMS: [(&str, &str); 2] = [("weir", "XTASK_AGENT"), ("weir-traffic", "XTASK_TRAFFIC")];

/// Runs a command on one processor. With several, an emulator may be so slow that
/// a packet overtakes another, and a connection that is gone answers it: by no
/// socket, so that the layers differ.
pub(crate) const ONE_PROCESSOR: &str = "taskset 1";

/// Puts all of it into an image; gives the lines of the init script that make it
/// ready.
pub(crate) fn add(image: &mut Initramfs, kernel: &Path) -> anyhow::Result<String> {
    let mut script = String::from("mkdir -p /var\nln -s /run /var/run\n");
    for (number, name) in MODULES.iter().enumerate() {
        let path = format!("/modules/{number}-{name}.ko");
        image.file(&path, module(kernel, name)?);
        script.push_str(&format!("insmod {path}\n"));
    }
    let ip = on_path("ip").context("ip is not installed: apt-get install iproute2")?;
    // Before busybox's.
    image.program("/sbin/ip", &ip)?;
    script.push_str("export PATH=/sbin:/bin\n");
    for (name, variable) in PROGRAMS {
        let path = format!("/sbin/{name}");
        image.program(&path, &without_debug_information(&built(name)?)?)?;
        script.push_str(&format!("export {variable}={path}\n"));
    }
    tree(image, &paths::workspace().join("tests/fixtures"))?;
    Ok(script)
}

/// A copy of a program without what only a debugger reads: an agent hashes its own executable
/// when it starts, and an emulator takes seconds for each 10 MB of it.
fn without_debug_information(program: &Path) -> anyhow::Result<PathBuf> {
    let copy = program.with_extension("guest");
    let status = Command::new("strip")
        .arg("--strip-debug")
        .arg("-o")
        .arg(&copy)
        .arg(program)
        .status()
        .context("strip cannot be started: apt-get install binutils")?;
    if !status.success() {
        bail!("{} cannot be stripped", program.display());
    }
    Ok(copy)
}

/// A program of this workspace.
pub(crate) fn built(name: &str) -> anyhow::Result<PathBuf> {
    let path = paths::binaries().join(name);
    if !path.is_file() {
        bail!(
            "{} is not built: `cargo xtask coverage` and `cargo xtask test` do that",
            path.display()
        );
    }
    Ok(path)
}

fn on_path(name: &str) -> Option<PathBuf> {
    env::split_paths(&env::var_os("PATH")?)
        .map(|directory| directory.join(name))
        .find(|path| path.is_file())
}

/// A file tree, at the place where it is here: that is where it is looked for.
fn tree(image: &mut Initramfs, directory: &Path) -> anyhow::Result<()> {
    for path in entries(directory)? {
        if path.is_dir() {
            tree(image, &path)?;
        } else {
            let content =
                fs::read(&path).with_context(|| format!("{} cannot be read", path.display()))?;
            image.file(&path.to_string_lossy(), content);
        }
    }
    Ok(())
}

fn entries(directory: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let listed = fs::read_dir(directory).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    let listed = listed.with_context(|| format!("{} cannot be read", directory.display()))?;
    Ok(listed.into_iter().map(|entry| entry.path()).collect())
}

/// A module, unpacked: busybox's insmod does not.
fn module(kernel: &Path, name: &str) -> anyhow::Result<Vec<u8>> {
    let root = kernel.join("lib/modules");
    let (plain, packed) = (format!("{name}.ko"), format!("{name}.ko.xz"));
    let path = find(&root, &|file| file == plain || file == packed)?
        .with_context(|| format!("{} holds no module {name}", root.display()))?;
    if path.extension().is_some_and(|extension| extension == "ko") {
        return fs::read(&path).with_context(|| format!("{} cannot be read", path.display()));
    }
    let output = Command::new("busybox")
        .args(["xz", "-dc"])
        .arg(&path)
        .output()
        .context("busybox cannot be started")?;
    if !output.status.success() {
        bail!(
            "{} cannot be unpacked: {}",
            path.display(),
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    Ok(output.stdout)
}

fn find(directory: &Path, wanted: &dyn Fn(&str) -> bool) -> anyhow::Result<Option<PathBuf>> {
    for path in entries(directory)? {
        // Symbolic links lead to the headers, which are not there.
        if path.is_symlink() {
            continue;
        }
        let found = if path.is_dir() {
            find(&path, wanted)?
        } else {
            let name = path.file_name().map(|name| name.to_string_lossy());
            name.is_some_and(|name| wanted(&name)).then_some(path)
        };
        if found.is_some() {
            return Ok(found);
        }
    }
    Ok(None)
}
