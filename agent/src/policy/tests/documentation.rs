//! `docs/allowlists.md` is true: its examples are valid, and it names every key.

use super::*;
use crate::policy::form::{FILES, Kind, Section};

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
    let examples = examples(&text);
    assert!(examples.len() >= 4);
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
}

#[test]
fn every_key_is_documented() {
    let text = fs::read_to_string(repository("docs/allowlists.md")).unwrap();
    for section in sections() {
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

/// Every table of the language, each once.
fn sections() -> Vec<&'static Section> {
    let mut sections: Vec<&'static Section> = FILES.iter().map(|(_, file)| *file).collect();
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
