//! A time of day of its own for a program under test.

use std::{fs, path::PathBuf};

use anyhow::{Context, Result};
use jiff::{SignedDuration, Timestamp};

/// Where Debian keeps libraries of each architecture.
const LIBRARIES: &str = "/usr/lib";

/// What stands before a command line so that the time of day goes on from `time`. Time since
/// boot is as it is: only the time of day was wrong, or right, on a host.
///
/// # Errors
/// The library that does it is not installed.
pub fn at(time: Timestamp) -> Result<Vec<String>> {
    let ahead = offset(time);
    let library = library()?;
    Ok([
        "/usr/bin/env".to_owned(),
        format!("LD_PRELOAD={}", library.display()),
        // Of the real time, so that what the program starts has the same.
        format!("FAKETIME={:+.3}", ahead.as_secs_f64()),
        "DONT_FAKE_MONOTONIC=1".to_owned(),
        "FAKETIME_DONT_FAKE_MONOTONIC=1".to_owned(),
        "NO_FAKE_STAT=1".to_owned(),
        // It has no part in memory that all programs share: a confined one has none.
        "FAKETIME_DISABLE_SHM=1".to_owned(),
    ]
    .into())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the time of tests is set from the real one"
)]
fn offset(time: Timestamp) -> SignedDuration {
    time.duration_since(Timestamp::now())
}

fn library() -> Result<PathBuf> {
    let directories = fs::read_dir(LIBRARIES).context("read /usr/lib")?;
    directories
        .flatten()
        .map(|directory| directory.path().join("faketime/libfaketime.so.1"))
        .find(|path| path.exists())
        .context("libfaketime is not installed: run `cargo xtask setup`")
}
