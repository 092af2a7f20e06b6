//! Tables read key by key.

use std::{ops::Range, sync::Arc};

use jiff::civil::{Date, Time};
use toml::{
    Spanned,
    de::{DeTable, DeValue},
};

use super::{Placed, kind::Kind, values};
use crate::policy::{diagnostic::Diagnostic, source::Source};

/// A key of a table.
#[derive(Clone, Copy)]
pub(in crate::policy) struct Key {
    /// As it is written.
    pub(in crate::policy) name: &'static str,
    /// Whether the table is faulty without it.
    pub(in crate::policy) required: bool,
    /// What it must be.
    pub(in crate::policy) kind: Kind,
    /// How it is written.
    pub(in crate::policy) example: &'static str,
}

/// A key that must be there.
pub(super) const fn required(name: &'static str, kind: Kind, example: &'static str) -> Key {
    Key {
        name,
        required: true,
        kind,
        example,
    }
}

/// A key that may be there.
pub(super) const fn optional(name: &'static str, kind: Kind, example: &'static str) -> Key {
    Key {
        name,
        required: false,
        kind,
        example,
    }
}

/// A kind of table and the keys that it knows.
pub(in crate::policy) struct Section {
    /// What messages call it: `[[allow]]`.
    pub(in crate::policy) name: &'static str,
    /// Every key, in the order in which they are listed.
    pub(in crate::policy) keys: &'static [Key],
}

/// The errors found in one file.
pub(crate) struct Problems {
    source: Arc<Source>,
    found: Vec<Diagnostic>,
}

impl Problems {
    /// No errors yet.
    pub(crate) fn new(source: Arc<Source>) -> Self {
        Self {
            source,
            found: Vec::new(),
        }
    }

    /// Notes an error.
    pub(crate) fn report(
        &mut self,
        span: Range<usize>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.found
            .push(Diagnostic::at(&self.source, span, message, help));
    }

    /// The file.
    pub(crate) fn source(&self) -> &Arc<Source> {
        &self.source
    }

    /// How many errors there are.
    pub(super) fn count(&self) -> usize {
        self.found.len()
    }

    /// The errors.
    pub(crate) fn into_found(self) -> Vec<Diagnostic> {
        self.found
    }
}

/// Parses a whole file. Errors of syntax are all reported, and then nothing of
/// the file is read further, since half a file gives wrong follow-on errors.
pub(crate) fn parse<'t>(text: &'t str, problems: &mut Problems) -> Option<DeTable<'t>> {
    let (table, errors) = DeTable::parse_recoverable(text);
    let clean = errors.is_empty();
    for error in errors {
        let span = error.span().unwrap_or_default();
        let (message, expected) = match error.message().split_once(", expected ") {
            Some((message, expected)) => (message, Some(expected)),
            None => (error.message(), None),
        };
        problems.report(span, message, syntax_help(message, expected));
    }
    clean.then(|| table.into_inner())
}

fn syntax_help(message: &str, expected: Option<&str>) -> String {
    match (message, expected) {
        ("duplicate key", _) => "a key stands once in a table; remove one of the two".into(),
        ("invalid boolean", _) => {
            "a text stands between double quotes; a boolean is `true` or `false`".into()
        }
        ("string values must be quoted", _) => "put the text between double quotes".into(),
        ("invalid date", Some(expected)) => {
            format!("write a date of the calendar as YYYY-MM-DD: expected {expected}")
        }
        (_, Some("nothing") | None) => "this is not TOML (toml.io/en/v1.1.0)".into(),
        (_, Some(expected)) => format!("expected {expected}"),
    }
}

/// One table in reading.
pub(super) struct Reader<'t, 'p> {
    section: &'static Section,
    table: &'t DeTable<'t>,
    pub(super) span: Range<usize>,
    pub(super) problems: &'p mut Problems,
}

impl<'t, 'p> Reader<'t, 'p> {
    /// Opens a table: reports every key that it does not know and every one
    /// that it lacks.
    pub(super) fn open(
        section: &'static Section,
        table: &'t DeTable<'t>,
        span: Range<usize>,
        problems: &'p mut Problems,
    ) -> Self {
        for key in table.keys() {
            let name: &str = key.get_ref();
            if !section.keys.iter().any(|known| known.name == name) {
                let message = format!("unknown key `{}` in {}", name.escape_debug(), section.name);
                problems.report(key.span(), message, unknown_key_help(section, name));
            }
        }
        for key in section.keys {
            if key.required && !table.contains_key(key.name) {
                let message = format!("{} lacks `{}`", section.name, key.name);
                problems.report(span.clone(), message, format!("add {}", key.example));
            }
        }
        Self {
            section,
            table,
            span,
            problems,
        }
    }

    /// What messages call the table.
    pub(super) fn section_name(&self) -> &'static str {
        self.section.name
    }

    fn key(&self, name: &str) -> Option<&'static Key> {
        self.section.keys.iter().find(|key| key.name == name)
    }

    /// The value of a key, if it is there.
    pub(super) fn value(&self, name: &'static str) -> Option<&'t Spanned<DeValue<'t>>> {
        self.table.get(name)
    }

    /// Reports a value of the wrong type.
    pub(super) fn wrong_type(&mut self, name: &'static str, value: &Spanned<DeValue<'_>>) {
        let key = self.key(name);
        let expects = key.map_or_else(String::new, |key| key.kind.expects());
        let example = key.map_or("", |key| key.example);
        let found = describe(value.get_ref());
        self.problems.report(
            value.span(),
            format!("`{name}` must be {expects}, not {found}"),
            format!("for example {example}"),
        );
    }

    /// A text that says something.
    pub(super) fn text(&mut self, name: &'static str) -> Option<Placed<&'t str>> {
        let value = self.value(name)?;
        let Some(text) = value.get_ref().as_str() else {
            self.wrong_type(name, value);
            return None;
        };
        if text.trim().is_empty() {
            self.problems.report(
                value.span(),
                format!("`{name}` is empty"),
                format!(
                    "for example {}",
                    self.key(name).map_or("", |key| key.example)
                ),
            );
            return None;
        }
        Some(Placed {
            value: text,
            span: value.span(),
        })
    }

    /// A calendar date without a time.
    pub(super) fn date(&mut self, name: &'static str) -> Option<Placed<Date>> {
        let value = self.value(name)?;
        if let Some(text) = value.get_ref().as_str() {
            let help = match text.parse::<Date>() {
                Ok(date) => format!("a date stands without quotes: {name} = {date}"),
                Err(_) => format!("write it as {name} = 2027-06-30, without quotes"),
            };
            self.problems.report(
                value.span(),
                format!("`{name}` is a text, not a date"),
                help,
            );
            return None;
        }
        let Some(found) = value.get_ref().as_datetime() else {
            self.wrong_type(name, value);
            return None;
        };
        let date = found
            .date
            .filter(|_| found.time.is_none())
            .and_then(|date| {
                let year = i16::try_from(date.year).ok()?;
                Date::new(
                    year,
                    i8::try_from(date.month).ok()?,
                    i8::try_from(date.day).ok()?,
                )
                .ok()
            });
        let Some(date) = date else {
            self.problems.report(
                value.span(),
                format!("`{name}` must be a date without a time"),
                format!("write the day alone: {name} = 2027-06-30"),
            );
            return None;
        };
        Some(Placed {
            value: date,
            span: value.span(),
        })
    }

    /// A time of day without a date.
    pub(super) fn time(&mut self, name: &'static str) -> Option<Placed<Time>> {
        let value = self.value(name)?;
        let Some(found) = value.get_ref().as_datetime() else {
            let help = format!("a time stands without quotes: {name} = 01:00:00");
            let message = format!("`{name}` must be a time, not {}", describe(value.get_ref()));
            self.problems.report(value.span(), message, help);
            return None;
        };
        let time = found
            .time
            .filter(|_| found.date.is_none() && found.offset.is_none())
            .and_then(|time| {
                let part = |part: u8| i8::try_from(part).ok();
                let second = part(time.second.unwrap_or(0))?;
                let nanosecond = i32::try_from(time.nanosecond.unwrap_or(0)).ok()?;
                Time::new(part(time.hour)?, part(time.minute)?, second, nanosecond).ok()
            });
        let Some(time) = time else {
            self.problems.report(
                value.span(),
                format!("`{name}` must be a time of day without a date"),
                format!("write the time of UTC alone: {name} = 01:00:00"),
            );
            return None;
        };
        Some(Placed {
            value: time,
            span: value.span(),
        })
    }

    /// A number of [`Kind::Number`], within its bounds.
    pub(super) fn number<T: TryFrom<i64>>(&mut self, name: &'static str) -> Option<T> {
        let value = self.value(name)?;
        let DeValue::Integer(written) = value.get_ref() else {
            self.wrong_type(name, value);
            return None;
        };
        let bounds = match self.key(name).map(|key| key.kind) {
            Some(Kind::Number(_, least, most)) => least..=most,
            _ => i64::MIN..=i64::MAX,
        };
        let number = values::integer::<i64>(written).filter(|number| bounds.contains(number));
        let number = number.and_then(|number| T::try_from(number).ok());
        if number.is_none() {
            let (least, most) = (bounds.start(), bounds.end());
            self.problems.report(
                value.span(),
                format!("`{name}` must be from {least} to {most}"),
                format!(
                    "for example {}",
                    self.key(name).map_or("", |key| key.example)
                ),
            );
        }
        number
    }

    /// A table within this one.
    pub(super) fn inner(&mut self, name: &'static str) -> Option<(&'t DeTable<'t>, Range<usize>)> {
        let value = self.value(name)?;
        let Some(table) = value.get_ref().as_table() else {
            self.wrong_type(name, value);
            return None;
        };
        Some((table, value.span()))
    }

    /// Yes or no.
    pub(super) fn flag(&mut self, name: &'static str) -> Option<Placed<bool>> {
        let value = self.value(name)?;
        let Some(flag) = value.get_ref().as_bool() else {
            self.wrong_type(name, value);
            return None;
        };
        Some(Placed {
            value: flag,
            span: value.span(),
        })
    }

    /// The items of an array that holds at least one.
    pub(super) fn items(&mut self, name: &'static str) -> Option<&'t [Spanned<DeValue<'t>>]> {
        let value = self.value(name)?;
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(name, value);
            return None;
        };
        if array.is_empty() {
            let help = match self.key(name) {
                Some(key) if key.required => {
                    format!("name at least one, for example {}", key.example)
                }
                _ => "name at least one, or leave the key out".to_owned(),
            };
            let message = format!("`{name}` is an empty array");
            self.problems.report(value.span(), message, help);
        }
        Some(array)
    }

    /// The tables of an array of tables; none when the key is not there.
    pub(super) fn tables(&mut self, name: &'static str) -> Vec<(&'t DeTable<'t>, Range<usize>)> {
        let Some(value) = self.value(name) else {
            return Vec::new();
        };
        let Some(array) = value.get_ref().as_array() else {
            self.wrong_type(name, value);
            return Vec::new();
        };
        let mut tables = Vec::with_capacity(array.len());
        for item in array.iter() {
            match item.get_ref().as_table() {
                Some(table) => tables.push((table, item.span())),
                None => self.wrong_type(name, item),
            }
        }
        tables
    }
}

/// One of a few words.
pub(super) fn choice<T: Copy>(
    reader: &mut Reader<'_, '_>,
    key: &'static str,
    choices: &[(&'static str, T)],
) -> Option<T> {
    let text = reader.text(key)?;
    word(text, &format!("`{key}`"), choices, reader.problems)
}

/// A text that is one of a few words; `what` is what messages call them.
pub(super) fn word<T: Copy>(
    text: Placed<&str>,
    what: &str,
    choices: &[(&'static str, T)],
    problems: &mut Problems,
) -> Option<T> {
    if let Some((_, value)) = choices.iter().find(|(label, _)| *label == text.value) {
        return Some(*value);
    }
    let labels = choices.iter().map(|(label, _)| *label);
    let help = match nearest(text.value, labels.clone()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("write `{}`", labels.collect::<Vec<_>>().join("` or `")),
    };
    let message = format!("`{}` is not a {what}", text.value.escape_debug());
    problems.report(text.span, message, help);
    None
}

/// What a value is, with its article.
pub(crate) fn describe(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a string",
        DeValue::Integer(_) => "an integer",
        DeValue::Float(_) => "a float",
        DeValue::Boolean(_) => "a boolean",
        DeValue::Datetime(_) => "a date or time",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}

fn unknown_key_help(section: &Section, name: &str) -> String {
    match nearest(name, section.keys.iter().map(|key| key.name)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let known: Vec<&str> = section.keys.iter().map(|key| key.name).collect();
            format!("{} knows {}", section.name, known.join(", "))
        }
    }
}

/// The candidate that differs least, if it is close enough to be a slip.
pub(crate) fn nearest<'a>(
    text: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    candidates
        .into_iter()
        .map(|candidate| (strsim::osa_distance(text, candidate), candidate))
        .filter(|(distance, candidate)| *distance <= candidate.len().div_ceil(3).min(3))
        .min()
        .map(|(_, candidate)| candidate)
}
