//! Rows of cells, laid out in a width.

use ratatui::text::Line;

use crate::cli::text::harmless;

/// What a cell says beside its words. Where there are no colours, the words stay.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    /// Nothing.
    #[default]
    Plain,
    /// As it should be.
    Good,
    /// Somebody has to look.
    Doubt,
    /// It deviates.
    Bad,
    /// It deviates, outside the platform's home.
    Worst,
    /// Beside the point.
    Dim,
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Cell {
    pub(super) text: String,
    pub(super) tone: Tone,
}

impl Cell {
    pub(super) fn new(text: impl Into<String>) -> Self {
        Self {
            text: text.into(),
            tone: Tone::Plain,
        }
    }

    pub(super) fn toned(text: impl Into<String>, tone: Tone) -> Self {
        Self {
            text: text.into(),
            tone,
        }
    }
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(super) struct Column {
    pub(super) title: &'static str,
    /// Columns of the terminal; 0 takes what is left.
    pub(super) width: usize,
    /// Whether its cells stand at its right end.
    pub(super) right: bool,
}

impl Column {
    pub(super) const fn left(title: &'static str, width: usize) -> Self {
        Self {
            title,
            width,
            right: false,
        }
    }

    pub(super) const fn right(title: &'static str, width: usize) -> Self {
        Self {
            title,
            width,
            right: true,
        }
    }
}

/// The columns with widths that fill a line.
pub(super) fn filled(columns: &[Column], width: usize) -> Vec<Column> {
    let fixed: usize = columns.iter().map(|column| column.width).sum();
    let gaps = columns.len().saturating_sub(1);
    let rest = width.saturating_sub(fixed + gaps);
    let takers = columns.iter().filter(|column| column.width == 0).count();
    let mut first = true;
    let widths = columns.iter().map(|column| {
        let mut column = *column;
        if column.width == 0 {
            let share = rest / takers.max(1);
            // What cannot be shared goes to the first.
            column.width = share + if first { rest % takers.max(1) } else { 0 };
            first = false;
        }
        column
    });
    widths.collect()
}

/// A row of cells as texts of exactly the columns' widths, with a space after each but the
/// last.
pub(super) fn laid_out(row: &[Cell], columns: &[Column]) -> Vec<Cell> {
    let last = columns.len().saturating_sub(1);
    let cells = row.iter().zip(columns).enumerate();
    let cells = cells.map(|(number, (cell, column))| {
        let mut text = fit(&cell.text, column.width, column.right);
        if number < last {
            text.push(' ');
        }
        Cell {
            text,
            tone: cell.tone,
        }
    });
    cells.collect()
}

/// The titles of columns.
pub(super) fn titles(columns: &[Column]) -> String {
    let cells: Vec<_> = columns.iter().map(|one| Cell::new(one.title)).collect();
    text_of(&laid_out(&cells, columns))
}

/// A row without its tones.
pub(super) fn text_of(cells: &[Cell]) -> String {
    cells.iter().map(|cell| cell.text.as_str()).collect()
}

/// A text of exactly so many columns: cut, with a mark, or filled with spaces. Control
/// characters are escaped: workloads choose much of what is shown.
pub(super) fn fit(text: &str, width: usize, right: bool) -> String {
    let text = harmless(text);
    let mut text = text.into_owned();
    if columns_of(&text) > width {
        while columns_of(&text) + 1 > width && text.pop().is_some() {}
        if width > 0 {
            text.push('…');
        }
    }
    let space = " ".repeat(width.saturating_sub(columns_of(&text)));
    if right { space + &text } else { text + &space }
}

/// Columns of a terminal that a text takes.
pub(super) fn columns_of(text: &str) -> usize {
    Line::raw(text).width()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_have_exactly_their_width() {
        assert_eq!(fit("abc", 5, false), "abc  ");
        assert_eq!(fit("abc", 5, true), "  abc");
        assert_eq!(fit("abcdef", 4, false), "abc…");
        assert_eq!(fit("日本語", 4, false), "日… ");
        assert_eq!(fit("a\u{1b}[2J", 12, false), "a\\u{1b}[2J  ");
        assert_eq!(fit("abc", 0, false), "");
    }

    #[test]
    fn what_is_left_is_shared() {
        let columns = [
            Column::left("A", 0),
            Column::right("B", 4),
            Column::left("C", 0),
        ];
        let widths = |width| -> Vec<usize> {
            filled(&columns, width)
                .iter()
                .map(|one| one.width)
                .collect()
        };
        assert_eq!(widths(20), [7, 4, 7]);
        assert_eq!(widths(21), [8, 4, 7]);
        assert_eq!(widths(3), [0, 4, 0]);
        assert_eq!(titles(&filled(&columns, 20)), "A          B C      ");
    }
}
