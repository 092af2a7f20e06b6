//! What keys do.

use ratatui::crossterm::event::{KeyCode, KeyEvent, KeyEventKind, KeyModifiers};

use super::detail::{self, Detail};
use crate::{
    now::{MOST_OF_FILTER, Order, Snapshot, Wanted},
    record::FlowId,
};

/// A list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Tab {
    Products,
    Workloads,
    Destinations,
    Findings,
}

impl Tab {
    pub(super) const ALL: [Self; 4] = [
        Self::Products,
        Self::Workloads,
        Self::Destinations,
        Self::Findings,
    ];

    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Products => "Products",
            Self::Workloads => "Workloads",
            Self::Destinations => "Destinations",
            Self::Findings => "Findings",
        }
    }

    const fn number(self) -> usize {
        match self {
            Self::Products => 0,
            Self::Workloads => 1,
            Self::Destinations => 2,
            Self::Findings => 3,
        }
    }

    fn beside(self, step: usize) -> Self {
        let next = (self.number() + step) % Self::ALL.len();
        Self::ALL.get(next).copied().unwrap_or(self)
    }
}

/// What is to be done after a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Act {
    /// Draw again.
    Draw,
    /// Ask the agent at once: something else is wanted.
    Ask,
    /// Ask for all that is known of a flow.
    Explain(FlowId),
    /// End.
    Quit,
}

/// What is shown, and what was pressed.
#[derive(Debug)]
pub(super) struct State {
    pub(super) snapshot: Snapshot,
    pub(super) wanted: Wanted,
    pub(super) tab: Tab,
    /// The row that is chosen in each list.
    chosen: [usize; 4],
    /// Where the way down came from: list and filter.
    way: Vec<(Tab, String)>,
    /// The filter as it is typed.
    pub(super) typed: Option<String>,
    pub(super) paused: bool,
    pub(super) help: bool,
    pub(super) detail: Option<Detail>,
    /// Why there is nothing newer.
    pub(super) trouble: Option<String>,
    pub(super) colours: bool,
    /// Rows that fit, as was drawn last.
    pub(super) page: usize,
}

impl State {
    pub(super) fn new(wanted: Wanted, snapshot: Snapshot, colours: bool) -> Self {
        Self {
            snapshot,
            wanted,
            tab: Tab::Destinations,
            chosen: [0; 4],
            way: Vec::new(),
            typed: None,
            paused: false,
            help: false,
            detail: None,
            trouble: None,
            colours,
            page: 10,
        }
    }

    /// Rows of the list that is shown.
    pub(super) fn rows(&self) -> usize {
        match self.tab {
            Tab::Products => self.snapshot.products.rows.len(),
            Tab::Workloads => self.snapshot.workloads.rows.len(),
            Tab::Destinations => self.snapshot.destinations.rows.len(),
            Tab::Findings => self.snapshot.findings.rows.len(),
        }
    }

    /// The row that is chosen.
    pub(super) fn chosen(&self) -> usize {
        let chosen = self.chosen.get(self.tab.number()).copied();
        chosen.unwrap_or(0).min(self.rows().saturating_sub(1))
    }

    fn choose(&mut self, row: usize) -> Act {
        let row = row.min(self.rows().saturating_sub(1));
        if let Some(chosen) = self.chosen.get_mut(self.tab.number()) {
            *chosen = row;
        }
        Act::Draw
    }

    /// The agent has answered. The first row stays chosen while it is; any other choice
    /// follows what it is about.
    pub(super) fn put(&mut self, snapshot: Snapshot) {
        self.trouble = None;
        let before = self.chosen();
        let about = (before > 0).then(|| self.about(before)).flatten();
        self.snapshot = snapshot;
        if let Some(about) = about {
            let again = (0..self.rows()).find(|row| self.about(*row).as_ref() == Some(&about));
            self.choose(again.unwrap_or(before));
        }
    }

    /// What a row of the list is about.
    fn about(&self, row: usize) -> Option<String> {
        let now = &self.snapshot;
        Some(match self.tab {
            Tab::Products => product_of(now.products.rows.get(row)?.product.as_ref()),
            Tab::Workloads => {
                let row = now.workloads.rows.get(row)?;
                format!("{} {}", row.workload, product_of(row.product.as_ref()))
            }
            Tab::Destinations => now.destinations.rows.get(row)?.flow.0.to_string(),
            Tab::Findings => now.findings.rows.get(row)?.finding.id.to_string(),
        })
    }

    /// A key was pressed.
    pub(super) fn key(&mut self, key: KeyEvent) -> Act {
        if key.kind == KeyEventKind::Release {
            return Act::Draw;
        }
        let control = key.modifiers.contains(KeyModifiers::CONTROL);
        if control && key.code == KeyCode::Char('c') {
            return Act::Quit;
        }
        if self.typed.is_some() {
            return self.type_key(key.code, control);
        }
        if self.help {
            self.help = false;
            return Act::Draw;
        }
        if self.detail.is_some() {
            return self.detail_key(key.code);
        }
        self.list_key(key.code)
    }

    fn type_key(&mut self, key: KeyCode, control: bool) -> Act {
        let Some(typed) = &mut self.typed else {
            return Act::Draw;
        };
        match key {
            KeyCode::Enter => {
                let typed = std::mem::take(typed);
                self.typed = None;
                self.way.clear();
                return self.filter(&typed);
            }
            KeyCode::Esc => self.typed = None,
            KeyCode::Backspace => drop(typed.pop()),
            KeyCode::Char('u') if control => typed.clear(),
            KeyCode::Char(letter) if !control && typed.len() + 4 <= MOST_OF_FILTER => {
                typed.push(letter);
            }
            _ => {}
        }
        Act::Draw
    }

    fn detail_key(&mut self, key: KeyCode) -> Act {
        let page = self.page.max(1);
        let Some(detail) = &mut self.detail else {
            return Act::Draw;
        };
        match key {
            KeyCode::Esc | KeyCode::Enter | KeyCode::Backspace | KeyCode::Char('q') => {
                self.detail = None;
            }
            KeyCode::Down | KeyCode::Char('j') => detail.scroll(1, page),
            KeyCode::Up | KeyCode::Char('k') => detail.back(1),
            KeyCode::PageDown | KeyCode::Char(' ') => detail.scroll(page, page),
            KeyCode::PageUp => detail.back(page),
            KeyCode::Home | KeyCode::Char('g') => detail.back(usize::MAX),
            KeyCode::End | KeyCode::Char('G') => detail.scroll(usize::MAX, page),
            KeyCode::Char('?') => self.help = true,
            _ => {}
        }
        Act::Draw
    }

    fn list_key(&mut self, key: KeyCode) -> Act {
        let (row, page) = (self.chosen(), self.page.max(1));
        match key {
            KeyCode::Char('q') => Act::Quit,
            KeyCode::Char('?') => {
                self.help = true;
                Act::Draw
            }
            KeyCode::Char('1') => self.show(Tab::Products),
            KeyCode::Char('2') => self.show(Tab::Workloads),
            KeyCode::Char('3') => self.show(Tab::Destinations),
            KeyCode::Char('4') => self.show(Tab::Findings),
            KeyCode::Tab | KeyCode::Right => self.show(self.tab.beside(1)),
            KeyCode::BackTab | KeyCode::Left => self.show(self.tab.beside(3)),
            KeyCode::Down | KeyCode::Char('j') => self.choose(row + 1),
            KeyCode::Up | KeyCode::Char('k') => self.choose(row.saturating_sub(1)),
            KeyCode::PageDown => self.choose(row + page),
            KeyCode::PageUp => self.choose(row.saturating_sub(page)),
            KeyCode::Home | KeyCode::Char('g') => self.choose(0),
            KeyCode::End | KeyCode::Char('G') => self.choose(usize::MAX),
            KeyCode::Char('s') => self.sort(self.wanted.order.next()),
            KeyCode::Char('/') => {
                self.typed = Some(self.wanted.filter.clone());
                Act::Draw
            }
            KeyCode::Char('p' | ' ') => {
                self.paused = !self.paused;
                if self.paused { Act::Draw } else { Act::Ask }
            }
            KeyCode::Enter => self.down(),
            KeyCode::Esc | KeyCode::Backspace => self.up(),
            _ => Act::Draw,
        }
    }

    fn show(&mut self, tab: Tab) -> Act {
        self.tab = tab;
        Act::Draw
    }

    fn sort(&mut self, order: Order) -> Act {
        self.wanted.order = order;
        self.chosen = [0; 4];
        Act::Ask
    }

    fn filter(&mut self, filter: &str) -> Act {
        filter.trim().clone_into(&mut self.wanted.filter);
        self.chosen = [0; 4];
        Act::Ask
    }

    /// From a product to its workloads, from a workload to its destinations, from a
    /// destination to why it was judged so, from a finding to all that is known of it.
    fn down(&mut self) -> Act {
        let row = self.chosen();
        let now = &self.snapshot;
        let (tab, filter) = match self.tab {
            Tab::Products => match now.products.rows.get(row) {
                Some(row) => (Tab::Workloads, product_of(row.product.as_ref())),
                None => return Act::Draw,
            },
            Tab::Workloads => match now.workloads.rows.get(row) {
                Some(row) => {
                    let product = product_of(row.product.as_ref());
                    (Tab::Destinations, format!("{} {product}", row.workload))
                }
                None => return Act::Draw,
            },
            Tab::Destinations => {
                return now
                    .destinations
                    .rows
                    .get(row)
                    .map_or(Act::Draw, |row| Act::Explain(row.flow));
            }
            Tab::Findings => {
                self.detail = now.findings.rows.get(row).map(detail::finding);
                return Act::Draw;
            }
        };
        self.way.push((self.tab, self.wanted.filter.clone()));
        self.tab = tab;
        self.filter(&filter)
    }

    /// Back the way that was come, or else without a filter.
    fn up(&mut self) -> Act {
        match self.way.pop() {
            Some((tab, filter)) => {
                self.tab = tab;
                self.filter(&filter)
            }
            None if self.wanted.filter.is_empty() => Act::Draw,
            None => self.filter(""),
        }
    }
}

fn product_of(product: Option<&String>) -> String {
    product.map_or_else(|| "unattributed".to_owned(), Clone::clone)
}
