//! Bundles of evidence, as whoever hands one over may have changed them.

use std::fs;

use weir::evidence::verify::{Check, Subject, Word, verify};
use weir_evidence::{dsse::Envelope, sums::Sums};
use weir_ledger::Excerpt;

/// `data` is an archive, and again the ranges of a log that are not shown, a list of digests
/// and an envelope. Nothing of that is signed by a trusted key: a bundle is refused, or parts
/// of it are not believed, and every check says something.
pub fn bundle(data: &[u8]) {
    let Ok(directory) = tempfile::tempdir() else {
        return;
    };
    let archive = directory.path().join("bundle.tar");
    let log = directory.path().join("log");
    let written = fs::write(&archive, data)
        .and_then(|()| fs::create_dir(&log))
        .and_then(|()| fs::write(log.join("hidden.jsonl"), data));
    if written.is_err() {
        return;
    }
    let subject = Subject {
        bundle: archive,
        previous: None,
        trusted: std::iter::once("0".repeat(64)).collect(),
        inventory: None,
    };
    let lines = verify(&subject, |_, _, _| ());
    assert!(lines.iter().map(|line| line.check).eq(Check::ALL));
    assert!(lines.iter().all(|line| !line.detail.is_empty()));
    assert_eq!(Word::of(&lines), Word::Refused);
    // A terminal is told nothing by what is quoted.
    assert!(lines.iter().all(|line| !line.detail.contains('\u{1b}')));
    if let Ok(excerpt) = Excerpt::open(&log)
        && let Ok(tree) = excerpt.verify()
    {
        assert!(tree.nodes().len() <= 64);
    }
    if let Ok(text) = str::from_utf8(data)
        && let Ok(sums) = Sums::read(text)
    {
        assert_eq!(sums.to_string(), text);
    }
    if let Ok(envelope) = serde_json::from_slice::<Envelope>(data) {
        assert!(envelope.open("t", &[]).is_err());
    }
}
