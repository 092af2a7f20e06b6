//! The settings of a test as a config file.

use std::{fs, path::Path};

use anyhow::{Context as _, Result};

use crate::agent::Settings;

impl Settings {
    /// Writes the same as the command line would say, and further lines.
    ///
    /// # Errors
    /// The file cannot be written.
    pub fn write(&self, file: &Path, further: &str) -> Result<()> {
        let text = format!(
            "[paths]\nallowlists = {:?}\nstore = {:?}\nruntime_dir = {:?}\npin = {:?}\n\n\
             [ip_data]\ndirectory = {:?}\ndatabases = [{:?}]\nmax_age_days = 36500\n\n\
             [capture]\nsweep_interval = {:?}\n\n[metrics]\nlisten = \"127.0.0.1:0\"\n{further}",
            self.allowlists,
            self.store,
            self.runtime_dir,
            self.pin,
            self.ip_data,
            format!("test={}", self.ip_db.display()),
            self.sweep_interval,
        );
        fs::write(file, text).with_context(|| format!("write {}", file.display()))
    }
}
