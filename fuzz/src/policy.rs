//! Allowlists.

use jiff::civil::date;
use weir::policy::{Policy, Source};

/// The files of a set, by the first byte of each piece, modulo their number.
const FILES: [&str; 5] = [
    "alpha.toml",
    "platform.toml",
    "jurisdictions.toml",
    "providers.toml",
    "beta.toml",
];

/// `data` is one file of a set, or several: each piece is a file behind the number of its
/// name and its length. A set is refused with places that are in the text, or it compiles and
/// judges.
pub fn policy(data: &[u8]) {
    let mut sources: Vec<Source> = Vec::new();
    for (number, piece) in super::pieces(data) {
        let name = FILES[usize::from(number) % FILES.len()];
        let known = sources.iter().any(|source| source.name == name);
        if let (false, Ok(text)) = (known, std::str::from_utf8(piece)) {
            sources.push(Source::from_text(name, text));
        }
    }
    // The same bytes as one file, which mutations keep alive.
    if let Ok(text) = std::str::from_utf8(data) {
        judge(vec![Source::from_text("alpha.toml", text)]);
    }
    judge(sources);
}

fn judge(sources: Vec<Source>) {
    match Policy::from_sources_and_lint(sources, date(2026, 11, 25)) {
        Ok((policy, lints)) => {
            let entries = policy.products().map(|product| product.entries().len());
            assert_eq!(
                policy.entry_count(),
                entries.sum::<usize>() + policy.shared().len()
            );
            assert_eq!(policy.digest().len(), 64);
            for lint in lints.diagnostics() {
                assert!(lint.lint.is_some() && lint.place.is_some());
            }
            assert!(!lints.to_string().contains('\u{1b}'));
        }
        Err(rejected) => {
            assert!(!rejected.diagnostics().is_empty());
            for found in rejected.diagnostics() {
                assert!(found.lint.is_none() && !found.message.is_empty());
                let Some(place) = &found.place else {
                    continue;
                };
                assert!(place.span.start <= place.span.end);
                assert!(place.span.end <= place.source.text.len());
                assert!(place.position.line > 0 && place.position.column > 0);
            }
            // A terminal is told nothing by what is quoted.
            assert!(!rejected.to_string().contains('\u{1b}'));
        }
    }
}
