//! One POST: a connection of its own, no redirects, no proxy, a bounded answer.

use std::{path::Path, time::Duration};

use http_body_util::{BodyExt as _, Full, Limited};
use hyper::{
    Request, StatusCode,
    body::Bytes,
    client::conn::http1,
    header::{AUTHORIZATION, CONTENT_TYPE, HOST, HeaderValue, RETRY_AFTER, USER_AGENT},
};
use hyper_util::rt::TokioIo;
use tokio::{
    io::{AsyncRead, AsyncWrite},
    task::JoinSet,
};

use super::{Undelivered, dial, values::Url};

/// Bytes of an answer that are read.
const MOST_OF_ANSWER: usize = 64 * 1024;

/// Characters of it that are said.
const MOST_SAID: usize = 200;

/// What is sent beside the body.
#[derive(Clone, Debug, Default)]
pub(super) struct Headers {
    /// By name, in small letters.
    pub(super) plain: Vec<(&'static str, String)>,
    /// A bearer token (RFC 6750).
    pub(super) token: Option<String>,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) status: StatusCode,
    retry_after: Option<Duration>,
    text: String,
}

impl Answer {
    /// Only 2xx is a success. What the other side says it will never take is refused.
    ///
    /// # Errors
    /// Every other status.
    pub(super) fn judged(&self) -> Result<(), Undelivered> {
        let status = self.status;
        if status.is_success() {
            return Ok(());
        }
        let why = match self.text.is_empty() {
            true => format!("it answers {status}"),
            false => format!("it answers {status}: {}", self.text),
        };
        if status.is_redirection() {
            return Err(Undelivered::Failed {
                why: format!("{why}; redirects are not followed: write the new address"),
                after: None,
            });
        }
        let later = matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_MANY_REQUESTS
        );
        match status.is_client_error() && !later {
            true => Err(Undelivered::Refused(why)),
            false => Err(Undelivered::Failed {
                why,
                after: self.retry_after,
            }),
        }
    }
}

/// Posts JSON.
///
/// # Errors
/// No connection, no TLS, or no answer.
pub(super) async fn post(
    url: &Url,
    ca_file: Option<&Path>,
    headers: &Headers,
    body: String,
) -> Result<Answer, String> {
    let request = request(url, headers, body)?;
    let stream = dial::tcp(&url.endpoint).await?;
    match url.tls {
        false => exchange(stream, request).await,
        true => {
            let stream = dial::tls(&url.endpoint, ca_file, stream).await?;
            exchange(stream, request).await
        }
    }
}

fn request(url: &Url, headers: &Headers, body: String) -> Result<Request<Full<Bytes>>, String> {
    let agent = concat!("weir/", env!("CARGO_PKG_VERSION"));
    let mut request = Request::post(&url.target)
        .header(HOST, url.host())
        .header(USER_AGENT, agent)
        .header(CONTENT_TYPE, "application/json");
    for (name, value) in &headers.plain {
        request = request.header(*name, value);
    }
    if let Some(token) = &headers.token {
        let value = HeaderValue::try_from(format!("Bearer {token}"));
        let mut value = value.map_err(|_| "the token has characters that none can have")?;
        value.set_sensitive(true);
        request = request.header(AUTHORIZATION, value);
    }
    request
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| format!("no request can be made of it ({error})"))
}

async fn exchange(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    request: Request<Full<Bytes>>,
) -> Result<Answer, String> {
    let failed = |error: hyper::Error| format!("it does not answer ({error})");
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
        .await
        .map_err(failed)?;
    // Ends with this function, whatever it waits for.
    let mut driver = JoinSet::new();
    driver.spawn(connection);
    let answer = sender.send_request(request).await.map_err(failed)?;
    let status = answer.status();
    let retry_after = answer.headers().get(RETRY_AFTER);
    let retry_after = retry_after
        .and_then(|value| value.to_str().ok()?.parse().ok())
        .map(Duration::from_secs);
    // What it says beyond the status is for people: of one that breaks off, nothing is said.
    let body = Limited::new(answer.into_body(), MOST_OF_ANSWER).collect();
    let body = body.await.map(|body| body.to_bytes()).unwrap_or_default();
    Ok(Answer {
        status,
        retry_after,
        text: said(&String::from_utf8_lossy(&body)),
    })
}

/// The beginning, on one line.
pub(super) fn said(text: &str) -> String {
    let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
    let line = line.chars().filter(|c| !c.is_control());
    line.take(MOST_SAID).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(status: u16) -> &'static str {
        let answer = Answer {
            status: StatusCode::from_u16(status).unwrap_or_default(),
            retry_after: None,
            text: String::new(),
        };
        match answer.judged() {
            Ok(()) => "delivered",
            Err(Undelivered::Refused(_)) => "refused",
            Err(Undelivered::Failed { .. }) => "failed",
        }
    }

    #[test]
    fn only_2xx_is_a_success_and_only_some_4xx_are_tried_again() {
        for status in [200, 202, 204, 299] {
            assert_eq!(judged(status), "delivered", "{status}");
        }
        for status in [400, 401, 403, 404, 409, 410, 413, 422, 451] {
            assert_eq!(judged(status), "refused", "{status}");
        }
        for status in [101, 301, 302, 307, 408, 429, 500, 502, 503, 504] {
            assert_eq!(judged(status), "failed", "{status}");
        }
    }

    #[test]
    fn what_is_said_of_an_answer_is_short_and_on_one_line() {
        assert_eq!(said("<html>\r\n\t no \u{1b}[31m"), "<html> no [31m");
        assert_eq!(said(&"x ".repeat(4000)).chars().count(), MOST_SAID);
    }
}
