//! Receivers of syslog, and facilities.

use std::{path::PathBuf, str::FromStr};

use super::Endpoint;
use crate::config::text_value::text_value;

/// The journal's own socket (systemd-journald.service(8)).
const JOURNAL: &str = "/run/systemd/journal/socket";

/// Facilities of RFC 5424, section 6.2.1, by number.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "security", "console", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];

/// Where a syslog receiver, or the journal, is.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub enum Address {
    /// A datagram socket of this host.
    Unix(PathBuf),
    /// Datagrams (RFC 5426).
    Udp(Endpoint),
    /// A stream with the length before each message (RFC 6587, section 3.4.1).
    Tcp(Endpoint),
    /// The same over TLS (RFC 5425).
    Tls(Endpoint),
    /// The journal, by its own protocol.
    Journal(PathBuf),
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let path = |path: &str| match path.starts_with('/') {
            true => Ok(PathBuf::from(path)),
            false => Err(format!("`{path}` is no path from the root")),
        };
        match text.split_once(':') {
            None if text == "journald" => Ok(Self::Journal(JOURNAL.into())),
            Some(("journald", socket)) => path(socket).map(Self::Journal),
            Some(("unix", socket)) => path(socket).map(Self::Unix),
            Some(("udp", at)) => at.parse().map(Self::Udp),
            Some(("tcp", at)) => at.parse().map(Self::Tcp),
            Some(("tls", at)) => at.parse().map(Self::Tls),
            _ => Err(
                "expected unix:/dev/log, udp:HOST:PORT, tcp:HOST:PORT, tls:HOST:PORT or journald"
                    .to_owned(),
            ),
        }
    }
}

/// A facility of syslog, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Facility(pub(in crate::notify) u8);

impl Default for Facility {
    /// `daemon`.
    fn default() -> Self {
        Self(3)
    }
}

impl FromStr for Facility {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let place = FACILITIES.iter().position(|name| *name == text);
        place
            .and_then(|place| u8::try_from(place).ok())
            .map(Self)
            .ok_or_else(|| format!("expected a facility: {}", FACILITIES.join(", ")))
    }
}

text_value!(Address, "weir-syslog", "^(unix:/|udp:|tcp:|tls:|journald)");
text_value!(Facility, "weir-facility", "^[a-z]+[0-7]?$");

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn receivers_of_syslog() {
        let endpoint = |host: &str, port| Endpoint {
            host: host.to_owned(),
            port,
        };
        let read = |text: &str| text.parse::<Address>().unwrap();
        assert_eq!(read("unix:/dev/log"), Address::Unix("/dev/log".into()));
        assert_eq!(read("udp:log:514"), Address::Udp(endpoint("log", 514)));
        assert_eq!(
            read("tls:[2001:db8::7]:6514"),
            Address::Tls(endpoint("2001:db8::7", 6514))
        );
        assert_eq!(read("journald"), Address::Journal(JOURNAL.into()));
        for wrong in [
            "",
            "/dev/log",
            "unix:log",
            "udp:log",
            "tcp::514",
            "tcp:[a]:1",
            "tcp:a b:1",
        ] {
            assert!(wrong.parse::<Address>().is_err(), "{wrong}");
        }
        assert_eq!("local7".parse::<Facility>(), Ok(Facility(23)));
        assert_eq!("daemon".parse::<Facility>(), Ok(Facility::default()));
        assert!("local8".parse::<Facility>().is_err());
    }
}
