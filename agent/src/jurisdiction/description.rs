//! What a database is: as it is asked for, and as it is found.

use std::path::PathBuf;

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde::Serialize;

/// Days after which a database no longer counts, unless it is told otherwise.
///
/// Vendors publish country and AS data every day to every month (DB-IP Lite:
/// on the first of a month). One that is a month and a half old has missed an
/// issue of even the slowest.
pub const MAX_AGE_DAYS: u32 = 45;

/// A file to open, and what is said of it beside it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DatabaseFile {
    /// Name that its answers bear.
    pub name: String,
    /// The file.
    pub path: PathBuf,
    /// Days after its build date for which its answers count.
    pub max_age_days: u32,
    /// Under which licence it is used, if somebody says so.
    pub licence: Option<String>,
    /// Where it was taken from, if somebody says so.
    pub origin: Option<String>,
}

impl DatabaseFile {
    /// A file of which nothing is said.
    pub fn new(name: impl Into<String>, path: impl Into<PathBuf>) -> Self {
        Self {
            name: name.into(),
            path: path.into(),
            max_age_days: MAX_AGE_DAYS,
            licence: None,
            origin: None,
        }
    }
}

/// What a database is, for output and records.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Description {
    /// Name as the configuration gives it.
    pub name: String,
    /// The file as given.
    pub path: PathBuf,
    /// `database_type` of its metadata, such as `GeoLite2-Country`.
    pub kind: String,
    /// When it was built, as its metadata says.
    pub built: Timestamp,
    /// Days after that for which its answers count.
    pub max_age_days: u32,
    /// SHA-256 of the file, in hexadecimal.
    pub sha256: String,
    /// Under which licence it is used: what is said of it, or else its own
    /// description, which vendors use for that.
    pub licence: Option<String>,
    /// Where it was taken from, if somebody says so.
    pub origin: Option<String>,
    /// Size in bytes.
    pub bytes: u64,
    /// Nodes of the search tree.
    pub nodes: u32,
    /// Bits in each half of a node.
    pub record_size: u16,
    /// 4, or 6 for both families.
    pub ip_version: u16,
    /// Fields with facts, in the order of the questions.
    pub fields: Vec<&'static str>,
}

impl Description {
    /// Day on which it was built, in UTC.
    pub fn built_on(&self) -> Date {
        self.built.to_zoned(TimeZone::UTC).date()
    }

    /// Why its answers do not count on that day, if they do not.
    pub fn too_old(&self, today: Date) -> Option<String> {
        let built = self.built_on();
        // Clocks and time zones differ by a day at most.
        if built > today.saturating_add(1.day()) {
            return Some(format!("built {built}, which is in the future"));
        }
        let last = built.saturating_add(i64::from(self.max_age_days).days());
        (today > last).then(|| {
            let days = self.max_age_days;
            let unit = if days == 1 { "day" } else { "days" };
            format!("built {built}, older than its limit of {days} {unit}")
        })
    }
}
