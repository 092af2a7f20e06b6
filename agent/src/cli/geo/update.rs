//! `weir geo update`: installs databases that are on this machine already.

use std::{
    io::{self, Write as _},
    path::PathBuf,
    process::ExitCode,
};

use serde::Serialize;

use crate::{
    cli::check::CheckFormat,
    jurisdiction::{
        Description, IP_DATA,
        install::{Candidate, InstallError, check, install},
    },
};

/// Exit code for databases that are refused, as of `weir run`.
const UNUSABLE: u8 = 4;

/// What `weir geo update` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct UpdateArgs {
    /// Databases, and directories of which every *.mmdb is taken. A file
    /// NAME.toml beside NAME.mmdb is installed with it.
    #[arg(value_name = "PATH", required = true)]
    paths: Vec<PathBuf>,

    /// Where to install; a running agent looks there by itself.
    #[arg(long, value_name = "DIR", default_value = IP_DATA)]
    ip_data: PathBuf,

    /// Install databases that are older than those in their place.
    #[arg(long)]
    allow_older: bool,

    /// How to answer: text or one JSON object.
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
}

#[derive(Serialize)]
struct Answer<'a> {
    directory: &'a std::path::Path,
    databases: Vec<Row<'a>>,
    errors: Vec<String>,
}

#[derive(Serialize)]
struct Row<'a> {
    action: &'static str,
    database: &'a Description,
    before: Option<&'a Description>,
}

impl<'a> From<&'a Candidate> for Row<'a> {
    fn from(candidate: &'a Candidate) -> Self {
        Self {
            action: match &candidate.before {
                Some(_) if candidate.is_installed() => "unchanged",
                Some(_) => "replaced",
                None => "installed",
            },
            database: &candidate.database,
            before: candidate.before.as_ref(),
        }
    }
}

/// Checks everything, and installs it if nothing is wrong.
///
/// # Errors
/// If the answer cannot be written; what is refused is exit code 4, and a
/// directory that cannot be written to is 1.
pub(super) fn run(args: &UpdateArgs) -> anyhow::Result<ExitCode> {
    let checked = check(&args.paths, &args.ip_data, args.allow_older);
    let (candidates, errors, code) = match checked {
        Ok(candidates) => match install(&candidates, &args.ip_data) {
            Ok(()) => (candidates, Vec::new(), ExitCode::SUCCESS),
            Err(error) => (Vec::new(), vec![error], ExitCode::FAILURE),
        },
        Err(errors) => (Vec::new(), errors, ExitCode::from(UNUSABLE)),
    };
    match args.format {
        CheckFormat::Json => {
            let answer = Answer {
                directory: &args.ip_data,
                databases: candidates.iter().map(Row::from).collect(),
                errors: errors.iter().map(InstallError::to_string).collect(),
            };
            writeln!(io::stdout(), "{}", serde_json::to_string(&answer)?)?;
        }
        CheckFormat::Text => print(args, &candidates, &errors)?,
    }
    Ok(code)
}

fn print(args: &UpdateArgs, candidates: &[Candidate], errors: &[InstallError]) -> io::Result<()> {
    for error in errors {
        anstream::eprintln!("weir: {error}");
    }
    if !errors.is_empty() {
        let count = errors.len();
        let unit = if count == 1 { "error" } else { "errors" };
        anstream::eprintln!("weir: {count} {unit}, nothing was installed");
        return Ok(());
    }
    let mut out = io::stdout().lock();
    let brief = |one: &Description| format!("{} {:.12}", one.built_on(), one.sha256);
    writeln!(out, "{:<22} {:<24} {:<24} ACTION", "NAME", "NOW", "BEFORE")?;
    for candidate in candidates {
        let row = Row::from(candidate);
        let before = row.before.map_or_else(|| "-".to_owned(), brief);
        writeln!(
            out,
            "{:<22} {:<24} {:<24} {}",
            row.database.name,
            brief(row.database),
            before,
            row.action
        )?;
    }
    writeln!(out, "\nin {}", args.ip_data.display())
}
