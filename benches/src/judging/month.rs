//! A store with the record of a month, as an agent would have written it.

use std::{collections::BTreeMap, fs, path::Path, sync::Arc};

use anyhow::{Context as _, Result, anyhow};
use jiff::{SignedDuration, civil::date, tz::TimeZone};
use weir::{
    ledger::{Entry, FlowInterval, Ledger},
    policy::{Archive, Policy, Set},
    record::{Counters, FlowId},
    verdict::{Judge, Judged, Moment, Spent},
};

use super::{
    databases,
    flows::{self, Naming},
    policies::{self, Size},
    random::Random,
};

/// Flows that are open at a time: with one interval a minute, they make 10 million in a
/// month.
const OPEN: u32 = 230;
/// In how many intervals a flow is seen, on average.
const INTERVALS: u32 = 10;
/// Different workloads and destinations.
const KINDS: u32 = 4096;
const RECORDING: &str = "00112233445566778899aabbccddeeff";
const BOOT: &str = "0b0e1f6e-2f0a-4e6a-9f51-0123456789ab";
/// The host has been up so long when the month begins.
const UP_NS: u64 = 5_000_000_000_000;
const MINUTE_NS: u64 = 60_000_000_000;
const SIZE: Size = Size {
    networks: 100,
    prefixes: 20,
    names: 100,
};

/// An open flow.
struct Open {
    kind: usize,
    id: u64,
    slot: u32,
    first_ns: u64,
    sum: Counters,
}

/// Writes `rows` flow intervals, 230 each minute from the beginning of October 2026 on, with
/// a heartbeat each minute and what else a record has. The allowlists by which they are
/// judged are put into `allowlists`.
///
/// # Errors
/// The file system's, or the ledger's.
pub fn write_store(store: &Path, allowlists: &Path, rows: u64) -> Result<()> {
    fs::create_dir_all(store).context("cannot make the store")?;
    fs::create_dir_all(allowlists).context("cannot make the allowlists' directory")?;
    for (name, text) in policies::files(SIZE)? {
        fs::write(allowlists.join(name), text).context("cannot write an allowlist")?;
    }
    let set = Set::read(allowlists);
    let policy = set.compile().map_err(|rejected| anyhow!("{rejected}"))?;
    Archive::of(store).keep(&set).context("the allowlists")?;
    let kinds = kinds(Arc::new(policy))?;
    let begin = date(2026, 10, 1).to_zoned(TimeZone::UTC)?.timestamp();
    let mut ledger = Ledger::open(store, begin)?;
    ledger.append(begin, started(&set.digest()))?;
    let (mut random, mut open) = (Random::new(17), Vec::new());
    let mut all = Counters::default();
    let (mut written, mut minute) = (0, 0);
    while written < rows {
        minute += 1;
        let time = begin + SignedDuration::from_mins(minute);
        let now_ns = UP_NS + u64::try_from(minute)? * MINUTE_NS;
        for place in 0..usize::try_from(u64::from(OPEN).min(rows - written))? {
            let is_new = place >= open.len() || random.below(INTERVALS) == 0;
            if is_new {
                let fresh = fresh(&mut random, written, now_ns)?;
                match open.get_mut(place) {
                    Some(flow) => *flow = fresh,
                    None => open.push(fresh),
                }
            }
            let interval = interval(&mut open[place], &kinds, &mut random, now_ns);
            all = all + interval.counters;
            ledger.append(time, Entry::Flow(Box::new(interval)))?;
            written += 1;
        }
        ledger.append(time, heartbeat(now_ns, open.len() as u64, all))?;
        ledger.flush()?;
    }
    let end = begin + SignedDuration::from_mins(minute);
    let losses = BTreeMap::new();
    ledger.append(
        end,
        Entry::Stopped {
            continues: false,
            losses,
            counters: all,
        },
    )?;
    ledger.flush()?;
    // The last hour is sealed when the next has begun.
    let later = end + SignedDuration::from_hours(2);
    let now_ns = UP_NS + u64::try_from(minute + 120)? * MINUTE_NS;
    ledger.append(later, heartbeat(now_ns, 0, all))?;
    ledger.flush()?;
    ledger.wait_for_segments()?;
    ledger.checkpoint()?;
    Ok(())
}

/// Judged flows, one of each kind.
fn kinds(policy: Arc<Policy>) -> Result<Vec<Judged>> {
    let directory = tempfile::tempdir().context("cannot make a directory for databases")?;
    let made = databases::make(directory.path())?;
    let mut judge = Judge::new(made.weir, policy);
    let named = flows::flows(KINDS, SIZE.names, Naming::Usual)?;
    let spent = Spent::default();
    let time = date(2026, 10, 15).to_zoned(TimeZone::UTC)?.timestamp();
    let addresses = flows::addresses(usize::try_from(KINDS)?, 19);
    let judged = named.into_iter().zip(addresses).map(|(mut flow, address)| {
        flow.flow.record.address = address;
        judge.judge(flow, Moment::new(time, &spent))
    });
    Ok(judged.collect())
}

fn fresh(random: &mut Random, id: u64, now_ns: u64) -> Result<Open> {
    // Few are common.
    let most = random.below(KINDS) + 1;
    Ok(Open {
        kind: usize::try_from(random.below(most))?,
        id,
        slot: random.below(100_000),
        first_ns: now_ns - u64::from(random.below(4_000_000_000)) * 15,
        sum: Counters::default(),
    })
}

fn interval(open: &mut Open, kinds: &[Judged], random: &mut Random, now_ns: u64) -> FlowInterval {
    let most = random.below(200_000) + 1;
    let sent = u64::from(400 + random.below(most));
    let most = random.below(2_000_000) + 1;
    let received = u64::from(600 + random.below(most));
    let counters = Counters {
        egress_bytes: sent,
        egress_packets: sent / 700 + 4,
        ingress_bytes: received,
        ingress_packets: received / 1300 + 4,
    };
    open.sum = open.sum + counters;
    let mut judged = kinds[open.kind].clone();
    let record = &mut judged.flow.flow.flow.record;
    record.id = FlowId(open.id);
    record.first_ns = open.first_ns;
    record.last_ns = now_ns - u64::from(random.below(1_000_000_000));
    record.counters = open.sum;
    FlowInterval {
        counters,
        slot: open.slot,
        recording: RECORDING.to_owned(),
        judged,
    }
}

fn started(allowlists: &str) -> Entry {
    Entry::Started {
        recording: RECORDING.to_owned(),
        adopted: false,
        version: "0.1.0".to_owned(),
        boot_id: BOOT.to_owned(),
        boot_ns: Some(UP_NS),
        allowlists: allowlists.to_owned(),
        databases: BTreeMap::new(),
        build: None,
        confinement: None,
    }
}

fn heartbeat(boot_ns: u64, open_flows: u64, counters: Counters) -> Entry {
    Entry::Heartbeat {
        recording: RECORDING.to_owned(),
        boot_id: BOOT.to_owned(),
        boot_ns,
        open_flows,
        counters,
        losses: BTreeMap::new(),
    }
}
