//! Check `checkpoint`: the node has signed the tree that the statement names.

use weir_evidence::digest::Digest;
use weir_ledger::verify_checkpoint;

use super::{
    archive::Opened,
    check::{Doubt, Found, failed},
    keys::{Key, Keys},
    statement::About,
};

pub(super) fn check(bundle: &Opened, about: &About, keys: &Keys) -> Found {
    let path = about.log_path("checkpoint");
    let (size, root, signer) = read(bundle, &path, about, keys)?;
    let tree = &about.predicate.tree;
    if (size, root) != (tree.size, tree.root) {
        return Err(failed(format!(
            "{path} is of {size} entries with root {root}, and the statement says {} with {}: \
             they are of two exports",
            tree.size, tree.root
        )));
    }
    if signer.id != about.signer {
        return Err(failed(format!(
            "{path} is signed by {}, and the statement by {}: they are of two exports",
            signer.id, about.signer
        )));
    }
    Ok(format!(
        "{size} entries with root {root}, signed by the same key"
    ))
}

/// Size, root and signer of a checkpoint of the bundle.
pub(super) fn read<'k>(
    bundle: &Opened,
    path: &str,
    about: &About,
    keys: &'k Keys,
) -> Result<(u64, Digest, &'k Key), Doubt> {
    let text = bundle.text(path)?;
    let node = &about.predicate.node;
    let origin = text.lines().next().unwrap_or_default();
    if origin != node {
        let origin: String = origin
            .chars()
            .take(100)
            .flat_map(char::escape_debug)
            .collect();
        return Err(failed(format!(
            "{path} is of {origin}, and the bundle is of {node}: it was taken from elsewhere"
        )));
    }
    for key in keys.0.iter().rev() {
        if let Some((size, root)) = verify_checkpoint(&text, node, std::slice::from_ref(&key.note))
        {
            return Ok((size, Digest::from(root), key));
        }
    }
    Err(failed(format!(
        "{path} is signed by no key of the bundle, or the signature does not fit: it was \
         changed, or put together from several"
    )))
}
