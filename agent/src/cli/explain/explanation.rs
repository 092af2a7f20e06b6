//! A flow with all that there is to say of it, however it is then said.

use std::path::{Path, PathBuf};

use serde::Serialize;

use super::recorded::Recorded;
use crate::{
    policy::{Entry, Policy, Posture, Product},
    verdict::{Judged, Moment, Spent, judge},
};

/// Allowlists that are given.
pub(super) struct Allowlists {
    pub(super) directory: PathBuf,
    pub(super) policy: Policy,
}

/// What is explained.
pub(super) struct Explanation<'a> {
    pub(super) recorded: &'a Recorded,
    /// What the allowlists say of it, where some are given.
    pub(super) by: Option<ByAllowlists<'a>>,
}

/// A recorded flow, looked at by a set of allowlists.
pub(super) struct ByAllowlists<'a> {
    pub(super) directory: &'a Path,
    pub(super) policy: &'a Policy,
    /// The flow as recorded, judged by this set as of the day of the record.
    pub(super) judged: Judged,
    /// Whether the verdict or the rule is another than was recorded.
    pub(super) differs: bool,
    /// Whether this very set was in force; `None` where that is not recorded.
    pub(super) was_in_force: Option<bool>,
    /// The product that was recorded, where the set has it.
    pub(super) product: Option<&'a Product>,
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
            recorded,
            by: allowlists.map(|set| ByAllowlists::of(recorded, set)),
        }
    }

    /// The recorded judgement.
    pub(super) fn judged(&self) -> &'a Judged {
        &self.recorded.flow.judged
    }

    /// Whether the country of hosting lies outside the platform's home, by the allowlists.
    pub(super) fn third_country(&self) -> Option<bool> {
        let country = self.judged().flow.country()?;
        let by = self.by.as_ref()?;
        by.policy.third_country(country, self.recorded.day())
    }
}

impl<'a> ByAllowlists<'a> {
    fn of(recorded: &'a Recorded, set: &'a Allowlists) -> Self {
        let Allowlists { directory, policy } = set;
        let before = &recorded.flow.judged;
        let moment = Moment {
            time: recorded.time,
            spent: &Spent::default(),
        };
        let judged = judge(before.flow.clone(), policy, moment);
        let in_force = recorded.allowlists.as_deref();
        let product = before.product.as_deref();
        let product = product.and_then(|name| policy.product(name));
        let rule = before.rule.as_deref();
        Self {
            directory,
            policy,
            differs: (judged.verdict, &judged.rule) != (before.verdict, &before.rule),
            was_in_force: in_force.map(|digest| digest == policy.digest()),
            product,
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
