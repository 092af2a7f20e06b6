//! The signed envelope (DSSE version 1.0.2, protocol and envelope).
//!
//! The signature is over the payload with its type and both lengths, so that
//! neither can be read as another (the pre-authentication encoding, PAE).

use base64::{Engine as _, engine::general_purpose::STANDARD};
use ed25519_dalek::{
    Signature, Signer as _, SigningKey, VerifyingKey,
    pkcs8::{DecodePublicKey as _, EncodePublicKey as _, spki::der::pem::LineEnding},
};
use serde::{Deserialize, Serialize};

use crate::digest::Digest;

/// A payload with its signatures.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Envelope {
    /// What the payload is, as a media type.
    pub payload_type: String,
    /// The payload in base64 (RFC 4648 section 4).
    payload: String,
    /// Who says so.
    pub signatures: Vec<Signed>,
}

/// A signature in an envelope.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Signed {
    /// A hint which key it is by; nothing rests on it.
    pub keyid: String,
    /// The signature in base64.
    sig: String,
}

/// Why an envelope is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotBelieved {
    /// It has none.
    #[error("the envelope has no signature")]
    Unsigned,
    /// It is of another kind.
    #[error("the envelope holds `{found}`, and `{wanted}` is wanted")]
    Type {
        /// What it says it holds.
        found: String,
        /// What it should hold.
        wanted: String,
    },
    /// Base64 of its parts cannot be read.
    #[error("the {0} of the envelope is not base64: {1}")]
    Base64(&'static str, String),
    /// No signature is by a trusted key.
    #[error(
        "no signature is by a trusted key: signed by {}, trusted {}",
        list(.signed), list(.trusted)
    )]
    Untrusted {
        /// Ids of the keys that the envelope names.
        signed: Vec<String>,
        /// Ids of the keys that are trusted.
        trusted: Vec<String>,
    },
    /// A signature by a trusted key does not fit the payload.
    #[error("the signature by {0} does not fit the payload: one of them was changed")]
    Changed(String),
}

fn list(ids: &[String]) -> String {
    match ids {
        [] => "no key".to_owned(),
        ids => ids.join(", "),
    }
}

impl Envelope {
    /// Puts a payload into an envelope and signs it.
    pub fn sign(payload_type: &str, payload: &[u8], key: &SigningKey) -> Self {
        let signature = key.sign(&pre_authentication_encoding(payload_type, payload));
        Self {
            payload_type: payload_type.to_owned(),
            payload: STANDARD.encode(payload),
            signatures: vec![Signed {
                keyid: key_id(&key.verifying_key()),
                sig: STANDARD.encode(signature.to_bytes()),
            }],
        }
    }

    /// The payload, if one of the keys has signed it as being of this type.
    ///
    /// # Errors
    /// Why it is not believed.
    pub fn open(
        &self,
        payload_type: &str,
        trusted: &[VerifyingKey],
    ) -> Result<Vec<u8>, NotBelieved> {
        if self.payload_type != payload_type {
            return Err(NotBelieved::Type {
                found: self.payload_type.clone(),
                wanted: payload_type.to_owned(),
            });
        }
        if self.signatures.is_empty() {
            return Err(NotBelieved::Unsigned);
        }
        let payload = decode("payload", &self.payload)?;
        let message = pre_authentication_encoding(payload_type, &payload);
        let mut changed = None;
        for signed in &self.signatures {
            let bytes = decode("signature", &signed.sig)?;
            let Ok(signature) = Signature::from_slice(&bytes) else {
                changed = changed.or_else(|| Some(signed.keyid.clone()));
                continue;
            };
            if trusted
                .iter()
                .any(|key| key.verify_strict(&message, &signature).is_ok())
            {
                return Ok(payload);
            }
            if trusted.iter().any(|key| key_id(key) == signed.keyid) {
                changed = Some(signed.keyid.clone());
            }
        }
        Err(match changed {
            Some(id) => NotBelieved::Changed(id),
            None => NotBelieved::Untrusted {
                signed: self.signatures.iter().map(|s| s.keyid.clone()).collect(),
                trusted: trusted.iter().map(key_id).collect(),
            },
        })
    }
}

fn decode(what: &'static str, text: &str) -> Result<Vec<u8>, NotBelieved> {
    STANDARD
        .decode(text)
        .map_err(|error| NotBelieved::Base64(what, error.to_string()))
}

/// `DSSEv1 LEN(type) type LEN(payload) payload`.
fn pre_authentication_encoding(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!(
        "DSSEv1 {} {payload_type} {} ",
        payload_type.len(),
        payload.len()
    );
    [head.as_bytes(), payload].concat()
}

/// Identifies a key: SHA-256 of its `SubjectPublicKeyInfo` (RFC 8410), as
/// `openssl pkey -pubin -outform DER | sha256sum` prints it.
pub fn key_id(key: &VerifyingKey) -> String {
    // An Ed25519 key always encodes: what follows is its bytes after a fixed head.
    key.to_public_key_der().map_or_else(
        |_| String::new(),
        |der| Digest::of(der.as_bytes()).to_string(),
    )
}

/// The key as a file that OpenSSL reads; `None` never happens for such a key.
pub fn to_pem(key: &VerifyingKey) -> Option<String> {
    key.to_public_key_pem(LineEnding::LF).ok()
}

/// Reads a key from such a file.
///
/// # Errors
/// Why it is no Ed25519 public key in PEM.
pub fn from_pem(text: &str) -> Result<VerifyingKey, String> {
    VerifyingKey::from_public_key_pem(text)
        .map_err(|error| format!("not an Ed25519 public key in PEM: {error}"))
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    fn key(byte: u8) -> SigningKey {
        SigningKey::from_bytes(&[byte; 32])
    }

    /// The example of the DSSE protocol.
    #[test]
    fn the_encoding_is_that_of_the_protocol() {
        assert_eq!(
            pre_authentication_encoding("http://example.com/HelloWorld", b"hello world"),
            b"DSSEv1 29 http://example.com/HelloWorld 11 hello world"
        );
    }

    #[test]
    fn what_is_signed_is_opened() {
        let envelope = Envelope::sign("t", b"payload", &key(1));
        let trusted = [key(2).verifying_key(), key(1).verifying_key()];
        assert_eq!(envelope.open("t", &trusted).unwrap(), b"payload");
        let json = serde_json::to_string(&envelope).unwrap();
        assert_eq!(serde_json::from_str::<Envelope>(&json).unwrap(), envelope);
    }

    #[test]
    fn what_is_not_is_not() {
        let trusted = [key(1).verifying_key()];
        let signed = Envelope::sign("t", b"payload", &key(1));

        let mut changed = signed.clone();
        changed.payload = STANDARD.encode(b"another");
        let id = key_id(&trusted[0]);
        assert_eq!(
            changed.open("t", &trusted).unwrap_err(),
            NotBelieved::Changed(id.clone())
        );

        let mut short = signed.clone();
        short.signatures[0].sig = STANDARD.encode(b"short");
        assert_eq!(
            short.open("t", &trusted).unwrap_err(),
            NotBelieved::Changed(id.clone())
        );

        let mut none = signed.clone();
        none.signatures.clear();
        assert_eq!(none.open("t", &trusted).unwrap_err(), NotBelieved::Unsigned);

        let mut broken = signed.clone();
        broken.payload.push('!');
        assert!(matches!(
            broken.open("t", &trusted),
            Err(NotBelieved::Base64("payload", _))
        ));

        let found = signed.open("u", &trusted).unwrap_err().to_string();
        assert_eq!(found, "the envelope holds `t`, and `u` is wanted");

        let other = Envelope::sign("t", b"payload", &key(2));
        assert_eq!(
            other.open("t", &trusted).unwrap_err(),
            NotBelieved::Untrusted {
                signed: vec![key_id(&key(2).verifying_key())],
                trusted: vec![id],
            }
        );
        let nobody = other.open("t", &[]).unwrap_err().to_string();
        assert!(nobody.ends_with("trusted no key"), "{nobody}");
    }

    /// A claimed key id changes nothing: the signature must be the trusted key's.
    #[test]
    fn a_borrowed_key_id_is_not_believed() {
        let trusted = [key(1).verifying_key()];
        let mut forged = Envelope::sign("t", b"payload", &key(2));
        forged.signatures[0].keyid = key_id(&trusted[0]);
        let id = key_id(&trusted[0]);
        assert_eq!(
            forged.open("t", &trusted).unwrap_err(),
            NotBelieved::Changed(id)
        );
    }

    #[test]
    fn keys_go_through_pem() {
        let public = key(1).verifying_key();
        let pem = to_pem(&public).unwrap();
        assert!(pem.starts_with("-----BEGIN PUBLIC KEY-----\n"), "{pem}");
        assert_eq!(from_pem(&pem).unwrap(), public);
        assert!(from_pem("x").is_err());
        assert_eq!(key_id(&public).len(), 64);
    }
}
