//! What is to be seen of the log's files from outside, while it is open: nobody else has a
//! reason to change any.

use std::{fs, path::PathBuf};

use crate::{
    Log,
    log::CHECKPOINT,
    node::KEY,
    sidecar::{segment_path, sidecar_path},
};

/// Files that stay as they are once they are there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// Each sealed segment that is kept, with its sidecar.
    pub segments: Vec<(PathBuf, PathBuf)>,
    /// The private key.
    pub key: PathBuf,
}

impl Log {
    /// The files that nobody may change any more.
    pub fn files(&self) -> Files {
        let segment = |first| {
            (
                segment_path(&self.directory, first),
                sidecar_path(&self.directory, first),
            )
        };
        Files {
            segments: self.kept.iter().map(|kept| segment(kept.first())).collect(),
            key: self.directory.join(KEY),
        }
    }

    /// What is wrong with the file that is written to, if anything is.
    pub fn tail_fault(&self) -> Option<String> {
        let name = self.tail.path.file_name()?.to_string_lossy();
        match self.tail.is_in_place() {
            Ok(true) => None,
            Ok(false) => Some(format!(
                "{name} is shorter than it was written, or another file"
            )),
            Err(error) => Some(format!("{name} is not where it is written ({error})")),
        }
    }

    /// What is wrong with the checkpoint, if anything is: it has to be signed by this node,
    /// for no fewer entries than `before` says and no more than there are. Gives their number
    /// otherwise.
    ///
    /// # Errors
    /// What is wrong.
    pub fn check_checkpoint(&self, before: u64) -> Result<u64, String> {
        let path = self.directory.join(CHECKPOINT);
        let text = fs::read_to_string(&path)
            .map_err(|error| format!("the checkpoint cannot be read ({error})"))?;
        let (size, _) = self
            .node
            .verify(&text)
            .ok_or("the checkpoint is not one that this node signed")?;
        if size < before || size > self.seq() {
            return Err(format!(
                "the checkpoint is of {size} entries, and was of {before}"
            ));
        }
        Ok(size)
    }
}
