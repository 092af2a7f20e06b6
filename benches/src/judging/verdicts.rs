//! Verdicts alone, and with the place before them.

use std::{hint::black_box, net::IpAddr, sync::Arc};

use anyhow::Result;
use jiff::tz::Offset;
use weir::{
    jurisdiction::{Located, Locator},
    naming::Named,
    policy::Policy,
    verdict::{Judge, Moment, Spent, decide},
};

use super::{
    BATCH, Case, DAY, LARGE, Work,
    databases::Made,
    flows::{self, Naming},
    policies::{self, Size},
    ring::Ring,
};

/// Destinations of the usual mix.
const DESTINATIONS: usize = 10_000;
/// Flows that are drawn before any comes again.
const DRAWN: usize = 1 << 20;
/// Nanoseconds that a verdict shall take at most.
const VERDICT: f64 = 500.0;
/// The policy that others are compared with.
const SMALLEST: Size = Size {
    networks: 5,
    prefixes: 1,
    names: 5,
};

/// The verdict on flows that were located before, as the policy grows.
pub(super) fn alone(made: &Made, large: &Arc<Policy>) -> Result<Vec<Case>> {
    let smallest = Arc::new(policies::policy(SMALLEST)?);
    let beside = |what: &str, policy: &Arc<Policy>, size, naming| -> Result<Case> {
        Ok(Case {
            group: "Verdict alone, beside 10 entries",
            what: what.to_owned(),
            subject: deciding(made, policy, size, naming)?,
            reference: Some(deciding(made, &smallest, SMALLEST, naming)?),
            at_most: Some(VERDICT),
        })
    };
    let mut cases = Vec::new();
    for (what, half) in [
        ("100 entries", 50),
        ("1,000 entries", 500),
        ("10,000 entries", 5_000),
    ] {
        let size = Size {
            networks: half,
            prefixes: 1,
            names: half,
        };
        let policy = Arc::new(policies::policy(size)?);
        cases.push(beside(what, &policy, size, Naming::Usual)?);
    }
    let what = "10,000, and 100,000 prefixes";
    cases.push(beside(what, large, LARGE, Naming::Usual)?);
    let what = "the same, names in doubt";
    cases.push(beside(what, large, LARGE, Naming::Doubtful)?);
    Ok(cases)
}

/// Place and verdict: what the agent does with a flow that it knows by name.
pub(super) fn with_places(made: &Made, large: &Arc<Policy>) -> Result<Vec<Case>> {
    let known = flows::zipf(&destinations(LARGE, DESTINATIONS)?, DRAWN);
    let others = flows::addresses(DRAWN, 29);
    let case = |what: &str, subject| Case {
        group: "Place and verdict",
        what: what.to_owned(),
        subject,
        reference: None,
        at_most: None,
    };
    let usual = "10,000 destinations, by Zipf";
    let worded = judging(made, large, known.clone(), in_words)?;
    Ok(vec![
        case(usual, judging(made, large, known, decided)?),
        case("the same, put into words", worded),
        case(
            "always another destination",
            judging(made, large, others, decided)?,
        ),
    ])
}

/// What is done with a flow; gives it back.
type Step = fn(&mut Judge, Named, Moment<'_>) -> Named;

fn decided(judge: &mut Judge, flow: Named, moment: Moment<'_>) -> Named {
    let (located, verdict) = judge.decide(flow, moment, |decision, _| decision.verdict);
    black_box(verdict);
    located.flow
}

fn in_words(judge: &mut Judge, flow: Named, moment: Moment<'_>) -> Named {
    black_box(judge.judge(flow, moment)).flow.flow
}

fn deciding(made: &Made, policy: &Arc<Policy>, size: Size, naming: Naming) -> Result<Work> {
    let mut locator = Locator::new(Arc::clone(&made.weir), Arc::clone(policy.providers()));
    let flows = flows::flows(BATCH, size.names, naming)?;
    let addresses = destinations(size, flows.len())?;
    let located: Vec<Located> = flows
        .into_iter()
        .zip(addresses)
        .map(|(mut flow, address)| {
            flow.flow.record.address = address;
            locator.locate(flow, DAY)
        })
        .collect();
    let policy = Arc::clone(policy);
    let spent = Spent::default();
    Ok(Work::new(BATCH, move || {
        let moment = noon(&spent);
        for flow in &located {
            black_box(decide(black_box(flow), &policy, moment).verdict);
        }
    }))
}

/// Flows are few and used again, with another destination each time: the agent, too,
/// has just made the flow that it judges.
fn judging(made: &Made, policy: &Arc<Policy>, addresses: Vec<IpAddr>, step: Step) -> Result<Work> {
    let mut judge = Judge::new(Arc::clone(&made.weir), Arc::clone(policy));
    let flows = flows::flows(256, LARGE.names, Naming::Usual)?;
    let mut flows: Vec<Option<Named>> = flows.into_iter().map(Some).collect();
    let mut addresses = Ring::new(addresses);
    let spent = Spent::default();
    Ok(Work::new(BATCH, move || {
        let moment = noon(&spent);
        for _ in 0..BATCH / 256 {
            for slot in &mut flows {
                let (Some(mut flow), Some(address)) = (slot.take(), addresses.next()) else {
                    continue;
                };
                flow.flow.record.address = address;
                *slot = Some(step(&mut judge, flow, moment));
            }
        }
    }))
}

/// Noon of the day, with what entries have carried before.
fn noon(spent: &Spent) -> Moment<'_> {
    let time = Offset::UTC.to_timestamp(DAY.at(12, 0, 0, 0));
    Moment::new(time.unwrap_or_default(), spent)
}

/// Addresses of which half are in the policy's prefixes.
fn destinations(size: Size, count: usize) -> Result<Vec<IpAddr>> {
    let prefixes = policies::prefixes(usize::try_from(size.networks)? * size.prefixes)?;
    let declared = prefixes.iter().cycle().map(|p| IpAddr::from(p.network()));
    let others = flows::addresses(count, 17);
    let both = declared.zip(others).flat_map(|(a, b)| [a, b]);
    Ok(both.take(count).collect())
}
