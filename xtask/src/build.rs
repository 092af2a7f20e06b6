//! Builds the kernel programs, then the agent that carries them.

use std::{
    env,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use crate::{
    command, progress,
    setup::{Toolchain, Tools},
    workspace::Workspace,
};

const BPF_TARGET: &str = "bpfel-unknown-none";
/// Full debug information becomes BTF. CPU v3 has 32-bit and atomic
/// instructions and is understood by every kernel that Weir covers.
const BPF_FLAGS: [&str; 3] = ["-Cdebuginfo=2", "-Clink-arg=--btf", "-Ctarget-cpu=v3"];
/// Tells the agent's build where the kernel programs are.
pub(crate) const OBJECT_VARIABLE: &str = "XTASK_BPF_OBJECT";

/// Builds everything; gives back the agent's path.
pub(crate) fn all(workspace: &Workspace, tools: &Tools, release: bool) -> Result<PathBuf> {
    kernel_programs(workspace, tools)?;
    agent(workspace, release)
}

/// Compiles and links the kernel programs; the result is
/// [`Workspace::bpf_object`].
pub(crate) fn kernel_programs(workspace: &Workspace, tools: &Tools) -> Result<()> {
    progress::heading("build the kernel programs");
    let mut cargo = bpf_cargo(workspace, &tools.toolchain, "build")?;
    cargo.env("CARGO_TARGET_BPFEL_UNKNOWN_NONE_LINKER", &tools.linker.path);
    command::run(&mut cargo, "building the kernel programs")?;
    let object = workspace.bpf_object();
    if !object.is_file() {
        bail!("the build succeeded but left no {}", object.display());
    }
    eprintln!("    {}", workspace.display(&object));
    Ok(())
}

/// A cargo command on the crate of the kernel programs. The host's toolchain,
/// which started this program, must not leak into it.
pub(crate) fn bpf_cargo(
    workspace: &Workspace,
    toolchain: &Toolchain,
    task: &str,
) -> Result<Command> {
    let mut cargo = command::apart_from_host(&toolchain.program("cargo"), workspace.root());
    cargo
        .args([
            task,
            "--release",
            "--package",
            "weir-ebpf",
            "-Z",
            "build-std=core",
        ])
        .args(["--target", BPF_TARGET, "--target-dir"])
        .arg(workspace.bpf_target())
        .env("PATH", command::path_with(toolchain.binaries())?)
        .env("RUSTC", toolchain.program("rustc"))
        // Building `core` is an unstable option that a released compiler has
        // but hides.
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_ENCODED_RUSTFLAGS", bpf_flags(workspace, toolchain)?);
    Ok(cargo)
}

/// The flags, and what keeps this machine's paths out of the object, which the agent embeds.
fn bpf_flags(workspace: &Workspace, toolchain: &Toolchain) -> Result<String> {
    let mut flags = BPF_FLAGS.map(str::to_owned).to_vec();
    flags.extend(without_paths(workspace)?);
    let mut rustc = command::apart_from_host(&toolchain.program("rustc"), workspace.root());
    let sysroot = command::output(rustc.args(["--print", "sysroot"]))?;
    let core = PathBuf::from(sysroot.trim()).join("lib/rustlib/src/rust");
    // Debian has a link there.
    for path in [core.canonicalize().unwrap_or_else(|_| core.clone()), core] {
        flags.push(remap(&path, "/usr/src/rust"));
    }
    Ok(flags.join("\x1f"))
}

/// Directories of sources on this machine, each with the name it has in what is released.
pub(crate) fn paths(workspace: &Workspace) -> Result<[(PathBuf, &'static str); 2]> {
    let home = match env::var_os("CARGO_HOME") {
        Some(home) => PathBuf::from(home),
        None => env::home_dir()
            .context("neither CARGO_HOME nor HOME is set")?
            .join(".cargo"),
    };
    Ok([
        (workspace.root().to_owned(), "/usr/src/weir"),
        (home, "/usr/src/cargo"),
    ])
}

/// Flags of rustc that give sources those names.
pub(crate) fn without_paths(workspace: &Workspace) -> Result<Vec<String>> {
    let paths = paths(workspace)?;
    Ok(paths.iter().map(|(from, to)| remap(from, to)).collect())
}

fn remap(from: &Path, to: &str) -> String {
    format!("--remap-path-prefix={}={to}", from.display())
}

/// The host's cargo, told where the kernel programs are.
pub(crate) fn host_cargo(workspace: &Workspace) -> Command {
    let mut cargo = command::host_cargo(workspace.root());
    cargo.env(OBJECT_VARIABLE, workspace.bpf_object());
    cargo
}

fn agent(workspace: &Workspace, release: bool) -> Result<PathBuf> {
    progress::heading("build the agent");
    programs(workspace, &["weir"], release)
}

/// Every crate of the host. Always the same selection, for cargo builds a
/// dependency anew when another selection asks for other features of it.
pub(crate) const HOST_CRATES: &[&str] = &["--workspace", "--exclude", "weir-ebpf"];

/// Builds programs of the host and gives back the path of the first; the others
/// are beside it.
pub(crate) fn programs(workspace: &Workspace, names: &[&str], release: bool) -> Result<PathBuf> {
    let mut cargo = host_cargo(workspace);
    cargo.arg("build").args(HOST_CRATES);
    for name in names {
        cargo.args(["--bin", name]);
    }
    if release {
        cargo.arg("--release");
    }
    let first = names.first().copied().unwrap_or_default();
    command::run(&mut cargo, &format!("building {first}"))?;
    let path = workspace.binaries(release).join(first);
    if !path.is_file() {
        bail!("the build succeeded but left no {}", path.display());
    }
    Ok(path)
}
