//! The difference between two sets, for people.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};

use crate::{
    cli::text::wrapped,
    replay::structure::{Edit, KeyChange, PartChange, shown},
};

pub(super) fn print(structure: &[PartChange], out: &mut impl Write) -> io::Result<()> {
    let mut file = "";
    for part in structure {
        if part.file != file {
            file = &part.file;
            wrapped("", file, out)?;
        }
        print_part(part, out)?;
    }
    let count = |edit| structure.iter().filter(|part| part.edit == edit).count();
    if structure.is_empty() {
        return writeln!(out, "the sets say the same");
    }
    writeln!(
        out,
        "{} added, {} removed, {} changed",
        count(Edit::Added),
        count(Edit::Removed),
        count(Edit::Changed)
    )
}

fn print_part(part: &PartChange, out: &mut impl Write) -> io::Result<()> {
    let (sign, colour) = match part.edit {
        Edit::Added => ("+", AnsiColor::Green),
        Edit::Removed => ("-", AnsiColor::Red),
        Edit::Changed => ("~", AnsiColor::Yellow),
    };
    let style = Style::new().fg_color(Some(colour.into()));
    let id = part.id.as_deref().unwrap_or_default();
    let what = match &part.section {
        Some(section) => format!("[[{section}]] {id}"),
        None => "the file".to_owned(),
    };
    write!(out, "{style}")?;
    wrapped(&format!("  {sign} "), &what, out)?;
    write!(out, "{style:#}")?;
    // What a table without an id holds is said by then.
    let told = |key: &KeyChange| {
        let value = key.after.as_ref().or(key.before.as_ref());
        part.edit != Edit::Changed && value.is_some_and(|value| says(id, &key.key, &shown(value)))
    };
    for key in part.keys.iter().filter(|key| !told(key)) {
        print_key(key, part.edit, out)?;
    }
    Ok(())
}

/// Whether what tells the table from others has the value already.
fn says(id: &str, key: &str, value: &str) -> bool {
    id == value || id.contains(&format!("{key} = {value}"))
}

fn print_key(key: &KeyChange, edit: Edit, out: &mut impl Write) -> io::Result<()> {
    let value = |value: &Option<_>| value.as_ref().map_or_else(|| "(none)".to_owned(), shown);
    let text = match edit {
        Edit::Added => value(&key.after),
        Edit::Removed => value(&key.before),
        Edit::Changed => format!("{} -> {}", value(&key.before), value(&key.after)),
    };
    wrapped(&format!("      {:<18} ", key.key), &text, out)
}
