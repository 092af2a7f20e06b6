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
            .flatten()
            .filter(|answer| answer.note.is_none())
            .filter_map(|answer| answer.value.as_ref())
            .flat_map(|operator| entries.of_system(operator.asn))
            .chain(any.into_iter().flatten())
    }
}
