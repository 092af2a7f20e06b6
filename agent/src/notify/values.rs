//! Values of `[notify]` that are written as a text.

use std::{fmt, net::IpAddr, path::PathBuf, str::FromStr};

use hyper::Uri;

use crate::config::text_value::text_value;

/// Characters of a name at most: it is a label of metrics and a part of a file's name.
const MOST_OF_NAME: usize = 32;

/// The journal's own socket (systemd-journald.service(8)).
const JOURNAL: &str = "/run/systemd/journal/socket";

/// Facilities of RFC 5424, section 6.2.1, by number.
const FACILITIES: [&str; 24] = [
    "kern", "user", "mail", "daemon", "auth", "syslog", "lpr", "news", "uucp", "cron", "authpriv",
    "ftp", "ntp", "security", "console", "clock", "local0", "local1", "local2", "local3", "local4",
    "local5", "local6", "local7",
];

/// What logs, metrics and files call a way out: small letters, digits and hyphens.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Name(String);

impl Name {
    /// The name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.0)
    }
}

impl FromStr for Name {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let usual = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        let good = (1..=MOST_OF_NAME).contains(&text.len()) && text.bytes().all(usual);
        match good && !text.starts_with('-') {
            true => Ok(Self(text.to_owned())),
            false => Err(format!(
                "expected a name of at most {MOST_OF_NAME} small letters, digits and hyphens, \
                 such as on-call"
            )),
        }
    }
}

/// Where a host can be reached.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    /// Its name, or its address without brackets.
    pub host: String,
    /// The port.
    pub port: u16,
}

impl Endpoint {
    /// The host's address, where it is written as one.
    pub fn address(&self) -> Option<IpAddr> {
        self.host.parse().ok()
    }

    /// Whether nothing leaves the host on the way there.
    pub fn is_loopback(&self) -> bool {
        self.host == "localhost" || self.address().is_some_and(|one| one.is_loopback())
    }
}

impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.host.contains(':') {
            true => write!(f, "[{}]:{}", self.host, self.port),
            false => write!(f, "{}:{}", self.host, self.port),
        }
    }
}

impl FromStr for Endpoint {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong =
            || format!("`{text}` is no HOST:PORT, such as log.example:514 or [2001:db8::7]:514");
        let (host, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port: u16 = port
            .parse()
            .ok()
            .filter(|port| *port > 0)
            .ok_or_else(wrong)?;
        let bracketed = host
            .strip_prefix('[')
            .and_then(|host| host.strip_suffix(']'));
        let host = match bracketed {
            Some(host) => match host.parse::<IpAddr>() {
                Ok(IpAddr::V6(_)) => host,
                _ => return Err(wrong()),
            },
            None => host,
        };
        let usual = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
        if bracketed.is_none() && (host.is_empty() || !host.bytes().all(usual)) {
            return Err(wrong());
        }
        Ok(Self {
            host: host.to_owned(),
            port,
        })
    }
}

/// An HTTP address. Its path and query may be a secret, so that they are never shown.
#[derive(Clone, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Url {
    /// Whether it is `https`.
    pub tls: bool,
    /// Where it is.
    pub endpoint: Endpoint,
    /// Path and query, beginning with `/`.
    pub(super) target: String,
}

impl Url {
    /// The value of the header `Host` (RFC 9110, section 7.2).
    pub(super) fn host(&self) -> String {
        let usual = if self.tls { 443 } else { 80 };
        let whole = self.endpoint.to_string();
        match self.endpoint.port == usual {
            true => whole
                .rsplit_once(':')
                .map_or(whole.clone(), |(host, _)| host.to_owned()),
            false => whole,
        }
    }

    /// The address of something below it, whatever its own query.
    pub(super) fn below(&self, path: &str) -> Self {
        let own = self.target.split('?').next().unwrap_or_default();
        Self {
            target: format!("{}{path}", own.trim_end_matches('/')),
            ..self.clone()
        }
    }
}

/// Without what may be a secret: `https://hooks.example:443/…`.
impl fmt::Display for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let scheme = if self.tls { "https" } else { "http" };
        let rest = if self.target == "/" { "/" } else { "/…" };
        write!(f, "{scheme}://{}{rest}", self.endpoint)
    }
}

impl fmt::Debug for Url {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Url {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = "expected an address such as https://hooks.example:8443/weir";
        let uri: Uri = text.parse().map_err(|_| wrong.to_owned())?;
        let tls = match uri.scheme_str() {
            Some("https") => true,
            Some("http") => false,
            _ => return Err(wrong.to_owned()),
        };
        let authority = uri.authority().ok_or(wrong)?;
        if authority.as_str().contains('@') {
            return Err(
                "a user and a password do not belong into an address: name a file \
                        with the token or the secret"
                    .to_owned(),
            );
        }
        let port = uri.port_u16().unwrap_or(if tls { 443 } else { 80 });
        Ok(Self {
            tls,
            endpoint: format!("{}:{port}", authority.host()).parse()?,
            target: uri
                .path_and_query()
                .map_or("/", |target| target.as_str())
                .to_owned(),
        })
    }
}

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
pub struct Facility(pub(super) u8);

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

/// Labels that say what an alert is, by the rules in `packaging/prometheus`.
const IDENTITY: [&str; 11] = [
    "alertname",
    "severity",
    "cluster",
    "instance",
    "kind",
    "product",
    "workload",
    "provider",
    "jurisdiction",
    "rule",
    "entry",
];

/// A label of alerts, beside those that say what an alert is: `NAME=VALUE`.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "String")]
pub struct Label {
    /// Its name.
    pub name: String,
    /// Its value.
    pub value: String,
}

impl FromStr for Label {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = "expected NAME=VALUE such as region=eu: a name of letters, digits and _";
        let (name, value) = text.split_once('=').ok_or(wrong)?;
        let word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
        let digit = name.starts_with(|c: char| c.is_ascii_digit());
        if name.is_empty() || digit || !name.bytes().all(word) || value.is_empty() {
            return Err(wrong.to_owned());
        }
        if IDENTITY.contains(&name) {
            return Err(format!(
                "`{name}` says what an alert is, and is not to be set: leave it out; `cluster` \
                 and `instance` are keys of their own"
            ));
        }
        Ok(Self {
            name: name.to_owned(),
            value: value.to_owned(),
        })
    }
}

/// A program by its path from the root, and its arguments.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize)]
#[serde(try_from = "Vec<String>")]
pub struct Argv(Vec<String>);

impl Argv {
    /// The program.
    pub fn program(&self) -> &str {
        self.0.first().map_or("", String::as_str)
    }

    /// The program and its arguments.
    pub fn line(&self) -> &[String] {
        &self.0
    }
}

impl TryFrom<Vec<String>> for Argv {
    type Error = String;

    fn try_from(line: Vec<String>) -> Result<Self, String> {
        match line.is_empty() {
            false => Ok(Self(line)),
            true => Err("a command has a program".to_owned()),
        }
    }
}

impl schemars::JsonSchema for Argv {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Argv".into()
    }

    fn json_schema(_: &mut schemars::SchemaGenerator) -> schemars::Schema {
        schemars::json_schema!({
            "type": "array",
            "items": { "type": "string" },
            "minItems": 1,
        })
    }
}

text_value!(Name, "weir-name", "^[a-z0-9][a-z0-9-]{0,31}$");
text_value!(Url, "weir-url", "^https?://");
text_value!(Address, "weir-syslog", "^(unix:/|udp:|tcp:|tls:|journald)");
text_value!(Label, "weir-label", "^[A-Za-z_][A-Za-z0-9_]*=.+$");
text_value!(Facility, "weir-facility", "^[a-z]+[0-7]?$");

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn names_are_small() {
        assert_eq!("on-call".parse::<Name>().unwrap().as_str(), "on-call");
        for wrong in ["", "On-call", "a b", "-a", "a/b", &"a".repeat(33)] {
            assert!(wrong.parse::<Name>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn addresses_of_http_hide_what_may_be_secret() {
        let url: Url = "https://hooks.example/T0/secret?token=x".parse().unwrap();
        assert_eq!(url.to_string(), "https://hooks.example:443/…");
        assert_eq!(format!("{url:?}"), "https://hooks.example:443/…");
        assert_eq!(url.host(), "hooks.example");
        assert_eq!(url.target, "/T0/secret?token=x");
        let url: Url = "http://[2001:db8::7]:9093/am/".parse().unwrap();
        assert_eq!(url.host(), "[2001:db8::7]:9093");
        assert_eq!(url.endpoint.host, "2001:db8::7");
        assert_eq!(url.below("/api/v2/alerts").target, "/am/api/v2/alerts");
        let root: Url = "http://127.0.0.1:9093".parse().unwrap();
        assert_eq!(root.below("/api/v2/alerts").target, "/api/v2/alerts");
        assert!(root.endpoint.is_loopback());
        for wrong in [
            "hooks.example",
            "ftp://a/",
            "https://",
            "https://u:p@a/",
            "https://a:0/",
            "https://a b/",
        ] {
            assert!(wrong.parse::<Url>().is_err(), "{wrong}");
        }
    }

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

    #[test]
    fn labels_do_not_say_what_an_alert_is() {
        let label: Label = "region=a=b".parse().unwrap();
        assert_eq!((&*label.name, &*label.value), ("region", "a=b"));
        for wrong in [
            "region",
            "region=",
            "=eu",
            "1a=b",
            "a b=c",
            "severity=page",
            "rule=a",
        ] {
            assert!(wrong.parse::<Label>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_program_has_a_path() {
        let argv = |line: &[&str]| {
            let line: Vec<String> = line.iter().map(|word| (*word).to_owned()).collect();
            Argv::try_from(line)
        };
        let one = argv(&["/bin/page", "--now"]).unwrap();
        assert_eq!(
            (one.program(), one.line()),
            ("/bin/page", &["/bin/page", "--now"].map(str::to_owned)[..])
        );
        assert!(argv(&[]).is_err());
    }
}
