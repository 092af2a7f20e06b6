//! HTTP POST of a notice as JSON, signed as Standard Webhooks have it, so that libraries for
//! receivers are there already: <https://www.standardwebhooks.com>.

use std::{fs, path::Path};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use hmac::{Hmac, Mac as _};
use jiff::Timestamp;
use sha2::Sha256;

use super::{
    Undelivered,
    http::{self, Headers},
    notice::Message,
    settings::Webhook,
};

/// Begins a secret that is written in base64.
const ENCODED: &str = "whsec_";

/// Posts a notice.
///
/// # Errors
/// It was not taken.
pub(super) async fn deliver(
    to: &Webhook,
    message: &Message<'_>,
    now: Timestamp,
) -> Result<(), Undelivered> {
    // Read anew each time, so that it can be changed.
    let secret = secret(&to.secret_file)?;
    let body = message.body().map_err(Undelivered::failed)?;
    let second = now.as_second();
    let signature = signature(&secret, &message.id, second, &body)?;
    let headers = Headers {
        plain: vec![
            ("webhook-id", message.id.clone()),
            ("webhook-timestamp", second.to_string()),
            ("webhook-signature", signature),
        ],
        token: None,
    };
    let answer = http::post(&to.url, to.ca_file.as_deref(), &headers, body).await;
    answer.map_err(Undelivered::failed)?.judged()
}

/// The secret of a file, without the end of its line.
fn secret(path: &Path) -> Result<Vec<u8>, Undelivered> {
    let text = read(path)?;
    let secret = match text.strip_prefix(ENCODED) {
        Some(encoded) => STANDARD.decode(encoded).map_err(|error| {
            let path = path.display();
            Undelivered::failed(format!("the secret in {path} is no base64 ({error})"))
        })?,
        None => text.into_bytes(),
    };
    Ok(secret)
}

/// What a file with a secret says, without the end of its line.
///
/// # Errors
/// It cannot be read, or has nothing.
pub(super) fn read(path: &Path) -> Result<String, Undelivered> {
    let text = fs::read_to_string(path).map_err(|error| {
        let path = path.display();
        Undelivered::failed(format!("{path} cannot be read ({error})"))
    })?;
    let text = text.trim_end_matches(['\r', '\n']);
    match text.is_empty() {
        true => Err(Undelivered::failed(format!("{} is empty", path.display()))),
        false => Ok(text.to_owned()),
    }
}

/// `v1,` and the HMAC-SHA256 over id, seconds since 1970 and body, with full stops between.
fn signature(secret: &[u8], id: &str, second: i64, body: &str) -> Result<String, Undelivered> {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret).map_err(Undelivered::failed)?;
    mac.update(format!("{id}.{second}.{body}").as_bytes());
    let code = STANDARD.encode(mac.finalize().into_bytes());
    Ok(format!("v1,{code}"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    /// The expected value is what
    /// `printf '%s' 'a1.1730000000.{"version":1}' | openssl dgst -sha256 -hmac 'the secret' -binary | base64`
    /// prints.
    #[test]
    fn the_signature_is_that_of_openssl() {
        assert_eq!(
            signature(b"the secret", "a1", 1_730_000_000, "{\"version\":1}").unwrap(),
            "v1,KclTAHGIy/gcv1rySeb+eSkIRGWnyXBy1Nd/r6Usxgo="
        );
    }

    /// The example of the specification.
    #[test]
    fn the_signature_is_that_of_standard_webhooks() {
        let secret = STANDARD.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").unwrap();
        assert_eq!(
            signature(
                &secret,
                "msg_p5jXN8AQM9LWM0D4loKWxJek",
                1_614_265_330,
                "{\"test\": 2432232314}"
            )
            .unwrap(),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    #[test]
    fn a_secret_is_taken_as_it_is_or_decoded() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("secret");
        let read = |text: &str| {
            fs::write(&path, text).unwrap();
            secret(&path)
        };
        assert_eq!(read("the secret\n").unwrap(), b"the secret");
        assert_eq!(read("whsec_AAEC\n").unwrap(), [0, 1, 2]);
        assert!(read("\n").is_err());
        assert!(read("whsec_?").is_err());
        assert!(secret(&directory.path().join("other")).is_err());
    }
}
