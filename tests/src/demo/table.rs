//! The result for a person: a table of at most 80 columns.

use std::fmt::Write as _;

use anstyle::{AnsiColor, Style};

use crate::record::Flow;

/// Most columns of a line.
const WIDTH: usize = 80;
const HEADS: [&str; 6] = [
    "product",
    "workload",
    "destination",
    "in",
    "verdict",
    "bytes",
];
/// Widths of the columns; what is longer is cut short.
const WIDTHS: [usize; 6] = [13, 22, 23, 2, 10, 5];

/// Renders flows; below each that is neither internal nor declared, the reason.
pub(super) fn render<'a>(flows: impl Iterator<Item = &'a Flow>) -> String {
    let mut text = String::new();
    let bold = Style::new().bold();
    let _ = writeln!(
        text,
        "{bold}{}{bold:#}",
        row(&HEADS.map(str::to_owned)).trim_end()
    );
    for flow in flows {
        let fine = matches!(flow.verdict.as_str(), "internal" | "declared");
        let colour = if fine {
            AnsiColor::Green
        } else {
            AnsiColor::Red
        };
        let style = Style::new().fg_color(Some(colour.into()));
        let cells = cells(flow);
        let _ = writeln!(
            text,
            "{}",
            row(&cells).replacen(&cells[4], &format!("{style}{}{style:#}", cells[4]), 1,)
        );
        if !fine {
            for line in wrap(&flow.reason, WIDTH - 4) {
                let _ = writeln!(text, "    {line}");
            }
        }
    }
    text
}

fn cells(flow: &Flow) -> [String; 6] {
    let destination = match flow.destination.address {
        std::net::IpAddr::V4(address) => format!("{address}:{}", flow.destination.port),
        std::net::IpAddr::V6(address) => format!("[{address}]:{}", flow.destination.port),
    };
    [
        flow.product.clone().unwrap_or_else(|| "(none)".into()),
        flow.workload.name.clone(),
        format!("{destination}/{}", flow.destination.protocol),
        flow.hosted_in.value.clone().unwrap_or_else(|| "-".into()),
        flow.verdict.clone(),
        short(flow.egress_bytes + flow.ingress_bytes),
    ]
}

fn row(cells: &[String; 6]) -> String {
    let mut line = String::new();
    for (cell, width) in cells.iter().zip(WIDTHS) {
        if !line.is_empty() {
            line.push(' ');
        }
        let _ = match cell.char_indices().nth(width) {
            None => write!(line, "{cell:<width$}"),
            Some(_) => {
                let cut: String = cell.chars().take(width - 1).collect();
                write!(line, "{cut}…")
            }
        };
    }
    line
}

/// A count of bytes, right-aligned in its column.
fn short(bytes: u64) -> String {
    let text = match bytes {
        0..1000 => format!("{bytes}B"),
        1000..1_000_000 => format!("{}k", bytes / 1000),
        _ => format!("{}M", bytes / 1_000_000),
    };
    format!("{text:>5}")
}

fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.is_empty() => line.push_str(word),
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widths_fit_a_terminal() {
        assert!(WIDTHS.iter().sum::<usize>() + WIDTHS.len() - 1 <= WIDTH);
        let long = HEADS.map(|head| head.repeat(20));
        assert_eq!(row(&long).chars().count(), WIDTH);
    }

    #[test]
    fn reasons_are_wrapped_between_words() {
        assert_eq!(wrap("one two three", 8), ["one two", "three"]);
        assert_eq!(short(999_999), " 999k");
    }
}
