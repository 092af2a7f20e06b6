//! What the file names and this host does not have. Nothing of it is an error: a file is
//! also checked where it is written.

use std::{
    fs, io,
    os::unix::fs::PermissionsExt as _,
    path::{Path, PathBuf},
};

use serde_json::Value;

use super::{as_run, reach};
use crate::{
    cli::{
        config::in_force::{self, InForce},
        run,
    },
    config::{Loaded, Origin},
    policy::{Diagnostic, Rejected},
};

/// Directories that the agent reads, which must be there.
const READ: [&str; 3] = ["paths.allowlists", "paths.cgroup_root", "ip_data.directory"];
/// Directories that it makes, where there is one to make them in.
const MADE: [&str; 4] = [
    "paths.store",
    "paths.runtime_dir",
    "paths.pin",
    "evidence.directory",
];
const NAME_IT: &str = "name a directory";

/// Everything that is worth a second look, for each value that somebody said.
pub(in crate::cli) fn warnings(loaded: &Loaded) -> Result<Vec<Diagnostic>, Rejected> {
    let keys = in_force::options(&as_run(loaded)?, loaded);
    let mut found = Found {
        loaded,
        warnings: Vec::new(),
    };
    let said = keys.iter().filter(|key| key.origin != Origin::Default);
    said.for_each(|key| found.key(key));
    found.ways_out();
    let allowlists = keys.iter().find(|key| key.path == "paths.allowlists");
    let allowlists = allowlists.and_then(InForce::text).map(PathBuf::from);
    for undeclared in reach::undeclared(loaded, allowlists.as_deref()) {
        found.warn(&undeclared.path, undeclared.message, undeclared.help);
    }
    for (name, near) in loaded.unknown() {
        let help = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => {
                "docs/config.md has the variables of all keys; ignore it if it is another program's"
                    .to_owned()
            }
        };
        let warning = Diagnostic::whole(Path::new(name), "no key has this variable", help);
        found.warnings.push(warning.into_warning());
    }
    Ok(found.warnings)
}

struct Found<'a> {
    loaded: &'a Loaded,
    warnings: Vec<Diagnostic>,
}

impl Found<'_> {
    fn warn(&mut self, path: &str, message: impl Into<String>, help: impl Into<String>) {
        let warning = self.loaded.diagnostic(path, message, help);
        self.warnings.push(warning.into_warning());
    }

    fn key(&mut self, key: &InForce) {
        let path = key.path.as_str();
        let text = key.text().unwrap_or_default();
        match path {
            "paths.pin" if matches!(text.as_str(), "auto" | "off") => {}
            "control.group" => {
                if let Err(help) = run::group(&text) {
                    let message = format!("the group `{}` cannot be used", text.escape_debug());
                    self.warn(path, message, help);
                }
            }
            "capture.uplinks" => self.uplinks(key),
            "ip_data.databases" => self.databases(key),
            _ if READ.contains(&path) => self.directory(path, Path::new(&text)),
            _ if MADE.contains(&path) => self.made(path, Path::new(&text)),
            _ => {}
        }
    }

    fn uplinks(&mut self, key: &InForce) {
        let names = key.value.as_array().into_iter().flatten();
        for (at, name) in names.filter_map(Value::as_str).enumerate() {
            // A name with a slash is none, and must not leave the directory.
            let there = !name.contains('/') && Path::new("/sys/class/net").join(name).exists();
            if !there {
                let message = format!("this host has no interface `{}`", name.escape_debug());
                let help = "see `ip link` for the names; it counts once it appears";
                self.warn(&item(&key.path, at, &key.origin), message, help);
            }
        }
    }

    fn databases(&mut self, key: &InForce) {
        let texts = key.value.as_array().into_iter().flatten();
        for (at, text) in texts.filter_map(Value::as_str).enumerate() {
            let file = text.split_once('=').map_or(text, |(_, file)| file);
            self.file(&item(&key.path, at, &key.origin), Path::new(file));
        }
    }

    fn relative(&mut self, path: &str, named: &Path) {
        if named.is_relative() {
            let message = format!("`{}` is relative", shown(named));
            let help =
                "it counts from the directory that the agent is started in: write it from `/` on";
            self.warn(path, message, help);
        }
    }

    fn directory(&mut self, path: &str, named: &Path) {
        self.relative(path, named);
        match fs::metadata(named) {
            Ok(found) if found.is_dir() => {}
            Ok(_) => self.no_directory(path, named),
            Err(error) => self.absent(path, named, &error),
        }
    }

    fn made(&mut self, path: &str, named: &Path) {
        self.relative(path, named);
        let nearest = named
            .ancestors()
            .find_map(|above| Some((above, fs::metadata(above).ok()?)));
        if let Some((there, found)) = nearest
            && !found.is_dir()
        {
            self.no_directory(path, there);
        }
    }

    fn no_directory(&mut self, path: &str, named: &Path) {
        self.warn(path, format!("`{}` is no directory", shown(named)), NAME_IT);
    }

    fn file(&mut self, path: &str, named: &Path) -> Option<fs::Metadata> {
        self.relative(path, named);
        match fs::metadata(named) {
            Ok(found) if found.is_file() => return Some(found),
            Ok(_) => {
                let message = format!("`{}` is no file", shown(named));
                self.warn(path, message, "name a file");
            }
            Err(error) => self.absent(path, named, &error),
        }
        None
    }

    fn absent(&mut self, path: &str, named: &Path, error: &io::Error) {
        let shown = shown(named);
        if error.kind() == io::ErrorKind::NotFound {
            let message = format!("`{shown}` is not there");
            self.warn(path, message, "make it, or name another");
        } else {
            let message = format!("`{shown}` cannot be looked at ({error})");
            self.warn(path, message, "look as the user that the agent runs as");
        }
    }

    /// Files and programs of the ways out, by the names of their keys.
    fn ways_out(&mut self) {
        for key in in_force::ways_out(self.loaded) {
            let name = key.path.rsplit('.').next().unwrap_or_default();
            let text = key.value.as_str().map(PathBuf::from);
            match (name, text) {
                ("ca_file", Some(file)) => drop(self.file(&key.path, &file)),
                (name, Some(file)) if name.ends_with("_file") => self.secret(&key.path, &file),
                ("command", None) => {
                    let program = key.value.get(0).and_then(Value::as_str);
                    if let Some(program) = program.map(PathBuf::from) {
                        self.program(&format!("{}[0]", key.path), &program);
                    }
                }
                _ => {}
            }
        }
    }

    fn secret(&mut self, path: &str, file: &Path) {
        let Some(found) = self.file(path, file) else {
            return;
        };
        let mode = found.permissions().mode() & 0o777;
        if mode & 0o007 != 0 {
            let file = shown(file);
            let message = format!("everybody may use the secret `{file}` (mode {mode:o})");
            self.warn(path, message, format!("chmod 600 {file}"));
        }
    }

    fn program(&mut self, path: &str, program: &Path) {
        let Some(found) = self.file(path, program) else {
            return;
        };
        if found.permissions().mode() & 0o111 == 0 {
            let program = shown(program);
            let message = format!("`{program}` is not executable");
            self.warn(path, message, format!("chmod +x {program}"));
        }
    }
}

/// One item of a list has a place of its own in the file alone.
fn item(path: &str, at: usize, origin: &Origin) -> String {
    match origin {
        Origin::File(_) => format!("{path}[{at}]"),
        _ => path.to_owned(),
    }
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().escape_debug().to_string()
}
