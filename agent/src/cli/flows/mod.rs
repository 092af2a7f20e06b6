//! `weir flows`: what was recorded, added up.

mod filter;
mod show;
#[cfg(test)]
mod tests;

use std::{io, path::PathBuf, process::ExitCode};

use self::filter::{Destination, Value};
use super::period::PeriodArgs;
use crate::{daemon::Failure, verdict::Verdict};

/// What `weir flows` is asked. Any of the values of a filter that is given several times
/// fits; `-` stands for what has none.
#[derive(Debug, clap::Args)]
pub(super) struct FlowsArgs {
    /// Directory of the embedded store.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/weir")]
    store: PathBuf,

    #[command(flatten)]
    period: PeriodArgs,

    /// Only flows of a product.
    #[arg(long, value_name = "NAME", value_parser = filter::value)]
    product: Vec<Value>,

    /// Only flows of a workload, by its name.
    #[arg(long, value_name = "NAME", value_parser = filter::value)]
    workload: Vec<Value>,

    /// Only flows to an address, a network, a name, or the names below a domain
    /// such as *.provider.example.
    #[arg(long, value_name = "DESTINATION", value_parser = filter::destination)]
    destination: Vec<Destination>,

    /// Only flows to a provider, by its id in providers.toml or the organisation that
    /// the databases name.
    #[arg(long, value_name = "NAME", value_parser = filter::value)]
    provider: Vec<Value>,

    /// Only flows to what is hosted in a country, such as US.
    #[arg(long, value_name = "CODE", value_parser = filter::value)]
    country: Vec<Value>,

    /// Only flows of a verdict, such as undeclared.
    #[arg(long, value_name = "VERDICT", value_parser = verdict)]
    verdict: Vec<Value>,

    /// How many rows to show, those that sent most; 0 for all. The table shows 50
    /// unless given.
    #[arg(long, value_name = "N")]
    limit: Option<usize>,

    /// How to answer.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Two lines for each row, for people.
    #[default]
    Table,
    /// One JSON object.
    Json,
    /// Comma-separated values with a header (RFC 4180).
    Csv,
}

/// Rows of the table unless asked for more.
const TABLE_ROWS: usize = 50;

fn verdict(text: &str) -> Result<Value, String> {
    if Verdict::ALL.iter().any(|verdict| verdict.label() == text) {
        return filter::value(text);
    }
    let all: Vec<_> = Verdict::ALL.iter().map(|verdict| verdict.label()).collect();
    Err(format!("expected one of {}", all.join(", ")))
}

/// Asks the store and prints.
///
/// # Errors
/// The period is none of the past, the store cannot be read, or the answer cannot be written.
pub(super) fn run(args: &FlowsArgs) -> anyhow::Result<ExitCode> {
    let found = filter::find(args, args.period.span()?).map_err(Failure::from)?;
    let out = &mut io::stdout().lock();
    let all = |limit: Option<usize>, unless: usize| match limit {
        None => unless,
        Some(0) => usize::MAX,
        Some(limit) => limit,
    };
    match args.format {
        Format::Table => show::table(&found, all(args.limit, TABLE_ROWS), out)?,
        Format::Json => show::json(&found, all(args.limit, usize::MAX), out)?,
        Format::Csv => show::csv(&found, all(args.limit, usize::MAX), out)?,
    }
    Ok(ExitCode::SUCCESS)
}
