//! `weir notify`: tries the ways out for findings.

use std::{io, io::Write as _, path::PathBuf, process::ExitCode};

use serde_json::json;
use weir_ledger::Node;

use super::{NOT_RECORDED, check::CheckFormat, configured::Asked};
use crate::{
    daemon::Failure,
    kernel::Clock,
    notify::{Tested, test},
};

/// Exit code where a way out has not taken a test.
const NOT_TAKEN: u8 = 14;

/// Name of the node where there is no store yet.
const NO_NODE: &str = "a node without a ledger";

/// What `weir notify` is asked.
#[derive(Debug, clap::Args)]
#[command(arg_required_else_help = true)]
pub(super) struct NotifyArgs {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Send a marked test through the ways out of the config file, and say what came back.
    Test(TestArgs),
}

/// What `weir notify test` is asked.
#[derive(Debug, clap::Args)]
struct TestArgs {
    /// Name of one of them; all of them without it.
    #[arg(value_name = "NAME")]
    name: Option<String>,

    /// Directory of the embedded store, which has the name of the node.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/weir")]
    store: PathBuf,

    /// How to answer: text, or one JSON object.
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
}

/// Sends it.
///
/// # Errors
/// The system refuses what every program needs, or the answer cannot be written.
pub(super) fn run(args: &NotifyArgs, asked: &Asked) -> anyhow::Result<ExitCode> {
    let Command::Test(args) = &args.command;
    let settings = &asked.loaded.config().notify;
    let names: Vec<&str> = settings.names().into_iter().map(|(name, _)| name).collect();
    let unknown = args.name.as_deref().filter(|name| !names.contains(name));
    if unknown.is_some() || names.is_empty() {
        let choice = match names.is_empty() {
            true => "none is set up: see [notify] in docs/alerts.md".to_owned(),
            false => format!("there are {}", names.join(", ")),
        };
        let which = unknown.map_or_else(String::new, |name| format!(" `{name}`"));
        anstream::eprintln!("weir: no such way out{which}; {choice}");
        return Ok(ExitCode::from(NOT_RECORDED));
    }
    // A test needs no ledger; the name is for who receives it.
    let node = Node::existing(&args.store).map(|node| node.name().to_owned());
    let node = node.unwrap_or_else(|_| NO_NODE.to_owned());
    let now = Clock::read().map_err(Failure::Clock)?.now();
    let tested = test(settings, args.name.as_deref(), &node, now).map_err(Failure::Runtime)?;
    let out = &mut io::stdout().lock();
    match args.format {
        CheckFormat::Json => writeln!(
            out,
            "{}",
            json!({ "type": "notify_test", "tested": tested })
        )?,
        _ => write!(out, "{}", lines(&tested))?,
    }
    Ok(match tested.iter().all(|one| one.error.is_none()) {
        true => ExitCode::SUCCESS,
        false => ExitCode::from(NOT_TAKEN),
    })
}

/// A line for each: name, type, what came of it.
fn lines(tested: &[Tested]) -> String {
    let width = |of: fn(&Tested) -> &str| tested.iter().map(|one| of(one).len()).max().unwrap_or(0);
    let (sink, kind) = (width(|one| &one.sink), width(|one| one.kind));
    let line = |one: &Tested| {
        let outcome = match (&one.error, &one.delivery) {
            (Some(why), _) => format!("not taken: {why}"),
            (None, Some(delivery)) => format!("taken  {delivery}"),
            (None, None) => "taken".to_owned(),
        };
        format!("{:sink$}  {:kind$}  {outcome}\n", one.sink, one.kind)
    };
    tested.iter().map(line).collect()
}
