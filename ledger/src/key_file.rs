//! The node's key as a file: looked at, and neither used nor changed.

use std::{
    fs,
    os::unix::fs::{MetadataExt as _, PermissionsExt as _},
    path::{Path, PathBuf},
};

use crate::{
    LedgerError,
    error::io,
    node::{KEY, key_error, public_of},
};

/// What of a node's key is no secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyFile {
    /// Where it is.
    pub path: PathBuf,
    /// Permission bits of its mode.
    pub mode: u32,
    /// Id of the user that it belongs to.
    pub owner: u32,
    /// Name of the node.
    pub name: String,
}

impl KeyFile {
    /// Looks at the key of a store; `None` if it has none.
    ///
    /// # Errors
    /// It cannot be read, or is no key.
    pub fn look(store: &Path) -> Result<Option<Self>, LedgerError> {
        let path = store.join(KEY);
        let status = match fs::metadata(&path) {
            Ok(status) => status,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(io(&path, "read")(error)),
        };
        let private = fs::read_to_string(&path).map_err(io(&path, "read"))?;
        let public = public_of(&private).ok_or_else(|| key_error(&path, &"malformed"))?;
        let name = public.split('+').next().unwrap_or_default().to_owned();
        Ok(Some(Self {
            path,
            mode: status.permissions().mode() & 0o7777,
            owner: status.uid(),
            name,
        }))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::Node;

    #[test]
    fn a_key_is_told_without_its_secret() {
        let directory = tempfile::tempdir().unwrap();
        assert_eq!(KeyFile::look(directory.path()).unwrap(), None);
        let (node, _) = Node::open(directory.path(), false).unwrap();
        let found = KeyFile::look(directory.path()).unwrap().unwrap();
        assert_eq!((found.mode, found.name.as_str()), (0o600, node.name()));
        fs::write(&found.path, "nothing").unwrap();
        let error = KeyFile::look(directory.path()).unwrap_err().to_string();
        assert!(error.contains("node.key is malformed"), "{error}");
    }
}
