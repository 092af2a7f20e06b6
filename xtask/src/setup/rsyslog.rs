//! The syslog daemon for the tests, taken out of its Debian package. An installed one would
//! start as a service of this machine, and read its log.

use super::{unpacked::Daemon, version::Version};

/// The daemon.
pub(super) const RSYSLOG: Daemon = Daemon {
    name: "rsyslog",
    why: "reads what the agent sends to syslog, in the tests",
    installed: "/usr/sbin/rsyslogd",
    asked: "-v",
    modules: &[("rsyslog-gnutls", "lmnsd_gtls.so")],
    version: |text| Some(Version::after_name(text, "rsyslogd ")?.to_string()),
};
