//! The keys of `[[allow]]` that say how much it may carry, and when.

use std::ops::Range;

use jiff::civil::{Time, Weekday};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{
    Placed,
    kind::{Kind, words},
    reader::{Key, Problems, Reader, Section, choice, nearest, optional},
    values,
};
use crate::policy::{
    budget::{Budget, BudgetPeriod, UNITS},
    window::{DAYS, Days, Window},
};

/// Periods, as they are written.
const PERIODS: [(&str, BudgetPeriod); 2] = [
    (BudgetPeriod::Day.label(), BudgetPeriod::Day),
    (BudgetPeriod::Month.label(), BudgetPeriod::Month),
];

/// Most that it may carry in a period.
pub(super) const MAX_BYTES: Key = optional(
    "max_bytes",
    Kind::Pattern("^[0-9]+ *[A-Za-z]+$"),
    "`max_bytes = \"10 GB\"`, together with `per`",
);
/// The period.
pub(super) const PER: Key = optional(
    "per",
    Kind::Word(&words(&PERIODS)),
    "`per = \"day\"` or `\"month\"`",
);
/// When it declares.
pub(super) const WINDOWS: Key = optional(
    "window",
    Kind::Tables(&WINDOW),
    "`[[allow.window]]` with `days`, `from` and `to`",
);

/// Hours of the week.
pub(in crate::policy) static WINDOW: Section = Section {
    name: "[[allow.window]]",
    keys: &[
        optional(
            "days",
            Kind::Patterns("days", "^[a-z]{3}(-[a-z]{3})?$"),
            "`days = [\"mon-fri\", \"sun\"]`",
        ),
        optional("from", Kind::Time, "`from = 01:00:00`"),
        optional("to", Kind::Time, "`to = 05:00:00`"),
    ],
};

/// How much the entry may carry.
pub(super) fn budget(reader: &mut Reader<'_, '_>) -> Option<Budget> {
    let bytes = reader.text("max_bytes");
    let per = choice(reader, "per", &PERIODS);
    for (here, other, help) in [
        ("max_bytes", "per", "add `per = \"day\"` or `\"month\"`"),
        (
            "per",
            "max_bytes",
            "add `max_bytes = \"10 GB\"`, or remove `per`",
        ),
    ] {
        if let Some(value) = reader.value(here)
            && reader.value(other).is_none()
        {
            let message = format!("`{here}` without `{other}` says nothing");
            reader.problems.report(value.span(), message, help);
        }
    }
    let bytes = parse_bytes(bytes?, reader.problems)?;
    Some(Budget { bytes, per: per? })
}

fn parse_bytes(text: Placed<&str>, problems: &mut Problems) -> Option<u64> {
    let digits = text.value.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.value.split_at_checked(digits)?;
    let unit = unit.trim_start();
    let size = UNITS.iter().find(|(label, _)| *label == unit);
    let bytes = size
        .zip(number.parse::<u64>().ok())
        .and_then(|((_, size), number)| number.checked_mul(*size));
    let shown = text.value.escape_debug();
    match bytes {
        Some(0) => {
            let help = "remove the entry if nothing may go there";
            problems.report(text.span, format!("`{shown}` declares nothing"), help);
            None
        }
        Some(bytes) => Some(bytes),
        None => {
            let labels = UNITS.iter().rev().map(|(label, _)| *label);
            let near = nearest(unit, labels.clone()).filter(|_| size.is_none());
            let help = match near {
                Some(near) if digits > 0 && !unit.is_empty() => {
                    format!("did you mean `{number} {near}`?")
                }
                _ => format!(
                    "write a whole number and a unit, less than 2^64 bytes: {}",
                    labels.collect::<Vec<_>>().join(", ")
                ),
            };
            let message = format!("`{shown}` is not a number of bytes");
            problems.report(text.span, message, help);
            None
        }
    }
}

/// When the entry declares; `None` if one of the windows is faulty.
pub(super) fn windows(reader: &mut Reader<'_, '_>) -> Option<Vec<Window>> {
    let tables = reader.tables("window");
    if let Some(value) = reader.value("window")
        && value.get_ref().as_array().is_some_and(|all| all.is_empty())
    {
        let help = "say when, or leave it out: without windows, the entry declares at any time";
        let message = "`window` is empty";
        reader.problems.report(value.span(), message, help);
        return None;
    }
    let windows: Vec<_> = tables
        .into_iter()
        .map(|(table, span)| window(table, span, reader.problems))
        .collect();
    windows.into_iter().collect()
}

fn window(table: &DeTable<'_>, span: Range<usize>, problems: &mut Problems) -> Option<Window> {
    let mut reader = Reader::open(&WINDOW, table, span.clone(), problems);
    let days = match reader.value("days") {
        Some(_) => days(&mut reader),
        None => Some(Days::ALL),
    };
    let (from, to) = (reader.time("from"), reader.time("to"));
    let hours = match (reader.value("from"), reader.value("to")) {
        (None, None) => {
            if reader.value("days").is_none() {
                let help = "say when: `days`, or `from` and `to`";
                let message = "an empty window is always open";
                reader.problems.report(span, message, help);
            }
            Some(None)
        }
        (Some(_), Some(_)) => from.zip(to).and_then(|hours| open(hours, reader.problems)),
        (Some(one), None) | (None, Some(one)) => {
            let help = "write both: `from = 01:00:00` and `to = 05:00:00`";
            let message = "a window has a beginning and an end";
            reader.problems.report(one.span(), message, help);
            None
        }
    };
    Some(Window {
        days: days?,
        hours: hours?,
    })
}

fn open(
    (from, to): (Placed<Time>, Placed<Time>),
    problems: &mut Problems,
) -> Option<Option<(Time, Time)>> {
    if from.value == to.value && from.value != Time::midnight() {
        let message = format!("the window begins and ends at {}", from.value);
        let help = "leave `from` and `to` out for whole days";
        problems.report(to.span, message, help);
        return None;
    }
    Some(Some((from.value, to.value)))
}

fn days(reader: &mut Reader<'_, '_>) -> Option<Days> {
    let mut days = Days::default();
    let mut sound = true;
    for item in reader.items("days")? {
        let Some((first, last)) = day_range(item, reader.problems) else {
            sound = false;
            continue;
        };
        let mut day = first;
        loop {
            if !days.insert(day) {
                let message = "a day stands twice in the window";
                reader.problems.report(item.span(), message, "remove one");
            }
            if day == last {
                break;
            }
            day = day.next();
        }
    }
    sound.then_some(days)
}

/// `mon`, or `mon-fri`.
fn day_range(value: &Spanned<DeValue<'_>>, problems: &mut Problems) -> Option<(Weekday, Weekday)> {
    let text = values::text(value, "a day of the week", problems)?;
    let find = |text: &str| {
        let found = DAYS.iter().find(|(label, _)| *label == text);
        found.map(|(_, day)| *day)
    };
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    if let (Some(first), Some(last)) = (find(first), find(last)) {
        return Some((first, last));
    }
    let message = format!("`{}` is not a day of the week", text.escape_debug());
    let help = "write `mon`, `tue`, `wed`, `thu`, `fri`, `sat` or `sun`, or a range: `mon-fri`";
    problems.report(value.span(), message, help);
    None
}
