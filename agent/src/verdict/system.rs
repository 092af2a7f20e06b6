//! What is known of the autonomous system that announces a destination.

use crate::{
    jurisdiction::{Agreement, Answers, AsNumber, Operator, SourceAnswer},
    policy::{Candidate, Entries},
};

/// What is known of it.
#[derive(Clone, Copy)]
pub(super) enum System<'a> {
    /// It is this one: every source says so, or most do.
    Known(AsNumber),
    /// It is one of those that the sources name.
    OneOf(&'a [SourceAnswer<Operator>]),
    /// No source names it.
    Unknown,
}

impl<'a> System<'a> {
    /// As far as the sources agree.
    pub(super) fn of(operator: &'a Answers<Operator>) -> Self {
        match (operator.agreement, &operator.value) {
            (Agreement::Unanimous | Agreement::Majority, Some(operator)) => {
                Self::Known(operator.asn)
            }
            (Agreement::Disputed, _) => Self::OneOf(&operator.sources),
            _ => Self::Unknown,
        }
    }

    /// Entries that name it for certain.
    pub(super) fn named_by(self, entries: &Entries) -> impl Iterator<Item = Candidate<'_>> {
        let known = match self {
            Self::Known(system) => Some(system),
            Self::OneOf(_) | Self::Unknown => None,
        };
        known
            .into_iter()
            .flat_map(|system| entries.of_system(system))
    }

    /// Whether it may be one of these, and is not known to be.
    pub(super) fn may_be_one_of(self, numbers: &[u32]) -> bool {
        match self {
            Self::Known(_) => false,
            Self::OneOf(answers) => counting(answers).any(|said| numbers.contains(&said.asn.0)),
            Self::Unknown => !numbers.is_empty(),
        }
    }

    /// Entries that may name it.
    pub(super) fn may_be_named_by<'e>(
        self,
        entries: &'e Entries,
    ) -> impl Iterator<Item = Candidate<'e>> + use<'a, 'e> {
        let (said, any) = match self {
            Self::Known(_) => (None, None),
            Self::OneOf(answers) => (Some(answers), None),
            Self::Unknown => (None, Some(entries.of_any_system())),
        };
        said.into_iter()
            .flat_map(counting)
            .flat_map(|operator| entries.of_system(operator.asn))
            .chain(any.into_iter().flatten())
    }
}

/// The answers that count.
fn counting(answers: &[SourceAnswer<Operator>]) -> impl Iterator<Item = &Operator> {
    let answers = answers.iter().filter(|answer| answer.note.is_none());
    answers.filter_map(|answer| answer.value.as_ref())
}
