//! Check `consistency`: the log continues the one of the bundle before, so that nothing that
//! was handed out was rewritten.

use std::path::Path;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use weir_evidence::digest::Digest;
use weir_ledger::continues;

use super::{
    archive::Opened,
    check::{Doubt, Found, failed, incomplete},
    checkpoint,
    keys::Keys,
    statement::{self, About},
    sums,
};

pub(super) fn check(bundle: &Opened, about: &About, keys: &Keys, previous: Option<&Path>) -> Found {
    let Some(said) = &about.predicate.previous else {
        return match previous {
            Some(_) => Err(failed(
                "the bundle begins with entry 1, and a previous one was given: they are of two \
                 logs, or in the wrong order",
            )),
            None => Ok("the bundle begins with the first entry of the log".to_owned()),
        };
    };
    let path = about.log_path("previous.checkpoint");
    let (size, root, _) = checkpoint::read(bundle, &path, about, keys)?;
    if (said.size, said.root) != (size, root) {
        return Err(failed(format!(
            "{path} is of {size} entries with root {root}, and the statement says {} with {}",
            said.size, said.root
        )));
    }
    let tree = &about.predicate.tree;
    let proof = proof(bundle, &about.log_path("consistency.proof"))?;
    if !continues(
        &proof,
        (tree.size, *tree.root.bytes()),
        (size, *root.bytes()),
    ) {
        return Err(failed(format!(
            "{} does not show that the log of {} entries continues that of {size}: the log was \
             written anew",
            about.log_path("consistency.proof"),
            tree.size
        )));
    }
    match previous {
        Some(previous) => after(about, keys, previous, (size, root)),
        None => Err(incomplete(format!(
            "the log continues the one of {size} entries with root {root}: whether that is the \
             one you had is not known without --previous"
        ))),
    }
}

fn proof(bundle: &Opened, path: &str) -> Result<Vec<[u8; 32]>, Doubt> {
    let text = bundle.text(path)?;
    if !(text.is_empty() || text.ends_with('\n')) {
        return Err(failed(format!(
            "{path} does not end with a whole line: it was cut"
        )));
    }
    let hash = |line: &str| -> Option<[u8; 32]> { STANDARD.decode(line).ok()?.try_into().ok() };
    text.lines()
        .map(|line| hash(line).ok_or_else(|| failed(format!("{path} has a line that is no hash"))))
        .collect()
}

/// This bundle against the one before it.
fn after(about: &About, keys: &Keys, previous: &Path, (size, root): (u64, Digest)) -> Found {
    let (old, had) = believed(previous).map_err(|doubt| match doubt {
        Doubt::Failed(what) => failed(format!("the previous bundle does not hold itself: {what}")),
        Doubt::Incomplete(what) | Doubt::Skipped(what) => {
            incomplete(format!("the previous bundle could not be read: {what}"))
        }
    })?;
    let (new, old) = (&about.predicate, &old.predicate);
    if old.node != new.node {
        return Err(failed(format!(
            "the previous bundle is of {}: give the one of this node",
            old.node
        )));
    }
    if !keys.notes().starts_with(&had.notes()) {
        return Err(failed(
            "keys of the previous bundle are not in this one: another signs in the node's name",
        ));
    }
    if old.tree.size > new.tree.size {
        return Err(failed(format!(
            "the previous bundle has {} entries and this one {}: the log was rolled back, or the \
             bundles are in the wrong order",
            old.tree.size, new.tree.size
        )));
    }
    if (old.tree.size, old.tree.root) != (size, root) {
        let what = if old.tree.size == size {
            "another history of as many entries".to_owned()
        } else {
            format!("{} entries", old.tree.size)
        };
        return Err(failed(format!(
            "this bundle continues a log of {size} entries with root {root}, and the previous \
             one has {what} (root {}): the log was forked, or a bundle between them is missing",
            old.tree.root
        )));
    }
    if old.period.to < new.period.from {
        return Err(incomplete(format!(
            "the log continues that of the previous bundle; {} to {} is in neither: ask for that \
             period, too",
            old.period.to, new.period.from
        )));
    }
    Ok(format!(
        "continues the {size} entries of the previous bundle, whose period ends at {}",
        old.period.to
    ))
}

/// What a bundle says, once all of it is what was signed.
fn believed(path: &Path) -> Result<(About, Keys), Doubt> {
    let bundle = Opened::open(path, &mut |_, _| ())?;
    sums::check(&bundle)?;
    let keys = Keys::read(&bundle)?;
    let about = statement::open(&bundle, &keys)?;
    checkpoint::check(&bundle, &about, &keys)?;
    Ok((about, keys))
}
