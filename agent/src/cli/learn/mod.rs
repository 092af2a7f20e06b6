//! `weir learn`: proposes entries for what was recorded and is not declared.
//!
//! ```text
//! history ─> Proposals ─> drafts (entries that lack what only a person knows) ─┬─> page (TOML)
//!                                                                              └─> JSON
//! ```

mod draft;
mod page;
#[cfg(test)]
mod tests;

use std::{
    io::Write as _,
    path::{Path, PathBuf},
    process::ExitCode,
};

use serde::Serialize;

use self::draft::{Draft, drafts};
use super::{
    WrongCommandLine,
    check::CheckFormat,
    period::{PeriodArgs, incomplete},
};
use crate::{
    daemon::Failure,
    history::{self, Folded, Span},
    ledger::LedgerError,
    policy::{Policy, Product},
    replay::{Proposals, Replay, Unclaimed},
};

/// What `weir learn` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct LearnArgs {
    /// Directory of the embedded store.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/weir")]
    store: PathBuf,

    #[command(flatten)]
    period: PeriodArgs,

    /// Only for this product.
    #[arg(long, value_name = "PRODUCT")]
    product: Option<String>,

    /// Allowlists: leave out what they declare by now, propose providers only that they
    /// list, mark third countries, and propose nothing that a product may not declare.
    #[arg(long, value_name = "DIR")]
    allowlists: Option<PathBuf>,

    /// How to answer: text, which is TOML, or one JSON object.
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
}

/// All that is proposed.
#[derive(Serialize)]
#[serde(tag = "type", rename = "proposals")]
struct Answer<'a> {
    period: Span,
    allowlists: Option<&'a Path>,
    /// Why the period may have more than its record shows.
    incomplete: Vec<String>,
    proposals: Vec<Draft>,
    /// Workloads that no one product claims.
    unclaimed: Vec<Unclaimed>,
    /// Flows of which the record has no destination.
    without_destination: Folded,
    /// Flows beyond those proposals.
    folded: Folded,
}

/// Proposes and prints.
///
/// # Errors
/// The allowlists or store cannot be used, or the answer cannot be written.
pub(super) fn run(args: &LearnArgs) -> anyhow::Result<ExitCode> {
    let span = args.period.span()?;
    let policy = match &args.allowlists {
        Some(directory) => Some(Policy::load(directory).map_err(Failure::from)?),
        None => None,
    };
    if let (Some(policy), Some(product)) = (&policy, &args.product)
        && policy.product(product).is_none()
    {
        let known: Vec<&str> = policy.products().map(Product::name).collect();
        let known = known.join(", ");
        return Err(WrongCommandLine(format!(
            "--product: the allowlists have no product `{product}`: name one of {known}"
        ))
        .into());
    }
    let answer = learn(args, span, policy.as_ref()).map_err(Failure::from)?;
    let mut out = anstream::stdout().lock();
    match args.format {
        CheckFormat::Json => writeln!(out, "{}", serde_json::to_string(&answer)?)?,
        CheckFormat::Text => write!(out, "{}", page::page(&answer)?)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn learn<'a>(
    args: &'a LearnArgs,
    span: Span,
    policy: Option<&Policy>,
) -> Result<Answer<'a>, LedgerError> {
    let mut proposals = Proposals::new(policy, args.product.as_deref());
    let mut replay = policy.map(|policy| Replay::new(policy, None));
    let from = replay
        .as_ref()
        .map_or(span.from, |by| by.needs_from(span.from));
    let reading = history::intervals_from(&args.store, &span, from, |interval| {
        let again = replay.as_mut().map(|replay| replay.judge(&interval));
        if span.contains(interval.time) {
            let judged = again.as_ref().unwrap_or(&interval.flow.judged);
            proposals.take(&interval, judged);
        }
    })?;
    let learned = proposals.list();
    Ok(Answer {
        period: span,
        allowlists: args.allowlists.as_deref(),
        incomplete: incomplete(&span, &reading),
        proposals: drafts(learned.proposals, policy),
        unclaimed: learned.unclaimed,
        without_destination: learned.without_destination,
        folded: learned.folded,
    })
}
