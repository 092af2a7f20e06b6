//! `docs/allowlists.md` and `docs/claims.md` are true: their examples are valid, and they
//! name every key.

use super::*;
use crate::policy::{
    Condition,
    cases::cases_from,
    form::{FILES, Kind, Section},
};

/// The examples, each with the file name that stands in its first line as a
/// comment: `# image-generation.toml`.
fn examples(text: &str) -> Vec<(String, String)> {
    text.split("```toml\n")
        .skip(1)
        .map(|rest| {
            let example = rest.split("```").next().unwrap();
            let name = example.lines().next().unwrap().trim_start_matches("# ");
            assert!(
                name.ends_with(".toml"),
                "the first line names the file: {name}"
            );
            (name.to_owned(), example.to_owned())
        })
        .collect()
}

#[test]
fn every_example_is_valid() {
    let text = fs::read_to_string(repository("docs/allowlists.md")).unwrap();
    let mut examples = examples(&text);
    assert!(examples.len() >= 4);
    let tests = examples.extract_if(.., |(name, _)| name.starts_with("tests/"));
    let tests: Vec<(String, String)> = tests.collect();
    // Examples of one name are alternatives: each is checked with the first of
    // every other name.
    for (name, example) in &examples {
        let mut files = vec![(name.as_str(), example.as_str())];
        for (other, text) in &examples {
            if !files.iter().any(|(taken, _)| taken == other) {
                files.push((other, text));
            }
        }
        if let Err(rejected) = Policy::from_sources(sources(&files)) {
            panic!("an example of docs/allowlists.md is not valid:\n{rejected}");
        }
    }
    // The tests are of the first of every name.
    let mut files: Vec<(&str, &str)> = Vec::new();
    for (name, text) in &examples {
        if !files.iter().any(|(taken, _)| taken == name) {
            files.push((name, text));
        }
    }
    let policy = Policy::from_sources(sources(&files)).unwrap();
    let tests: Vec<(&str, &str)> = tests
        .iter()
        .map(|(name, text)| (name.as_str(), text.as_str()))
        .collect();
    let cases = cases_from(Path::new("docs"), sources(&tests)).unwrap_or_else(|e| panic!("{e}"));
    assert!(!cases.is_empty());
    for case in cases {
        let failures = case.failures(&policy, "2026-11-25T12:00:00Z".parse().unwrap());
        assert_eq!(failures, Vec::new());
    }
}

#[test]
fn every_key_is_documented() {
    let text = fs::read_to_string(repository("docs/allowlists.md")).unwrap();
    for section in sections(|name| name != "claims") {
        for key in section.keys {
            let row = format!("| `{}` |", key.name);
            let row_required = format!("| `{}` (required) |", key.name);
            let wanted = if key.required { row_required } else { row };
            assert!(
                text.contains(&wanted),
                "{}: no row `{wanted}`",
                section.name
            );
        }
    }
}

/// Every table of the files that are wanted, each once.
fn sections(wanted: impl Fn(&str) -> bool) -> Vec<&'static Section> {
    let files = FILES.iter().filter(|(name, _)| wanted(name));
    let mut sections: Vec<&'static Section> = files.map(|(_, file)| *file).collect();
    let mut at = 0;
    while let Some(section) = sections.get(at) {
        for key in section.keys {
            if let Kind::Tables(inner) | Kind::Table(inner) = &key.kind
                && !sections.iter().any(|known| known.name == inner.name)
            {
                sections.push(inner);
            }
        }
        at += 1;
    }
    sections
}

#[test]
fn every_key_of_claims_is_documented() {
    let text = fs::read_to_string(repository("docs/claims.md")).unwrap();
    for section in sections(|name| name == "claims") {
        for key in section.keys {
            let required = if key.required { " (required)" } else { "" };
            let wanted = format!("| `{}`{required} |", key.name);
            assert!(
                text.contains(&wanted),
                "{}: no row `{wanted}`",
                section.name
            );
        }
    }
    for label in Condition::LABELS {
        assert!(text.contains(&format!("| `{label}` |")), "{label}");
    }
}

/// The examples of claims speak of products of the reference set.
#[test]
fn every_example_of_claims_is_valid() {
    let text = fs::read_to_string(repository("docs/claims.md")).unwrap();
    let (mut others, problems) = crate::policy::source::read(&repository("allowlists"));
    assert!(problems.is_empty());
    others.retain(|source| source.name != "claims.toml");
    let examples = examples(&text);
    assert!(!examples.is_empty());
    for (name, example) in examples {
        let mut set = others.clone();
        set.push(Source::from_text(&name, &example));
        if let Err(rejected) = Policy::from_sources(set) {
            panic!("an example of docs/claims.md is not valid:\n{rejected}");
        }
    }
}
