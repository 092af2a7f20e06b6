//! Sends on command: what runs as a container's first process.

use std::{
    env,
    io::stdin,
    process::{Command, Stdio},
};

use anyhow::{Context, Result};

/// Prints `ready`, then reads command lines of `weir-traffic`, one a line, runs
/// each as a process of its own, and prints its report or `error: …` on one line.
///
/// # Errors
/// Standard input cannot be read.
pub fn attend() -> Result<()> {
    println!("ready");
    for line in stdin().lines() {
        let line = line.context("commands")?;
        match run(&line) {
            Ok(answer) => println!("{answer}"),
            Err(error) => println!("error: {error:#}"),
        }
    }
    Ok(())
}

fn run(line: &str) -> Result<String> {
    let output = Command::new(env::current_exe().context("own path")?)
        .args(line.split(' '))
        .stdin(Stdio::null())
        .output()
        .context("start")?;
    let text = if output.status.success() {
        &output.stdout
    } else {
        &output.stderr
    };
    let text = String::from_utf8_lossy(text).trim().replace('\n', "; ");
    Ok(if output.status.success() {
        text
    } else {
        format!("error: {text}")
    })
}
