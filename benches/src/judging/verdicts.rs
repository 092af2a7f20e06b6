//! Verdicts alone, and with the place before them.

use std::{hint::black_box, net::IpAddr, rc::Rc, sync::Arc};

use anyhow::Result;
use jiff::tz::Offset;
use weir::{
    jurisdiction::{Located, Locator},
    naming::Named,
    policy::Policy,
    verdict::{Moment, Spent, decide},
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
/// The policy that others are compared with.
const SMALLEST: Size = Size {
    networks: 5,
    prefixes: 1,
    names: 5,
};

/// The verdict on flows that were located before, as the policy grows.
pub(super) fn alone(made: &Made, large: &Rc<Policy>) -> Result<Vec<Case>> {
    let smallest = Rc::new(policies::policy(SMALLEST)?);
    let beside = |what: &str, policy: &Rc<Policy>, size, naming| -> Result<Case> {
        Ok(Case {
            group: "Verdict alone, beside 10 entries",
            what: what.to_owned(),
            subject: deciding(made, policy, size, naming)?,
            reference: Some(deciding(made, &smallest, SMALLEST, naming)?),
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
        let policy = Rc::new(policies::policy(size)?);
        cases.push(beside(what, &policy, size, Naming::Usual)?);
    }
    let what = "10,000, and 100,000 prefixes";
    cases.push(beside(what, large, LARGE, Naming::Usual)?);
    let what = "the same, names in doubt";
    cases.push(beside(what, large, LARGE, Naming::Doubtful)?);
    Ok(cases)
}

/// Place and verdict: what the agent does with a flow that it knows by name.
pub(super) fn with_places(made: &Made, large: &Rc<Policy>) -> Result<Vec<Case>> {
    let known = destinations(LARGE, DESTINATIONS)?;
    [
        ("10,000 destinations, by Zipf", flows::zipf(&known, DRAWN)),
        ("always another destination", flows::addresses(DRAWN, 29)),
    ]
    .into_iter()
    .map(|(what, addresses)| {
        Ok(Case {
            group: "Place and verdict",
            what: what.to_owned(),
            subject: judging(made, large, addresses)?,
            reference: None,
        })
    })
    .collect()
}

fn deciding(made: &Made, policy: &Rc<Policy>, size: Size, naming: Naming) -> Result<Work> {
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
    let policy = Rc::clone(policy);
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
fn judging(made: &Made, policy: &Rc<Policy>, addresses: Vec<IpAddr>) -> Result<Work> {
    let mut locator = Locator::new(Arc::clone(&made.weir), Arc::clone(policy.providers()));
    let flows = flows::flows(256, LARGE.names, Naming::Usual)?;
    let mut flows: Vec<Option<Named>> = flows.into_iter().map(Some).collect();
    let mut addresses = Ring::new(addresses);
    let policy = Rc::clone(policy);
    let spent = Spent::default();
    Ok(Work::new(BATCH, move || {
        let moment = noon(&spent);
        for _ in 0..BATCH / 256 {
            for slot in &mut flows {
                let (Some(mut flow), Some(address)) = (slot.take(), addresses.next()) else {
                    continue;
                };
                flow.flow.record.address = address;
                let located = locator.locate(flow, DAY);
                black_box(decide(&located, &policy, moment).verdict);
                *slot = Some(located.flow);
            }
        }
    }))
}

/// Noon of the day, with what entries have carried before.
fn noon(spent: &Spent) -> Moment<'_> {
    let time = Offset::UTC.to_timestamp(DAY.at(12, 0, 0, 0));
    Moment {
        time: time.unwrap_or_default(),
        spent,
    }
}

/// Addresses of which half are in the policy's prefixes.
fn destinations(size: Size, count: usize) -> Result<Vec<IpAddr>> {
    let prefixes = policies::prefixes(usize::try_from(size.networks)? * size.prefixes)?;
    let declared = prefixes.iter().cycle().map(|p| IpAddr::from(p.network()));
    let others = flows::addresses(count, 17);
    let both = declared.zip(others).flat_map(|(a, b)| [a, b]);
    Ok(both.take(count).collect())
}
