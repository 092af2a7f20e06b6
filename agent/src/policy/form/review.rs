//! How long reviews count, and what was reviewed.

use toml::de::DeValue;

use super::{kind::Kind, reader::Reader, values};
use crate::jurisdiction::{Freshness, Review};

/// The key of a file that says for how long its reviews count.
pub(super) const FRESH_FOR_DAYS: &str = "fresh_for_days";
/// How it is written.
pub(super) const FRESH_FOR_DAYS_EXAMPLE: &str = "`fresh_for_days = 400`";
/// What it is.
pub(super) const FRESH_FOR_DAYS_KIND: Kind = Kind::Number("a number of days", 1, MOST_DAYS as i64);
/// Ten years: who writes more wants no limit.
const MOST_DAYS: u16 = 3650;

/// For how long the file's reviews count.
pub(super) fn fresh_for(file: &mut Reader<'_, '_>) -> Option<Freshness> {
    let value = file.value(FRESH_FOR_DAYS)?;
    let DeValue::Integer(number) = value.get_ref() else {
        file.wrong_type(FRESH_FOR_DAYS, value);
        return None;
    };
    let days = values::integer::<u16>(number).filter(|days| (1..=MOST_DAYS).contains(days));
    if days.is_none() {
        file.problems.report(
            value.span(),
            format!("`{FRESH_FOR_DAYS}` must be from 1 to {MOST_DAYS}"),
            format!("for example {FRESH_FOR_DAYS_EXAMPLE}"),
        );
    }
    days.map(Freshness::days)
}

/// `reviewed` or `unreviewed`, of which there must be one and not both. A review
/// is a comparison with a source, and without one it is none.
pub(super) fn review(reader: &mut Reader<'_, '_>) -> Option<Review> {
    let span = reader.span.clone();
    match (reader.value("reviewed"), reader.value("unreviewed")) {
        (None, None) => {
            let help = "add `reviewed = 2026-11-01`, the day on which you compared it with its \
                        source, or `unreviewed = \"why not\"`";
            let message = "[[provider]] does not say whether it was reviewed";
            reader.problems.report(span, message, help);
            None
        }
        (Some(_), Some(unreviewed)) => {
            let message = "`reviewed` and `unreviewed` contradict each other";
            let help = "remove `unreviewed` once the domicile is compared with its source";
            reader.problems.report(unreviewed.span(), message, help);
            None
        }
        (Some(reviewed), None) => {
            if reader.value("source").is_none() {
                let message = "`reviewed` without a `source`";
                let help = "add `source = [\"the commercial register's entry\"]`, or write \
                            `unreviewed = \"why not\"`";
                reader.problems.report(reviewed.span(), message, help);
            }
            let day = reader.date("reviewed")?;
            Some(Review::Reviewed(day.value))
        }
        (None, Some(_)) => reader
            .text("unreviewed")
            .map(|why| Review::Unreviewed(why.value.to_owned())),
    }
}
