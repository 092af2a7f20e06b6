//! Where something is: a host and a port, and what is below it over HTTP.

use std::{fmt, net::IpAddr, str::FromStr};

use hyper::Uri;

use crate::config::text_value::text_value;

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
    pub(in crate::notify) target: String,
}

impl Url {
    /// The value of the header `Host` (RFC 9110, section 7.2).
    pub(in crate::notify) fn host(&self) -> String {
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
    pub(in crate::notify) fn below(&self, path: &str) -> Self {
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

text_value!(Url, "weir-url", "^https?://");

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

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
}
