//! A receiver of findings that is gone every other round.

use std::{
    fs,
    path::{Path, PathBuf},
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context as _, Result, ensure};

use crate::{
    agent::{Agent, PATIENCE},
    monitoring::free,
    receiver::{Post, Receiver},
    told,
};

const NAME: &str = "hook";

/// The receiver, and all that it was told.
#[derive(Debug)]
pub(super) struct Sink {
    address: String,
    receiver: Option<Receiver>,
    posts: Vec<Post>,
    ended: usize,
}

impl Sink {
    /// Nobody listens yet.
    pub(super) fn new() -> Result<Self> {
        Ok(Self {
            address: free()?,
            receiver: None,
            posts: Vec::new(),
            ended: 0,
        })
    }

    /// Writes a config file with it as a way out.
    pub(super) fn config(&self, directory: &Path) -> Result<PathBuf> {
        let (file, secret) = (directory.join("weir.toml"), directory.join("secret"));
        fs::write(&secret, "a secret of the soak\n").context("write the secret")?;
        let text = format!(
            "[[notify.webhook]]\nname = \"{NAME}\"\nurl = \"http://{}/weir\"\n\
             secret_file = \"{}\"\n",
            self.address,
            secret.display()
        );
        fs::write(&file, text).context("write the config file")?;
        Ok(file)
    }

    /// Ends the receiver if there is one, and starts one if there is none.
    pub(super) fn turn(&mut self) -> Result<()> {
        match self.receiver.take() {
            Some(receiver) => {
                self.posts.extend(receiver.end());
                self.ended += 1;
            }
            None => self.receiver = Some(Receiver::start(&self.address)?),
        }
        Ok(())
    }

    /// How often it was ended.
    pub(super) fn ended(&self) -> usize {
        self.ended
    }

    /// Waits until nothing is left to be told.
    pub(super) fn wait(&mut self, agent: &Agent) -> Result<()> {
        if self.receiver.is_none() {
            self.turn()?;
        }
        let deadline = Instant::now() + PATIENCE;
        loop {
            let text = agent.metrics()?;
            let waiting = told::metric(&text, "waiting", NAME);
            if waiting == Some(0) {
                return Ok(());
            }
            ensure!(
                Instant::now() < deadline,
                "{waiting:?} events wait for a receiver that is there"
            );
            thread::sleep(Duration::from_millis(50));
        }
    }

    /// Everything that it took.
    pub(super) fn told(mut self) -> Vec<(u64, String)> {
        if let Some(receiver) = self.receiver.take() {
            self.posts.extend(receiver.end());
        }
        told::by_posts(&self.posts)
    }
}
