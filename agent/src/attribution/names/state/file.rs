//! Files of others, read with care.

use std::{
    fs::{File, OpenOptions},
    io::Read as _,
    os::unix::fs::{MetadataExt as _, OpenOptionsExt as _},
    path::Path,
};

use nix::fcntl::OFlag;
use serde::de::DeserializeOwned;

/// Largest state file that is read.
const LARGEST: u64 = 16 * 1024 * 1024;

/// Opens a regular file, and of a user's files only those that the user owns: no
/// pipe may stop the thread, and no link may lead to another's file.
pub(super) fn open(path: &Path, owner: Option<u32>) -> Option<File> {
    let flags = OFlag::O_NONBLOCK | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    let file = OpenOptions::new()
        .read(true)
        .custom_flags(flags.bits())
        .open(path)
        .ok()?;
    let metadata = file.metadata().ok()?;
    let theirs = owner.is_none_or(|uid| metadata.uid() == uid);
    (metadata.is_file() && theirs).then_some(file)
}

/// The text of such a file.
pub(super) fn read(path: &Path, owner: Option<u32>) -> Option<String> {
    let mut text = String::new();
    open(path, owner)?
        .take(LARGEST)
        .read_to_string(&mut text)
        .ok()?;
    Some(text)
}

/// The JSON in such a file.
pub(super) fn json<T: DeserializeOwned>(path: &Path, owner: Option<u32>) -> Option<T> {
    serde_json::from_str(&read(path, owner)?).ok()
}

/// A text that may be shown: whoever started the container chose it.
pub(super) fn clean(text: &str) -> Option<String> {
    let shown = !text.is_empty() && text.len() <= 512 && !text.chars().any(char::is_control);
    shown.then(|| text.to_owned())
}

/// Whether a text can be one component of a path and nothing else.
pub(super) fn is_component(text: &str) -> bool {
    !text.is_empty() && !text.starts_with('.') && !text.contains(['/', '\0'])
}
