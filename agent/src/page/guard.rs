//! Who may be asked for, how, and what every answer says to browsers.

use std::net::IpAddr;

use axum::{
    extract::{Request, State},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

/// Names by which the page may be asked for, beside addresses and `localhost`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Hosts(Vec<String>);

impl Hosts {
    pub(super) fn new(names: &[String]) -> Self {
        let names = names.iter().map(|name| name.to_ascii_lowercase());
        Self(names.collect())
    }

    /// Whether a `Host` header names this page. A page of somebody else's that has its own
    /// name lead here (DNS rebinding) is asked for by that name, never by an address.
    fn takes(&self, host: &str) -> bool {
        let Some(name) = name_of(host) else {
            return false;
        };
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        name.parse::<IpAddr>().is_ok() || name == "localhost" || self.0.contains(&name)
    }
}

/// The host of `host:port` or `[v6]:port` (RFC 9110, section 7.2).
fn name_of(host: &str) -> Option<&str> {
    if let Some(rest) = host.strip_prefix('[') {
        let (address, port) = rest.split_once(']')?;
        let is_port = port.is_empty() || port.strip_prefix(':').is_some_and(is_number);
        return is_port.then_some(address);
    }
    match host.split_once(':') {
        None => Some(host),
        Some((name, port)) => is_number(port).then_some(name),
    }
}

fn is_number(text: &str) -> bool {
    text.bytes().all(|byte| byte.is_ascii_digit())
}

/// Lets through what may be asked; every answer has the headers.
pub(super) async fn guard(State(hosts): State<Hosts>, request: Request, next: Next) -> Response {
    let mut answer = match refusal(&hosts, request.method(), request.headers()) {
        Some((status, why)) => (status, why).into_response(),
        None => next.run(request).await,
    };
    let headers = answer.headers_mut();
    for (name, value) in HEADERS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    answer
}

const HEADERS: [(header::HeaderName, &str); 8] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri \
         'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::X_FRAME_OPTIONS, "DENY"),
    (header::REFERRER_POLICY, "no-referrer"),
    (header::CACHE_CONTROL, "no-store"),
    (
        header::HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
    (
        header::HeaderName::from_static("cross-origin-opener-policy"),
        "same-origin",
    ),
    (
        header::HeaderName::from_static("permissions-policy"),
        "camera=(), geolocation=(), microphone=()",
    ),
];

fn refusal(
    hosts: &Hosts,
    method: &Method,
    headers: &HeaderMap,
) -> Option<(StatusCode, &'static str)> {
    if ![Method::GET, Method::HEAD].contains(method) {
        return Some((
            StatusCode::METHOD_NOT_ALLOWED,
            "this page is only read: ask with GET or HEAD\n",
        ));
    }
    let mut named = headers.get_all(header::HOST).iter();
    let host = named.next().and_then(|host| host.to_str().ok());
    if named.next().is_some() || !host.is_some_and(|host| hosts.takes(host)) {
        return Some((
            StatusCode::MISDIRECTED_REQUEST,
            "this page is not known by that name: ask for an address or localhost, or start the \
             agent with --page-host NAME\n",
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_localhost_and_given_names_are_this_page() {
        let hosts = Hosts::new(&["Node-1.Example".to_owned()]);
        for host in [
            "127.0.0.1",
            "127.0.0.1:9185",
            "[::1]:9185",
            "[::1]",
            "192.0.2.1:80",
            "localhost",
            "LOCALHOST.:9185",
            "node-1.example:9185",
        ] {
            assert!(hosts.takes(host), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "127.0.0.1.evil.example",
            "evil.example:9185",
            "localhost.evil.example",
            "127.0.0.1:evil",
            "[::1]evil",
            "[::1",
            "::1",
            "a@127.0.0.1",
        ] {
            assert!(!hosts.takes(host), "{host}");
        }
    }

    #[test]
    fn only_reading_is_let_through() {
        let mut headers = HeaderMap::new();
        let hosts = Hosts::default();
        let status = |method, headers: &HeaderMap| {
            refusal(&hosts, method, headers).map(|(status, _)| status.as_u16())
        };
        assert_eq!(status(&Method::GET, &headers), Some(421));
        headers.insert(header::HOST, HeaderValue::from_static("127.0.0.1"));
        assert_eq!(status(&Method::GET, &headers), None);
        assert_eq!(status(&Method::HEAD, &headers), None);
        assert_eq!(status(&Method::POST, &headers), Some(405));
        assert_eq!(status(&Method::OPTIONS, &headers), Some(405));
        headers.append(header::HOST, HeaderValue::from_static("127.0.0.1"));
        assert_eq!(status(&Method::GET, &headers), Some(421));
    }
}
