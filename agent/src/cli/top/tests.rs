//! What is drawn, and what keys do.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{env, fs, path::Path};

use ratatui::{
    Terminal,
    backend::TestBackend,
    crossterm::event::{KeyCode, KeyEvent, KeyModifiers},
    style::{Color, Modifier},
};

use super::{
    detail, picture, plain,
    state::{Act, State, Tab},
    view,
};
use crate::{
    now::{List, Order, Wanted, sample},
    record::FlowId,
};

fn state() -> State {
    State::new(Wanted::default(), sample::snapshot(), true)
}

fn press(state: &mut State, keys: &str) -> Act {
    let mut act = Act::Draw;
    for key in keys.split(' ') {
        let code = match key {
            "enter" => KeyCode::Enter,
            "esc" => KeyCode::Esc,
            "down" => KeyCode::Down,
            "up" => KeyCode::Up,
            "tab" => KeyCode::Tab,
            "left" => KeyCode::Left,
            "end" => KeyCode::End,
            "back" => KeyCode::Backspace,
            one => KeyCode::Char(one.chars().next().unwrap()),
        };
        act = state.key(KeyEvent::new(code, KeyModifiers::NONE));
    }
    act
}

fn drawn(state: &mut State, width: u16, height: u16) -> Terminal<TestBackend> {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    terminal.draw(|frame| view::draw(frame, state)).unwrap();
    terminal
}

fn text(terminal: &Terminal<TestBackend>) -> String {
    let buffer = terminal.backend().buffer();
    let area = buffer.area;
    let line = |row: u16| -> String {
        let cells = (0..area.width).map(|column| buffer[(column, row)].symbol());
        cells.collect::<String>().trim_end().to_owned()
    };
    let lines: Vec<_> = (0..area.height).map(line).collect();
    lines.join("\n") + "\n"
}

/// What was drawn is what `tests/top/NAME.txt` has; `BLESS=1` writes it.
fn is_golden(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/top/{name}.txt"));
    if env::var_os("BLESS").is_some() {
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
    }
    let golden = fs::read_to_string(&path).unwrap_or_default();
    assert!(
        text == golden,
        "{}: BLESS=1 accepts\n{text}",
        path.display()
    );
}

#[test]
fn each_list_at_80_columns() {
    for tab in Tab::ALL {
        let mut state = state();
        state.tab = tab;
        let drawn = text(&drawn(&mut state, 80, 24));
        is_golden(&tab.title().to_lowercase(), &drawn);
    }
}

#[test]
fn as_wide_and_as_narrow_as_terminals_are() {
    for (width, height) in [(200, 12), (120, 10), (60, 10), (40, 8), (20, 6)] {
        let mut state = state();
        let drawn = text(&drawn(&mut state, width, height));
        is_golden(&format!("{width}x{height}"), &drawn);
    }
}

/// Whatever the size and the view, nothing panics.
#[test]
fn every_size_is_drawn() {
    for keys in ["", "?", "/ a", "4 enter", "1", "2"] {
        for width in (1..90).step_by(4) {
            for height in (1..26).step_by(3) {
                let mut state = state();
                if !keys.is_empty() {
                    press(&mut state, keys);
                }
                drawn(&mut state, width, height);
            }
        }
    }
}

#[test]
fn help_filter_pause_and_trouble() {
    let mut state = state();
    press(&mut state, "?");
    is_golden("help", &text(&drawn(&mut state, 80, 24)));
    press(&mut state, "x / i m a g e");
    is_golden("typing", &text(&drawn(&mut state, 80, 10)));
    assert_eq!(press(&mut state, "enter"), Act::Ask);
    press(&mut state, "p");
    state.trouble = Some("the agent is gone; this is of 12:34:56 UTC".to_owned());
    state.snapshot.destinations = List {
        more: 312,
        ..List::default()
    };
    is_golden("paused", &text(&drawn(&mut state, 80, 10)));
}

#[test]
fn a_finding_with_what_to_do_next() {
    let mut state = state();
    press(&mut state, "4 down enter");
    is_golden("finding", &text(&drawn(&mut state, 80, 24)));
    assert_eq!(press(&mut state, "esc"), Act::Draw);
    assert!(state.detail.is_none());
}

/// Verdicts have their colour; without colours, the words and marks say the same.
#[test]
fn in_colour_and_in_monochrome() {
    let mut state = state();
    let terminal = drawn(&mut state, 80, 24);
    let buffer = terminal.backend().buffer();
    let row = (0..24)
        .find(|row| {
            (0..80)
                .map(|x| buffer[(x, *row)].symbol())
                .collect::<String>()
                .contains("undeclared ")
                && *row > 4
        })
        .unwrap();
    assert_eq!(buffer[(0, row)].symbol(), "!");
    assert_eq!(buffer[(0, row)].fg, Color::Red);
    assert!(buffer[(0, row)].modifier.contains(Modifier::BOLD));
    state.colours = false;
    let plain = drawn(&mut state, 80, 24);
    let mono = plain.backend().buffer();
    let coloured = mono.content.iter().filter(|cell| cell.fg != Color::Reset);
    assert_eq!(coloured.count(), 0);
    assert_eq!(text(&terminal), text(&plain));
    let reversed = |row: u16| mono[(5, row)].modifier.contains(Modifier::REVERSED);
    assert_eq!((0..24).filter(|row| reversed(*row) && *row > 3).count(), 1);
}

#[test]
fn keys_go_down_and_back_up() {
    let mut state = state();
    assert_eq!(state.tab, Tab::Destinations);
    assert_eq!(press(&mut state, "1"), Act::Draw);
    assert_eq!(press(&mut state, "enter"), Act::Ask);
    assert_eq!(state.tab, Tab::Workloads);
    assert_eq!(state.wanted.filter, "image-generation");
    assert_eq!(press(&mut state, "enter"), Act::Ask);
    assert_eq!(state.tab, Tab::Destinations);
    assert_eq!(
        state.wanted.filter,
        "image-generation-worker.service image-generation"
    );
    assert_eq!(press(&mut state, "down enter"), Act::Explain(FlowId(1)));
    assert_eq!(press(&mut state, "esc"), Act::Ask);
    assert_eq!(
        (state.tab, state.wanted.filter.as_str()),
        (Tab::Workloads, "image-generation")
    );
    assert_eq!(press(&mut state, "esc"), Act::Ask);
    assert_eq!(
        (state.tab, state.wanted.filter.as_str()),
        (Tab::Products, "")
    );
    assert_eq!(press(&mut state, "esc"), Act::Draw);
}

#[test]
fn keys_of_the_lists() {
    let mut state = state();
    press(&mut state, "tab");
    assert_eq!(state.tab, Tab::Findings);
    press(&mut state, "tab");
    assert_eq!(state.tab, Tab::Products);
    press(&mut state, "left");
    assert_eq!(state.tab, Tab::Findings);
    assert_eq!(press(&mut state, "3 s"), Act::Ask);
    assert_eq!(state.wanted.order, Order::Sent);
    press(&mut state, "s s s");
    assert_eq!(state.wanted.order, Order::Rate);
    press(&mut state, "end");
    assert_eq!(state.chosen(), 5);
    press(&mut state, "down up up");
    assert_eq!(state.chosen(), 3);
    press(&mut state, "g");
    assert_eq!(state.chosen(), 0);
    assert_eq!(press(&mut state, "p"), Act::Draw);
    assert!(state.paused);
    assert_eq!(press(&mut state, "p"), Act::Ask);
    assert_eq!(press(&mut state, "q"), Act::Quit);
    let interrupt = KeyEvent::new(KeyCode::Char('c'), KeyModifiers::CONTROL);
    state.typed = Some(String::new());
    assert_eq!(state.key(interrupt), Act::Quit);
}

#[test]
fn a_filter_is_typed_and_left() {
    let mut state = state();
    press(&mut state, "/ a q back b");
    assert_eq!(state.typed.as_deref(), Some("ab"));
    assert_eq!(press(&mut state, "enter"), Act::Ask);
    assert_eq!(state.wanted.filter, "ab");
    press(&mut state, "/ c esc");
    assert_eq!(
        (state.typed.as_ref(), state.wanted.filter.as_str()),
        (None, "ab")
    );
    assert_eq!(press(&mut state, "esc"), Act::Ask);
    assert_eq!(state.wanted.filter, "");
    for _ in 0..400 {
        let key = if state.typed.is_none() { "/" } else { "ä" };
        press(&mut state, key);
    }
    assert!(state.typed.unwrap().len() <= crate::now::MOST_OF_FILTER);
}

/// A choice follows its flow; the first row stays the first.
#[test]
fn a_choice_follows_what_it_is_about() {
    let mut state = state();
    press(&mut state, "down");
    let mut other = sample::snapshot();
    other.destinations.rows.reverse();
    state.put(other.clone());
    assert_eq!(state.chosen(), 4);
    press(&mut state, "g");
    state.put(sample::snapshot());
    assert_eq!(state.chosen(), 0);
    press(&mut state, "end");
    // The last row is the first of these.
    other.destinations.rows.truncate(2);
    state.put(other.clone());
    assert_eq!(state.chosen(), 0);
    press(&mut state, "end");
    other.destinations.rows.truncate(1);
    state.put(other);
    assert_eq!(state.chosen(), 0);
}

#[test]
fn what_is_explained_can_be_scrolled() {
    let mut state = state();
    let lines: Vec<_> = (0..40).map(|line| line.to_string()).collect();
    state.detail = Some(detail::note("Why", "nothing"));
    if let Some(detail) = &mut state.detail {
        detail.lines = lines;
    }
    state.page = 10;
    press(&mut state, "down down up");
    let first = |state: &State| state.detail.as_ref().unwrap().first;
    assert_eq!(first(&state), 1);
    press(&mut state, "end");
    assert_eq!(first(&state), 30);
    press(&mut state, "g");
    assert_eq!(first(&state), 0);
}

#[test]
fn once_it_is_lines_of_80_columns() {
    let mut out = Vec::new();
    plain::print(&sample::snapshot(), &mut out).unwrap();
    let text = String::from_utf8(out).unwrap();
    assert!(
        text.lines().all(|line| line.chars().count() <= 80),
        "{text}"
    );
    is_golden("once", &text);
}

/// A page of the screen, as wide as the text and with its colours. Where `XTASK_SCREENSHOTS`
/// names a directory, it is kept there.
#[test]
fn the_screen_can_be_shown_as_a_page() {
    let mut state = state();
    state.tab = Tab::Destinations;
    let drawn = drawn(&mut state, 80, 24);
    let page = picture::page(drawn.backend().buffer());
    let (_, body) = page.split_once("<pre>").unwrap();
    let shown: Vec<String> = body.lines().take(24).map(bare).collect();
    let wanted: Vec<String> = text(&drawn).lines().map(str::to_owned).collect();
    assert_eq!(shown, wanted);
    let red = |verdict: &str| {
        let mut rows = body.lines().skip(5);
        let row = rows.find(|line| bare(line).contains(verdict)).unwrap();
        row.contains("color:#ff6b68")
    };
    assert!(red(" undeclared "));
    assert!(!red(" declared "));
    if let Some(directory) = env::var_os("XTASK_SCREENSHOTS") {
        fs::create_dir_all(&directory).unwrap();
        fs::write(Path::new(&directory).join("top.html"), page).unwrap();
    }
}

/// A line of a page without its marks.
fn bare(line: &str) -> String {
    let mut bare = String::new();
    for part in line.split('<') {
        bare.push_str(part.split_once('>').map_or(part, |(_, text)| text));
    }
    let bare = bare.replace("&#60;", "<").replace("&#62;", ">");
    bare.replace("&#38;", "&").trim_end().to_owned()
}
