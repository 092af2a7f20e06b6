//! What is recorded of a name, and known of the addresses that it led to.

use std::{
    collections::BTreeMap,
    io::{self, Write},
    net::IpAddr,
    path::Path,
    process::ExitCode,
};

use jiff::Timestamp;
use serde::Serialize;

use super::{address, lookup::Sources};
use crate::{
    cli::{NOT_RECORDED, check::CheckFormat, nearest::Nearest, text},
    daemon::Failure,
    jurisdiction::Domicile,
    ledger::{Entry, FlowInterval, Ledger, LedgerError},
    naming::{DomainName, Grade, Name},
    record::Scope,
};

#[derive(Serialize)]
struct Answer<'a> {
    name: &'a DomainName,
    /// Whose the name is by `providers.toml`; `None` without allowlists.
    provider: Option<Domicile>,
    addresses: Vec<Recorded<'a>>,
}

#[derive(Serialize)]
struct Recorded<'a> {
    #[serde(flatten)]
    known: Known,
    #[serde(flatten)]
    address: address::Answer<'a>,
}

/// How an address is known to be of the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
struct Known {
    /// The most that the name is worth there, for any workload.
    grade: Grade,
    /// When it was last answered or said.
    last: Timestamp,
}

/// Looks a name up in the record.
pub(super) fn run(
    name: &DomainName,
    store: &Path,
    format: CheckFormat,
    sources: &Sources<'_>,
) -> anyhow::Result<ExitCode> {
    let (addresses, others) = addresses(name, store).map_err(Failure::from)?;
    let found = !addresses.is_empty();
    let answer = Answer {
        name,
        provider: sources.policy.map(|policy| {
            let found = policy.providers().by_name(name.as_str());
            found.map_or_else(
                || Domicile::unknown(format!("no listed provider has the name {name}")),
                |found| found.domicile(sources.today),
            )
        }),
        addresses: addresses
            .into_iter()
            .map(|(address, known)| Recorded {
                known,
                address: sources.answer(address),
            })
            .collect(),
    };
    let mut out = io::stdout().lock();
    match format {
        CheckFormat::Json => writeln!(out, "{}", serde_json::to_string(&answer)?)?,
        CheckFormat::Text => print(&answer, &mut out)?,
    }
    if found {
        return Ok(ExitCode::SUCCESS);
    }
    anstream::eprintln!("weir: {}", instead(name, store, &others));
    Ok(ExitCode::from(NOT_RECORDED))
}

fn print(answer: &Answer<'_>, out: &mut impl Write) -> io::Result<()> {
    writeln!(out, "{}", answer.name)?;
    if let Some(provider) = &answer.provider {
        writeln!(out)?;
        text::operator(provider, out)?;
    }
    for one in &answer.addresses {
        writeln!(out, "\n{}", one.address.address())?;
        let last = one.known.last.strftime("%F %T UTC");
        let known = format!("{}, last at {last}", one.known.grade);
        text::line("recorded", &known, out)?;
        writeln!(out)?;
        one.address.print(out)?;
    }
    Ok(())
}

/// The addresses that were recorded under the name, and the names nearest to it.
fn addresses(
    name: &DomainName,
    store: &Path,
) -> Result<(BTreeMap<IpAddr, Known>, Vec<String>), LedgerError> {
    let mut addresses = BTreeMap::new();
    let mut others = Nearest::new();
    Ledger::each(store, |_, _, entry| {
        if let Entry::Flow(flow) = entry {
            take(name, &flow, &mut addresses, &mut others);
        }
    })?;
    Ok((addresses, others.into_choices()))
}

fn take(
    name: &DomainName,
    flow: &FlowInterval,
    addresses: &mut BTreeMap<IpAddr, Known>,
    others: &mut Nearest<usize>,
) {
    let named = &flow.judged.flow.flow;
    let record = &named.flow.record;
    if !matches!(record.scope, Scope::Exact | Scope::Unseen) {
        return;
    }
    for one in &named.names.names {
        if !one.all().any(|known| known == name) {
            for known in Name::all(one) {
                let far = strsim::osa_distance(name.as_str(), known.as_str());
                others.offer(far, known.to_string());
            }
            continue;
        }
        let known = addresses.entry(record.address).or_insert(Known {
            grade: one.grade,
            last: one.time,
        });
        known.grade = known.grade.max(one.grade);
        known.last = known.last.max(one.time);
    }
}

fn instead(name: &DomainName, store: &Path, others: &[String]) -> String {
    let store = store.display();
    let ask = if others.is_empty() {
        "ask for an address".to_owned()
    } else {
        format!("ask for one that it has, such as {}", others.join(", "))
    };
    format!("the store {store} has no address of {name}, and none is asked of the network: {ask}")
}
