//! `weir findings`: what deviates, and who knows of it.

mod read;
mod show;
#[cfg(test)]
mod tests;

use std::{io, path::PathBuf, process::ExitCode};

use super::{NOT_RECORDED, period::PeriodArgs};
use crate::{
    daemon::Failure,
    finding::{Kind, Severity},
};

/// What `weir findings` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct FindingsArgs {
    /// Only this one, with everything that is known of it.
    #[arg(value_name = "FINDING")]
    finding: Option<String>,

    /// Directory of the embedded store.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/weir")]
    store: PathBuf,

    #[command(flatten)]
    period: PeriodArgs,

    /// Also those that were closed in the period.
    #[arg(long)]
    closed: bool,

    /// Only those of a severity.
    #[arg(long, value_name = "SEVERITY", value_parser = severity)]
    severity: Option<Severity>,

    /// Only those of a kind, such as undeclared.
    #[arg(long, value_name = "KIND", value_parser = kind)]
    kind: Option<Kind>,

    /// Only those of a product.
    #[arg(long, value_name = "NAME")]
    product: Option<String>,

    /// Only those that somebody has acknowledged, as far as that counts.
    #[arg(long)]
    acknowledged: bool,

    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Two lines for each, for people.
    #[default]
    Table,
    /// One JSON object.
    Json,
}

fn severity(text: &str) -> Result<Severity, String> {
    [Severity::Page, Severity::Ticket]
        .into_iter()
        .find(|one| one.label() == text)
        .ok_or_else(|| "expected page or ticket".to_owned())
}

fn kind(text: &str) -> Result<Kind, String> {
    let all: Vec<_> = Kind::ALL.iter().map(|kind| kind.label()).collect();
    Kind::ALL
        .into_iter()
        .find(|one| one.label() == text)
        .ok_or_else(|| format!("expected one of {}", all.join(", ")))
}

/// Reads the store and prints.
///
/// # Errors
/// The period is none of the past, the store cannot be read, or the answer cannot be written.
pub(super) fn run(args: &FindingsArgs) -> anyhow::Result<ExitCode> {
    let span = args.period.span()?;
    let mut found = read::read(&args.store, span).map_err(Failure::from)?;
    found.retain(|one| wanted(args, one));
    let out = &mut io::stdout().lock();
    if let Some(id) = &args.finding
        && found.is_empty()
    {
        anstream::eprintln!(
            "weir: no finding {id} in the period: `weir findings --closed` lists all"
        );
        return Ok(ExitCode::from(NOT_RECORDED));
    }
    match (args.format, &args.finding) {
        (Format::Json, _) => show::json(&found, out)?,
        (Format::Table, None) => show::table(&found, out)?,
        (Format::Table, Some(_)) => show::pages(&found, out)?,
    }
    Ok(ExitCode::SUCCESS)
}

fn wanted(args: &FindingsArgs, one: &read::Known) -> bool {
    let finding = &one.finding;
    if let Some(id) = &args.finding {
        return finding.id.to_string() == id.trim().to_ascii_lowercase();
    }
    (args.closed || one.closed.is_none())
        && args
            .severity
            .is_none_or(|wanted| finding.severity == wanted)
        && args.kind.is_none_or(|wanted| finding.key.kind == wanted)
        && (!args.acknowledged || one.acknowledged.is_some())
        && args
            .product
            .as_ref()
            .is_none_or(|wanted| finding.key.product.as_ref() == Some(wanted))
}
