//! From the databases in force to those that the files hold by now.

use std::{path::PathBuf, sync::Arc};

use super::{
    database::Database,
    databases::Databases,
    description::{DatabaseFile, Description},
    error::DatabaseError,
    files::IpData,
    image::Image,
};
use crate::look::Look;

/// What came of looking at the files again.
pub struct Reloaded {
    /// The databases to put in force, if they are others than before.
    pub databases: Option<Databases>,
    /// Those among them that are new, or newer.
    pub loaded: Vec<Description>,
    /// Those that are no longer there.
    pub removed: Vec<Description>,
    /// Those that cannot be used. What was in force under the name still is.
    pub refused: Vec<Refusal>,
}

/// A database that cannot be used.
#[derive(Debug)]
pub struct Refusal {
    /// Name of the database, or of the directory.
    pub name: String,
    /// Why, and what to do about it.
    pub error: DatabaseError,
}

impl Databases {
    /// Opens what is asked for.
    ///
    /// # Errors
    /// When there is none, two have one name, one or its sidecar cannot be used,
    /// or the directory cannot be read.
    pub fn load(wanted: &IpData) -> Result<Self, DatabaseError> {
        let look = wanted.look();
        let mut databases: Vec<Arc<Database>> = Vec::new();
        for (name, path) in wanted.list()? {
            let file = wanted.file(&name, &path)?;
            databases.push(Arc::new(open(&file, &look)?));
        }
        Self::of(databases)
    }

    /// Opens what has changed since, or everything. The databases in force are
    /// not touched; what is the same is shared with them.
    pub fn reload(&self, wanted: &IpData, everything: bool) -> Reloaded {
        let look = wanted.look();
        let mut refused = Vec::new();
        let list = wanted.list().unwrap_or_else(|error| {
            // As if the directory held what it held before.
            let name = wanted.directory.as_ref().map(|path| path.display());
            let name = name.map(|name| name.to_string()).unwrap_or_default();
            refused.push(Refusal { name, error });
            self.list()
        });
        let (mut databases, mut loaded) = (Vec::<Arc<Database>>::new(), Vec::new());
        for (name, path) in list {
            if databases.iter().any(|other| other.is_called(&name)) {
                let error = DatabaseError::DuplicateName(name.clone());
                refused.push(Refusal { name, error });
                continue;
            }
            let before = self.get(&name);
            let opened = wanted.file(&name, &path).and_then(|file| match before {
                Some(before) if !everything && before.is_still(&file, &look) => {
                    Ok(Arc::clone(before))
                }
                _ => open(&file, &look).map(Arc::new),
            });
            match opened {
                Ok(database) => {
                    if before.is_none_or(|before| !before.tells_as(&database)) {
                        loaded.push(database.description().clone());
                    }
                    databases.push(database);
                }
                Err(error) => {
                    refused.push(Refusal { name, error });
                    databases.extend(before.cloned());
                }
            }
        }
        self.compare(databases, loaded, refused)
    }

    fn compare(
        &self,
        databases: Vec<Arc<Database>>,
        loaded: Vec<Description>,
        mut refused: Vec<Refusal>,
    ) -> Reloaded {
        let removed: Vec<Description> = self
            .describe()
            .filter(|before| !databases.iter().any(|after| after.is_called(&before.name)))
            .cloned()
            .collect();
        let same = loaded.is_empty() && removed.is_empty();
        let (databases, removed) = match Self::of(databases) {
            _ if same => (None, removed),
            Ok(databases) => (Some(databases), removed),
            // Without any, every place would be unknown: the last ones stay.
            Err(error) => {
                let names: Vec<_> = removed.iter().map(|one| one.name.as_str()).collect();
                let name = names.join(", ");
                refused.push(Refusal { name, error });
                (None, Vec::new())
            }
        };
        Reloaded {
            databases,
            loaded,
            removed,
            refused,
        }
    }

    fn list(&self) -> Vec<(String, PathBuf)> {
        self.describe()
            .map(|one| (one.name.clone(), one.path.clone()))
            .collect()
    }
}

fn open(file: &DatabaseFile, look: &Look) -> Result<Database, DatabaseError> {
    Database::open(file, Image::map)
        .map(|database| database.seen(look))
        .map_err(|fault| DatabaseError::Unusable {
            path: file.path.clone(),
            fault,
        })
}
