//! The sentences that say why a claim stands as it does.

use std::collections::BTreeMap;

use jiff::{SignedDuration, fmt::friendly::SpanPrinter};

use super::{
    effect::Why,
    evaluated::{Completeness, Evaluated, Outcome},
    findings::Found,
};
use crate::{coverage::Reason, policy::Condition};

/// What the sentences are made of.
pub(super) struct Reasons<'a, 'p> {
    pub(super) evaluated: &'a Evaluated<'p>,
    pub(super) completeness: &'a Completeness,
}

impl Reasons<'_, '_> {
    /// The weightiest first. Of a claim that is contradicted, only what contradicts it.
    pub(super) fn sentences(&self) -> Vec<String> {
        let one = self.evaluated;
        let mut all = Vec::new();
        if one.outcome == Outcome::Contradicted {
            all.extend(self.shares());
            if !matches!(one.claim.condition, Condition::NoProviderAbove { .. }) {
                all.extend(flows(&one.against));
            }
            all.extend(self.unseen());
            return all;
        }
        if one.outcome == Outcome::Upheld {
            all.push(self.upheld());
            return all;
        }
        all.extend(self.not_recorded());
        all.extend(self.gaps());
        all.extend(self.absent());
        all.extend(flows(&one.doubts));
        all.extend(self.unseen());
        all
    }

    fn upheld(&self) -> String {
        let one = self.evaluated;
        let records = counted(one.examined, "flow record", "flow records");
        let mut text = match one.examined {
            0 => "nothing was carried".to_owned(),
            _ => format!("{records}, none against it"),
        };
        if !one.absent.is_empty() {
            text.push_str(&format!("; not seen: {}", one.absent.join(", ")));
        }
        text
    }

    fn shares(&self) -> Option<String> {
        let one = self.evaluated;
        let Condition::NoProviderAbove { percent } = one.claim.condition else {
            return None;
        };
        let largest = one.shares.first()?;
        let share = percent_of(largest.bytes, largest.of);
        Some(format!(
            "{} took {share} % of {} bytes, more than {percent} %",
            largest.operator, largest.of
        ))
    }

    fn unseen(&self) -> Option<String> {
        let unseen = &self.evaluated.unseen;
        (!unseen.is_empty()).then(|| format!("disclosed and not used: {}", unseen.join(", ")))
    }

    fn not_recorded(&self) -> Option<String> {
        let missing = self.completeness.missing();
        (!missing.is_zero()).then(|| format!("{} of the period are not recorded", rounded(missing)))
    }

    fn gaps(&self) -> Option<String> {
        let Completeness {
            gaps, more_gaps, ..
        } = self.completeness;
        let all = gaps.len() as u64 + more_gaps;
        let mut kinds: BTreeMap<Reason, u64> = BTreeMap::new();
        for gap in gaps {
            *kinds.entry(gap.reason).or_default() += 1;
        }
        let kinds: Vec<String> = kinds
            .into_iter()
            .map(|(reason, count)| match count {
                1 => reason.label().to_owned(),
                _ => format!("{} ({count})", reason.label()),
            })
            .collect();
        (all > 0).then(|| format!("{}: {}", counted(all, "gap", "gaps"), kinds.join(", ")))
    }

    fn absent(&self) -> Option<String> {
        let one = self.evaluated;
        let matters = !one.absent.is_empty() && !one.claim.absent_ok;
        matters.then(|| format!("no workload was seen of {}", one.absent.join(", ")))
    }
}

/// One sentence for each why.
fn flows(found: &Found) -> Vec<String> {
    let mut counts: BTreeMap<Why, u64> = BTreeMap::new();
    for (flow, sum) in &found.flows {
        *counts.entry(flow.because).or_default() += sum.records;
    }
    let text = |(why, count)| format!("{} {why}", counted(count, "flow record", "flow records"));
    counts.into_iter().map(text).collect()
}

fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

/// In tenths, rounded down: a share that is above a whole number is not shown as it only
/// where the difference is less than a tenth.
fn percent_of(bytes: u64, of: u64) -> String {
    let tenths = (u128::from(bytes) * 1000)
        .checked_div(u128::from(of))
        .unwrap_or(0);
    format!("{}.{}", tenths / 10, tenths % 10)
}

/// `3h 12m`: whole seconds, and what is shorter as it is.
pub(super) fn rounded(duration: SignedDuration) -> String {
    let whole = SignedDuration::from_secs(duration.as_secs());
    let shown = if whole.is_zero() { duration } else { whole };
    SpanPrinter::new().duration_to_string(&shown)
}
