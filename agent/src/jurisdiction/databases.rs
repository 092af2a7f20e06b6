//! Every database in force, and what they say together.

use std::{
    collections::HashSet,
    io,
    net::IpAddr,
    path::Path,
    sync::{Arc, Mutex, PoisonError},
};

use jiff::civil::Date;

use super::{
    agree::{Heard, combine},
    answer::Place,
    database::Database,
    description::{DatabaseFile, Description},
    error::DatabaseError,
    image::Image,
};
use crate::record::{FlowRecord, Scope};
/// The databases in force. They never change: newer files are newer databases.
pub struct Databases {
    databases: Vec<Arc<Database>>,
    ages: Mutex<Ages>,
    /// What holds of a record without a destination.
    nowhere: Arc<Place>,
}

/// How old the databases are on a day.
struct Ages {
    day: Date,
    /// Why a database's answers do not count on that day, in their order.
    too_old: Arc<[Option<Arc<str>>]>,
}

impl Databases {
    /// Copies the files into sealed memory and checks each as a whole.
    ///
    /// # Errors
    /// When there is none, two have one name, or one is not a database that
    /// states anything that is asked.
    pub fn open(files: &[DatabaseFile]) -> Result<Self, DatabaseError> {
        Self::open_with(files, Image::map)
    }

    /// As [`Databases::open`], with another way to get at a file's bytes. `load`
    /// is called for regular files that are not empty.
    ///
    /// # Errors
    /// As [`Databases::open`].
    pub fn open_with(
        files: &[DatabaseFile],
        load: impl Fn(&Path) -> io::Result<Image>,
    ) -> Result<Self, DatabaseError> {
        let open = |file: &DatabaseFile| {
            Database::open(file, &load)
                .map(Arc::new)
                .map_err(|fault| DatabaseError::Unusable {
                    path: file.path.clone(),
                    fault,
                })
        };
        Self::of(files.iter().map(open).collect::<Result<_, _>>()?)
    }

    /// These databases, if there are any and their names differ.
    pub(super) fn of(databases: Vec<Arc<Database>>) -> Result<Self, DatabaseError> {
        if databases.is_empty() {
            return Err(DatabaseError::NoneGiven);
        }
        let mut names = HashSet::new();
        for database in &databases {
            let name = &database.description().name;
            if !names.insert(name) {
                return Err(DatabaseError::DuplicateName(name.clone()));
            }
        }
        Ok(Self {
            databases,
            ages: Mutex::new(Ages {
                day: Date::MIN,
                too_old: Arc::new([]),
            }),
            nowhere: Arc::new(Place::unknown("the record holds no destination")),
        })
    }

    /// The database of that name.
    pub(super) fn get(&self, name: &str) -> Option<&Arc<Database>> {
        self.databases
            .iter()
            .find(|database| database.is_called(name))
    }

    /// Which databases these are, in the order in which they were given.
    pub fn describe(&self) -> impl Iterator<Item = &Description> {
        self.databases.iter().map(|database| database.description())
    }

    /// What every source says of `address`, where those count that are not too
    /// old on that day.
    pub fn place(&self, address: IpAddr, today: Date) -> Arc<Place> {
        let too_old = self.too_old(today);
        let mut heard = Heard::default();
        for (database, too_old) in self.databases.iter().zip(&*too_old) {
            database.tell(address, too_old.as_ref(), &mut heard);
        }
        Arc::new(combine(address, heard))
    }

    fn too_old(&self, today: Date) -> Arc<[Option<Arc<str>>]> {
        let mut ages = self.ages.lock().unwrap_or_else(PoisonError::into_inner);
        if ages.day != today || ages.too_old.len() != self.databases.len() {
            let old =
                |database: &Arc<Database>| database.description().too_old(today).map(Arc::from);
            *ages = Ages {
                day: today,
                too_old: self.databases.iter().map(old).collect(),
            };
        }
        Arc::clone(&ages.too_old)
    }

    /// What every source says of a record's destination, as of a day.
    pub fn place_of(&self, record: &FlowRecord, today: Date) -> Arc<Place> {
        match record.scope {
            Scope::Exact | Scope::Unseen => self.place(record.address, today),
            Scope::Folded | Scope::Sink => Arc::clone(&self.nowhere),
        }
    }
}
