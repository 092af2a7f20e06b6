//! Makes a bundle.

use std::{
    collections::BTreeSet,
    io,
    path::{Path, PathBuf},
};

use weir_evidence::{
    digest::Digest,
    dsse::{self, Envelope},
    statement::{PAYLOAD_TYPE, Statement},
    sums,
};
use weir_ledger::{Cut, Node};

use super::{
    Chosen, Disclosure, Entries, EvidenceError, PREDICATE_TYPE, Period, Predicate, PseudonymKey,
    SCHEMA, Tree,
    derive::{self, derive},
    staging::Staging,
};
use crate::{
    account::Policies,
    history::{self, Span},
    ledger::{LedgerError, Source as _, Unpacked, short},
    policy::{ArchiveError, Policy, Set},
};

/// Name of the statement in its envelope.
const STATEMENT: &str = "statement.dsse.json";

/// The stand-alone verifier, which goes into every bundle.
const VERIFIER: &str = include_str!("../../../evidence/verify.py");

/// What is exported.
#[derive(Clone, Debug)]
pub struct Order {
    /// The store.
    pub store: PathBuf,
    /// The period.
    pub span: Span,
    /// Products whose flows are shown; all, if there is none.
    pub products: BTreeSet<String>,
    /// By what names of workloads become pseudonyms.
    pub pseudonyms: Option<PseudonymKey>,
    /// Whether a period that is not closed is exported as far as it is.
    pub unfinished: bool,
}

/// What an export is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Looks for the entries of the period.
    Choose,
    /// Writes entries: so many of so many are looked at.
    Entries(u64, u64),
    /// Makes the derived files.
    Derive,
    /// Digests, signs and packs.
    Pack,
}

impl Order {
    /// All of a period that is closed.
    pub fn of(store: &Path, span: Span) -> Self {
        Self {
            store: store.to_owned(),
            span,
            products: BTreeSet::new(),
            pseudonyms: None,
            unfinished: false,
        }
    }

    /// Products that are asked for have to be in one of the sets in force.
    fn check(&self) -> Result<(), EvidenceError> {
        if self.products.is_empty() {
            return Ok(());
        }
        let policies = derive::policies(&self.store, &self.span)?;
        let sets = policies.in_force().iter();
        let sets = sets.filter_map(|set| set.policy.as_ref().ok());
        let known: BTreeSet<&str> = sets
            .flat_map(Policy::products)
            .map(|product| product.name())
            .collect();
        let unknown = self
            .products
            .iter()
            .find(|name| !known.contains(name.as_str()));
        unknown.map_or(Ok(()), |product| {
            Err(EvidenceError::NoProduct {
                period: self.span,
                product: product.clone(),
                known: known.into_iter().collect::<Vec<_>>().join(", "),
            })
        })
    }

    fn disclosure(&self) -> Disclosure {
        Disclosure::of(self.products.clone(), self.pseudonyms.is_some())
    }
}

/// Name of the archive of a bundle.
pub fn name(node: &str, order: &Order) -> String {
    let period = order.span.to_string().replace("..", "_").replace(':', "");
    let mut name = format!("weir-{}-{period}", short(node));
    for product in &order.products {
        name.push('-');
        name.push_str(product);
    }
    if order.pseudonyms.is_some() {
        name.push_str("-pseudonymised");
    }
    if order.unfinished {
        name.push_str("-unfinished");
    }
    name + ".tar"
}

/// Exports a bundle to `out`: a directory that is there, or the file that is to be.
/// Gives where it is, and what its statement says.
///
/// # Errors
/// The store cannot be read, does not have the whole period (yet, or any more), or the
/// bundle cannot be written.
pub fn export(
    order: &Order,
    out: &Path,
    mut progress: impl FnMut(Phase),
) -> Result<(PathBuf, Predicate), EvidenceError> {
    let node = Node::existing(&order.store)?;
    let target = if out.is_dir() {
        out.join(name(node.name(), order))
    } else {
        out.to_owned()
    };
    progress(Phase::Choose);
    let chosen = Chosen::find(&order.store, &order.span, order.unfinished)?;
    order.check()?;
    let staging = Staging::beside(&target)?;
    let export = Export {
        order,
        node: &node,
        chosen: &chosen,
        staging: &staging,
    };
    let cut = export.cut(&mut progress)?;
    let predicate = export.predicate(&cut);
    export.log(&cut)?;
    export.keys()?;
    export.policies()?;
    export.previous()?;
    progress(Phase::Derive);
    let bundle = Unpacked::open(staging.directory(), node.name())?;
    derive(&bundle, &predicate, |name, write| {
        staging.add(name, |to| write(to))
    })?;
    progress(Phase::Pack);
    export.text(&predicate)?;
    export.sign(&predicate)?;
    let time = u64::try_from(order.span.to.as_second()).unwrap_or_default();
    staging.archive(&target, time)?;
    Ok((target, predicate))
}

struct Export<'a> {
    order: &'a Order,
    node: &'a Node,
    chosen: &'a Chosen,
    staging: &'a Staging,
}

impl Export<'_> {
    fn in_log(&self, name: &str) -> String {
        format!("log/{}/{name}", short(self.node.name()))
    }

    /// The entries.
    fn cut(&self, progress: &mut impl FnMut(Phase)) -> Result<Cut, EvidenceError> {
        let (chosen, disclosure) = (self.chosen, self.order.disclosure());
        let order = weir_ledger::Order {
            first: chosen.first,
            last: chosen.last,
            also: &chosen.before,
            shown: &|row| disclosure.shows(row),
            previous: chosen.previous,
            veil: self.order.pseudonyms.as_ref().map(PseudonymKey::veil),
        };
        let log = self.staging.subdirectory(&self.in_log(""))?;
        let last = chosen.last;
        let cut = weir_ledger::cut(&self.order.store, &log, &order, |reached| {
            progress(Phase::Entries(reached.min(last), last));
        })?;
        Ok(cut)
    }

    fn predicate(&self, cut: &Cut) -> Predicate {
        let chosen = self.chosen;
        let tree = |size, root| Tree {
            size,
            root: Digest::from_bytes(root),
        };
        Predicate {
            schema: SCHEMA.to_owned(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            builds: chosen.builds(),
            node: self.node.name().to_owned(),
            period: Period {
                from: self.order.span.from,
                to: self.order.span.to,
            },
            entries: Entries {
                first: chosen.first,
                last: chosen.last,
            },
            tree: tree(chosen.last, cut.root),
            previous: chosen
                .previous
                .zip(cut.previous)
                .map(|(size, root)| tree(size, root)),
            disclosure: self.order.disclosure(),
            closed: chosen.closed,
        }
    }

    /// Checkpoints, and the proof that one continues the other.
    fn log(&self, cut: &Cut) -> Result<(), EvidenceError> {
        let add = |name: &str, text: &str| self.add(&self.in_log(name), text);
        add(
            "checkpoint",
            &self.node.checkpoint(self.chosen.last, &cut.root)?,
        )?;
        if let Some((size, root)) = self.chosen.previous.zip(cut.previous) {
            add("previous.checkpoint", &self.node.checkpoint(size, &root)?)?;
            let lines = cut.consistency.iter().map(|hash| base64(hash) + "\n");
            add("consistency.proof", &lines.collect::<String>())?;
        }
        Ok(())
    }

    /// Every public key that the node ever had.
    fn keys(&self) -> Result<(), EvidenceError> {
        let odd = |what: &str| EvidenceError::Defect(what.to_owned());
        let mut list = String::new();
        for public in self.node.all_public() {
            let key = weir_ledger::verifying_key(public);
            let (_, key) = key.ok_or_else(|| odd("a public key that is none"))?;
            let pem = dsse::to_pem(&key).ok_or_else(|| odd("a public key without PEM"))?;
            self.add(&format!("keys/{}.pem", dsse::key_id(&key)), &pem)?;
            list.push_str(public);
            list.push('\n');
        }
        self.add("keys/node.pub", &list)
    }

    /// The sets of allowlists in force, each file as it was written.
    fn policies(&self) -> Result<(), EvidenceError> {
        let archive = self.order.store.archive();
        let mut known = BTreeSet::new();
        for one in history::policies(&self.order.store, &self.order.span)? {
            if !known.insert(one.digest.clone()) {
                continue;
            }
            let set: Set = archive.read(&one.digest)?;
            for source in set.sources() {
                let name = format!("policy/{}/{}", one.digest, source.name);
                self.add(&name, &source.text)?;
            }
        }
        Ok(())
    }

    /// The account of the period before in small, as far as the store still has it.
    fn previous(&self) -> Result<(), EvidenceError> {
        let earlier = self.chosen.earlier.as_ref();
        let Some((earlier, span)) = earlier.zip(self.order.span.before()) else {
            return Ok(());
        };
        let store = &self.order.store;
        let policies = match derive::policies(store, &span) {
            Ok(policies) => policies,
            // Not by this build, or not any more.
            Err(
                EvidenceError::NoPolicy(_)
                | EvidenceError::Policy(ArchiveError::Missing { .. } | ArchiveError::Refused(_)),
            ) => return Ok(()),
            Err(error) => return Err(error),
        };
        let Some(summary) = self.summary(earlier, &span, &policies)? else {
            return Ok(());
        };
        self.staging
            .add(derive::PREVIOUS, |to| derive::write_summary(&summary, to))
    }

    fn summary(
        &self,
        earlier: &Chosen,
        span: &Span,
        policies: &Policies,
    ) -> Result<Option<crate::account::Summary>, LedgerError> {
        let count = std::cell::Cell::new(0);
        let wanted = |seq| {
            let wanted = earlier.contains(seq);
            count.set(count.get() + u64::from(wanted && seq >= earlier.first));
            wanted
        };
        let account = derive::account(&self.order.store, span, policies, wanted)?;
        let whole = count.get() == earlier.last + 1 - earlier.first;
        Ok(whole.then(|| account.summary()))
    }

    /// What is the same in every bundle, and what a person reads first.
    fn text(&self, predicate: &Predicate) -> Result<(), EvidenceError> {
        self.add("verify.py", VERIFIER)?;
        self.add("README.txt", &super::readme::of(predicate))
    }

    /// Digests of all files, and the statement about them.
    fn sign(&self, predicate: &Predicate) -> Result<(), EvidenceError> {
        let mut files = self.staging.sums()?;
        let list = files.to_string();
        self.add(sums::FILE, &list)?;
        let name = sums::FILE.parse()?;
        files.add(name, Digest::of(list.as_bytes()));
        let defect = |error: serde_json::Error| EvidenceError::Defect(error.to_string());
        let statement = Statement::about(&files, PREDICATE_TYPE, predicate);
        let payload = serde_json::to_vec(&statement).map_err(defect)?;
        let envelope = Envelope::sign(PAYLOAD_TYPE, &payload, &self.node.signing_key()?);
        let text = serde_json::to_string(&envelope).map_err(defect)?;
        self.add(STATEMENT, &format!("{text}\n"))
    }

    fn add(&self, name: &str, text: &str) -> Result<(), EvidenceError> {
        self.staging
            .add(name, |to| io::Write::write_all(to, text.as_bytes()))
    }
}

fn base64(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}
