//! Draws what there is on a terminal of any size.

use ratatui::{
    Frame,
    layout::{Position, Rect},
    style::{Color, Modifier, Style},
    text::{Line, Span},
    widgets::Paragraph,
};

use super::{
    cells::{Cell, Tone, columns_of, filled, fit, laid_out, titles},
    plain::{health, totals},
    state::{State, Tab},
    tables::{self, Table},
};
use crate::now::words;

/// Heights from which the head has its second and third line.
const WITH_HEALTH: u16 = 9;

/// What keys do, as `?` shows it.
const HELP: &str = "\
1 2 3 4   products, workloads, destinations, findings; also Tab, arrows
up down   choose a row; PgUp PgDn, g first, G last
Enter     go down: to workloads, to destinations, to why it was judged so
Esc       back up, or without a filter
/         show only rows that have all these words; Enter applies
s         sort by rate, by what was sent, by last sight, by verdict
p Space   stop and go on; what is shown stays as it is
q         end

!  deviates, and outside the platform's home    *  deviates
?  in doubt, expired or unattributed            <  the other side began
name~     told by a resolver that is not trusted
name?     only said by the workload itself
IN        hosting: country, with ! outside the platform's home, any
          (anycast), dis (sources disagree), ? (not known)
LAW       legal home of the operator's ultimate parent, where reviewed
/s        mean over the last five to ten seconds";

/// Draws everything.
pub(super) fn draw(frame: &mut Frame<'_>, state: &mut State) {
    let area = frame.area();
    if area.width == 0 || area.height == 0 {
        return;
    }
    let mut left = area;
    for line in head(state, area) {
        put(frame, &mut left, line);
    }
    let foot = take_last(&mut left);
    let said = take_last(&mut left);
    if state.help {
        text(frame, left, HELP.lines().map(Line::raw));
    } else if let Some(detail) = &state.detail {
        state.page = usize::from(left.height);
        let lines = detail.lines.iter().skip(detail.first);
        text(frame, left, lines.map(|line| Line::raw(line.as_str())));
    } else {
        list(frame, left, said, state);
    }
    bottom(frame, said, foot, state);
}

/// Host, time and rates; how the record is; deviations; the lists.
fn head(state: &State, area: Rect) -> Vec<Line<'static>> {
    let width = usize::from(area.width);
    let now = &state.snapshot;
    let host = now.host.as_deref().unwrap_or("a host without a name");
    let time = now.time.strftime("%T UTC");
    let left = format!("weir top  {host}  {time}");
    let rates = format!(
        "{} out  {} in",
        words::rate(now.total.rate.sent),
        words::rate(now.total.rate.received)
    );
    let bold = Style::new().add_modifier(Modifier::BOLD);
    let first = Line::styled(ends(&left, &rates, width), bold);
    let mut lines = vec![first];
    if area.height >= WITH_HEALTH {
        lines.push(cells_line(&health(now), state, width));
        lines.push(cells_line(&totals(now), state, width));
    }
    lines.push(tabs(state, width));
    lines
}

/// One text at each end of a line, as far as both fit.
fn ends(left: &str, right: &str, width: usize) -> String {
    let room = width.saturating_sub(columns_of(right) + 2);
    if room < 12 {
        return fit(left, width, false);
    }
    format!("{}  {right}", fit(left, room, false))
}

fn tabs(state: &State, width: usize) -> Line<'static> {
    let mut spans = Vec::new();
    for (number, tab) in Tab::ALL.into_iter().enumerate() {
        let short = width < 66;
        let title = if short {
            tab.title().get(..4).unwrap_or_default()
        } else {
            tab.title()
        };
        let count = match tab {
            Tab::Findings if !state.snapshot.findings.rows.is_empty() => {
                let findings = &state.snapshot.findings;
                format!(" {}", findings.rows.len() as u64 + findings.more)
            }
            _ => String::new(),
        };
        let text = format!(" {} {title}{count} ", number + 1);
        let style = if tab == state.tab {
            Style::new().add_modifier(Modifier::REVERSED)
        } else {
            Style::new()
        };
        spans.push(Span::styled(text, style));
    }
    let order = state.wanted.order.label();
    let order = if width < 66 {
        format!(" by {order}")
    } else {
        format!("   sorted by {order}")
    };
    spans.push(Span::raw(order));
    Line::from(spans)
}

/// The list that is shown, with the chosen row in view.
fn list(frame: &mut Frame<'_>, mut area: Rect, said: Rect, state: &mut State) {
    let width = usize::from(area.width);
    let table = table(state, width);
    let columns = filled(&table.columns, width);
    let underlined = Style::new().add_modifier(Modifier::BOLD | Modifier::UNDERLINED);
    put(frame, &mut area, Line::styled(titles(&columns), underlined));
    let page = usize::from(area.height);
    state.page = page.max(1);
    let chosen = state.chosen();
    let first = (chosen + 1).saturating_sub(page);
    let rows = table.rows.iter().enumerate().skip(first).take(page);
    let lines = rows.map(|(number, row)| {
        let line = line_of(laid_out(row, &columns), state.colours);
        if number == chosen {
            line.style(Style::new().add_modifier(Modifier::REVERSED))
        } else {
            line
        }
    });
    let lines: Vec<_> = lines.collect();
    if lines.is_empty() {
        let nothing = match (state.wanted.filter.is_empty(), state.tab) {
            (_, Tab::Findings) => "no finding is open",
            (true, _) => "nothing is open at present",
            (false, _) => "nothing has these words: Esc shows everything",
        };
        text(frame, area, [Line::raw(nothing)].into_iter());
    } else {
        text(frame, area, lines.into_iter());
    }
    if let Some(more) = table.more {
        frame.render_widget(Paragraph::new(fit(&more, width, false)), said);
    }
}

fn table(state: &State, width: usize) -> Table {
    let now = &state.snapshot;
    match state.tab {
        Tab::Products => tables::products(&now.products, width),
        Tab::Workloads => tables::workloads(&now.workloads, width),
        Tab::Destinations => tables::destinations(&now.destinations, width),
        Tab::Findings => tables::findings(&now.findings, width),
    }
}

/// What is typed, what is wrong, what is filtered; which keys there are.
fn bottom(frame: &mut Frame<'_>, said: Rect, foot: Rect, state: &State) {
    let width = usize::from(foot.width);
    let bold = Style::new().add_modifier(Modifier::BOLD);
    if let Some(typed) = &state.typed {
        let line = format!("/{typed}");
        frame.render_widget(
            Paragraph::new(Line::styled(fit(&line, width, false), bold)),
            foot,
        );
        let column = u16::try_from(columns_of(&line)).unwrap_or(u16::MAX);
        let last = foot.right().saturating_sub(1);
        frame.set_cursor_position(Position::new(
            last.min(foot.x.saturating_add(column)),
            foot.y,
        ));
        return;
    }
    if let Some(trouble) = &state.trouble {
        let line = Line::styled(
            fit(trouble, width, false),
            tone_style(Tone::Bad, state.colours),
        );
        frame.render_widget(Paragraph::new(line), said);
    }
    let mut states = Vec::new();
    if state.paused {
        states.push("PAUSED".to_owned());
    }
    if !state.wanted.filter.is_empty() {
        states.push(format!("/{}", state.wanted.filter));
    }
    let keys = if state.help {
        "any key goes back"
    } else if state.detail.is_some() {
        "Esc back  up down scroll  ? keys"
    } else {
        "? keys  / filter  s sort  p pause  Enter why  q end"
    };
    let states = states.join("  ");
    let line = if states.is_empty() {
        Line::raw(fit(keys, width, false))
    } else {
        let room = width.saturating_sub(columns_of(keys) + 2).max(width / 2);
        let states = fit(&states, room.min(columns_of(&states)), false);
        let keys = width.saturating_sub(columns_of(&states) + 2);
        Line::from(vec![
            Span::styled(states, bold),
            Span::raw("  "),
            Span::raw(fit(
                "? keys  / filter  s sort  p pause  Enter why  q end",
                keys,
                false,
            )),
        ])
    };
    frame.render_widget(Paragraph::new(line), foot);
}

fn cells_line(cells: &[Cell], state: &State, width: usize) -> Line<'static> {
    let mut left = width;
    let mut spans = Vec::new();
    for (number, cell) in cells.iter().enumerate() {
        let between = if number == 0 { 0 } else { 2 };
        let columns = columns_of(&cell.text) + between;
        if columns > left {
            break;
        }
        left -= columns;
        spans.push(Span::raw(" ".repeat(between)));
        spans.push(Span::styled(
            cell.text.clone(),
            tone_style(cell.tone, state.colours),
        ));
    }
    Line::from(spans)
}

fn line_of(cells: Vec<Cell>, colours: bool) -> Line<'static> {
    let spans = cells
        .into_iter()
        .map(|cell| Span::styled(cell.text, tone_style(cell.tone, colours)));
    Line::from(spans.collect::<Vec<_>>())
}

fn tone_style(tone: Tone, colours: bool) -> Style {
    let bold = Style::new().add_modifier(Modifier::BOLD);
    match (tone, colours) {
        (Tone::Plain | Tone::Good | Tone::Dim, false) | (Tone::Plain, true) => Style::new(),
        (Tone::Doubt, false) => Style::new(),
        (Tone::Bad | Tone::Worst, false) => bold,
        (Tone::Good, true) => Style::new().fg(Color::Green),
        (Tone::Doubt, true) => Style::new().fg(Color::Yellow),
        (Tone::Bad, true) => Style::new().fg(Color::Red),
        (Tone::Worst, true) => bold.fg(Color::Red),
        (Tone::Dim, true) => Style::new().fg(Color::DarkGray),
    }
}

/// A line at the top of what is left.
fn put(frame: &mut Frame<'_>, left: &mut Rect, line: Line<'_>) {
    if left.height == 0 {
        return;
    }
    let one = Rect { height: 1, ..*left };
    frame.render_widget(Paragraph::new(line), one);
    left.y += 1;
    left.height -= 1;
}

/// The last line of what is left.
fn take_last(left: &mut Rect) -> Rect {
    let height = left.height.min(1);
    left.height -= height;
    Rect {
        y: left.bottom(),
        height,
        ..*left
    }
}

fn text<'l>(frame: &mut Frame<'_>, area: Rect, lines: impl Iterator<Item = Line<'l>>) {
    let lines: Vec<_> = lines.take(usize::from(area.height)).collect();
    frame.render_widget(Paragraph::new(lines), area);
}
