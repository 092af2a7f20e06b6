//! A country database in MaxMind's format, made from the ranges that Debian's
//! `tor-geoipdb` ships.

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use anyhow::{Context as _, Result};

use crate::{
    command,
    progress::{self, Step},
    workspace::{Workspace, make_directory},
};

/// IPv4 and IPv6 ranges of the package.
const SOURCES: [(&str, &str); 2] = [
    ("--geoip", "/usr/share/tor/geoip"),
    ("--geoip6", "/usr/share/tor/geoip6"),
];

/// Makes the database unless it was made from the same sources.
pub(super) fn provide(workspace: &Workspace) -> Result<()> {
    let database = workspace.country_database();
    let note = database.with_extension("sources");
    let sources = describe(&SOURCES.map(|(_, path)| Path::new(path)))?;
    let said = database.with_extension("toml");
    let there = database.is_file() && said.is_file();
    if there && fs::read_to_string(&note).is_ok_and(|known| known == sources) {
        progress::found("country database", &workspace.display(&database));
        return Ok(());
    }
    if let Some(directory) = database.parent() {
        make_directory(directory)?;
    }
    let mut cargo = command::host_cargo(workspace.root());
    cargo.args(["run", "--package", "weir-ipdata", "--", "build"]);
    for (option, path) in SOURCES {
        cargo.args([option, path]);
    }
    cargo.arg("--out").arg(&database);
    let step = Step {
        name: "country database",
        what: &format!("weir-ipdata build, into {}", workspace.display(&database)),
        why: "says under which country's law an address is",
        remedy: "the output names the cause; if a source is damaged: \
                 apt-get install --reinstall tor-geoipdb",
    };
    progress::perform(workspace, step, &mut cargo)?;
    fs::write(&note, sources).with_context(|| format!("cannot write {}", note.display()))
}

/// Which files, in which state. A package may bring files that are older than
/// the database and still new, so times are compared for equality.
fn describe(sources: &[&Path]) -> Result<String> {
    let mut text = String::new();
    for path in sources {
        let found = fs::metadata(path).with_context(|| {
            format!(
                "{} is missing: apt-get install --reinstall tor-geoipdb",
                path.display()
            )
        })?;
        text += &format!("{} {} {}\n", path.display(), found.len(), found.mtime());
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_changed_source_changes_the_description() {
        let directory = tempfile::tempdir().unwrap();
        let source = directory.path().join("geoip");
        fs::write(&source, "1").unwrap();
        let before = describe(&[&source]).unwrap();
        assert_eq!(describe(&[&source]).unwrap(), before);
        fs::write(&source, "12").unwrap();
        assert_ne!(describe(&[&source]).unwrap(), before);
    }

    #[test]
    fn a_missing_source_names_the_package() {
        let error = describe(&[Path::new("/nonexistent/geoip")])
            .unwrap_err()
            .to_string();
        assert_eq!(
            error,
            "/nonexistent/geoip is missing: apt-get install --reinstall tor-geoipdb"
        );
    }
}
