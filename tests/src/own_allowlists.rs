//! An agent whose allowlists are the test's own, to be changed.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result};
use serde_json::Value;

use crate::{
    agent::{Agent, Settings},
    ledger,
    stage::{Stage, fixtures},
};

/// A stage, and a copy of the usual allowlists for its agents.
pub struct OwnAllowlists {
    /// Where it plays.
    pub stage: Stage,
    /// Of every agent.
    pub settings: Settings,
}

impl OwnAllowlists {
    /// Copies the fixtures.
    ///
    /// # Errors
    /// The stage cannot be made, or a file not copied.
    pub fn new() -> Result<Self> {
        let stage = Stage::new()?;
        let mut settings = stage.settings()?;
        settings.allowlists = stage.run.directory().join("allowlists");
        copy(&fixtures().join("allowlists"), &settings.allowlists)?;
        Ok(Self { stage, settings })
    }

    /// Path of a file of the set.
    pub fn file(&self, name: &str) -> PathBuf {
        self.settings.allowlists.join(name)
    }

    /// Puts a text in the place of a file, as editors do.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, name: &str, text: &str) -> Result<()> {
        let partial = self.stage.run.directory().join("partial");
        fs::write(&partial, text).context("write")?;
        fs::rename(partial, self.file(name)).context("rename")
    }

    /// Adds a text to a file, likewise.
    ///
    /// # Errors
    /// The file cannot be read or written.
    pub fn append(&self, name: &str, text: &str) -> Result<()> {
        let before = fs::read_to_string(self.file(name)).context("read")?;
        self.write(name, &(before + text))
    }

    /// An agent on this stage.
    ///
    /// # Errors
    /// It does not start.
    pub fn agent(&self) -> Result<Agent> {
        self.stage.agent_with(&self.settings)
    }

    /// Sends bytes from a unit of image generation over TCP, to port 443.
    ///
    /// # Errors
    /// They cannot be sent.
    pub fn send(&self, address: &str, bytes: u64) -> Result<()> {
        let unit = self.stage.unit("image-generation.service")?;
        let line = format!("tcp --to {address}:443 --bytes {bytes}");
        unit.traffic(&self.stage.app, &line).map(drop)
    }

    /// Every entry of the store.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn ledger(&self) -> Result<Vec<Value>> {
        ledger::entries(&self.settings.store)
    }

    /// Where the store keeps a set.
    pub fn kept(&self, digest: &str) -> PathBuf {
        self.settings.store.join("policies").join(digest)
    }
}

pub(crate) fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir(to).context("create a directory")?;
    for entry in fs::read_dir(from).context("read a directory")? {
        let entry = entry?;
        fs::copy(entry.path(), to.join(entry.file_name())).context("copy")?;
    }
    Ok(())
}
