//! Which IP databases a command uses.

use std::path::PathBuf;

use crate::{
    config::Database,
    jurisdiction::{IP_DATA, IpData, MAX_AGE_DAYS},
};

/// Options of every command that asks IP databases.
#[derive(Debug, clap::Args)]
pub(super) struct IpDataArgs {
    /// MaxMind-format database with countries, autonomous systems or anycast
    /// marks; may be given several times.
    #[arg(long, value_name = "[NAME=]FILE", alias = "country-db")]
    ip_db: Vec<Database>,

    /// Directory of which every *.mmdb is used; /var/lib/weir/ipdata if there is
    /// one.
    #[arg(long, value_name = "DIR")]
    ip_data: Option<PathBuf>,

    /// Days after its build date for which a database counts, unless the file
    /// NAME.toml beside it says otherwise.
    #[arg(long, value_name = "DAYS", default_value_t = MAX_AGE_DAYS, value_parser = clap::value_parser!(u32).range(1..))]
    ip_db_max_age: u32,
}

impl IpDataArgs {
    /// What is named, and no other directory; `None` if nothing is.
    pub(super) fn given(&self) -> Option<IpData> {
        let any = !self.ip_db.is_empty() || self.ip_data.is_some();
        any.then(|| IpData {
            directory: self.ip_data.clone(),
            ..self.wanted()
        })
    }

    /// What is asked for.
    pub(super) fn wanted(&self) -> IpData {
        IpData {
            named: self
                .ip_db
                .iter()
                .map(|one| (one.name.clone(), one.file.clone()))
                .collect(),
            must_exist: self.ip_data.is_some(),
            directory: Some(self.ip_data.clone().unwrap_or_else(|| IP_DATA.into())),
            max_age_days: self.ip_db_max_age,
        }
    }
}
