//! `bpf-linker`, which links LLVM bitcode into one BPF object with BTF. Its
//! LLVM must be that of the compiler.

use std::{
    fmt, fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use super::{apt::Apt, version::Version};
use crate::{
    command,
    progress::{self, Step},
    workspace::Workspace,
};

/// What is installed when none is found.
const RELEASE: &str = "0.13.0";
/// LLVM versions that this release can be built for.
const LLVM_FEATURES: &[u32] = &[21, 22, 23];

/// A linker that fits the compiler.
#[derive(Debug)]
pub(crate) struct Linker {
    /// The program.
    pub(crate) path: PathBuf,
    version: Version,
    llvm: u32,
}

impl fmt::Display for Linker {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            version,
            llvm,
        } = self;
        write!(
            formatter,
            "bpf-linker {version} with LLVM {llvm} at {}",
            path.display()
        )
    }
}

/// Whether there is, or could be, a linker for this LLVM.
pub(super) fn possible(workspace: &Workspace, llvm: u32) -> bool {
    if find(workspace, llvm).is_some() {
        return true;
    }
    let packages = llvm_packages(llvm);
    LLVM_FEATURES.contains(&llvm) && Apt::offers(&packages.each_ref().map(String::as_str))
}

/// Finds a linker for this LLVM or builds one below `target/tools`.
pub(super) fn provide(workspace: &Workspace, apt: &mut Apt<'_>, llvm: u32) -> Result<Linker> {
    if let Some(linker) = find(workspace, llvm) {
        progress::found("BPF linker", &linker.to_string());
        return Ok(linker);
    }
    if !LLVM_FEATURES.contains(&llvm) {
        bail!(
            "bpf-linker {RELEASE} knows no LLVM {llvm}, which the BPF compiler uses: install a \
             bpf-linker built for LLVM {llvm} into PATH"
        );
    }
    let packages = llvm_packages(llvm);
    apt.install_missing(
        "LLVM packages",
        "bpf-linker is built against them",
        &packages.each_ref().map(String::as_str),
    )?;
    install(workspace, llvm)?;
    find(workspace, llvm).with_context(|| {
        format!("bpf-linker was installed but does not report {RELEASE} with LLVM {llvm}")
    })
}

fn llvm_packages(llvm: u32) -> [String; 2] {
    [format!("llvm-{llvm}-dev"), format!("libpolly-{llvm}-dev")]
}

fn find(workspace: &Workspace, llvm: u32) -> Option<Linker> {
    let private = workspace.tools().join("bin/bpf-linker");
    [private]
        .into_iter()
        .chain(command::all_on_path("bpf-linker"))
        .filter(|path| path.is_file())
        .find_map(|path| inspect(path).filter(|linker| fits(linker, llvm)))
}

fn fits(linker: &Linker, llvm: u32) -> bool {
    let Version(major, minor, _) = linker.version;
    (major, minor) == (0, 13) && linker.llvm == llvm
}

fn inspect(path: PathBuf) -> Option<Linker> {
    let text = command::output(Command::new(&path).arg("--version")).ok()?;
    let version = Version::after_name(&text, "bpf-linker")?;
    let llvm = llvm_of(&path)?;
    Some(Linker {
        path,
        version,
        llvm,
    })
}

/// The linker does not print its LLVM. The library it loads tells; where LLVM
/// is inside, cargo's note of how it was built does.
fn llvm_of(linker: &Path) -> Option<u32> {
    let libraries = command::output(Command::new("ldd").arg(linker)).unwrap_or_default();
    llvm_of_libraries(&libraries).or_else(|| {
        let notes = linker.parent()?.parent()?.join(".crates2.json");
        llvm_of_notes(&fs::read_to_string(notes).ok()?)
    })
}

/// Reads `libLLVM.so.22.1 => …` or `libLLVM-17.so => …`.
fn llvm_of_libraries(text: &str) -> Option<u32> {
    text.lines().find_map(|line| {
        let name = line.split_whitespace().next()?;
        let rest = name
            .strip_prefix("libLLVM.so.")
            .or_else(|| name.strip_prefix("libLLVM-"))?;
        leading_number(rest)
    })
}

/// Reads the feature `llvm-NN` in cargo's list of what it has installed.
fn llvm_of_notes(json: &str) -> Option<u32> {
    let own = json.split_once("\"bpf-linker ")?.1;
    let features = own.split_once("\"features\":[")?.1.split_once(']')?.0;
    leading_number(features.split_once("\"llvm-")?.1)
}

fn leading_number(text: &str) -> Option<u32> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.get(..digits)?.parse().ok()
}

fn install(workspace: &Workspace, llvm: u32) -> Result<()> {
    let build = workspace.tools().join("build");
    let prefix = PathBuf::from(format!("/usr/lib/llvm-{llvm}"));
    let mut cargo = command::host_cargo(workspace.root());
    cargo
        .args([
            "install",
            "bpf-linker",
            "--version",
            RELEASE,
            "--locked",
            "--force",
        ])
        .args([
            "--no-default-features",
            "--features",
            &format!("llvm-{llvm}"),
        ])
        .arg("--root")
        .arg(workspace.tools())
        .env("CARGO_TARGET_DIR", &build)
        .env("LLVM_PREFIX", &prefix)
        .env("PATH", command::path_with(&prefix.join("bin"))?);
    let step = Step {
        name: "BPF linker",
        what: &format!("cargo install bpf-linker {RELEASE} for LLVM {llvm}, about a minute"),
        why: "turns what the compiler emits into an object the kernel loads",
        remedy: "check that crates can be downloaded (cargo fetch), then start again",
    };
    progress::perform(workspace, step, &mut cargo)?;
    // Only costs space; the next attempt replaces it.
    drop(fs::remove_dir_all(build));
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_library_tells_the_llvm() {
        let text = "\tlinux-vdso.so.1 (0x00007f06)\n\
                    \tlibLLVM.so.22.1 => /usr/lib/llvm-22/lib/libLLVM.so.22.1 (0x00007f06)\n";
        assert_eq!(llvm_of_libraries(text), Some(22));
        assert_eq!(
            llvm_of_libraries("\tlibLLVM-17.so => /usr/lib/x\n"),
            Some(17)
        );
        assert_eq!(llvm_of_libraries("\tlibc.so.6 => /lib/libc.so.6\n"), None);
    }

    #[test]
    fn cargos_notes_tell_the_llvm() {
        let notes = r#"{"installs":{"other 1.0.0 (r)":{"features":["llvm-9"]},
            "bpf-linker 0.13.0 (registry)":{"bins":["bpf-linker"],"features":["llvm-23"]}}}"#;
        assert_eq!(llvm_of_notes(notes), Some(23));
        assert_eq!(llvm_of_notes(r#"{"installs":{}}"#), None);
    }

    #[test]
    fn release_series_and_llvm_must_match() {
        let linker = |version, llvm| Linker {
            path: PathBuf::new(),
            version,
            llvm,
        };
        assert!(fits(&linker(Version(0, 13, 4), 22), 22));
        assert!(!fits(&linker(Version(0, 13, 0), 21), 22));
        assert!(!fits(&linker(Version(0, 14, 0), 22), 22));
    }
}
