//! The checks, how each ends, and the word over all.

use serde::Serialize;

/// What is checked, in this order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Check {
    /// The archive is one that the writer writes.
    Archive,
    /// Every file has the digest that the list says.
    Sums,
    /// The statement names every file, and a key of the node signed it.
    Statement,
    /// That key is one that the operator gave by another way.
    Trust,
    /// The signed tree is that of the statement.
    Checkpoint,
    /// The entries give the root of that tree.
    Log,
    /// The log continues that of the bundle before.
    Consistency,
    /// Each minute was examined, clocks agree, and counts add up.
    Heartbeats,
    /// What was not examined is what the log says.
    Coverage,
    /// Every node that there should be is here.
    Inventory,
    /// The allowlists are those that the log names.
    Policy,
    /// Every flow that is shown is judged again as it was.
    Judgement,
    /// `findings.json` has what the log opened, updated and closed.
    Findings,
    /// Claims stand as the log and the allowlists make them.
    Claims,
    /// Every other file follows from the log and the allowlists.
    Derived,
}

impl Check {
    /// Every check.
    pub const ALL: [Self; 15] = [
        Self::Archive,
        Self::Sums,
        Self::Statement,
        Self::Trust,
        Self::Checkpoint,
        Self::Log,
        Self::Consistency,
        Self::Heartbeats,
        Self::Coverage,
        Self::Inventory,
        Self::Policy,
        Self::Judgement,
        Self::Findings,
        Self::Claims,
        Self::Derived,
    ];

    /// Its id, as both verifiers print it.
    pub const fn id(self) -> &'static str {
        match self {
            Self::Archive => "archive",
            Self::Sums => "sums",
            Self::Statement => "statement",
            Self::Trust => "trust",
            Self::Checkpoint => "checkpoint",
            Self::Log => "log",
            Self::Consistency => "consistency",
            Self::Heartbeats => "heartbeats",
            Self::Coverage => "coverage",
            Self::Inventory => "inventory",
            Self::Policy => "policy",
            Self::Judgement => "judgement",
            Self::Findings => "findings",
            Self::Claims => "claims",
            Self::Derived => "derived",
        }
    }
}

/// How a check ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub enum Outcome {
    /// It holds.
    #[serde(rename = "ok")]
    Ok,
    /// It was not asked for, or what it needs failed.
    #[serde(rename = "skipped")]
    Skipped,
    /// Nothing is wrong with what was looked at, and that was not all.
    #[serde(rename = "incomplete")]
    Incomplete,
    /// It does not hold.
    #[serde(rename = "FAILED")]
    Failed,
}

impl Outcome {
    /// As both verifiers print it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Skipped => "skipped",
            Self::Incomplete => "incomplete",
            Self::Failed => "FAILED",
        }
    }
}

/// Why a check does not simply hold.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Doubt {
    /// Something is wrong: what, where, and what to do.
    Failed(String),
    /// Not everything was looked at: what was not, and why.
    Incomplete(String),
    /// Nothing was looked at: why.
    Skipped(String),
}

/// What a check found in order, or not.
pub(super) type Found = Result<String, Doubt>;

pub(super) fn failed(what: impl Into<String>) -> Doubt {
    Doubt::Failed(what.into())
}

pub(super) fn incomplete(what: impl Into<String>) -> Doubt {
    Doubt::Incomplete(what.into())
}

/// Nothing was looked at, since another check failed.
pub(super) fn needs(check: Check) -> Doubt {
    Doubt::Skipped(format!("needs {}", check.id()))
}

/// A check and how it ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Line {
    /// The check.
    pub check: Check,
    /// How it ended.
    pub outcome: Outcome,
    /// In a sentence.
    pub detail: String,
}

impl Line {
    pub(super) fn new(check: Check, found: Found) -> Self {
        let (outcome, detail) = match found {
            Ok(detail) => (Outcome::Ok, detail),
            Err(Doubt::Failed(detail)) => (Outcome::Failed, detail),
            Err(Doubt::Incomplete(detail)) => (Outcome::Incomplete, detail),
            Err(Doubt::Skipped(detail)) => (Outcome::Skipped, detail),
        };
        Self {
            check,
            outcome,
            detail,
        }
    }
}

/// The word over all checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Word {
    /// Everything holds, and nothing is incomplete.
    Verified,
    /// Nothing is wrong, and not everything was looked at.
    Incomplete,
    /// Something is wrong.
    Refused,
}

impl Word {
    /// Of these lines.
    pub fn of(lines: &[Line]) -> Self {
        match lines.iter().map(|line| line.outcome).max() {
            Some(Outcome::Failed) => Self::Refused,
            Some(Outcome::Incomplete) => Self::Incomplete,
            _ => Self::Verified,
        }
    }

    /// As both verifiers print it.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Verified => "verified",
            Self::Incomplete => "incomplete",
            Self::Refused => "refused",
        }
    }

    /// Exit code of the process (`docs/exit-codes.md`).
    pub const fn exit_code(self) -> u8 {
        match self {
            Self::Verified => 0,
            Self::Incomplete => 12,
            Self::Refused => 13,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_line_is_the_word() {
        let line = |found| Line::new(Check::Log, found);
        let (ok, skipped) = (Ok(String::new()), Err(needs(Check::Sums)));
        let doubt = Err(incomplete("a"));
        assert_eq!(Word::of(&[line(ok.clone()), line(skipped)]), Word::Verified);
        assert_eq!(
            Word::of(&[line(ok.clone()), line(doubt.clone())]),
            Word::Incomplete
        );
        let all = [line(doubt), line(Err(failed("b"))), line(ok)];
        assert_eq!(Word::of(&all), Word::Refused);
    }

    #[test]
    fn ids_are_the_serialised_names() {
        for check in Check::ALL {
            let json = serde_json::to_string(&check).unwrap_or_default();
            assert_eq!(json, format!("\"{}\"", check.id()));
        }
    }
}
