//! A flow with all that there is to say of it, however it is then said.

use std::path::{Path, PathBuf};

use serde::Serialize;

use jiff::{Timestamp, civil::Date, tz::Offset};

use super::recorded::Recorded;
use crate::{
    daemon::Failure,
    policy::{Entry, Policy, Posture, Product},
    verdict::{
        Considered, Judged, Moment, Spent, Verdict, considered as considered_entries, judge,
    },
};

/// Allowlists that are given.
#[derive(Debug)]
pub(in crate::cli) struct Allowlists {
    pub(super) directory: PathBuf,
    pub(super) policy: Policy,
}

impl Allowlists {
    /// Reads them.
    ///
    /// # Errors
    /// They are refused.
    pub(in crate::cli) fn load(directory: &Path) -> Result<Self, Failure> {
        Ok(Self {
            directory: directory.to_owned(),
            policy: Policy::load(directory)?,
        })
    }
}

/// What is explained.
pub(super) struct Explanation<'a> {
    pub(super) judged: &'a Judged,
    /// As of when.
    pub(super) time: Timestamp,
    /// Where the flow was recorded; `None` where it is described.
    pub(super) recorded: Option<&'a Recorded>,
    /// What the allowlists say of it, where some are given.
    pub(super) by: Option<ByAllowlists<'a>>,
}

/// A flow, looked at by a set of allowlists.
pub(super) struct ByAllowlists<'a> {
    pub(super) directory: &'a Path,
    pub(super) policy: &'a Policy,
    /// The flow, judged by this set as of the time of the record.
    pub(super) judged: Judged,
    /// Whether the verdict or the rule is another than was recorded.
    pub(super) differs: bool,
    /// Whether this very set was in force; `None` where that is not recorded.
    pub(super) was_in_force: Option<bool>,
    /// The product that was recorded, where the set has it.
    pub(super) product: Option<&'a Product>,
    /// Every entry that the product has or inherits, the nearest first; none where no
    /// product claims the workload.
    pub(super) considered: Vec<Considered<'a>>,
    /// The entry that decided, where the set has it.
    pub(super) rule: Option<Rule<'a>>,
}

/// An entry, and whose it is.
#[derive(Clone, Copy, Serialize)]
pub(super) struct Rule<'a> {
    /// The product; `None` for the platform.
    pub(super) of: Option<&'a str>,
    #[serde(flatten)]
    pub(super) entry: &'a Entry,
}

impl Rule<'_> {
    /// `image-generation`, `the platform`.
    pub(super) fn owner(&self) -> &str {
        self.of.unwrap_or("the platform")
    }
}

impl<'a> Explanation<'a> {
    pub(super) fn of(recorded: &'a Recorded, allowlists: Option<&'a Allowlists>) -> Self {
        Self {
            judged: &recorded.flow.judged,
            time: recorded.time,
            recorded: Some(recorded),
            by: allowlists.map(|set| ByAllowlists::of(recorded, set)),
        }
    }

    /// Of a flow that is described, and judged by the set.
    pub(super) fn of_described(judged: &'a Judged, time: Timestamp, set: &'a Allowlists) -> Self {
        let by = ByAllowlists::new(judged, time, judged.clone(), set);
        Self {
            judged,
            time,
            recorded: None,
            by: Some(by),
        }
    }

    /// The judgement that is explained.
    pub(super) fn judged(&self) -> &'a Judged {
        self.judged
    }

    /// The day, in UTC, as everything that is dated.
    pub(super) fn day(&self) -> Date {
        Offset::UTC.to_datetime(self.time).date()
    }

    /// Whether the country of hosting lies outside the platform's home, by the allowlists.
    pub(super) fn third_country(&self) -> Option<bool> {
        let country = self.judged().flow.country()?;
        let by = self.by.as_ref()?;
        by.policy.third_country(country, self.day())
    }
}

impl<'a> ByAllowlists<'a> {
    fn of(recorded: &'a Recorded, set: &'a Allowlists) -> Self {
        let before = &recorded.flow.judged;
        let spent = Spent::default();
        let moment = Moment::new(recorded.time, &spent);
        let judged = judge(before.flow.clone(), &set.policy, moment);
        let began = recorded.allowlists.as_deref();
        Self {
            was_in_force: began.map(|digest| digest == set.policy.digest()),
            ..Self::new(before, recorded.time, judged, set)
        }
    }

    /// `before` is what is explained, `judged` what the set makes of it.
    fn new(before: &Judged, time: Timestamp, judged: Judged, set: &'a Allowlists) -> Self {
        let Allowlists { directory, policy } = set;
        let product = before.product.as_deref();
        let product = product.and_then(|name| policy.product(name));
        let rule = before.rule.as_deref();
        let spent = Spent::default();
        let moment = Moment::new(time, &spent);
        let asked = judged.product.as_deref();
        let asked = asked.and_then(|name| policy.product(name));
        let considered = asked.filter(|_| judged.verdict != Verdict::Internal);
        let considered = considered
            .map(|product| considered_entries(&judged.flow, policy, product, moment))
            .unwrap_or_default();
        Self {
            directory,
            policy,
            differs: (judged.verdict, &judged.rule) != (before.verdict, &before.rule),
            was_in_force: None,
            product,
            considered,
            rule: rule.and_then(|id| find(policy, product, id)),
            judged,
        }
    }

    /// Whether the recorded product may need anything outside.
    pub(super) fn posture(&self) -> Option<Posture> {
        self.product.map(Product::posture)
    }
}

fn find<'a>(policy: &'a Policy, product: Option<&'a Product>, id: &str) -> Option<Rule<'a>> {
    let own = product.map(|product| (product.entries(), Some(product.name())));
    own.into_iter()
        .chain([(policy.shared(), None)])
        .find_map(|(entries, of)| {
            let entry = entries.iter().find(|entry| entry.id == id)?;
            Some(Rule { of, entry })
        })
}
