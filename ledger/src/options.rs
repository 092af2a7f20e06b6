//! When segments are sealed and how long they are kept.

/// How a ledger is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The tail is sealed when it has grown to this many bytes.
    pub seal_bytes: u64,
    /// Or when its first entry is this old, in nanoseconds.
    pub seal_age_ns: i64,
    /// Segments whose last entry is older than this are pruned, in nanoseconds.
    pub keep_ns: Option<i64>,
    /// The oldest segments are pruned while all take more bytes than this.
    pub keep_bytes: Option<u64>,
    /// Entries that wait in memory while there is no room take at most this many bytes.
    pub waiting_bytes: usize,
    /// Seal on a thread of its own.
    pub background: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            seal_bytes: 64 << 20,
            seal_age_ns: 3_600_000_000_000,
            keep_ns: None,
            keep_bytes: None,
            waiting_bytes: 8 << 20,
            background: true,
        }
    }
}
