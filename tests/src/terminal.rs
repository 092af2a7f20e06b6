//! A terminal of its own for a program: a pane of tmux, with a server that nobody else uses.

use std::{
    path::PathBuf,
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail};

use crate::{agent::PATIENCE, run::Run, tool::tool};

/// A pane, with a shell in it. Its server ends when it is dropped.
#[derive(Debug)]
pub struct Pane {
    socket: PathBuf,
}

impl Pane {
    /// Opens one of that size.
    ///
    /// # Errors
    /// tmux is missing, or does not start.
    pub fn open(run: &Run, width: u16, height: u16) -> Result<Self> {
        let pane = Self {
            socket: run.directory().join("tmux"),
        };
        let (width, height) = (width.to_string(), height.to_string());
        pane.tmux(&[
            "-f",
            "/dev/null",
            "new-session",
            "-d",
            "-x",
            &width,
            "-y",
            &height,
            "env",
            "PS1=$ ",
            "TERM=screen-256color",
            "sh",
            "-i",
        ])?;
        Ok(pane)
    }

    /// Types a line.
    ///
    /// # Errors
    /// The pane is gone.
    pub fn line(&self, line: &str) -> Result<()> {
        self.tmux(&["send-keys", "-l", line])?;
        self.keys(&["Enter"])
    }

    /// Presses keys by their names in tmux, such as `Enter` or `q`.
    ///
    /// # Errors
    /// The pane is gone.
    pub fn keys(&self, keys: &[&str]) -> Result<()> {
        let mut arguments = vec!["send-keys"];
        arguments.extend(keys);
        self.tmux(&arguments).map(drop)
    }

    /// Makes it another size.
    ///
    /// # Errors
    /// The pane is gone.
    pub fn resize(&self, width: u16, height: u16) -> Result<()> {
        let (width, height) = (width.to_string(), height.to_string());
        self.tmux(&["resize-window", "-x", &width, "-y", &height])
            .map(drop)
    }

    /// What is on it, line by line.
    ///
    /// # Errors
    /// The pane is gone.
    pub fn screen(&self) -> Result<String> {
        self.tmux(&["capture-pane", "-p"])
    }

    /// Whether a program has the terminal's other screen.
    ///
    /// # Errors
    /// The pane is gone.
    pub fn is_alternate(&self) -> Result<bool> {
        let on = self.tmux(&["display-message", "-p", "#{alternate_on}"])?;
        Ok(on.trim() == "1")
    }

    /// Waits until the screen is as `wanted` says, and gives it.
    ///
    /// # Errors
    /// It is not in time; the error has what is on it.
    pub fn wait(&self, what: &str, wanted: impl Fn(&str) -> bool) -> Result<String> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let screen = self.screen()?;
            if wanted(&screen) {
                return Ok(screen);
            }
            if Instant::now() > deadline {
                bail!("the screen does not show {what}:\n{screen}");
            }
            thread::sleep(Duration::from_millis(50));
        }
    }

    fn tmux(&self, arguments: &[&str]) -> Result<String> {
        let socket = self.socket.to_str().context("a path that is no text")?;
        let mut all = vec!["-S", socket];
        all.extend(arguments);
        tool("tmux", &all)
    }
}

impl Drop for Pane {
    fn drop(&mut self) {
        // It may have ended by itself.
        drop(self.tmux(&["kill-server"]));
    }
}
