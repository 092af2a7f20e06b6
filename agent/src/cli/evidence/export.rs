//! `weir evidence export`: writes the bundle of a period.

use std::{fs, io::Write as _, path::PathBuf, process::ExitCode};

use serde::Serialize;

use super::progress::Bar;
use crate::{
    cli::{WrongCommandLine, check::CheckFormat},
    evidence::{self, Order, Predicate, PseudonymKey},
    history::Span,
};

/// What `weir evidence export` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct ExportArgs {
    /// Directory of the embedded store.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/weir")]
    store: PathBuf,

    /// The period: a month (2026-10), a day (2026-10-05), or FROM..TO, days or times, where
    /// TO is not in it. Days are those of UTC.
    #[arg(long, value_name = "PERIOD")]
    period: Span,

    /// Show flows of this product only; may be given several times. Hashes stand for the
    /// others, so that the log is still whole.
    #[arg(long, value_name = "NAME")]
    product: Vec<String>,

    /// Show pseudonyms in the place of workloads: by the key in this file, of 16 bytes or more.
    #[arg(long, value_name = "FILE")]
    pseudonymise: Option<PathBuf>,

    /// Export a period that is not closed, as far as it is.
    #[arg(long)]
    unfinished: bool,

    /// Where to: a directory that is there, or the file that is to be.
    #[arg(long, value_name = "PATH", default_value = ".")]
    out: PathBuf,

    /// How to say where it is: text, or a JSON object.
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
}

#[derive(Serialize)]
struct Exported<'a> {
    bundle: String,
    #[serde(flatten)]
    predicate: &'a Predicate,
}

/// Exports, and says where to.
///
/// # Errors
/// The bundle cannot be made, or the answer cannot be written.
pub(super) fn run(args: &ExportArgs) -> anyhow::Result<ExitCode> {
    let order = Order {
        store: args.store.clone(),
        span: args.period,
        products: args.product.iter().cloned().collect(),
        pseudonyms: args.pseudonymise.as_ref().map(key).transpose()?,
        unfinished: args.unfinished,
    };
    let bar = Bar::new();
    let exported = evidence::export(&order, &args.out, |phase| bar.show(phase));
    drop(bar);
    let (path, predicate) = exported?;
    let mut out = anstream::stdout().lock();
    match args.format {
        CheckFormat::Text => writeln!(out, "{}", path.display())?,
        CheckFormat::Json => {
            let exported = Exported {
                bundle: path.display().to_string(),
                predicate: &predicate,
            };
            writeln!(out, "{}", serde_json::to_string(&exported)?)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn key(path: &PathBuf) -> anyhow::Result<PseudonymKey> {
    let wrong =
        |what: String| WrongCommandLine(format!("--pseudonymise {}: {what}", path.display()));
    let bytes = fs::read(path).map_err(|error| wrong(error.to_string()))?;
    let key = PseudonymKey::of(&bytes).map_err(|error| wrong(error.to_string()))?;
    Ok(key)
}
