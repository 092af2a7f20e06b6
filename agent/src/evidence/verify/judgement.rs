//! Check `judgement`: every flow that is shown is judged again, by the allowlists that were in
//! force and as of when it was judged, and comes out as it was recorded.
//!
//! What is the same in all that a verdict can hang on is judged once, until a day begins or a
//! window opens or closes. Where entries have budgets, each interval is judged.
//!
//! Places and names are taken as recorded: the IP databases are in the bundle by digest only.

use std::collections::{HashMap, HashSet};

use foldhash::fast::RandomState;
use jiff::{Timestamp, civil::DateTime, tz::Offset};
use weir_ledger::{Bytes, NONE, Row};

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

/// Columns that have all that a verdict can hang on beside the time and what was carried, and
/// what the recorded verdict is.
const TEXTS: [&str; 16] = [
    "product",
    "verdict",
    "rule",
    "address",
    "direction",
    "scope",
    "workload",
    "workload_facts",
    "executable",
    "process",
    "names",
    "place",
    "operator",
    "reason",
    "recording",
    "rest",
];
const INTEGERS: [&str; 4] = ["port", "protocol", "cgroup", "netns"];

/// Cases that are remembered; each takes about 200 bytes.
const MOST: usize = 1 << 18;

/// Texts and integers of [`TEXTS`] and [`INTEGERS`].
type Case = ([u32; TEXTS.len()], [Option<i64>; INTEGERS.len()]);

/// Goes through the entries.
struct Judging<'p> {
    about: &'p About,
    policies: &'p Sets,
    clocks: HashMap<String, Clock>,
    current: Option<(&'p Policy, Replay<'p>)>,
    /// Cases that came out as they were recorded, as of a moment.
    same: HashSet<Case, RandomState>,
    moment: Option<DateTime>,
    tally: Tally,
}

/// Judges again.
pub(super) fn check(
    unpacked: &Unpacked,
    about: &About,
    progress: &mut dyn FnMut(u64, u64),
) -> Found {
    let (policies, refused) = policies(unpacked, about)?;
    let mut judging = Judging {
        about,
        policies: &policies,
        clocks: HashMap::new(),
        current: None,
        same: HashSet::default(),
        moment: None,
        tally: Tally::default(),
    };
    let mut known: [HashMap<Bytes, u32>; TEXTS.len()] = Default::default();
    let read = unpacked.excerpt().for_each_group(|group| {
        if known.iter().any(|texts| texts.len() > MOST) {
            known.iter_mut().for_each(HashMap::clear);
            judging.same.clear();
        }
        let mut numbers = TEXTS.iter().zip(&mut known);
        let numbers: [Vec<u32>; TEXTS.len()] = std::array::from_fn(|_| {
            let next = numbers.next();
            next.map_or_else(Vec::new, |(name, known)| group.number(name, known))
        });
        for (at, row) in group.rows().enumerate() {
            if judging.tally.wrong.is_some() {
                return;
            }
            if row.seq.is_multiple_of(1024) {
                progress(row.seq, about.predicate.entries.last);
            }
            let texts = numbers
                .each_ref()
                .map(|rows| rows.get(at).copied().unwrap_or(NONE));
            let found = judging.take(&row, (texts, INTEGERS.map(|name| row.int(name))));
            if let Err(doubt) = found {
                judging.tally.wrong = Some(doubt);
            }
        }
    });
    read.map_err(|error| failed(format!("the log cannot be read ({error})")))?;
    judging.tally.found(&refused)
}

impl Judging<'_> {
    fn take(&mut self, row: &Row<'_>, case: Case) -> Result<(), Doubt> {
        match row.tag() {
            "started" | "allowlists_loaded" => self.in_force(row),
            "flow" if row.seq >= self.about.predicate.entries.first => self.flow(row, case),
            _ => Ok(()),
        }
    }

    fn in_force(&mut self, row: &Row<'_>) -> Result<(), Doubt> {
        let time = time_of(row)?;
        let digest = match entry_of(row)? {
            Entry::Started {
                recording,
                boot_ns,
                allowlists,
                ..
            } => {
                if let Some(boot_ns) = boot_ns {
                    self.clocks.insert(recording, Clock::at(boot_ns, time));
                }
                allowlists
            }
            Entry::AllowlistsLoaded { digest, .. } => digest,
            _ => return Ok(()),
        };
        self.same.clear();
        self.current = replay(self.policies, &digest, self.current.take());
        Ok(())
    }

    fn flow(&mut self, row: &Row<'_>, case: Case) -> Result<(), Doubt> {
        if self.about.predicate.disclosure.pseudonymised {
            self.tally.withheld += 1;
            return Ok(());
        }
        let Some((policy, replay)) = &mut self.current else {
            self.tally.unreadable += 1;
            return Ok(());
        };
        let time = time_of(row)?;
        let remembers = policy.limits().without_budgets();
        if remembers {
            let clock = row.text("recording").and_then(|one| self.clocks.get(one));
            let last_ns = row.int("last_ns").and_then(|ns| u64::try_from(ns).ok());
            let seen = last_ns.zip(clock).map(|(ns, clock)| clock.time_of(ns));
            let carried = ["egress", "ingress"].iter().any(|way| {
                let some = |what| row.int(&format!("{way}_{what}")) != Some(0);
                some("bytes") || some("packets")
            });
            // As `Replay` has it.
            let as_of = seen.filter(|_| carried).map_or(time, |seen| seen.min(time));
            let moment = Offset::UTC.to_datetime(as_of);
            let before = self.moment.replace(moment);
            if before.is_none_or(|before| policy.limits().turned(before, moment)) {
                self.same.clear();
            } else if self.same.contains(&case) {
                self.tally.same += 1;
                return Ok(());
            }
        }
        let Entry::Flow(flow) = entry_of(row)? else {
            return Ok(());
        };
        let interval = interval(&self.clocks, time, &flow);
        let same = self
            .tally
            .take(row.seq, self.about, (policy, replay), &interval);
        if same && remembers && self.same.len() < MOST {
            self.same.insert(case);
        }
        Ok(())
    }
}

fn time_of(row: &Row<'_>) -> Result<Timestamp, Doubt> {
    Timestamp::from_nanosecond(row.time_ns.into())
        .map_err(|error| failed(format!("entry {} has no time ({error})", row.seq)))
}

fn entry_of(row: &Row<'_>) -> Result<Entry, Doubt> {
    let odd = |what: &str| failed(format!("entry {} is none ({what})", row.seq));
    let entry = row.entry().ok_or_else(|| odd("not JSON"))?;
    serde_json::from_value(entry).map_err(|error| odd(&error.to_string()))
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
    /// Judges an interval; whether it comes out as it was.
    fn take(
        &mut self,
        seq: u64,
        about: &About,
        (policy, replay): (&Policy, &mut Replay<'_>),
        interval: &Interval<'_>,
    ) -> bool {
        let recorded = &interval.flow.judged;
        let again = replay.judge(interval);
        if same(recorded, &again) {
            self.same += 1;
            return true;
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
            return false;
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
        false
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
