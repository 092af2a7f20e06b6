//! Errors as text: stable plain lines for files and pipes, frames for terminals.

use std::fmt;

use miette::{GraphicalReportHandler, GraphicalTheme, LabeledSpan, NamedSource, SourceCode};

use super::diagnostic::{Diagnostic, Place};

/// Longest excerpt in characters; a longer line is cut around the error.
const EXCERPT: usize = 120;

/// `file:line:column: error: message`, the line with the stretch marked, help.
pub(super) fn plain(
    diagnostics: &[Diagnostic],
    summary: &str,
    f: &mut impl fmt::Write,
) -> fmt::Result {
    for diagnostic in diagnostics {
        f.write_str(&harmless(&diagnostic.file.to_string_lossy()))?;
        if let Some(place) = &diagnostic.place {
            write!(f, ":{}:{}", place.position.line, place.position.column)?;
        }
        match diagnostic.lint {
            None if diagnostic.warning => writeln!(f, ": warning: {}", diagnostic.message)?,
            None => writeln!(f, ": error: {}", diagnostic.message)?,
            Some(lint) => writeln!(f, ": warning: {} [{lint}]", diagnostic.message)?,
        }
        if let Some(place) = &diagnostic.place {
            excerpt(place, f)?;
        }
        writeln!(f, "  help: {}\n", diagnostic.help)?;
    }
    f.write_str(summary)
}

fn excerpt(place: &Place, f: &mut impl fmt::Write) -> fmt::Result {
    let line = place.source.line_range(place.span.start);
    let text = &place.source.text;
    let part = |from: usize, to: usize| text.get(from..to).unwrap_or_default();
    let before: Vec<char> = part(line.start, place.span.start).chars().collect();
    let end = place
        .span
        .end
        .clamp(place.span.start, line.end.max(place.span.start));
    let marked: Vec<char> = part(place.span.start, end).chars().take(EXCERPT).collect();
    // Context on both sides, as much as fits.
    let room = EXCERPT.saturating_sub(marked.len());
    let skipped = before.len().saturating_sub(room / 2);
    let shown_before = before.get(skipped..).unwrap_or_default();
    let after: String = part(end, line.end)
        .chars()
        .take(room.saturating_sub(shown_before.len()))
        .collect();

    let mut shown = String::new();
    let mut marks = String::new();
    if skipped > 0 {
        shown.push('…');
        marks.push(' ');
    }
    for c in shown_before {
        shown.push(printable(*c));
        marks.push(if *c == '\t' { '\t' } else { ' ' });
    }
    shown.extend(marked.iter().map(|c| printable(*c)));
    shown.extend(after.chars().map(printable));
    marks.extend(std::iter::repeat_n('^', marked.len().max(1)));

    let number = place.position.line.to_string();
    writeln!(f, "  {number} | {}", shown.trim_end())?;
    writeln!(f, "  {:width$} | {marks}", "", width = number.len())
}

/// A character that cannot drive the terminal.
fn printable(c: char) -> char {
    if c.is_control() && c != '\t' {
        char::REPLACEMENT_CHARACTER
    } else {
        c
    }
}

/// With control characters escaped, in names of files above all.
fn harmless(text: &str) -> String {
    let mut shown = String::with_capacity(text.len());
    for c in text.chars() {
        if c.is_control() {
            shown.extend(c.escape_default());
        } else {
            shown.push(c);
        }
    }
    shown
}

/// The same in frames, with neighbouring lines, for a person at a terminal.
pub(super) fn graphical(diagnostics: &[Diagnostic], summary: &str, colour: bool) -> String {
    let theme = if colour {
        GraphicalTheme::unicode()
    } else {
        GraphicalTheme::unicode_nocolor()
    };
    let handler = GraphicalReportHandler::new_themed(theme)
        .with_links(false)
        .with_width(100);
    let mut out = String::new();
    for diagnostic in diagnostics {
        // Writing to a string does not fail.
        let _ = handler.render_report(&mut out, &Report::new(diagnostic));
        out.push('\n');
    }
    out.push_str(summary);
    out
}

/// A diagnostic in miette's terms.
#[derive(Debug)]
struct Report<'a> {
    diagnostic: &'a Diagnostic,
    source: Option<NamedSource<String>>,
}

impl<'a> Report<'a> {
    fn new(diagnostic: &'a Diagnostic) -> Self {
        let source = diagnostic.place.as_ref().map(|place| {
            let safe = place.source.text.chars().map(|c| match c {
                '\n' | '\r' => c,
                // One byte for one byte: the spans stay true.
                c if c.is_control() && c.len_utf8() == 1 && c != '\t' => '?',
                c => c,
            });
            NamedSource::new(harmless(&diagnostic.file.to_string_lossy()), safe.collect())
        });
        Self { diagnostic, source }
    }
}

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.diagnostic.place.is_none() {
            let file = harmless(&self.diagnostic.file.to_string_lossy());
            write!(f, "{file}: ")?;
        }
        f.write_str(&self.diagnostic.message)
    }
}

impl std::error::Error for Report<'_> {}

impl miette::Diagnostic for Report<'_> {
    fn severity(&self) -> Option<miette::Severity> {
        Some(if self.diagnostic.warning {
            miette::Severity::Warning
        } else {
            miette::Severity::Error
        })
    }

    fn code<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        let lint = self.diagnostic.lint?;
        Some(Box::new(lint))
    }

    fn help<'b>(&'b self) -> Option<Box<dyn fmt::Display + 'b>> {
        Some(Box::new(&self.diagnostic.help))
    }

    fn source_code(&self) -> Option<&dyn SourceCode> {
        self.source.as_ref().map(|source| source as &dyn SourceCode)
    }

    fn labels(&self) -> Option<Box<dyn Iterator<Item = LabeledSpan> + '_>> {
        let span = self.diagnostic.place.as_ref()?.span.clone();
        Some(Box::new(std::iter::once(LabeledSpan::underline(span))))
    }
}
