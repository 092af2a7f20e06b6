//! `weir geo compare`: how far the databases disagree over what was recorded.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    net::IpAddr,
    path::{Path, PathBuf},
    process::ExitCode,
};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde::Serialize;

use super::{
    tally::{Amount, Pair, Tally},
    today,
};
use crate::{
    cli::{check::CheckFormat, ip_data::IpDataArgs},
    daemon::Failure,
    jurisdiction::Databases,
    ledger::{Entry, Ledger, LedgerError},
    output::bytes,
    policy::Policy,
    record::{Direction, Scope},
};

/// What `weir geo compare` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct CompareArgs {
    /// Directory of the embedded store.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/weir")]
    store: PathBuf,

    #[command(flatten)]
    ip_data: IpDataArgs,

    /// Only what was recorded since: a day (UTC) or a time, such as 2026-11-01
    /// or 2026-11-01T12:00:00Z.
    #[arg(long, value_name = "TIME", value_parser = since)]
    since: Option<Timestamp>,

    /// Allowlists: leave out the platform's own networks, and compare which side
    /// of the platform's home a country is on.
    #[arg(long, value_name = "DIR")]
    allowlists: Option<PathBuf>,

    /// How to answer: text or one JSON object.
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
}

#[derive(Serialize)]
struct Answer<'a> {
    /// Destinations that hosts of this record sent to.
    total: Amount,
    /// The platform's home.
    home: Option<String>,
    pairs: &'a [Pair],
}

fn since(text: &str) -> Result<Timestamp, String> {
    let midnight = |day: Date| day.to_zoned(TimeZone::UTC).map(|time| time.timestamp());
    text.parse::<Timestamp>()
        .or_else(|_| text.parse::<Date>().and_then(midnight))
        .map_err(|_| {
            "expected a day such as 2026-11-01 or a time such as 2026-11-01T12:00:00Z".into()
        })
}

/// Compares and prints.
///
/// # Errors
/// The databases, allowlists or store cannot be used, or the answer cannot be
/// written.
pub(super) fn run(args: &CompareArgs) -> anyhow::Result<ExitCode> {
    let policy = match &args.allowlists {
        Some(directory) => Some(Policy::load(directory).map_err(Failure::from)?),
        None => None,
    };
    let databases = Databases::load(&args.ip_data.wanted()).map_err(Failure::from)?;
    let sent = sent(&args.store, args.since).map_err(Failure::from)?;
    let mut tally = Tally::new(&databases, policy.as_ref(), today()?);
    for (address, bytes) in sent {
        let internal = policy
            .as_ref()
            .and_then(|policy| policy.internal_network(address));
        // Neither this host nor a group of hosts is in a country.
        if internal.is_none() && !address.is_loopback() && !address.is_multicast() {
            tally.take(address, bytes);
        }
    }
    let home = policy.as_ref().and_then(|policy| policy.home());
    let answer = Answer {
        total: tally.total,
        home: home.map(ToString::to_string),
        pairs: &tally.pairs,
    };
    match args.format {
        CheckFormat::Json => {
            writeln!(io::stdout(), "{}", serde_json::to_string(&answer)?)?;
        }
        CheckFormat::Text => print(&answer, &mut io::stdout().lock())?,
    }
    Ok(ExitCode::SUCCESS)
}

/// Bytes sent to each destination that a workload of the host began to talk to.
fn sent(store: &Path, since: Option<Timestamp>) -> Result<BTreeMap<IpAddr, u64>, LedgerError> {
    let mut sent = BTreeMap::<IpAddr, u64>::new();
    Ledger::each(store, |_, time, entry| {
        let Entry::Flow(interval) = entry else { return };
        let record = &interval.judged.flow.flow.flow.record;
        let known = matches!(record.scope, Scope::Exact | Scope::Unseen);
        let recent = since.is_none_or(|since| time >= since);
        if known && recent && record.direction == Direction::Outbound {
            *sent.entry(record.address).or_default() += interval.counters.egress_bytes;
        }
    })?;
    Ok(sent)
}

fn print(answer: &Answer<'_>, out: &mut impl Write) -> io::Result<()> {
    writeln!(
        out,
        "{} destinations, {} sent",
        answer.total.destinations,
        bytes(answer.total.bytes)
    )?;
    if answer.pairs.is_empty() {
        return writeln!(out, "\nTo compare, two databases are needed at least.");
    }
    for pair in answer.pairs {
        let [first, second] = &pair.sources;
        writeln!(out, "\n{first} and {second}")?;
        writeln!(
            out,
            "  {:<38} {:>12} {:>8}  {:>10}",
            "", "DESTINATIONS", "SHARE", "SENT"
        )?;
        line("both name a country", pair.countries, pair.countries, out)?;
        line("different ones", pair.countries_differ, pair.countries, out)?;
        if let (Some(sides), Some(home)) = (pair.sides_differ, &answer.home) {
            let what = format!("on different sides of {home}");
            line(&what, sides, pair.countries, out)?;
        }
        line("both name a system", pair.systems, pair.systems, out)?;
        line("different ones", pair.systems_differ, pair.systems, out)?;
    }
    Ok(())
}

fn line(what: &str, amount: Amount, of: Amount, out: &mut impl Write) -> io::Result<()> {
    // In tenths of a hundredth, without floating point.
    let share = u128::from(amount.destinations) * 1000;
    let share = match share.checked_div(u128::from(of.destinations)) {
        Some(tenths) => format!("{}.{} %", tenths / 10, tenths % 10),
        None => "-".to_owned(),
    };
    writeln!(
        out,
        "  {what:<38} {:>12} {share:>8}  {:>10}",
        amount.destinations,
        bytes(amount.bytes)
    )
}
