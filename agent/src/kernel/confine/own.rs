//! The files of this process's own program.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

/// Where libraries are, for the program to be started again.
const LIBRARIES: [&str; 5] = [
    "/lib",
    "/lib64",
    "/usr/lib",
    "/usr/lib64",
    "/etc/ld.so.cache",
];

/// What this program needs to be started again.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OwnFiles {
    /// To be read: the libraries that it has, where others are, and devices that hold nothing.
    pub read: BTreeSet<PathBuf>,
    /// To be executed: the program, and what loads its libraries.
    pub execute: BTreeSet<PathBuf>,
}

/// Looks at what this process has mapped (proc_pid_maps(5)).
pub fn own_files() -> OwnFiles {
    let maps = fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let mut found = of_maps(&maps);
    found.read.extend(LIBRARIES.map(PathBuf::from));
    found
        .read
        .extend(["/dev/null", "/dev/urandom"].map(PathBuf::from));
    found.execute.insert(PathBuf::from("/proc/self/exe"));
    found
}

fn of_maps(maps: &str) -> OwnFiles {
    let mut found = OwnFiles::default();
    let files = maps.lines().filter_map(|line| line.split_once('/'));
    for (_, file) in files {
        let path = Path::new("/").join(file);
        let name = path.file_name().and_then(|name| name.to_str());
        // The directory, for there is another file of the name after an update of libc.
        if name.is_some_and(|name| name.starts_with("ld-") || name.starts_with("ld64")) {
            found.execute.extend(path.parent().map(Path::to_owned));
        }
        found.read.insert(path);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn libraries_are_read_and_what_loads_them_is_executed() {
        let maps = "55-56 r--p 0 fe:00 1    /usr/bin/weir\n\
                    7f-80 r-xp 0 fe:00 2    /usr/lib/x86_64-linux-gnu/libc.so.6\n\
                    80-81 r-xp 0 fe:00 3    /usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2\n\
                    81-82 rw-p 0 00:00 0    [stack]\n";
        let found = of_maps(maps);
        let paths = |texts: &[&str]| texts.iter().map(PathBuf::from).collect::<BTreeSet<_>>();
        assert_eq!(
            found.read,
            paths(&[
                "/usr/bin/weir",
                "/usr/lib/x86_64-linux-gnu/ld-linux-x86-64.so.2",
                "/usr/lib/x86_64-linux-gnu/libc.so.6",
            ])
        );
        assert_eq!(found.execute, paths(&["/usr/lib/x86_64-linux-gnu"]));
    }
}
