//! `weir claims`: how each claim of a report stands over a period.
//!
//! ```text
//! ledger ─> history ─> claim::Evaluation ─> Report ─┬─> page (people)
//! allowlists ─> claims ──────┘                      └─> objects (JSON)
//! ```

mod page;
#[cfg(test)]
mod tests;

use std::{io::Write as _, path::PathBuf, process::ExitCode};

use jiff::Timestamp;

use self::page::Page;
use super::{NOT_RECORDED, check::CheckFormat, nearest::Nearest};
use crate::{
    account::silences,
    claim::{Evaluation, Outcome, Report, objects},
    daemon::Failure,
    history::{self, MOST_GAPS, Span},
    ledger::LedgerError,
    policy::{Archive, Claims, Policy},
};

/// Exit code for allowlists without what is asked of them.
const NO_CLAIMS: u8 = 3;
/// Exit code where a claim is contradicted.
const CONTRADICTED: u8 = 10;
/// Exit code where none is contradicted, and one is unproven.
const UNPROVEN: u8 = 11;

/// What `weir claims` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct ClaimsArgs {
    /// Directory of the embedded store.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/weir")]
    store: PathBuf,

    /// Directory of the allowlists, with the claims in `claims.toml`.
    #[arg(long, value_name = "DIR", default_value = "/etc/weir/allowlists")]
    allowlists: PathBuf,

    /// The period: a month (2026-10), a day (2026-10-05), or FROM..TO, days or times, where
    /// TO is not in it. Days are those of UTC.
    #[arg(long, value_name = "PERIOD")]
    period: Span,

    /// Only this claim, with everything that was found.
    #[arg(long, value_name = "ID")]
    claim: Option<String>,

    /// How to answer: text, or JSON objects on a line each.
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
}

/// Evaluates and prints.
///
/// # Errors
/// The store or the allowlists cannot be used, or the answer cannot be written; how the
/// claims stand is the exit code, no error.
pub(super) fn run(args: &ClaimsArgs) -> anyhow::Result<ExitCode> {
    let policy = Policy::load(&args.allowlists).map_err(Failure::from)?;
    let Some(claims) = policy.claims() else {
        let directory = args.allowlists.display();
        anstream::eprintln!(
            "weir: the allowlists in {directory} claim nothing: add {directory}/claims.toml \
             (docs/claims.md)"
        );
        return Ok(ExitCode::from(NO_CLAIMS));
    };
    let claims = match &args.claim {
        None => claims.clone(),
        Some(id) => match only(claims, id) {
            Ok(one) => one,
            Err(near) => {
                anstream::eprintln!(
                    "weir: no claim `{id}`: ask for one that there is, such as {near}"
                );
                return Ok(ExitCode::from(NOT_RECORDED));
            }
        },
    };
    let kept = kept(&policy, args).map_err(Failure::from)?;
    let report = evaluate((&policy, &kept), &claims, args).map_err(Failure::from)?;
    let mut out = anstream::stdout().lock();
    match args.format {
        CheckFormat::Json => {
            for object in objects(&report, &claims, &policy)? {
                writeln!(out, "{object}")?;
            }
        }
        CheckFormat::Text => Page {
            report: &report,
            claims: &claims,
            policy: &policy,
            all: args.claim.is_some(),
        }
        .print(&mut out)?,
    }
    Ok(exit_code(report.worst()))
}

/// The sets by which the flows of the period were judged, as the store keeps them. Of one
/// that it does not keep, or that this build does not read, the set of the claims takes
/// the place; the answer says by which sets the flows were judged.
fn kept(
    policy: &Policy,
    args: &ClaimsArgs,
) -> Result<Vec<(Timestamp, Option<Policy>)>, LedgerError> {
    let reading = history::intervals(&args.store, &args.period, |_| ())?;
    let archive = Archive::of(&args.store);
    let kept = reading.policies.into_iter().map(|one| {
        let other = one.digest != policy.digest();
        let set = other.then(|| archive.policy(&one.digest).ok()).flatten();
        (one.from, set)
    });
    Ok(kept.collect())
}

fn evaluate<'p>(
    (policy, kept): (&'p Policy, &'p [(Timestamp, Option<Policy>)]),
    claims: &'p Claims,
    args: &ClaimsArgs,
) -> Result<Report<'p>, LedgerError> {
    let in_force = kept
        .iter()
        .map(|(from, set)| (*from, set.as_ref().unwrap_or(policy)));
    let in_force = in_force.collect();
    let mut evaluation = Evaluation::new(policy, claims, args.period).by(in_force);
    let mut reading = history::intervals(&args.store, &args.period, |interval| {
        evaluation.take(&interval);
    })?;
    // As bundles and reports have it: what nobody wrote was examined by nobody.
    for gap in silences(&args.store, &args.period)? {
        if reading.gaps.len() < MOST_GAPS {
            reading.gaps.push(gap);
        } else {
            reading.more_gaps += 1;
        }
    }
    Ok(evaluation.finish(reading))
}

fn exit_code(worst: Option<Outcome>) -> ExitCode {
    match worst {
        None | Some(Outcome::Upheld) => ExitCode::SUCCESS,
        Some(Outcome::Unproven) => ExitCode::from(UNPROVEN),
        Some(Outcome::Contradicted) => ExitCode::from(CONTRADICTED),
    }
}

/// One claim, or what is out of reach; else the nearest ids.
fn only(claims: &Claims, id: &str) -> Result<Claims, String> {
    let mut one = claims.clone();
    one.stated.retain(|claim| claim.id == id);
    one.out_of_reach.retain(|sentence| sentence.id == id);
    if !one.stated.is_empty() || !one.out_of_reach.is_empty() {
        return Ok(one);
    }
    let mut nearest = Nearest::new();
    let stated = claims.stated.iter().map(|claim| &claim.id);
    for known in stated.chain(claims.out_of_reach.iter().map(|sentence| &sentence.id)) {
        nearest.offer(strsim::osa_distance(id, known), known.clone());
    }
    Err(nearest.into_choices().join(", "))
}
