//! An explanation as an object: `docs/explain.md`.

use std::path::Path;

use jiff::{Timestamp, civil::Date};
use serde::Serialize;

use super::explanation::{Explanation, Rule};
use crate::{
    output::FlowFacts,
    policy::{Posture, Product},
    verdict::{Considered, Verdict},
};

#[derive(Serialize)]
#[serde(tag = "type", rename = "explanation")]
pub(super) struct Object<'a> {
    time: Timestamp,
    /// Whether it is described and not recorded.
    described: bool,
    recording: Option<&'a str>,
    first_seen: Option<Timestamp>,
    last_seen: Option<Timestamp>,
    #[serde(flatten)]
    facts: FlowFacts<'a>,
    by_allowlists: Option<ByAllowlists<'a>>,
}

#[derive(Serialize)]
struct ByAllowlists<'a> {
    directory: &'a Path,
    digest: &'a str,
    was_in_force: Option<bool>,
    posture: Option<Posture>,
    entry: Option<Rule<'a>>,
    third_country: Option<bool>,
    considered: Vec<Entry<'a>>,
    again: Again<'a>,
}

/// An entry that was considered.
#[derive(Serialize)]
struct Entry<'a> {
    of: Option<&'a str>,
    id: &'a str,
    misses: &'a [String],
}

impl<'a> From<&'a Considered<'a>> for Entry<'a> {
    fn from(considered: &'a Considered<'a>) -> Self {
        Self {
            of: considered.owner.map(Product::name),
            id: &considered.entry.id,
            misses: &considered.misses,
        }
    }
}

#[derive(Serialize)]
struct Again<'a> {
    day: Date,
    differs: bool,
    product: Option<&'a str>,
    verdict: Verdict,
    rule: Option<&'a str>,
    reason: &'a str,
}

impl<'a> From<&'a Explanation<'a>> for Object<'a> {
    fn from(explanation: &'a Explanation<'a>) -> Self {
        let recorded = explanation.recorded;
        let seen = recorded.and_then(|recorded| recorded.seen);
        Self {
            time: explanation.time,
            described: recorded.is_none(),
            recording: recorded.map(|recorded| recorded.flow.recording.as_str()),
            first_seen: seen.map(|(first, _)| first),
            last_seen: seen.map(|(_, last)| last),
            facts: FlowFacts::from(explanation.judged()),
            by_allowlists: explanation.by.as_ref().map(|by| ByAllowlists {
                directory: by.directory,
                digest: by.policy.digest(),
                was_in_force: by.was_in_force,
                posture: by.posture(),
                entry: by.rule,
                third_country: explanation.third_country(),
                considered: by.considered.iter().map(Entry::from).collect(),
                again: Again {
                    day: explanation.day(),
                    differs: by.differs,
                    product: by.judged.product.as_deref(),
                    verdict: by.judged.verdict,
                    rule: by.judged.rule.as_deref(),
                    reason: &by.judged.reason,
                },
            }),
        }
    }
}
