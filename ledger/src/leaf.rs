//! The bytes of an entry that are a leaf of the tree.

use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};

use crate::{
    canonical::canonical,
    layout::{Layout, layout_of},
};

/// SHA-256 of some bytes.
pub fn digest(bytes: &[u8]) -> [u8; 32] {
    Sha256::digest(bytes).into()
}

/// Bytes in lower-case hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::new(), |mut text, byte| {
        // Writing to a string does not fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}

pub(crate) fn from_hex(text: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; 32];
    if text.len() != 64 || !text.is_ascii() {
        return None;
    }
    for (n, byte) in bytes.iter_mut().enumerate() {
        *byte = u8::from_str_radix(text.get(2 * n..2 * n + 2)?, 16).ok()?;
    }
    Some(bytes)
}

/// An entry ready to be logged.
#[derive(Debug)]
pub struct Leaf {
    /// The leaf: `{"entry": …, "seq": …, "time_ns": …}` in canonical form, each
    /// context replaced by its digest.
    pub bytes: Vec<u8>,
    /// The contexts, in canonical form, by digest.
    pub contexts: Vec<([u8; 32], Vec<u8>)>,
}

impl Leaf {
    /// The leaf of an entry.
    pub fn of(seq: u64, time_ns: i64, mut entry: Value) -> Self {
        let layout = entry
            .get("type")
            .and_then(Value::as_str)
            .and_then(layout_of);
        let contexts = layout.map_or_else(Vec::new, |layout| detach(layout, &mut entry));
        Self {
            bytes: bytes(seq, time_ns, entry),
            contexts,
        }
    }
}

/// The leaf of an entry whose contexts are digests already.
pub(crate) fn bytes(seq: u64, time_ns: i64, entry: Value) -> Vec<u8> {
    let mut leaf = Map::new();
    leaf.insert("entry".to_owned(), entry);
    leaf.insert("seq".to_owned(), seq.into());
    leaf.insert("time_ns".to_owned(), time_ns.into());
    canonical(&Value::Object(leaf))
}

/// What stands for a context in the leaf.
pub(crate) fn reference(digest: &[u8; 32]) -> Value {
    json!({ "sha256": hex(digest) })
}

/// The digest that stands for a context.
pub(crate) fn referred(value: &Value) -> Option<[u8; 32]> {
    from_hex(value.get("sha256")?.as_str()?)
}

fn detach(layout: &Layout, entry: &mut Value) -> Vec<([u8; 32], Vec<u8>)> {
    let mut contexts = Vec::new();
    for (_, pointer) in layout.contexts {
        if let Some(place) = at_mut(entry, pointer)
            && !place.is_null()
        {
            let bytes = canonical(place);
            let digest = digest(&bytes);
            *place = reference(&digest);
            contexts.push((digest, bytes));
        }
    }
    contexts
}

/// The value at a pointer of a layout. None of them has an escape, for which the library looks
/// in each part of each.
pub(crate) fn at<'a>(root: &'a Value, pointer: &str) -> Option<&'a Value> {
    let mut keys = pointer.split('/').skip(1);
    keys.try_fold(root, |place, key| place.as_object()?.get(key))
}

/// As [`at`], to be changed.
pub(crate) fn at_mut<'a>(root: &'a mut Value, pointer: &str) -> Option<&'a mut Value> {
    let mut keys = pointer.split('/').skip(1);
    keys.try_fold(root, |place, key| place.as_object_mut()?.get_mut(key))
}

/// Puts a value at a JSON pointer, with the objects on the way to it.
pub(crate) fn put(root: &mut Value, pointer: &str, value: Value) {
    let mut place = root;
    for key in pointer.split('/').skip(1) {
        if !place.is_object() {
            *place = Value::Object(Map::new());
        }
        let Value::Object(fields) = place else { return };
        place = fields.entry(key).or_insert(Value::Null);
    }
    *place = value;
}

/// Takes the value at a JSON pointer out.
pub(crate) fn take(root: &mut Value, pointer: &str) -> Option<Value> {
    let (parent, key) = pointer.rsplit_once('/')?;
    at_mut(root, parent)?.as_object_mut()?.remove(key)
}
