//! Fetches packages from Debian and unpacks them, without installing them.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, bail};

use crate::paths;

/// The newest kernel of a series such as `6.1`, with its modules; fetched only
/// if none is kept in `target/kernels`.
pub(crate) fn directory(series: &str) -> anyhow::Result<PathBuf> {
    let kept = paths::cache().join(series);
    if let Some(image) = image(&kept) {
        println!(
            "{series}: using {} (remove {} to fetch the newest)",
            image.display(),
            kept.display()
        );
        return Ok(kept);
    }
    fetch(series, &kept)?;
    Ok(kept)
}

/// The image in an unpacked kernel.
pub(crate) fn image(directory: &Path) -> Option<PathBuf> {
    fs::read_dir(directory.join("boot"))
        .ok()?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| {
            path.file_name()
                .is_some_and(|name| name.to_string_lossy().starts_with("vmlinuz-"))
        })
}

fn fetch(series: &str, kept: &Path) -> anyhow::Result<()> {
    let package = match newest(series)? {
        Some(package) => package,
        None => {
            println!("{series}: apt knows no such kernel; updating its lists with apt-get update");
            run(Command::new("apt-get").arg("update"))?;
            newest(series)?.with_context(|| {
                format!(
                    "apt knows no package linux-image-{series}.*-cloud-amd64: \
                     add a Debian source that has one (bookworm or its security archive)"
                )
            })?
        }
    };
    println!("{series}: downloading {package} with apt-get, to boot it in QEMU; not installed");
    unpack(&[package], kept)
}

/// Downloads packages and unpacks them into a directory: beside it, and moved
/// at last, so that an interrupted run leaves nothing that looks whole.
pub(crate) fn unpack(packages: &[String], kept: &Path) -> anyhow::Result<()> {
    let partial = kept.with_added_extension("partial");
    if partial.exists() {
        fs::remove_dir_all(&partial)
            .with_context(|| format!("{} cannot be removed", partial.display()))?;
    }
    fs::create_dir_all(&partial)
        .with_context(|| format!("{} cannot be made", partial.display()))?;
    let download = || {
        // Root may write here, apt's own user perhaps not: it would only warn.
        run(Command::new("apt-get")
            .args(["download", "--quiet", "-o", "APT::Sandbox::User=root"])
            .args(packages)
            .current_dir(&partial))
    };
    if download().is_err() {
        println!("apt's lists may be older than its packages: apt-get update, and once more");
        run(Command::new("apt-get").arg("update"))?;
        download()?;
    }
    let archives: Vec<_> = fs::read_dir(&partial)?
        .filter_map(|entry| Some(entry.ok()?.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "deb"))
        .collect();
    if archives.is_empty() {
        bail!("apt-get downloaded nothing of {}", packages.join(" "));
    }
    for archive in archives {
        run(Command::new("dpkg-deb")
            .arg("--extract")
            .args([archive.as_path(), partial.as_path()]))?;
        fs::remove_file(&archive)?;
    }
    fs::rename(&partial, kept).with_context(|| format!("{} cannot be made", kept.display()))
}

fn run(command: &mut Command) -> anyhow::Result<()> {
    let status = command
        .status()
        .with_context(|| format!("{} cannot be started", command.get_program().display()))?;
    if !status.success() {
        bail!("{command:?} ended with {status}");
    }
    Ok(())
}

/// Name of the newest package of a series that apt knows.
fn newest(series: &str) -> anyhow::Result<Option<String>> {
    let output = Command::new("apt-cache")
        .args(["pkgnames", &format!("linux-image-{series}.")])
        .output()
        .context("apt-cache cannot be started: Debian's kernels are fetched with apt")?;
    let names = String::from_utf8_lossy(&output.stdout);
    Ok(names
        .lines()
        .filter_map(|name| Some((version(name)?, name)))
        .max()
        .map(|(_, name)| name.to_owned()))
}

/// The numbers in the version of a signed cloud kernel's package, for order.
fn version(package: &str) -> Option<Vec<u32>> {
    let version = package
        .strip_prefix("linux-image-")?
        .strip_suffix("-cloud-amd64")?;
    Some(
        version
            .split(|c: char| !c.is_ascii_digit())
            .filter_map(|number| number.parse().ok())
            .collect(),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn orders_versions_by_number() {
        let mut names = [
            "linux-image-6.1.0-50-cloud-amd64",
            "linux-image-6.1.0-9-cloud-amd64",
            "linux-image-6.1.0-56-cloud-amd64",
        ];
        names.sort_by_key(|name| version(name));
        assert_eq!(names[2], "linux-image-6.1.0-56-cloud-amd64");
        assert_eq!(names[0], "linux-image-6.1.0-9-cloud-amd64");
    }

    #[test]
    fn leaves_other_packages_aside() {
        for name in [
            "linux-image-6.1.0-50-amd64",
            "linux-image-6.1.0-50-cloud-amd64-dbg",
            "linux-image-6.1.0-50-cloud-amd64-unsigned",
            "linux-headers-6.1.0-50-cloud-amd64",
        ] {
            assert_eq!(version(name), None, "{name}");
        }
    }
}
