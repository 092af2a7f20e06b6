//! Ranges of entries that are not shown.

use std::{
    fs::File,
    io::{BufRead as _, BufReader, Read as _},
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::HIDDEN;
use crate::{
    LedgerError, Range,
    error::{io, torn},
    sidecar,
};

/// No range has more nodes than a line of this length holds: two for each level.
const LONGEST: u64 = 1 << 14;

/// A range of entries that are not shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hidden {
    /// The first, counted from 1.
    pub first: u64,
    /// The last.
    pub last: u64,
    /// The largest whole subtrees that cover just these, from the left: level (leaves have
    /// 0) and hash in hexadecimal.
    pub nodes: Vec<(u8, String)>,
}

impl Hidden {
    pub(crate) fn of(range: &Range) -> Self {
        Self {
            first: range.begin() + 1,
            last: range.end(),
            nodes: sidecar::nodes(range),
        }
    }

    /// Its part of the tree, if its nodes cover just that.
    pub(crate) fn range(&self) -> Option<Range> {
        let begin = self
            .first
            .checked_sub(1)
            .filter(|begin| *begin < self.last)?;
        sidecar::range(begin, self.last, &self.nodes)
    }
}

/// Reads them one by one: there may be as many as entries.
pub(super) struct Ranges {
    path: PathBuf,
    lines: BufReader<File>,
    line: u64,
    next: Option<Range>,
}

impl Ranges {
    pub(super) fn open(directory: &Path) -> Result<Self, LedgerError> {
        let path = directory.join(HIDDEN);
        let file = File::open(&path).map_err(io(&path, "read"))?;
        let mut ranges = Self {
            path,
            lines: BufReader::new(file),
            line: 0,
            next: None,
        };
        ranges.read()?;
        Ok(ranges)
    }

    /// The next one.
    pub(super) fn peek(&self) -> Option<&Range> {
        self.next.as_ref()
    }

    /// The next one, and goes on to the one behind it.
    pub(super) fn take(&mut self) -> Result<Option<Range>, LedgerError> {
        let taken = self.next.take();
        self.read()?;
        Ok(taken)
    }

    fn read(&mut self) -> Result<(), LedgerError> {
        let mut line = String::new();
        let read = self.lines.by_ref().take(LONGEST).read_line(&mut line);
        if read.map_err(io(&self.path, "read"))? == 0 {
            return Ok(());
        }
        self.line += 1;
        let at = |what: &str| torn(&self.path, format!("line {}: {what}", self.line));
        // As it is written, so that one range has one text.
        let range: Hidden = serde_json::from_str(&line).map_err(|error| at(&error.to_string()))?;
        let again = serde_json::to_string(&range).unwrap_or_default();
        if line.strip_suffix('\n') != Some(&again) {
            return Err(at("written otherwise than ranges are"));
        }
        let range = range.range();
        self.next = Some(range.ok_or_else(|| at("its nodes do not cover its entries"))?);
        Ok(())
    }
}
