//! A described flow with the verdict that is expected of it.

use std::{ops::Range, sync::Arc};

use jiff::{
    Timestamp,
    civil::Date,
    tz::{Offset, TimeZone},
};

use super::Description;
use crate::{
    policy::{Diagnostic, Policy, Source},
    verdict::{Judged, Moment, Spent, Verdict, judge},
};

/// Something that is expected, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Expected<T> {
    /// What.
    pub value: T,
    /// Bytes of the file.
    pub span: Range<usize>,
}

/// One test beside the policy.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Case {
    /// The file.
    pub source: Arc<Source>,
    /// What it is about.
    pub title: String,
    /// The flow.
    pub description: Description,
    /// When; `None` for when it is asked.
    pub at: Option<Timestamp>,
    /// The outcome.
    pub verdict: Expected<Verdict>,
    /// The entry that decides, where that is said.
    pub rule: Option<Expected<String>>,
    /// The product that claims the workload, where that is said.
    pub product: Option<Expected<String>>,
}

/// A day whose noon is no time: the calendar goes on for longer than the clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0} is too far off: write a day from -009999-01-02 to 9999-12-30")]
pub(crate) struct TooFar(Date);

/// Noon of a day, in UTC, as everything in the policy that is dated.
///
/// # Errors
/// When no time is that far off.
pub(crate) fn noon(day: Date) -> Result<Timestamp, TooFar> {
    let noon = day.at(12, 0, 0, 0).to_zoned(TimeZone::UTC);
    noon.map(|noon| noon.timestamp()).map_err(|_| TooFar(day))
}

impl Description {
    /// The flow, judged by a policy as of a time, when entries with a budget have carried
    /// nothing yet.
    pub fn judged(&self, policy: &Policy, time: Timestamp) -> Judged {
        let day = Offset::UTC.to_datetime(time).date();
        let located = self.located(policy.providers(), time, day);
        let spent = Spent::default();
        let moment = Moment::new(time, &spent);
        judge(located, policy, moment)
    }
}

impl Case {
    /// The flow, judged; at that time where the case says no other.
    pub fn judged(&self, policy: &Policy, time: Timestamp) -> Judged {
        self.description.judged(policy, self.at.unwrap_or(time))
    }

    /// Everything that is not as expected, at that time where the case says no other.
    pub fn failures(&self, policy: &Policy, time: Timestamp) -> Vec<Diagnostic> {
        let judged = self.judged(policy, time);
        let mut failures = Vec::new();
        let mut fail = |span: &Range<usize>, got: String| {
            let message = format!("{}: {got}", self.title);
            failures.push(Diagnostic::at(
                &self.source,
                span.clone(),
                message,
                judged.reason.clone(),
            ));
        };
        let (verdict, got) = (&self.verdict, judged.verdict);
        if verdict.value != got {
            let text = format!("expected `{}`, got `{got}`", verdict.value);
            fail(&verdict.span, text);
        }
        for (what, expected, got) in [
            ("entry", &self.rule, &judged.rule),
            ("product", &self.product, &judged.product),
        ] {
            let Some(expected) = expected else {
                continue;
            };
            if got.as_ref() != Some(&expected.value) {
                let got = got
                    .as_ref()
                    .map_or_else(|| "none".to_owned(), |got| format!("`{got}`"));
                let text = format!("expected the {what} `{}`, got {got}", expected.value);
                fail(&expected.span, text);
            }
        }
        failures
    }
}
