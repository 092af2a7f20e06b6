//! Checks `coverage`, `findings`, `claims` and `derived`: files that follow from the log and
//! the allowlists are made again and compared byte for byte.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, BufReader, Read as _, Write},
};

use serde_json::Value;

use super::{
    archive::Opened,
    check::{Check, Doubt, Found, failed, incomplete},
    statement::About,
};
use crate::{
    counted::count,
    evidence::{EvidenceError, derive},
    ledger::Unpacked,
};

/// Files that have a check of their own.
const OWN: [(&str, Check); 3] = [
    ("coverage.json", Check::Coverage),
    ("findings.json", Check::Findings),
    ("claims.json", Check::Claims),
];

/// Files that are not derived, beside those of `keys/`, `log/` and `policy/`.
const OTHERS: [&str; 6] = [
    "README.txt",
    "SHA256SUMS",
    "node.pub",
    "previous.json",
    "statement.dsse.json",
    "verify.py",
];

/// What came of making files again: by name, what is wrong with each.
pub(super) struct Again(Result<BTreeMap<String, Result<(), Doubt>>, Doubt>);

/// Makes them again.
pub(super) fn again(bundle: &Opened, unpacked: &Unpacked, about: &About) -> Again {
    let own = env!("CARGO_PKG_VERSION");
    let version = &about.predicate.version;
    if version != own {
        return Again(Err(incomplete(format!(
            "files derived by version {version} are not made again by {own}: ask weir {version}"
        ))));
    }
    let mut files = BTreeMap::new();
    let made = derive(unpacked, &about.predicate, |name, write| {
        files.insert(name.to_owned(), compare(bundle, name, write));
        Ok(())
    });
    Again(match made {
        Ok(()) => Ok(files),
        Err(error @ (EvidenceError::NoPolicy(_) | EvidenceError::Policy(_))) => {
            Err(incomplete(format!("files cannot be made again ({error})")))
        }
        Err(error) => Err(failed(format!("files cannot be made again ({error})"))),
    })
}

/// Compares what is written with a file, as it is written.
struct Comparing<R> {
    with: R,
    at: u64,
    differs: Option<u64>,
}

impl<R: io::Read> Write for Comparing<R> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.differs.is_none() {
            let mut own = vec![0; bytes.len()];
            let read = read_full(&mut self.with, &mut own)?;
            let same = own
                .iter()
                .take(read)
                .zip(bytes)
                .take_while(|(own, byte)| own == byte)
                .count();
            if same < bytes.len() {
                self.differs = Some(self.at + same as u64);
            }
            self.at += same as u64;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn read_full(from: &mut impl io::Read, to: &mut [u8]) -> io::Result<usize> {
    let mut read = 0;
    while let Some(rest) = to.get_mut(read..).filter(|rest| !rest.is_empty()) {
        match from.read(rest)? {
            0 => break,
            more => read += more,
        }
    }
    Ok(read)
}

fn compare(
    bundle: &Opened,
    name: &str,
    write: &dyn Fn(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Doubt> {
    if bundle.digest(name).is_none() {
        return Err(failed(format!(
            "{name} is missing, and follows from what is there: the bundle is not whole"
        )));
    }
    let unreadable = |error: io::Error| failed(format!("{name} cannot be read ({error})"));
    let file = File::open(bundle.directory().join(name)).map_err(unreadable)?;
    let mut comparing = io::BufWriter::new(Comparing {
        with: BufReader::new(file),
        at: 0,
        differs: None,
    });
    write(&mut comparing).map_err(unreadable)?;
    comparing.flush().map_err(unreadable)?;
    let mut comparing = comparing
        .into_inner()
        .map_err(|error| unreadable(error.into_error()))?;
    let mut more = [0];
    let longer =
        comparing.differs.is_none() && comparing.with.read(&mut more).map_err(unreadable)? > 0;
    match comparing.differs.or(longer.then_some(comparing.at)) {
        None => Ok(()),
        Some(at) => Err(failed(format!(
            "{name} is other than the log and the allowlists make it, from byte {at} on: it was \
             changed before it was signed; rely on the log, and ask the operator"
        ))),
    }
}

impl Again {
    fn of(&self, name: &str) -> Result<(), Doubt> {
        let files = self.0.as_ref().map_err(Clone::clone)?;
        files.get(name).cloned().unwrap_or_else(|| {
            Err(incomplete(format!(
                "a bundle that shows so little has no {name}"
            )))
        })
    }

    /// `coverage`.
    pub(super) fn coverage(&self, bundle: &Opened) -> Found {
        self.of("coverage.json")?;
        let file: Value = serde_json::from_slice(&bundle.read("coverage.json")?)
            .map_err(|error| failed(format!("coverage.json is not JSON ({error})")))?;
        let number = |at: &str| file.pointer(at).and_then(Value::as_i64).unwrap_or(0);
        let said = format!(
            "{} of {} eligible seconds were examined",
            number("/examined/seconds"),
            number("/examined/of_seconds")
        );
        if file["complete"] == Value::Bool(true) {
            return Ok(said);
        }
        let mut why: BTreeSet<&str> = BTreeSet::new();
        let parts = file["unexamined"].as_array().into_iter().flatten();
        why.extend(parts.filter_map(|part| part["disposition"].as_str()));
        if why.is_empty() {
            return Err(incomplete(format!(
                "{said}; the record does not begin with the period, of which the rest is not \
                 examined"
            )));
        }
        Err(incomplete(format!(
            "{said}; {} not examined: {}",
            count(file["unexamined"].as_array().map_or(0, Vec::len), "part"),
            why.into_iter().collect::<Vec<_>>().join(", ")
        )))
    }

    /// `findings`.
    pub(super) fn findings(&self) -> Found {
        self.of("findings.json")?;
        Ok("findings.json has what the log opened, updated and closed".to_owned())
    }

    /// `claims`.
    pub(super) fn claims(&self) -> Found {
        self.of("claims.json")?;
        Ok("claims.json says what the log and the allowlists make of each claim".to_owned())
    }

    /// `derived`: all others, and no file beside those that are known.
    pub(super) fn derived(&self, bundle: &Opened) -> Found {
        let files = self.0.as_ref().map_err(Clone::clone)?;
        let own = |name: &str| OWN.iter().any(|(file, _)| *file == name);
        for (_, found) in files.iter().filter(|(name, _)| !own(name)) {
            found.clone()?;
        }
        for (name, _) in bundle.files() {
            let name = name.as_str();
            let primary = ["keys/", "log/", "policy/"]
                .iter()
                .any(|directory| name.starts_with(directory));
            if !primary && !OTHERS.contains(&name) && !files.contains_key(name) {
                return Err(failed(format!(
                    "{name} follows from nothing in the bundle: it was added before it was signed"
                )));
            }
        }
        if bundle.digest("verify.py") != Some(weir_evidence::digest::Digest::of(VERIFIER)) {
            return Err(failed(
                "verify.py is not the one of this version: do not run it; take it from a source \
                 that you trust",
            ));
        }
        Ok(format!(
            "{} files are byte for byte what the log and the allowlists make them",
            files.len()
        ))
    }
}

/// The verifier that goes into each bundle.
const VERIFIER: &[u8] = include_bytes!("../../../../evidence/verify.py");
