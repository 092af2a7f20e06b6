//! A screen as a page, for pictures of it.

use std::fmt::Write as _;

use ratatui::{
    buffer::{Buffer, Cell},
    style::{Color, Modifier},
};

/// Colours of a dark terminal.
const PAPER: &str = "#16181d";
const INK: &str = "#d5d8de";

/// The page that shows what a buffer has, in a monospaced font of the host's.
pub(super) fn page(buffer: &Buffer) -> String {
    let area = buffer.area;
    let mut body = String::new();
    for row in 0..area.height {
        let mut column = 0;
        while column < area.width {
            let style = style(&buffer[(column, row)]);
            body.push_str(&format!("<span style=\"{style}\">"));
            while column < area.width && self::style(&buffer[(column, row)]) == style {
                body.push_str(&escaped(buffer[(column, row)].symbol()));
                column += 1;
            }
            body.push_str("</span>");
        }
        body.push('\n');
    }
    format!(
        "<!doctype html><meta charset=\"utf-8\"><style>body{{margin:0;background:{PAPER}}}\
         pre{{margin:0;padding:12px;color:{INK};font:15px/19px 'DejaVu Sans Mono',monospace}}\
         </style><pre>{body}</pre>\n"
    )
}

fn style(cell: &Cell) -> String {
    let (mut ink, mut paper) = (colour(cell.fg, INK), colour(cell.bg, PAPER));
    if cell.modifier.contains(Modifier::REVERSED) {
        std::mem::swap(&mut ink, &mut paper);
    }
    let mut style = format!("color:{ink};background:{paper}");
    for (modifier, is) in [
        (Modifier::BOLD, ";font-weight:bold"),
        (Modifier::UNDERLINED, ";text-decoration:underline"),
    ] {
        if cell.modifier.contains(modifier) {
            style.push_str(is);
        }
    }
    style
}

/// The colours that are used, as a terminal shows them.
fn colour(colour: Color, otherwise: &'static str) -> &'static str {
    match colour {
        Color::Red => "#ff6b68",
        Color::Green => "#7ec699",
        Color::Yellow => "#e5c07b",
        Color::DarkGray => "#8a919e",
        _ => otherwise,
    }
}

fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '<' | '>' | '&' => {
                // Writing to a string does not fail.
                let _ = write!(escaped, "&#{};", u32::from(character));
            }
            _ => escaped.push(character),
        }
    }
    escaped
}
