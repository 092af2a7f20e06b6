//! Times and periods on the command line. All are in UTC.

use jiff::{
    Timestamp, ToSpan as _,
    civil::{Date, date},
    tz::TimeZone,
};

/// A time from, and another up to which.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Period {
    /// Its first moment.
    pub(super) from: Timestamp,
    /// The moment after its last.
    pub(super) to: Timestamp,
}

fn midnight(day: Date) -> Option<Timestamp> {
    Some(day.to_zoned(TimeZone::UTC).ok()?.timestamp())
}

/// Reads a day or a time.
pub(super) fn time(text: &str) -> Result<Timestamp, String> {
    text.parse::<Timestamp>()
        .ok()
        .or_else(|| midnight(text.parse::<Date>().ok()?))
        .ok_or_else(|| {
            "expected a day such as 2026-11-01 or a time such as 2026-11-01T12:00:00Z".into()
        })
}

/// Reads a year, a month or a day.
pub(super) fn period(text: &str) -> Result<Period, String> {
    let read = || -> Option<Period> {
        let parts: Vec<&str> = text.split('-').collect();
        let sized = parts
            .iter()
            .map(|part| part.len())
            .eq([4, 2, 2].into_iter().take(parts.len()));
        let digits = parts
            .iter()
            .all(|part| part.bytes().all(|b| b.is_ascii_digit()));
        if !sized || !digits {
            return None;
        }
        let number = |n: usize| parts.get(n).map_or(Some(1), |part| part.parse().ok());
        let year: i16 = parts.first()?.parse().ok()?;
        let first = Date::new(year, number(1)?, number(2)?).ok()?;
        let next = match parts.len() {
            1 => date(year.checked_add(1)?, 1, 1),
            2 => first.checked_add(1.month()).ok()?,
            _ => first.tomorrow().ok()?,
        };
        Some(Period {
            from: midnight(first)?,
            to: midnight(next)?,
        })
    };
    read().ok_or_else(|| {
        "expected a year, month or day such as 2026, 2026-10 or 2026-10-31".to_owned()
    })
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn periods_end_where_the_next_begin() {
        for (text, from, to) in [
            ("2026", "2026-01-01", "2027-01-01"),
            ("2026-12", "2026-12-01", "2027-01-01"),
            ("2028-02-29", "2028-02-29", "2028-03-01"),
        ] {
            let meant = Period {
                from: time(from).unwrap(),
                to: time(to).unwrap(),
            };
            assert_eq!(period(text), Ok(meant), "{text}");
        }
        for text in [
            "",
            "26",
            "2026-1",
            "2026-13",
            "2026-02-30",
            "2026-10-01-1",
            "+026",
        ] {
            assert!(period(text).is_err(), "{text}");
        }
    }

    #[test]
    fn a_day_is_its_first_moment() {
        assert_eq!(time("2026-11-01"), time("2026-11-01T00:00:00Z"));
        assert!(time("soon").is_err());
    }
}
