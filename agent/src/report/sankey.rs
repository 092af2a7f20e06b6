//! A flow diagram: columns of nodes, and bands between them as wide as what they carried.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
};

use maud::{Markup, html};

use super::text::{self, Standing};

/// Nodes of a column that are drawn; the others go together.
const MOST_NODES: usize = 7;
/// Space between two nodes.
const GAP: f64 = 10.0;
/// Height of a label of two lines.
const LABEL: f64 = 34.0;

/// What goes the same way through all columns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Strand {
    /// Its node in each column, and a note to that.
    pub(super) through: Vec<(String, Option<String>)>,
    pub(super) standing: Standing,
    pub(super) bytes: u64,
}

/// How it is drawn.
pub(super) struct Layout<'a> {
    /// Says what the picture shows, for those who do not see it.
    pub(super) title: &'a str,
    pub(super) class: &'a str,
    /// Heading and left edge of each column.
    pub(super) columns: &'a [(&'a str, f64)],
    pub(super) width: f64,
    /// Characters of a label that fit beside a node.
    pub(super) letters: usize,
}

/// A node with its place.
struct Node {
    label: String,
    note: Option<String>,
    bytes: u64,
    top: f64,
    height: f64,
    /// How much of its sides is used.
    used: [f64; 2],
}

impl Node {
    /// The next part of a side, for so many bytes.
    fn part(&mut self, side: usize, bytes: u64) -> (f64, f64) {
        let height = self.height * share(bytes, self.bytes);
        let used = self.used.get_mut(side);
        let from = used.map_or(0.0, |used| {
            let from = *used;
            *used += height;
            from
        });
        (self.top + from, height)
    }
}

#[expect(
    clippy::cast_precision_loss,
    reason = "a picture is not exact to the byte"
)]
fn share(bytes: u64, of: u64) -> f64 {
    bytes as f64 / of.max(1) as f64
}

/// Draws strands, which all have a node in each column.
pub(super) fn draw(strands: &[Strand], layout: &Layout<'_>) -> Markup {
    let columns: Vec<Column> = (0..layout.columns.len())
        .map(|at| Column::of(strands, at))
        .collect();
    let most = columns
        .iter()
        .map(|column| column.nodes.len())
        .max()
        .unwrap_or(0);
    let scale_height = (44.0 * count(most)).clamp(90.0, 320.0);
    let mut columns = columns;
    let mut height: f64 = 0.0;
    for column in &mut columns {
        height = height.max(column.place(scale_height));
    }
    for column in &mut columns {
        column.centre(height);
    }
    let top = 26.0;
    let view = format!("0 0 {:.0} {:.0}", layout.width, height + top + 4.0);
    let bands = bands(strands, &mut columns, layout);
    html! {
        svg class=(format!("sankey {}", layout.class)) viewBox=(view) role="img" aria-label=(layout.title) {
            @for (heading, x) in layout.columns {
                text class="axis" x=(format!("{x:.1}")) y="12" { (heading) }
            }
            g transform=(format!("translate(0 {top})")) {
                @for (standing, path) in &bands {
                    path class=(format!("band {}", standing.class())) d=(path) {}
                    @if *standing != Standing::Declared {
                        path class=(format!("hatch {}", standing.class())) d=(path) {}
                    }
                }
                @for (column, (_, x)) in columns.iter().zip(layout.columns) {
                    @for node in &column.nodes {
                        (drawn(node, *x, layout.letters))
                    }
                }
            }
        }
    }
}

fn drawn(node: &Node, x: f64, letters: usize) -> Markup {
    let middle = node.top + node.height / 2.0;
    let first = middle - 3.0;
    let mut second = text::bytes(node.bytes);
    if let Some(note) = &node.note {
        second = format!("{second} · {note}");
    }
    html! {
        rect class=(if node.note.is_some() { "node outside" } else { "node" }) x=(format!("{x:.1}")) y=(format!("{:.1}", node.top)) width="10"
            height=(format!("{:.1}", node.height)) rx="1.5" {}
        text class="label" x=(format!("{:.1}", x + 16.0)) y=(format!("{first:.1}")) {
            (cut(&node.label, letters))
        }
        text class="amount" x=(format!("{:.1}", x + 16.0)) y=(format!("{:.1}", first + 14.0)) {
            (second)
        }
    }
}

fn cut(text: &str, letters: usize) -> String {
    if text.chars().count() <= letters {
        return text.to_owned();
    }
    let head: String = text.chars().take(letters.saturating_sub(1)).collect();
    format!("{}…", head.trim_end())
}

/// Nodes of one column, the largest first, and which strand goes through which.
struct Column {
    nodes: Vec<Node>,
    by_label: BTreeMap<String, usize>,
}

impl Column {
    fn of(strands: &[Strand], at: usize) -> Self {
        let mut sums: BTreeMap<&str, (u64, Option<&String>)> = BTreeMap::new();
        for strand in strands {
            if let Some((label, note)) = strand.through.get(at) {
                let sum = sums.entry(label).or_insert((0, note.as_ref()));
                sum.0 += strand.bytes;
            }
        }
        let mut ranked: Vec<_> = sums.into_iter().collect();
        ranked.sort_by_key(|(label, (bytes, _))| (Reverse(*bytes), *label));
        let own = if ranked.len() > MOST_NODES + 1 {
            MOST_NODES
        } else {
            ranked.len()
        };
        let mut column = Self {
            nodes: Vec::new(),
            by_label: BTreeMap::new(),
        };
        for (number, (label, (bytes, note))) in ranked.iter().enumerate() {
            column.by_label.insert((*label).to_owned(), number.min(own));
            if number < own {
                column.nodes.push(Node::new(label, note.cloned(), *bytes));
            }
        }
        let folded = ranked.get(own..).unwrap_or_default();
        if !folded.is_empty() {
            let bytes = folded.iter().map(|(_, (bytes, _))| bytes).sum();
            let label = format!("{} others", folded.len());
            column.nodes.push(Node::new(&label, None, bytes));
        }
        column
    }

    /// Gives each node its height and place; how high all are together.
    fn place(&mut self, height: f64) -> f64 {
        let all: u64 = self.nodes.iter().map(|node| node.bytes).sum();
        let mut top = 0.0;
        for node in &mut self.nodes {
            node.height = (height * share(node.bytes, all)).max(2.5);
            let room = node.height.max(LABEL);
            node.top = top + (room - node.height) / 2.0;
            top += room + GAP;
        }
        top - GAP
    }

    fn centre(&mut self, height: f64) {
        let bottom = self.nodes.last().map_or(0.0, |node| {
            node.top + node.height + (LABEL - node.height).max(0.0) / 2.0
        });
        let shift = ((height - bottom) / 2.0).max(0.0);
        for node in &mut self.nodes {
            node.top += shift;
        }
    }
}

impl Node {
    fn new(label: &str, note: Option<String>, bytes: u64) -> Self {
        Self {
            label: label.to_owned(),
            note,
            bytes,
            top: 0.0,
            height: 0.0,
            used: [0.0; 2],
        }
    }
}

fn count(nodes: usize) -> f64 {
    f64::from(u32::try_from(nodes).unwrap_or(u32::MAX))
}

/// The bands, those that deviate last, so that nothing hides them.
fn bands(
    strands: &[Strand],
    columns: &mut [Column],
    layout: &Layout<'_>,
) -> Vec<(Standing, String)> {
    let mut paths = Vec::new();
    for at in 1..columns.len() {
        let mut sums: BTreeMap<(usize, usize, Standing), u64> = BTreeMap::new();
        let (before, after) = columns.split_at_mut(at);
        let (Some(left), Some(right)) = (before.last_mut(), after.first_mut()) else {
            break;
        };
        for strand in strands {
            let number = |column: &Column, at: usize| {
                let (label, _) = strand.through.get(at)?;
                column.by_label.get(label).copied()
            };
            if let (Some(a), Some(b)) = (number(left, at - 1), number(right, at)) {
                *sums.entry((a, b, strand.standing)).or_default() += strand.bytes;
            }
        }
        let edge = |at: usize| layout.columns.get(at).map_or(0.0, |(_, x)| *x);
        let (x, to) = (edge(at - 1) + 10.0, edge(at));
        // On the right side, bands come in the order of the right nodes.
        let order: BTreeSet<(usize, usize, Standing)> = sums
            .keys()
            .map(|(a, b, standing)| (*b, *a, *standing))
            .collect();
        let mut ends = BTreeMap::new();
        for (b, a, standing) in order {
            let bytes = sums.get(&(a, b, standing)).copied().unwrap_or(0);
            if let Some(node) = right.nodes.get_mut(b) {
                ends.insert((a, b, standing), node.part(0, bytes));
            }
        }
        for (key, bytes) in sums {
            let start = left.nodes.get_mut(key.0).map(|node| node.part(1, bytes));
            if let (Some(start), Some(end)) = (start, ends.get(&key)) {
                paths.push((key.2, band((x, start), (to, *end))));
            }
        }
    }
    paths.sort_by_key(|(standing, _)| *standing);
    paths
}

/// From one side to the other; each has its left or right edge, top and height.
fn band((x, (y, height)): (f64, (f64, f64)), (to, (end, end_height)): (f64, (f64, f64))) -> String {
    let (height, end_height) = (height.max(1.0), end_height.max(1.0));
    let middle = f64::midpoint(x, to);
    let (low, end_low) = (y + height, end + end_height);
    format!(
        "M{x:.1} {y:.1}C{middle:.1} {y:.1} {middle:.1} {end:.1} {to:.1} {end:.1}V{end_low:.1}\
         C{middle:.1} {end_low:.1} {middle:.1} {low:.1} {x:.1} {low:.1}Z"
    )
}
