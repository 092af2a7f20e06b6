//! The answer as a log of SARIF 2.1.0 (OASIS standard with errata 01), which forges and
//! editors show beside the text. Only what is used of the format is written here.

use std::{fmt::Write as _, path::Path};

use serde::Serialize;

use crate::policy::{Diagnostic, Lint};

/// Rule of everything for which a set is refused.
const INVALID: &str = "weir/invalid";

/// The log, on lines.
pub(super) fn log(diagnostics: &[Diagnostic]) -> String {
    let log = Log {
        schema: "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/\
                 sarif-schema-2.1.0.json",
        version: "2.1.0",
        runs: [Run {
            tool: Tool {
                driver: Driver {
                    name: "weir",
                    semantic_version: env!("CARGO_PKG_VERSION"),
                    rules: rules(),
                },
            },
            column_kind: "unicodeCodePoints",
            results: diagnostics.iter().map(result).collect(),
        }],
    };
    // Strings and numbers are always written.
    serde_json::to_string_pretty(&log).unwrap_or_default()
}

/// The rule of the errors, then every lint.
fn rules() -> Vec<Rule> {
    let invalid = Rule {
        id: INVALID,
        short_description: Text {
            text: "The set is refused whole.".to_owned(),
        },
        default_configuration: Level { level: "error" },
    };
    let lints = Lint::ALL.iter().map(|lint| Rule {
        id: lint.id(),
        short_description: Text {
            text: lint.summary().to_owned(),
        },
        default_configuration: Level { level: "warning" },
    });
    std::iter::once(invalid).chain(lints).collect()
}

fn result(diagnostic: &Diagnostic) -> Finding {
    let at = |lint: &Lint| Lint::ALL.iter().position(|known| known == lint);
    let (rule_id, rule_index, level) = match &diagnostic.lint {
        None => (INVALID, 0, "error"),
        Some(lint) => (lint.id(), at(lint).map_or(0, |at| at + 1), "warning"),
    };
    let region = diagnostic.place.as_ref().map(|place| {
        let end = place.source.position(place.span.end);
        Region {
            start_line: place.position.line,
            start_column: place.position.column,
            end_line: end.line,
            end_column: end.column,
        }
    });
    Finding {
        rule_id,
        rule_index,
        level,
        message: Text {
            text: format!("{}\n{}", diagnostic.message, diagnostic.help),
        },
        locations: [Location {
            physical_location: PhysicalLocation {
                artifact_location: ArtifactLocation {
                    uri: uri(&diagnostic.file),
                },
                region,
            },
        }],
    }
}

/// A URI reference (RFC 3986): relative where the path is.
fn uri(path: &Path) -> String {
    let mut uri = String::new();
    if path.is_absolute() {
        uri.push_str("file://");
    }
    for byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => {
                uri.push(char::from(*byte));
            }
            // Writing to a string does not fail.
            _ => drop(write!(uri, "%{byte:02X}")),
        }
    }
    uri
}

#[derive(Serialize)]
struct Log {
    #[serde(rename = "$schema")]
    schema: &'static str,
    version: &'static str,
    runs: [Run; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Run {
    tool: Tool,
    /// What columns count: characters, not UTF-16 code units.
    column_kind: &'static str,
    results: Vec<Finding>,
}

#[derive(Serialize)]
struct Tool {
    driver: Driver,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Driver {
    name: &'static str,
    semantic_version: &'static str,
    rules: Vec<Rule>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Rule {
    id: &'static str,
    short_description: Text,
    default_configuration: Level,
}

#[derive(Serialize)]
struct Level {
    level: &'static str,
}

#[derive(Serialize)]
struct Text {
    text: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Finding {
    rule_id: &'static str,
    rule_index: usize,
    level: &'static str,
    message: Text,
    locations: [Location; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Location {
    physical_location: PhysicalLocation,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PhysicalLocation {
    artifact_location: ArtifactLocation,
    #[serde(skip_serializing_if = "Option::is_none")]
    region: Option<Region>,
}

#[derive(Serialize)]
struct ArtifactLocation {
    uri: String,
}

/// A stretch of a text; the end is behind the last character.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Region {
    start_line: usize,
    start_column: usize,
    end_line: usize,
    end_column: usize,
}
