//! `coverage.json`: what was to be examined, what was, and what was not.

use std::{
    collections::BTreeMap,
    io::{self, Write},
};

use jiff::Timestamp;
use serde::Serialize;

use super::{Period, pretty};
use crate::{
    account::{Account, Balanced, Disposition, Heartbeats},
    history::{Start, Stop},
};

const SCHEMA: &str = "weir-coverage/1";

/// An interval of a node.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Interval<'a> {
    node: Option<&'a str>,
    from: Timestamp,
    to: Timestamp,
}

/// A part that was not examined, in full or at all.
#[derive(Debug, Serialize)]
struct Unexamined<'a> {
    #[serde(flatten)]
    interval: Interval<'a>,
    disposition: Disposition,
    reason: &'a str,
}

/// Time in which no agent ran and the kernel recorded by itself. It is examined: counts and
/// destinations are whole. Names that workloads were told meanwhile are not known.
#[derive(Debug, PartialEq, Eq, Serialize)]
struct KernelAlone<'a> {
    node: Option<&'a str>,
    /// When the agent ended; `None` where it did not say so, or before the period.
    from: Option<Timestamp>,
    /// When the next one took over; `None` where none has within the period.
    to: Option<Timestamp>,
}

#[derive(Debug, Serialize)]
struct Examined<'a> {
    /// Whole seconds.
    seconds: i64,
    /// Whole seconds of all eligible intervals.
    of_seconds: i64,
    /// The share, rounded down to a hundredth of a percent; null where nothing is eligible.
    share: Option<f64>,
    /// In order; null where more parts are unexamined than are listed.
    intervals: Option<Vec<Interval<'a>>>,
    heartbeats: Heartbeats,
}

#[derive(Debug, Serialize)]
struct Coverage<'a> {
    schema: &'static str,
    node: Option<&'a str>,
    period: Period,
    /// Whether the whole period was examined, so that what the record does not have did not
    /// happen.
    complete: bool,
    eligible: Vec<Interval<'a>>,
    examined: Examined<'a>,
    unexamined: Vec<Unexamined<'a>>,
    /// Parts beyond those that are listed.
    more_unexamined: u64,
    recorded_by_kernel_alone: Vec<KernelAlone<'a>>,
    losses: &'a BTreeMap<String, u64>,
    not_covered: &'a BTreeMap<String, String>,
    balance: Option<Balanced>,
}

/// Writes the file.
pub(super) fn write(account: &Account<'_>, out: &mut dyn Write) -> io::Result<()> {
    let node = account.node.as_deref();
    let coverage = &account.coverage;
    let eligible = coverage.eligible_from.map(|from| Interval {
        node,
        from,
        to: coverage.eligible_to,
    });
    let unexamined: Vec<Unexamined<'_>> = coverage
        .unexamined
        .iter()
        .map(|one| Unexamined {
            interval: Interval {
                node,
                from: one.from,
                to: one.to,
            },
            disposition: one.disposition,
            reason: &one.detail,
        })
        .collect();
    let all_listed = coverage.more_unexamined == 0;
    let intervals = all_listed.then(|| match eligible {
        Some(eligible) => without(eligible, unexamined.iter().map(|one| one.interval)),
        None => Vec::new(),
    });
    let share = coverage.per_myriad().and_then(|n| u32::try_from(n).ok());
    let file = Coverage {
        schema: SCHEMA,
        node,
        period: account.span.into(),
        complete: account.is_complete(),
        eligible: eligible.into_iter().collect(),
        examined: Examined {
            seconds: coverage.examined.as_secs(),
            of_seconds: coverage.eligible.as_secs(),
            share: share.map(|n| f64::from(n) / 10_000.0),
            intervals,
            heartbeats: account.facts.heartbeats,
        },
        unexamined,
        more_unexamined: coverage.more_unexamined,
        recorded_by_kernel_alone: kernel_alone(node, &account.starts, &account.stops),
        losses: &account.facts.losses,
        not_covered: &account.facts.not_covered,
        balance: account.facts.balance,
    };
    pretty(&file, out)
}

/// What is left of an interval without others, which are in the order of their beginnings.
fn without<'a>(
    whole: Interval<'a>,
    others: impl Iterator<Item = Interval<'a>>,
) -> Vec<Interval<'a>> {
    let mut left = Vec::new();
    let mut from = whole.from;
    for other in others {
        if other.from > from {
            let to = other.from.min(whole.to);
            left.push(Interval { from, to, ..whole });
        }
        from = from.max(other.to);
    }
    if from < whole.to {
        left.push(Interval { from, ..whole });
    }
    left
}

/// From an end that leaves the kernel recording, or an unknown one, to the start that goes
/// on with it.
fn kernel_alone<'a>(
    node: Option<&'a str>,
    starts: &[Start],
    stops: &[Stop],
) -> Vec<KernelAlone<'a>> {
    let mut alone = Vec::new();
    let mut ends = stops.iter().peekable();
    for start in starts {
        let mut end = None;
        while let Some(stop) = ends.next_if(|stop| stop.time <= start.time) {
            end = Some(stop);
        }
        if start.adopted {
            alone.push(KernelAlone {
                node,
                from: end.map(|stop| stop.time),
                to: Some(start.time),
            });
        }
    }
    if let Some(stop) = ends.last().filter(|stop| stop.continues) {
        alone.push(KernelAlone {
            node,
            from: Some(stop.time),
            to: None,
        });
    }
    alone
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::history::sample::time;

    fn interval(from: u8, to: u8) -> Interval<'static> {
        let at = |hour: u8| time(&format!("2026-11-01T{hour:02}:00:00Z"));
        Interval {
            node: Some("n"),
            from: at(from),
            to: at(to),
        }
    }

    #[test]
    fn what_is_left_is_examined() {
        let left = |others: &[(u8, u8)]| -> Vec<_> {
            without(
                interval(4, 20),
                others.iter().map(|(from, to)| interval(*from, *to)),
            )
        };
        assert_eq!(left(&[]), [interval(4, 20)]);
        assert_eq!(
            left(&[(4, 6), (8, 12), (9, 10)]),
            [interval(6, 8), interval(12, 20)]
        );
        assert_eq!(left(&[(2, 8), (18, 22)]), [interval(8, 18)]);
        assert_eq!(left(&[(4, 20)]), []);
        // A moment: everything around it was examined.
        assert_eq!(left(&[(6, 6)]), [interval(4, 6), interval(6, 20)]);
    }

    #[test]
    fn the_kernel_alone_is_told() {
        let at = |hour: u8| time(&format!("2026-11-01T{hour:02}:00:00Z"));
        let start = |hour, adopted| Start {
            time: at(hour),
            recording: "r".to_owned(),
            adopted,
        };
        let stop = |hour, continues| Stop {
            time: at(hour),
            continues,
        };
        let alone = |from: Option<u8>, to: Option<u8>| KernelAlone {
            node: None,
            from: from.map(at),
            to: to.map(at),
        };
        let starts = [
            start(1, false),
            start(3, true),
            start(5, true),
            start(7, false),
        ];
        let stops = [stop(2, true), stop(6, false), stop(8, true)];
        assert_eq!(
            kernel_alone(None, &starts, &stops),
            [
                alone(Some(2), Some(3)),
                // It was killed.
                alone(None, Some(5)),
                alone(Some(8), None),
            ]
        );
    }
}
