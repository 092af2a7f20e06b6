//! Which host this is.

use std::sync::Arc;

use nix::sys::utsname::uname;

/// The name of the host that the agent runs on, as it goes into each record.
///
/// It is the kernel's node name (uname(2)), which is what Kubernetes calls its nodes
/// by default. It is read once: a host that is renamed takes its new name when the
/// agent is restarted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Host(Option<Arc<str>>);

impl Host {
    /// Asks the kernel.
    pub fn read() -> Self {
        let name = uname().ok().and_then(|names| {
            let name = names.nodename().to_str()?;
            // The kernel's name of a host that was given none.
            let given = !name.is_empty() && name != "(none)";
            (given && !name.chars().any(char::is_control)).then(|| Arc::from(name))
        });
        Self(name)
    }

    /// A host of that name.
    pub fn named(name: &str) -> Self {
        Self(Some(Arc::from(name)))
    }

    /// A host whose name is not known.
    pub const fn unknown() -> Self {
        Self(None)
    }

    /// The name; `None` if the host has none.
    pub fn name(&self) -> Option<&Arc<str>> {
        self.0.as_ref()
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use std::fs;

    use super::*;

    #[test]
    fn the_name_is_the_kernels() {
        let kernels = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
        assert_eq!(Host::read(), Host::named(kernels.trim_end()));
    }
}
