//! `weir geo lookup`: what every database says of an address, or of the addresses that
//! are recorded for a name.

use std::{
    io::{self, Write},
    net::IpAddr,
    path::PathBuf,
    process::ExitCode,
};

use jiff::civil::Date;

use super::{address::Answer, name, today};
use crate::{
    cli::{check::CheckFormat, ip_data::IpDataArgs},
    daemon::Failure,
    jurisdiction::Databases,
    naming::DomainName,
    policy::Policy,
};

/// What `weir geo lookup` is asked.
#[derive(Debug, clap::Args)]
pub(super) struct LookupArgs {
    /// Address to look up; or name, of which the addresses are taken from the record,
    /// never from the network.
    #[arg(value_name = "ADDR|NAME", value_parser = what)]
    what: What,

    #[command(flatten)]
    ip_data: IpDataArgs,

    /// Directory of the embedded store, which has the addresses of names.
    #[arg(long, value_name = "DIR", default_value = "/var/lib/weir")]
    store: PathBuf,

    /// Allowlists: say whether the address is of the platform's own networks, whether its
    /// country is within the platform's home, and who is known to operate it.
    #[arg(long, value_name = "DIR")]
    allowlists: Option<PathBuf>,

    /// How to answer: text or one JSON object.
    #[arg(long, value_enum, default_value_t)]
    format: CheckFormat,
}

#[derive(Clone, Debug)]
enum What {
    Address(IpAddr),
    Name(DomainName),
}

fn what(text: &str) -> Result<What, String> {
    if let Ok(address) = text.parse::<IpAddr>() {
        return Ok(What::Address(address.to_canonical()));
    }
    let name = text.parse().map(What::Name);
    name.map_err(|fault| format!("it is no address, and no name: {fault}"))
}

/// What is asked, and by what.
pub(super) struct Sources<'a> {
    pub(super) databases: &'a Databases,
    pub(super) policy: Option<&'a Policy>,
    pub(super) today: Date,
}

/// Looks up and prints.
///
/// # Errors
/// The databases, allowlists or store cannot be used, or the answer cannot be written.
pub(super) fn run(args: &LookupArgs) -> anyhow::Result<ExitCode> {
    let policy = match &args.allowlists {
        Some(directory) => Some(Policy::load(directory).map_err(Failure::from)?),
        None => None,
    };
    let databases = Databases::load(&args.ip_data.wanted()).map_err(Failure::from)?;
    let sources = Sources {
        databases: &databases,
        policy: policy.as_ref(),
        today: today()?,
    };
    match &args.what {
        What::Address(address) => {
            let answer = sources.answer(*address);
            let mut out = io::stdout().lock();
            match args.format {
                CheckFormat::Json => writeln!(out, "{}", serde_json::to_string(&answer)?)?,
                CheckFormat::Text => {
                    writeln!(out, "{address}\n")?;
                    answer.print(&mut out)?;
                }
            }
            Ok(ExitCode::SUCCESS)
        }
        What::Name(name) => name::run(name, &args.store, args.format, &sources),
    }
}

impl Sources<'_> {
    pub(super) fn answer(&self, address: IpAddr) -> Answer<'_> {
        Answer::of(address, self.databases, self.policy, self.today)
    }
}
