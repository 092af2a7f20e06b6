//! Periods, and how people write them.

use std::{fmt, str::FromStr};

use jiff::{
    SignedDuration, Timestamp, ToSpan as _,
    civil::{Date, Time},
    tz::TimeZone,
};
use serde::Serialize;

/// A period of time: from `from` on, until just before `to`. Days are those of UTC.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct Span {
    /// The first moment.
    pub from: Timestamp,
    /// The first moment after it.
    pub to: Timestamp,
}

/// Why a text is no period.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SpanError {
    /// It is of no known form.
    #[error(
        "`{0}` is no period: write a month as 2026-10, a day as 2026-10-05, or FROM..TO, such as 2026-10-01..2026-10-08 or with times as 2026-10-01T06:00:00Z"
    )]
    Form(String),
    /// One end of FROM..TO is of no known form.
    #[error(
        "`{0}` is no end of a period: write a day as 2026-10-05 or a time as 2026-10-05T06:00:00Z"
    )]
    End(String),
    /// It ends before it begins, or has no moment at all.
    #[error("the period {from}..{to} is empty: its second end is not in it and must be later")]
    Empty {
        /// Where it would begin.
        from: Timestamp,
        /// Where it would end.
        to: Timestamp,
    },
    /// Not a beginning.
    #[error(
        "`{0}` is no beginning: write how long ago, as 7d, 24h or 90m, a day as 2026-10-05, or a time as 2026-10-05T06:00:00Z"
    )]
    Since(String),
    /// The beginning is not in the past.
    #[error("{0} is not in the past: write a day or time that is")]
    Future(Timestamp),
}

impl Span {
    /// The period between two moments, of which the second is not in it.
    ///
    /// # Errors
    /// When the second is not later.
    pub fn new(from: Timestamp, to: Timestamp) -> Result<Self, SpanError> {
        if from < to {
            Ok(Self { from, to })
        } else {
            Err(SpanError::Empty { from, to })
        }
    }

    /// Whether a moment is in it.
    pub fn contains(&self, time: Timestamp) -> bool {
        self.from <= time && time < self.to
    }

    /// Whether anything between two moments, both included, is in it.
    pub fn touches(&self, from: Timestamp, to: Timestamp) -> bool {
        from < self.to && self.from <= to
    }

    /// The period before it: of a month the month before, else one as long. `None` at the
    /// beginning of time.
    pub fn before(&self) -> Option<Self> {
        let month = whole_day(self.from).filter(|_| self.is_month());
        let from = match month.and_then(|day| day.checked_sub(1.month()).ok()) {
            Some(day) => midnight(day)?,
            None => self.from.checked_sub(self.duration()).ok()?,
        };
        Self::new(from, self.from).ok()
    }

    fn is_month(&self) -> bool {
        let (from, to) = (whole_day(self.from), whole_day(self.to));
        from.is_some_and(|from| from.day() == 1 && from.checked_add(1.month()).ok() == to)
    }

    /// How long it is.
    pub fn duration(&self) -> SignedDuration {
        self.to.duration_since(self.from)
    }
}

impl FromStr for Span {
    type Err = SpanError;

    /// Reads a month (`2026-10`), a day (`2026-10-05`), or `FROM..TO`, of which each end is
    /// a day, that is its first moment, or a time (RFC 3339).
    fn from_str(text: &str) -> Result<Self, SpanError> {
        if let Some((from, to)) = text.split_once("..") {
            let end = |text: &str| moment(text).ok_or_else(|| SpanError::End(text.to_owned()));
            return Self::new(end(from)?, end(to)?);
        }
        let form = || SpanError::Form(text.to_owned());
        let (first, next) = match text.len() {
            // 2026-10
            7 => {
                let first = day(&format!("{text}-01")).ok_or_else(form)?;
                (first, first.checked_add(1.month()))
            }
            _ => {
                let first = day(text).ok_or_else(form)?;
                (first, first.tomorrow())
            }
        };
        let next = next.ok().and_then(midnight).ok_or_else(form)?;
        Self::new(midnight(first).ok_or_else(form)?, next)
    }
}

/// As it is read: a month, a day, or both ends.
impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let (Some(from), Some(to)) = (whole_day(self.from), whole_day(self.to)) {
            return if self.is_month() {
                write!(f, "{}", from.strftime("%Y-%m"))
            } else if from.tomorrow().ok() == Some(to) {
                from.fmt(f)
            } else {
                write!(f, "{from}..{to}")
            };
        }
        write!(f, "{}..{}", self.from, self.to)
    }
}

/// Where a period begins that lasts until now.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Since {
    /// So long ago.
    Ago(SignedDuration),
    /// At this moment.
    At(Timestamp),
}

impl Since {
    /// The period until `now`, which is the last moment in it.
    ///
    /// # Errors
    /// When the beginning is not in the past.
    pub fn until(self, now: Timestamp) -> Result<Span, SpanError> {
        let from = match self {
            Self::Ago(duration) => now.checked_sub(duration).unwrap_or(Timestamp::MIN),
            Self::At(time) => time,
        };
        let to = now
            .checked_add(SignedDuration::from_nanos(1))
            .unwrap_or(now);
        if from >= now {
            return Err(SpanError::Future(from));
        }
        Span::new(from, to)
    }
}

impl FromStr for Since {
    type Err = SpanError;

    /// Reads how long ago, in days, hours or minutes (`7d`, `24h`, `90m`), a day, that is
    /// its first moment, or a time (RFC 3339).
    fn from_str(text: &str) -> Result<Self, SpanError> {
        if let Some(time) = moment(text) {
            return Ok(Self::At(time));
        }
        ago(text)
            .map(Self::Ago)
            .ok_or_else(|| SpanError::Since(text.to_owned()))
    }
}

fn ago(text: &str) -> Option<SignedDuration> {
    let seconds = match text.chars().last()? {
        'd' => 86_400,
        'h' => 3600,
        'm' => 60,
        _ => return None,
    };
    let digits = text.get(..text.len() - 1)?;
    if !digits.bytes().all(|digit| digit.is_ascii_digit()) {
        return None;
    }
    let count: i64 = digits.parse().ok()?;
    Some(SignedDuration::from_secs(count.checked_mul(seconds)?)).filter(|ago| !ago.is_zero())
}

/// A day, of which the first moment is meant, or a time.
fn moment(text: &str) -> Option<Timestamp> {
    match day(text) {
        Some(day) => midnight(day),
        None => text.parse().ok(),
    }
}

/// `2026-10-05`, and nothing that is longer or shorter.
fn day(text: &str) -> Option<Date> {
    let digits = |(at, byte): (usize, u8)| match at {
        4 | 7 => byte == b'-',
        _ => byte.is_ascii_digit(),
    };
    (text.len() == 10 && text.bytes().enumerate().all(digits)).then(|| text.parse().ok())?
}

fn midnight(day: Date) -> Option<Timestamp> {
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

fn whole_day(time: Timestamp) -> Option<Date> {
    let time = time.to_zoned(TimeZone::UTC);
    (time.time() == Time::midnight()).then(|| time.date())
}
