//! Envelopes, as the library of in-toto and TUF reads them. `cargo xtask setup` installs it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Output},
};

use ed25519_dalek::SigningKey;
use weir_evidence::dsse::{Envelope, to_pem};

const TYPE: &str = "application/vnd.in-toto+json";
const PAYLOAD: &str = "{\"_type\":\"https://in-toto.io/Statement/v1\",\"é\":[]}";

/// Opens an envelope with the public half of a key.
fn open(envelope: &Envelope, key: &SigningKey) -> Output {
    let here = Path::new(env!("CARGO_MANIFEST_DIR"));
    let directory = tempfile::tempdir().unwrap();
    let (file, pem) = (
        directory.path().join("envelope"),
        directory.path().join("pem"),
    );
    fs::write(&file, serde_json::to_vec(envelope).unwrap()).unwrap();
    fs::write(&pem, to_pem(&key.verifying_key()).unwrap()).unwrap();
    let python = std::env::var_os("XTASK_PYTHON").map_or_else(
        || here.join("../target/tools/python/bin/python"),
        PathBuf::from,
    );
    let mut command = Command::new(&python);
    command.arg(here.join("../tests/python/dsse.py"));
    command
        .args([file, pem])
        .output()
        .unwrap_or_else(|error| panic!("{}: {error}: cargo xtask setup", python.display()))
}

#[test]
fn what_is_signed_is_opened() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let output = open(&Envelope::sign(TYPE, PAYLOAD.as_bytes(), &key), &key);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{errors}");
    assert_eq!(String::from_utf8(output.stdout).unwrap(), PAYLOAD);
}

#[test]
fn another_key_or_payload_is_refused() {
    let key = SigningKey::from_bytes(&[7; 32]);
    let other = SigningKey::from_bytes(&[8; 32]);
    let signed = Envelope::sign(TYPE, PAYLOAD.as_bytes(), &key);
    assert_eq!(open(&signed, &other).status.code(), Some(1));
    let mut changed = signed;
    changed.payload_type.push('x');
    assert_eq!(open(&changed, &key).status.code(), Some(1));
}
