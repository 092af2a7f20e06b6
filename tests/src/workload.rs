//! What a process that sends traffic hands back.

use std::{
    io::{BufRead, BufReader, Write as _},
    process::{Child, Output},
};

use anyhow::{Context, Result, bail, ensure};

use crate::traffic::Report;

/// Reads the report of a `weir-traffic` that has ended.
pub(crate) fn report(line: &str, output: &Output) -> Result<Report> {
    if !output.status.success() {
        bail!(
            "`weir-traffic {line}` failed ({}): {}",
            output.status,
            String::from_utf8_lossy(&output.stderr).trim()
        );
    }
    serde_json::from_slice(&output.stdout).with_context(|| {
        format!(
            "report of `weir-traffic {line}`: {}",
            String::from_utf8_lossy(&output.stdout)
        )
    })
}

/// A sender that goes on until it is told to stop.
#[derive(Debug)]
pub struct Sender(Child);

impl Sender {
    /// Takes over a child started with a piped standard input and output, and
    /// waits until it says that it sends.
    ///
    /// # Errors
    /// It ended before that.
    pub fn ready(mut child: Child) -> Result<Self> {
        let stdout = child.stdout.as_mut().context("sender without a pipe")?;
        let mut first = String::new();
        // One byte at a time: the report that follows is read by someone else.
        BufReader::with_capacity(1, stdout)
            .read_line(&mut first)
            .context("sender's first line")?;
        if first.trim() != "ready" {
            bail!("the sender said {first:?} in place of `ready`");
        }
        Ok(Self(child))
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.0.id()
    }

    /// Tells it to begin, where it waits for that, and waits until it says that
    /// it has sent.
    ///
    /// # Errors
    /// It ended.
    pub fn begin(&mut self) -> Result<()> {
        let input = self.0.stdin.as_mut().context("sender without a pipe")?;
        writeln!(input, "begin").context("tell the sender")?;
        let output = self.0.stdout.as_mut().context("sender without a pipe")?;
        let mut line = String::new();
        BufReader::with_capacity(1, output)
            .read_line(&mut line)
            .context("sender's second line")?;
        ensure!(
            line.trim() == "sent",
            "the sender said {line:?} in place of `sent`"
        );
        Ok(())
    }

    /// Tells it to stop and waits for its report.
    ///
    /// # Errors
    /// It failed.
    pub fn stop(mut self) -> Result<Report> {
        drop(self.0.stdin.take());
        let output = self.0.wait_with_output().context("wait for the sender")?;
        report("(sender)", &output)
    }
}
