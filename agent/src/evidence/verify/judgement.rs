//! Check `judgement`: every flow that is shown is judged again, by the allowlists that were in
//! force and as of when it was judged, and comes out as it was recorded.
//!
//! Places and names are taken as recorded: the IP databases are in the bundle by digest only.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{
    check::{Doubt, Found, failed, incomplete},
    statement::About,
};
use crate::{
    history::Interval,
    kernel::Clock,
    ledger::{Entry, FlowInterval, Source as _, Unpacked},
    policy::Policy,
    replay::Replay,
    verdict::{Judged, Spent},
};

/// Flows that were judged again.
#[derive(Debug, Default)]
struct Tally {
    same: u64,
    /// Whose facts are withheld.
    withheld: u64,
    /// Of entries whose budget was used before what is shown.
    budgets: u64,
    /// Of sets that are not in the bundle, or that this build refuses.
    unreadable: u64,
    wrong: Option<Doubt>,
}

/// Judges again.
pub(super) fn check(
    unpacked: &Unpacked,
    about: &About,
    progress: &mut dyn FnMut(u64, u64),
) -> Found {
    let (policies, refused) = policies(unpacked, about)?;
    let mut tally = Tally::default();
    let mut clocks: HashMap<String, Clock> = HashMap::new();
    let mut current: Option<(&Policy, Replay<'_>)> = None;
    let first = about.predicate.entries.first;
    let last = about.predicate.entries.last;
    unpacked
        .each(&mut |seq, time, entry| {
            if seq.is_multiple_of(1024) {
                progress(seq, last);
            }
            match &entry {
                Entry::Started {
                    recording,
                    boot_ns,
                    allowlists,
                    ..
                } => {
                    if let Some(boot_ns) = boot_ns {
                        clocks.insert(recording.clone(), Clock::at(*boot_ns, time));
                    }
                    current = replay(&policies, allowlists, current.take());
                }
                Entry::AllowlistsLoaded { digest, .. } => {
                    current = replay(&policies, digest, current.take());
                }
                Entry::Flow(flow) if seq >= first && tally.wrong.is_none() => {
                    let Some((policy, replay)) = &mut current else {
                        tally.unreadable += 1;
                        return;
                    };
                    let interval = interval(&clocks, time, flow);
                    tally.take(seq, about, (policy, replay), &interval);
                }
                _ => {}
            }
        })
        .map_err(|error| failed(format!("the log cannot be read ({error})")))?;
    tally.found(&refused)
}

type Sets = HashMap<String, Policy>;

/// Every set of the bundle, by digest; and why one cannot be read.
fn policies(unpacked: &Unpacked, about: &About) -> Result<(Sets, Option<String>), Doubt> {
    let archive = unpacked.archive();
    let (mut sets, mut refused) = (HashMap::new(), None);
    let digests = archive
        .digests()
        .map_err(|error| failed(format!("the allowlists cannot be read ({error})")))?;
    for digest in digests {
        match archive.policy(&digest) {
            Ok(policy) => drop(sets.insert(digest, policy)),
            Err(error) => refused = Some(format!("{error} (made by {})", about.predicate.version)),
        }
    }
    Ok((sets, refused))
}

/// Goes on with another set; what entries with a budget have carried goes on, too.
fn replay<'p>(
    policies: &'p Sets,
    digest: &str,
    before: Option<(&'p Policy, Replay<'p>)>,
) -> Option<(&'p Policy, Replay<'p>)> {
    let policy = policies.get(digest)?;
    let spent = before.map_or_else(Spent::default, |(_, replay)| replay.into_spent());
    Some((policy, Replay::new(policy, None).with_spent(spent)))
}

fn interval<'f>(
    clocks: &HashMap<String, Clock>,
    time: Timestamp,
    flow: &'f FlowInterval,
) -> Interval<'f> {
    let record = &flow.judged.flow.flow.flow.record;
    let clock = clocks.get(&flow.recording);
    let seen = |ns| clock.map_or(time, |clock| clock.time_of(ns)).min(time);
    Interval {
        time,
        first_seen: seen(record.first_ns),
        last_seen: seen(record.last_ns),
        flow,
    }
}

impl Tally {
    fn take(
        &mut self,
        seq: u64,
        about: &About,
        (policy, replay): (&Policy, &mut Replay<'_>),
        interval: &Interval<'_>,
    ) {
        let recorded = &interval.flow.judged;
        if about.predicate.disclosure.pseudonymised {
            self.withheld += 1;
            return;
        }
        let again = replay.judge(interval);
        if same(recorded, &again) {
            self.same += 1;
            return;
        }
        // What its entry carried before is not shown.
        let budgeted = |judged: &Judged| {
            let rule = judged.rule.as_deref();
            rule.is_some_and(|rule| policy.limits().budgeted(rule).is_some())
        };
        let begins = about.predicate.period.from;
        let unknown =
            replay.needs_from(interval.last_seen) < begins || !about.predicate.disclosure.is_full();
        if unknown && (budgeted(recorded) || budgeted(&again)) {
            self.budgets += 1;
            return;
        }
        let says = |judged: &Judged| {
            let rule = judged.rule.as_deref().unwrap_or("no entry");
            let product = judged.product.as_deref().unwrap_or("no product");
            format!("{} by {rule} for {product}", judged.verdict.label())
        };
        self.wrong = Some(failed(format!(
            "entry {seq} is recorded as {}, and the allowlists make it {}: the verdict was not \
             reached by them; ask the operator how it came about",
            says(recorded),
            says(&again)
        )));
    }

    fn found(self, refused: &Option<String>) -> Found {
        if let Some(wrong) = self.wrong {
            return Err(wrong);
        }
        let mut others = Vec::new();
        if self.withheld > 0 {
            others.push(format!("{} are withheld", self.withheld));
        }
        if self.budgets > 0 {
            let what = "hang on a budget whose period began before the entries that are shown";
            others.push(format!("{} {what}", self.budgets));
        }
        if self.unreadable > 0 {
            let why = refused.as_deref().unwrap_or("no entry says by which set");
            others.push(format!("{} could not be judged: {why}", self.unreadable));
        }
        if !others.is_empty() {
            return Err(incomplete(format!(
                "{} flow entries judged again as they were; {}",
                self.same,
                others.join("; ")
            )));
        }
        Ok(format!(
            "{} flow entries judged again as they were",
            self.same
        ))
    }
}

/// Whether both say the same of a flow. The words of a reason hang on the day, and are not
/// compared.
fn same(one: &Judged, other: &Judged) -> bool {
    (one.verdict, &one.product, &one.rule) == (other.verdict, &other.product, &other.rule)
        && one.flow.operator_domicile == other.flow.operator_domicile
}
