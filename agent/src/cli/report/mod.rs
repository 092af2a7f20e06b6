//! `weir report`: what was recorded in a period, for those who read reports.
//!
//! ```text
//! ledger ─> account ─> Account ─┬─> report::html (--html)
//!  (also the period before) ────┼─> report::print (a few lines)
//!                               └─> report::Statement (--public)
//! ```

use std::{
    fs::{self, File},
    io::{self, Write as _},
    path::{Path, PathBuf},
    process::ExitCode,
};

use anyhow::Context as _;

use super::WrongCommandLine;
use crate::{
    account::{self, Account, Policies, Summary},
    claim::Outcome,
    daemon::Failure,
    history::{InForce, Span},
    policy::{Archive, ArchiveError, Policy},
    report::{self, Statement},
};

/// Exit code where a claim is contradicted.
const CONTRADICTED: u8 = 10;
/// Exit code where none is contradicted, and one is unproven.
const UNPROVEN: u8 = 11;
/// Exit code where the record of the period is incomplete, and no claim says so.
const INCOMPLETE: u8 = 12;

/// What `weir report` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct ReportArgs {
    /// Directory of the embedded store.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/weir")]
    store: PathBuf,

    /// Directory of the allowlists, with the claims; without it, the set that was in force
    /// at the end of the period, as the store keeps it.
    #[arg(long, value_name = "DIR")]
    allowlists: Option<PathBuf>,

    /// The period: a month (2026-10), a day (2026-10-05), or FROM..TO, days or times, where
    /// TO is not in it. Days are those of UTC.
    #[arg(long, value_name = "PERIOD")]
    period: Span,

    /// Write the whole report as one page of HTML into this file.
    #[arg(long, value_name = "FILE", conflicts_with = "public")]
    html: Option<PathBuf>,

    /// The product of the statement.
    #[arg(long, value_name = "NAME", requires = "public")]
    product: Option<String>,

    /// Only the short statement for the product's page.
    #[arg(long, requires = "product")]
    public: bool,

    /// How to answer: text, a fragment of HTML (of the statement), or a JSON object: the
    /// statement, or the summary of the period.
    #[arg(long, value_enum, default_value_t)]
    format: Format,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    /// Lines for people.
    #[default]
    Text,
    /// A fragment of HTML.
    Html,
    /// A JSON object.
    Json,
}

/// Reads, accounts and writes.
///
/// # Errors
/// The store or the allowlists cannot be used, or the answer cannot be written; how the
/// claims stand is the exit code, no error.
pub(super) fn run(args: &ReportArgs) -> anyhow::Result<ExitCode> {
    if args.format == Format::Html && !args.public {
        let how = "--format html is of --public; the whole report goes into a file: --html FILE";
        return Err(WrongCommandLine(how.to_owned()).into());
    }
    let span = args.period;
    let before = span.before();
    let spans: Vec<Span> = [Some(span), before].into_iter().flatten().collect();
    let sets = account::sets_in_force(&args.store, &spans).map_err(Failure::from)?;
    let mut sets = sets.into_iter();
    let policies = policies(args, &sets.next().unwrap_or_default())?;
    // A set that is given for this period does not speak for the one before.
    let earlier = match (before, sets.next()) {
        (Some(before), Some(in_force)) => last_of(&args.store, &in_force)
            .ok()
            .map(|set| (before, set)),
        _ => None,
    };
    let mut periods = vec![(span, &policies)];
    periods.extend(earlier.as_ref().map(|(before, sets)| (*before, sets)));
    let accounts = account::accounts(&args.store, &periods).map_err(Failure::from)?;
    let mut accounts = accounts.into_iter();
    let account = accounts.next().context("no account of the period")?;
    let previous = accounts
        .next()
        .filter(|one| one.coverage.eligible_from.is_some());
    let previous = previous.map(|one| one.summary());
    if let Some(product) = &args.product {
        return statement(&account, product, args.format);
    }
    answer(&account, previous.as_ref(), args)?;
    Ok(exit_code(&account))
}

/// The sets of the period: the one that is given, else the last that was in force.
fn policies(args: &ReportArgs, in_force: &[InForce]) -> anyhow::Result<Policies> {
    match &args.allowlists {
        Some(directory) => {
            let own = Policy::load(directory).map_err(Failure::from)?;
            let archive = Archive::of(&args.store);
            Ok(Policies::read(own, in_force, &archive))
        }
        None => last_of(&args.store, in_force).map_err(|error| {
            WrongCommandLine(format!(
                "the store has no usable allowlists of the period ({error}): name a set with \
                 --allowlists"
            ))
            .into()
        }),
    }
}

fn last_of(store: &Path, in_force: &[InForce]) -> Result<Policies, ArchiveError> {
    let archive = Archive::of(store);
    let last = in_force.last().map_or("", |set| &set.digest);
    let own = archive.policy(last)?;
    Ok(Policies::read(own, in_force, &archive))
}

fn answer(
    account: &Account<'_>,
    previous: Option<&Summary>,
    args: &ReportArgs,
) -> anyhow::Result<()> {
    if let Some(file) = &args.html {
        let page = report::html(account, previous);
        write(file, page.as_bytes()).map_err(|error| {
            let file = file.display();
            anyhow::anyhow!(
                "{file} cannot be written ({error}): name a file in a writable directory with \
                 free space"
            )
        })?;
    }
    let mut out = anstream::stdout().lock();
    match args.format {
        Format::Json => writeln!(out, "{}", serde_json::to_string(&account.summary())?)?,
        Format::Text | Format::Html => report::print(account, previous, &mut out)?,
    }
    Ok(())
}

/// Writes a file as a whole or not at all: a report that was there stays until then. What is
/// no file, such as a pipe, is written to as it is.
fn write(path: &Path, content: &[u8]) -> io::Result<()> {
    if path.exists() && !path.is_file() {
        return fs::write(path, content);
    }
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let partial = path.with_file_name(format!(".{name}.partial"));
    let written = File::create(&partial)
        .and_then(|mut file| {
            file.write_all(content)?;
            file.sync_all()
        })
        .and_then(|()| fs::rename(&partial, path));
    if written.is_err() {
        // What is half done is of no use; that it cannot be written is said already.
        let _ = fs::remove_file(&partial);
    }
    written
}

fn statement(account: &Account<'_>, product: &str, format: Format) -> anyhow::Result<ExitCode> {
    let Some(statement) = Statement::of(account, product) else {
        let known: Vec<&str> = account.policy().products().map(|one| one.name()).collect();
        return Err(WrongCommandLine(format!(
            "--product: neither the record nor the allowlists know `{product}`: name one of {}",
            known.join(", ")
        ))
        .into());
    };
    let mut out = anstream::stdout().lock();
    let written: io::Result<()> = match format {
        Format::Text => statement.print(&mut out),
        Format::Html => write!(out, "{}", statement.html()),
        Format::Json => writeln!(out, "{}", serde_json::to_string(&statement)?),
    };
    written?;
    Ok(if statement.complete {
        ExitCode::SUCCESS
    } else {
        ExitCode::from(INCOMPLETE)
    })
}

fn exit_code(account: &Account<'_>) -> ExitCode {
    let worst = account.claims.as_ref().and_then(|claims| claims.worst());
    match worst {
        Some(Outcome::Contradicted) => ExitCode::from(CONTRADICTED),
        Some(Outcome::Unproven) => ExitCode::from(UNPROVEN),
        None if !account.is_complete() => ExitCode::from(INCOMPLETE),
        None | Some(Outcome::Upheld) => ExitCode::SUCCESS,
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn a_report_is_written_as_a_whole_or_stays() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("report.html");
        write(&path, b"first").unwrap();
        write(&path, b"second").unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
        // The place of what is half done is taken.
        fs::create_dir(directory.path().join(".report.html.partial")).unwrap();
        assert!(write(&path, b"third").is_err());
        assert_eq!(fs::read(&path).unwrap(), b"second");
        write(Path::new("/dev/null"), b"anything").unwrap();
        assert!(!Path::new("/dev/null").is_file());
    }
}
