//! What file and environment say, read once.

use std::{
    collections::BTreeMap,
    env,
    ffi::OsString,
    fs, io,
    ops::Range,
    path::{Path, PathBuf},
    sync::Arc,
};

use serde_json::{Map, Value};

use super::{
    CONFIG, Config, check,
    environment::{Environment, put, variable},
    reader::{self, Read},
    schema::schema,
};
use crate::policy::{Diagnostic, Position, Rejected, Source, read_text};

/// Where the file is looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Wanted {
    /// Nowhere: the environment and the command line alone count.
    None,
    /// Where it usually is; it need not be there.
    Usual,
    /// Here.
    At(PathBuf),
}

impl Wanted {
    /// As `--config` or `WEIR_CONFIG` say it: a file, or `off`.
    pub fn of(option: Option<&Path>) -> Self {
        let named = option.map(PathBuf::from).or_else(|| {
            let variable = env::var_os("WEIR_CONFIG");
            variable.filter(|name| !name.is_empty()).map(PathBuf::from)
        });
        match named {
            None => Self::Usual,
            Some(name) if name.as_os_str() == "off" => Self::None,
            Some(name) => Self::At(name),
        }
    }
}

/// Where a value comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Nobody said it.
    Default,
    /// The file, at this place.
    File(Position),
    /// This variable.
    Environment(String),
    /// The command line.
    CommandLine,
}

/// What file and environment say, without errors.
#[derive(Clone, Debug, Default)]
pub struct Loaded {
    source: Option<Arc<Source>>,
    config: Config,
    values: Map<String, Value>,
    places: BTreeMap<String, Range<usize>>,
    /// Keys that the environment has.
    overridden: Vec<String>,
    unknown: Vec<(String, Option<String>)>,
}

impl Loaded {
    /// Reads both.
    ///
    /// # Errors
    /// Everything that is wrong with either.
    pub fn read(
        wanted: &Wanted,
        variables: impl Iterator<Item = (OsString, OsString)>,
    ) -> Result<Self, Rejected> {
        let source = find(wanted).map_err(|problem| {
            let directory = problem.file.parent().map(Path::to_owned);
            Rejected::new(&directory.unwrap_or_default(), vec![*problem])
        })?;
        let root = schema();
        let read = source.as_ref().map(|source| reader::read(source, &root));
        let (mut values, places, mut found) = match read {
            Some(Read {
                values,
                places,
                problems,
            }) => (values, places, problems.into_found()),
            None => Default::default(),
        };
        let environment = Environment::read(variables, &root);
        found.extend(environment.problems.into_found());
        let overridden = environment.values.keys().cloned().collect();
        for (path, value) in environment.values {
            put(&mut values, &path, value);
        }
        let mut loaded = Self {
            source,
            config: Config::default(),
            values,
            places,
            overridden,
            unknown: environment.unknown,
        };
        if found.is_empty() {
            loaded.understand(&mut found);
        }
        match Rejected::if_any(&loaded.directory(), found) {
            Some(rejected) => Err(rejected),
            None => Ok(loaded),
        }
    }

    /// Takes the values for what they mean, once each of them is right.
    fn understand(&mut self, found: &mut Vec<Diagnostic>) {
        match serde_json::from_value(Value::Object(self.values.clone())) {
            Ok(config) => self.config = config,
            Err(error) => {
                let help = "see docs/config.md for what the keys may be";
                found.push(self.diagnostic("", error.to_string(), help));
                return;
            }
        }
        check::check(&self.values, &mut |path, message, help| {
            found.push(self.diagnostic(path, message, help));
        });
    }

    /// What they say, as types.
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// The file that was read.
    pub fn file(&self) -> Option<&Path> {
        self.source.as_ref().map(|source| source.path.as_path())
    }

    /// Variables that look like those of keys and are none, with the one that is near.
    pub fn unknown(&self) -> &[(String, Option<String>)] {
        &self.unknown
    }

    /// The value of a key, such as `metrics.listen`, as it is written.
    pub fn value(&self, path: &str) -> Option<&Value> {
        let (section, key) = path.split_once('.')?;
        self.values.get(section)?.get(key)
    }

    /// The value as the command line would have it: one text, or one for each item.
    pub fn texts(&self, path: &str) -> Option<Vec<String>> {
        Some(match self.value(path)? {
            Value::Array(items) => items.iter().map(text).collect(),
            one => vec![text(one)],
        })
    }

    /// Where the value of a key comes from.
    pub fn origin(&self, path: &str) -> Origin {
        if self.overridden.iter().any(|one| one == path) {
            return Origin::Environment(variable(path));
        }
        match (&self.source, self.places.get(path)) {
            (Some(source), Some(span)) => Origin::File(source.position(span.start)),
            _ => Origin::Default,
        }
    }

    /// A refusal of what a key says, where it says it.
    pub fn refusal(
        &self,
        path: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Rejected {
        let problem = self.diagnostic(path, message, help);
        Rejected::new(&self.directory(), vec![problem])
    }

    /// Something to say of a key, at its value. An empty path is the whole file.
    pub fn diagnostic(
        &self,
        path: &str,
        message: impl Into<String>,
        help: impl Into<String>,
    ) -> Diagnostic {
        if let Origin::Environment(name) = self.origin(path) {
            return Diagnostic::whole(Path::new(&name), message, help);
        }
        match (&self.source, self.places.get(path)) {
            (Some(source), Some(span)) => Diagnostic::at(source, span.clone(), message, help),
            (Some(source), None) => Diagnostic::whole(&source.path, message, help),
            (None, _) => Diagnostic::whole(Path::new(CONFIG), message, help),
        }
    }

    /// The directory of the file.
    pub fn directory(&self) -> PathBuf {
        let file = self.file().unwrap_or(Path::new(CONFIG));
        file.parent().map(Path::to_owned).unwrap_or_default()
    }
}

/// A single value as text.
fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

fn find(wanted: &Wanted) -> Result<Option<Arc<Source>>, Box<Diagnostic>> {
    let path = match wanted {
        Wanted::None => return Ok(None),
        Wanted::Usual => Path::new(CONFIG),
        Wanted::At(path) => path,
    };
    let absent = || matches!(fs::symlink_metadata(path), Err(error) if error.kind() == io::ErrorKind::NotFound);
    if *wanted == Wanted::Usual && absent() {
        return Ok(None);
    }
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(Box::new(Diagnostic::whole(
            path,
            "this is not a file",
            "name the file with --config, or `off` for none",
        )));
    };
    read_text(directory, Path::new(name)).map(|source| Some(Arc::new(source)))
}
