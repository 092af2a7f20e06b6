//! `weir claims` on a store, and what it answered.

use std::{path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use serde_json::Value;

use crate::{agent::Settings, ledger, tool};

/// An answer.
#[derive(Debug)]
pub struct Claims {
    /// Exit code.
    pub code: Option<i32>,
    /// Standard output.
    pub text: String,
}

impl Claims {
    /// Asks for the whole time that a store has, from its first start to its last end.
    ///
    /// # Errors
    /// The store has none, or the answer is no text.
    pub fn of(settings: &Settings, arguments: &[&str]) -> Result<Self> {
        let period = ledger::period(&settings.store)?;
        let path = |path: &Path| path.to_string_lossy().into_owned();
        let output = Command::new(tool::sibling("XTASK_AGENT", "weir")?)
            .args(["claims", "--store", &path(&settings.store)])
            .args(["--allowlists", &path(&settings.allowlists)])
            .args(["--period", &period])
            .args(arguments)
            .output()
            .context("weir claims")?;
        let errors = String::from_utf8_lossy(&output.stderr);
        ensure!(errors.is_empty(), "weir claims says: {errors}");
        Ok(Self {
            code: output.status.code(),
            text: String::from_utf8(output.stdout).context("its output")?,
        })
    }

    /// Its lines as objects.
    ///
    /// # Errors
    /// They are none.
    pub fn objects(&self) -> Result<Vec<Value>> {
        let lines = self.text.lines();
        lines
            .map(|line| serde_json::from_str(line).with_context(|| line.to_owned()))
            .collect()
    }

    /// Each claim by id, with its outcome and its reasons.
    ///
    /// # Errors
    /// The answer is not in JSON.
    pub fn stand(&self) -> Result<Vec<(String, String, Vec<String>)>> {
        let objects = self.objects()?;
        let claims = objects.iter().filter(|one| one["type"] == "claim");
        Ok(claims
            .map(|one| {
                let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
                let why = one["why"].as_array().into_iter().flatten();
                (
                    text(&one["id"]),
                    text(&one["outcome"]),
                    why.map(text).collect(),
                )
            })
            .collect())
    }
}
