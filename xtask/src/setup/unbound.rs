//! The resolver unbound for the tests, taken out of its Debian package. An
//! installed one would start as a service of this machine, now or when it boots.

use super::unpacked::Daemon;

/// The resolver.
pub(super) const UNBOUND: Daemon = Daemon {
    name: "unbound",
    why: "answers DNS queries in the tests",
    installed: "/usr/sbin/unbound",
    asked: "-V",
    version,
    modules: &[],
};

/// `1.17.1` of `Version 1.17.1`.
fn version(text: &str) -> Option<String> {
    let mut lines = text.lines();
    lines.find_map(|line| Some(line.strip_prefix("Version ")?.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_version_is_a_line_of_its_own() {
        let text = "Version 1.17.1\n\nConfigure line: --build=x86_64-linux-gnu\n";
        assert_eq!(version(text).as_deref(), Some("1.17.1"));
        assert_eq!(version("unbound: error"), None);
    }
}
