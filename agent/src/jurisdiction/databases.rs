//! Every database in force, and what they say together.

use std::{
    collections::BTreeMap,
    io,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
};

use super::{
    country::{Agreement, CountryCode, HostedIn, Located, SourceAnswer},
    database::{Answer, Database, Description, Image},
    error::DatabaseError,
    special,
};
use crate::{bounded::Bounded, naming::Named, record::Scope};

/// Addresses remembered. Each takes about 500 bytes.
const REMEMBERED: usize = 16_384;

/// The databases in force. They never change: newer files are newer databases.
pub struct Databases {
    databases: Vec<Database>,
    known: Mutex<Bounded<IpAddr, Arc<HostedIn>>>,
    /// What holds of a record without a destination.
    nowhere: Arc<HostedIn>,
}

impl Databases {
    /// Reads the files at the paths into memory, each with the name that its
    /// answers bear, and checks each as a whole.
    ///
    /// # Errors
    /// When there is none, two have one name, or one is not a database that
    /// tells countries.
    pub fn open(sources: &[(String, PathBuf)]) -> Result<Self, DatabaseError> {
        Self::open_with(sources, Image::read)
    }

    /// As [`Databases::open`], with another way to get at a file's bytes, such
    /// as a memory map. `load` is called for regular files that are not empty.
    ///
    /// # Errors
    /// As [`Databases::open`].
    pub fn open_with(
        sources: &[(String, PathBuf)],
        load: impl Fn(&Path) -> io::Result<Image>,
    ) -> Result<Self, DatabaseError> {
        if sources.is_empty() {
            return Err(DatabaseError::NoneGiven);
        }
        let mut databases: Vec<Database> = Vec::with_capacity(sources.len());
        for (name, path) in sources {
            if databases
                .iter()
                .any(|database| database.description().name == *name)
            {
                return Err(DatabaseError::DuplicateName(name.clone()));
            }
            let database =
                Database::open(name, path, &load).map_err(|fault| DatabaseError::Unusable {
                    path: path.clone(),
                    fault,
                })?;
            databases.push(database);
        }
        Ok(Self {
            databases,
            known: Mutex::new(Bounded::new(REMEMBERED)),
            nowhere: Arc::new(HostedIn {
                country: None,
                agreement: Agreement::Unknown,
                sources: Vec::new(),
                reason: Some("the record holds no destination".to_owned()),
            }),
        })
    }

    /// Which databases these are, in the order in which they were given.
    pub fn describe(&self) -> Vec<Description> {
        self.databases
            .iter()
            .map(|database| database.description().clone())
            .collect()
    }

    /// Where `address` is hosted, by every source.
    pub fn hosted_in(&self, address: IpAddr) -> Arc<HostedIn> {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(hosted) = known.get_mut(&address) {
            return Arc::clone(hosted);
        }
        let answers = self
            .databases
            .iter()
            .map(|database| database.answer(address))
            .collect();
        let hosted = Arc::new(combine(address, answers));
        known.insert(address, Arc::clone(&hosted));
        hosted
    }

    /// The flow with its place.
    pub fn locate(&self, flow: Named) -> Located {
        let record = &flow.flow.record;
        let hosted_in = match record.scope {
            Scope::Exact | Scope::Unseen => self.hosted_in(record.address),
            Scope::Folded | Scope::Sink => Arc::clone(&self.nowhere),
        };
        Located { flow, hosted_in }
    }
}

/// Puts the answers side by side and says what they support.
fn combine(address: IpAddr, answers: Vec<Answer>) -> HostedIn {
    let (sources, reasons): (Vec<SourceAnswer>, Vec<Option<String>>) = answers
        .into_iter()
        .map(|answer| (answer.answer, answer.reason))
        .unzip();
    let (agreement, country) = agree(&sources);
    let reason = match agreement {
        Agreement::Unanimous | Agreement::Majority => None,
        Agreement::Disputed => Some(format!("the sources disagree: {}", disagreement(&sources))),
        Agreement::Unknown => Some(why_unknown(address, &reasons)),
    };
    HostedIn {
        country,
        agreement,
        sources,
        reason,
    }
}

fn agree(sources: &[SourceAnswer]) -> (Agreement, Option<CountryCode>) {
    let mut counts: BTreeMap<CountryCode, usize> = BTreeMap::new();
    for country in sources.iter().filter_map(|source| source.country) {
        *counts.entry(country).or_default() += 1;
    }
    let answered: usize = counts.values().sum();
    match counts.iter().max_by_key(|(_, count)| **count) {
        None => (Agreement::Unknown, None),
        Some((country, &count)) if count == answered => (Agreement::Unanimous, Some(*country)),
        Some((country, &count)) if count * 2 > answered => (Agreement::Majority, Some(*country)),
        Some(_) => (Agreement::Disputed, None),
    }
}

fn disagreement(sources: &[SourceAnswer]) -> String {
    let stated = sources.iter().filter_map(|source| {
        source
            .country
            .map(|country| format!("`{}` says {country}", source.source))
    });
    stated.collect::<Vec<_>>().join(", ")
}

fn why_unknown(address: IpAddr, reasons: &[Option<String>]) -> String {
    let reasons: Vec<&str> = reasons.iter().flatten().map(String::as_str).collect();
    match special::block_of(address) {
        Some(block) => format!("{address} is in {block}, which belongs to no country"),
        None if reasons.is_empty() => format!("no database has an entry for {address}"),
        None => reasons.join("; "),
    }
}
