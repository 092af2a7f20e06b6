//! Text for people, within 80 columns.

use std::{
    borrow::Cow,
    io::{self, Write},
};

use crate::jurisdiction::{Answers, Domicile, SourceAnswer};

/// Columns of the text.
pub(super) const WIDTH: usize = 80;

/// A fact with its label.
pub(super) fn line(what: &str, text: &str, out: &mut impl Write) -> io::Result<()> {
    wrapped(&format!("{what:<15}"), text, out)
}

/// Writes within [`WIDTH`]; further lines are indented as far as the first. Only a word
/// that no line could hold is broken. Control characters are escaped: workloads choose
/// much of what is written, and a terminal would obey it.
pub(crate) fn wrapped(before: &str, text: &str, out: &mut impl Write) -> io::Result<()> {
    let before = harmless(before);
    write!(out, "{before}")?;
    wrapped_behind(before.chars().count(), text, out)
}

/// As [`wrapped`], behind what has taken so many columns.
pub(super) fn wrapped_behind(column: usize, text: &str, out: &mut impl Write) -> io::Result<()> {
    let indent = column.min(WIDTH - 1);
    let mut column = column;
    for word in harmless(text).split(' ') {
        let width = word.chars().count();
        if column > indent && column + 1 + width > WIDTH {
            write!(out, "\n{:indent$}", "")?;
            column = indent;
        } else if column > indent {
            write!(out, " ")?;
            column += 1;
        }
        for character in word.chars() {
            if column >= WIDTH {
                write!(out, "\n{:indent$}", "")?;
                column = indent;
            }
            write!(out, "{character}")?;
            column += 1;
        }
    }
    writeln!(out)
}

/// `1 flow`, `2 flows`.
pub(super) fn flows(count: u64) -> String {
    if count == 1 {
        "1 flow".to_owned()
    } else {
        format!("{count} flows")
    }
}

/// With control characters escaped.
pub(super) fn harmless(text: &str) -> Cow<'_, str> {
    if !text.contains(char::is_control) {
        return Cow::Borrowed(text);
    }
    let escaped = text.chars().map(|c| {
        if c.is_control() {
            c.escape_default().to_string()
        } else {
            c.to_string()
        }
    });
    Cow::Owned(escaped.collect())
}

/// The beginning, with a mark where more is left out.
pub(super) fn cut(text: &str, width: usize) -> String {
    if text.chars().count() <= width {
        return text.to_owned();
    }
    let head: String = text.chars().take(width.saturating_sub(1)).collect();
    format!("{head}…")
}

pub(super) fn yes_no(flag: bool) -> &'static str {
    if flag { "yes" } else { "no" }
}

/// `DE (unanimous, 2 of 3 sources)`, or why there is no value.
pub(super) fn said<T>(answers: &Answers<T>, text: impl Fn(&T) -> String) -> String {
    let agreement = answers.agreement.label();
    let counts = |one: &&_| counts(*one);
    let answered = answers.sources.iter().filter(counts).count();
    let all = answers.sources.len();
    match (&answers.value, &answers.reason) {
        (Some(value), _) => {
            let of = format!("{agreement}, {answered} of {all} sources");
            format!("{} ({of})", text(value))
        }
        (None, Some(reason)) => format!("{agreement}: {reason}"),
        (None, None) => agreement.to_owned(),
    }
}

fn counts<T>(one: &SourceAnswer<T>) -> bool {
    one.value.is_some() && one.note.is_none()
}

/// Who the operator is, and under whose law.
pub(super) fn operator(domicile: &Domicile, out: &mut impl Write) -> io::Result<()> {
    let reason = domicile.reason.as_deref();
    let Some(provider) = &domicile.provider else {
        let none = reason.map_or_else(|| "none".to_owned(), |reason| format!("none: {reason}"));
        return line("provider", &none, out);
    };
    let by = domicile.matched_by.as_ref();
    let by = by.map_or_else(String::new, |by| format!(" by {by}"));
    line("provider", &format!("{provider}{by}"), out)?;
    if let Some(entity) = &domicile.legal_entity {
        line("legal entity", entity, out)?;
    }
    if let Some(parent) = &domicile.parent {
        line("parent", parent, out)?;
    }
    let mut home = match (domicile.country, reason) {
        (Some(country), _) => country.to_string(),
        (None, Some(reason)) => format!("unknown: {reason}"),
        (None, None) => "unknown".to_owned(),
    };
    if let (Some(_), Some(day)) = (domicile.country, domicile.reviewed) {
        home.push_str(&format!(" (reviewed {day})"));
    }
    if let Some(stated) = domicile.stated {
        home.push_str(&format!("; the table says {stated}, which does not count"));
    }
    line("domicile", &home, out)
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn text(before: &str, text: &str) -> String {
        let mut out = Vec::new();
        wrapped(before, text, &mut out).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn lines_break_between_words() {
        let words = ["word"; 16].join(" ");
        let (first, second) = (["word"; 13].join(" "), ["word"; 3].join(" "));
        assert_eq!(
            text("label          ", &words),
            format!("label          {first}\n               {second}\n")
        );
    }

    #[test]
    fn a_word_that_no_line_holds_is_broken() {
        let long = "a".repeat(150);
        assert_eq!(
            text("label ", &format!("see {long}")),
            format!(
                "label see\n      {}\n      {}\n      aa\n",
                &long[..74],
                &long[..74]
            )
        );
    }

    #[test]
    fn a_terminal_is_told_nothing() {
        assert_eq!(
            text("a\u{7} ", "b\u{1b}[2Jc\nd\u{9b}e"),
            "a\\u{7} b\\u{1b}[2Jc\\nd\\u{9b}e\n"
        );
    }

    proptest! {
        #[test]
        fn no_line_is_too_long_and_no_character_is_lost(
            label in "[a-z]{0,20}", words in proptest::collection::vec("[a-z.]{1,200}", 0..20)
        ) {
            let written = text(&label, &words.join(" "));
            prop_assert!(written.lines().all(|line| line.chars().count() <= WIDTH));
            let plain = |text: &str| text.replace([' ', '\n'], "");
            prop_assert_eq!(plain(&written), plain(&format!("{label}{}", words.concat())));
        }
    }
}
