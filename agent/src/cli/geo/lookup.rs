//! `weir geo lookup`: what every database says of an address.

use std::{
    io::{self, Write},
    net::IpAddr,
    path::PathBuf,
    process::ExitCode,
};

use jiff::civil::Date;
use serde::Serialize;

use super::today;
use crate::{
    cli::{check::CheckFormat, ip_data::IpDataArgs},
    daemon::Failure,
    jurisdiction::{Answers, CountryCode, Databases, Description, Place, SourceAnswer},
    policy::Policy,
};

/// Exit code for a command line that asks for what there is not.
const WRONG: u8 = 2;
/// Columns of the text.
const WIDTH: usize = 80;

/// What `weir geo lookup` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct LookupArgs {
    /// Address to look up.
    #[arg(value_name = "ADDR|NAME")]
    what: String,

    #[command(flatten)]
    ip_data: IpDataArgs,

    /// Allowlists: say whether the address is of the platform's own networks,
    /// and whether its country is within the platform's home.
    #[arg(long, value_name = "DIR")]
    allowlists: Option<PathBuf>,

    /// How to answer: text or one JSON object.
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
}

/// The answer.
#[derive(Serialize)]
struct Answer<'a> {
    address: IpAddr,
    /// The platform's own network that holds it.
    internal: Option<Internal<'a>>,
    /// Country that a verdict may rest on.
    country: Option<CountryCode>,
    /// Whether that is outside the platform's home.
    third_country: Option<bool>,
    #[serde(flatten)]
    place: &'a Place,
    databases: Vec<&'a Description>,
}

#[derive(Serialize)]
struct Internal<'a> {
    cidr: String,
    purpose: &'a str,
    owner: &'a str,
}

/// Looks up and prints.
///
/// # Errors
/// The databases or allowlists cannot be used, or the answer cannot be written.
pub(super) fn run(args: &LookupArgs) -> anyhow::Result<ExitCode> {
    let Ok(address) = args.what.parse::<IpAddr>() else {
        anstream::eprintln!(
            "weir: `{}` is not an address: names are looked up in the record, which holds none \
             yet, and never over the network; give an IP address",
            args.what.escape_debug()
        );
        return Ok(ExitCode::from(WRONG));
    };
    let address = address.to_canonical();
    let policy = match &args.allowlists {
        Some(directory) => Some(Policy::load(directory).map_err(Failure::from)?),
        None => None,
    };
    let databases = Databases::load(&args.ip_data.wanted()).map_err(Failure::from)?;
    let today = today()?;
    let place = databases.place(address, today);
    let country = place.country();
    let network = policy
        .as_ref()
        .and_then(|policy| policy.internal_network(address));
    let answer = Answer {
        address,
        internal: network.map(|network| Internal {
            cidr: network.cidr.to_string(),
            purpose: &network.purpose,
            owner: &network.owner,
        }),
        country,
        third_country: policy
            .as_ref()
            .and_then(|policy| policy.third_country(country?, today)),
        place: &place,
        databases: databases.describe().collect(),
    };
    match args.format {
        CheckFormat::Json => {
            writeln!(io::stdout(), "{}", serde_json::to_string(&answer)?)?;
        }
        CheckFormat::Text => {
            let home = policy
                .as_ref()
                .and_then(|policy| policy.home())
                .map(ToString::to_string);
            print(&answer, home.as_deref(), today, &mut io::stdout().lock())?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn print(
    answer: &Answer<'_>,
    home: Option<&str>,
    today: Date,
    out: &mut impl Write,
) -> io::Result<()> {
    let place = answer.place;
    writeln!(out, "{}\n", answer.address)?;
    writeln!(
        out,
        "{:<22} {:<10}  {:<6}  {:<10}  {:<12}  ANYCAST",
        "SOURCE", "BUILT", "HOSTED", "REGISTERED", "AS"
    )?;
    for database in &answer.databases {
        row(place, database, today, out)?;
    }
    writeln!(out)?;
    if let Some(internal) = &answer.internal {
        let text = format!(
            "{} ({}), a network of the platform: internal, whatever databases say",
            internal.cidr, internal.purpose
        );
        line("internal", &text, out)?;
    }
    let mut hosted = said(&place.hosted_in, ToString::to_string);
    if place.is_anycast() {
        hosted.push_str("; being anycast, it is in no one country");
    }
    if let (Some(home), Some(third)) = (home, answer.third_country) {
        let side = if third { "outside" } else { "inside" };
        hosted.push_str(&format!("; {side} {home}"));
    }
    line("hosted in", &hosted, out)?;
    let registered = said(&place.registered_in, ToString::to_string);
    line("registered in", &registered, out)?;
    line("operator", &said(&place.operator, ToString::to_string), out)?;
    let anycast = said(&place.anycast, |flag| yes_no(*flag).to_owned());
    line("anycast", &anycast, out)
}

/// What one database says: its answers, then prefix, organisation and why some
/// do not count.
fn row(place: &Place, database: &Description, today: Date, out: &mut impl Write) -> io::Result<()> {
    let name = database.name.as_str();
    let hosted = of(&place.hosted_in, name);
    let registered = of(&place.registered_in, name);
    let operator = of(&place.operator, name);
    let anycast = of(&place.anycast, name);
    writeln!(
        out,
        "{:<22} {:<10}  {:<6}  {:<10}  {:<12}  {}",
        cut(name, 22),
        database.built_on().to_string(),
        cell(hosted, ToString::to_string),
        cell(registered, ToString::to_string),
        cell(operator, |operator| operator.asn.to_string()),
        cell(anycast, |flag| yes_no(*flag).to_owned()),
    )?;
    let prefix = hosted
        .and_then(|one| one.prefix.as_deref())
        .or_else(|| registered?.prefix.as_deref())
        .or_else(|| operator?.prefix.as_deref())
        .or_else(|| anycast?.prefix.as_deref());
    let organisation = operator
        .and_then(|one| one.value.as_ref())
        .and_then(|operator| operator.organisation.as_deref());
    let old = database.too_old(today);
    let notes = [
        hosted.and_then(|one| one.note.as_deref()),
        registered.and_then(|one| one.note.as_deref()),
        operator.and_then(|one| one.note.as_deref()),
        anycast.and_then(|one| one.note.as_deref()),
    ];
    let mut parts: Vec<&str> = vec![prefix.unwrap_or("no entry")];
    parts.extend(organisation);
    // Of too old an entry only that is worth saying.
    match &old {
        Some(old) => parts.push(old),
        None => parts.extend(notes.into_iter().flatten()),
    }
    parts.dedup();
    wrapped("  ", &parts.join("; "), out)
}

fn of<'a, T>(answers: &'a Answers<T>, name: &str) -> Option<&'a SourceAnswer<T>> {
    answers.sources.iter().find(|one| *one.source == *name)
}

/// An answer that does not count is in parentheses.
fn cell<T>(answer: Option<&SourceAnswer<T>>, text: impl Fn(&T) -> String) -> String {
    let Some((answer, value)) = answer.and_then(|one| Some((one, one.value.as_ref()?))) else {
        return "-".to_owned();
    };
    match answer.note {
        Some(_) => format!("({})", text(value)),
        None => text(value),
    }
}

/// `DE (unanimous, 2 of 3 sources)`, or why there is no value.
fn said<T>(answers: &Answers<T>, text: impl Fn(&T) -> String) -> String {
    let agreement = answers.agreement.label();
    let counts = |one: &&SourceAnswer<T>| one.value.is_some() && one.note.is_none();
    let answered = answers.sources.iter().filter(counts).count();
    let all = answers.sources.len();
    match (&answers.value, &answers.reason) {
        (Some(value), _) => {
            let of = format!("{agreement}, {answered} of {all} sources");
            format!("{} ({of})", text(value))
        }
        (None, Some(reason)) => format!("{agreement}: {reason}"),
        (None, None) => agreement.to_owned(),
    }
}

fn yes_no(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}

fn line(what: &str, text: &str, out: &mut impl Write) -> io::Result<()> {
    let label = format!("{what:<15}");
    wrapped(&label, text, out)
}

/// Writes within [`WIDTH`]; further lines are indented as far as the first.
fn wrapped(before: &str, text: &str, out: &mut impl Write) -> io::Result<()> {
    let indent = before.chars().count();
    write!(out, "{before}")?;
    let mut column = indent;
    for word in text.split(' ') {
        let width = word.chars().count();
        if column > indent && column + 1 + width > WIDTH {
            write!(out, "\n{:indent$}", "")?;
            column = indent;
        } else if column > indent {
            write!(out, " ")?;
            column += 1;
        }
        write!(out, "{word}")?;
        column += width;
    }
    writeln!(out)
}

fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let head: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{head}…")
}
