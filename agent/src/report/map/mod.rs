//! Where what was reached is hosted, on a map of the world and one of Europe.
//!
//! Outlines are Natural Earth's, in `countries.tsv`; `convert.py` made it.

use std::{collections::BTreeMap, sync::LazyLock};

use maud::{Markup, html};

use super::{
    page::Page,
    text::{self, Law},
};
use crate::{finding::Jurisdiction, jurisdiction::CountryCode};

const TABLE: &str = include_str!("countries.tsv");

/// Countries that are listed below the map.
const MOST_ROWS: usize = 20;
/// Markers that have a label.
const MOST_LABELS: usize = 12;

/// A country as it is drawn.
struct Shape {
    /// `None` of what has no assigned code.
    code: Option<CountryCode>,
    name: &'static str,
    world: Drawn,
    europe: Drawn,
}

/// On one of the maps.
#[derive(Clone, Copy)]
struct Drawn {
    at: Option<(f64, f64)>,
    outline: Option<&'static str>,
}

static SHAPES: LazyLock<Vec<Shape>> = LazyLock::new(|| {
    let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
    lines.filter_map(shape).collect()
});

fn shape(line: &'static str) -> Option<Shape> {
    let mut fields = line.split('\t');
    let (code, name) = (fields.next()?, fields.next()?);
    let mut drawn = || -> Option<Drawn> {
        let at = fields.next()?.split_once(' ');
        let at = at.and_then(|(x, y)| Some((x.parse().ok()?, y.parse().ok()?)));
        let outline = Some(fields.next()?).filter(|outline| *outline != "-");
        Some(Drawn { at, outline })
    };
    Some(Shape {
        code: code.parse().ok(),
        name,
        world: drawn()?,
        europe: drawn()?,
    })
}

/// A country's name; `None` where the map does not have it.
pub(super) fn name_of(code: CountryCode) -> Option<&'static str> {
    let found = SHAPES.iter().find(|shape| shape.code == Some(code));
    found.map(|shape| shape.name)
}

/// What a place of hosting was sent.
#[derive(Default)]
struct Sum {
    bytes: u64,
    providers: u64,
}

pub(super) fn section(page: &Page<'_>) -> Markup {
    let mut sums: BTreeMap<Jurisdiction, Sum> = BTreeMap::new();
    for one in &page.account.providers.listed {
        for (place, bytes) in &one.hosted_in {
            let sum = sums.entry(*place).or_default();
            sum.bytes += bytes;
            sum.providers += 1;
        }
    }
    let mut ranked: Vec<(Jurisdiction, Sum)> = sums.into_iter().collect();
    ranked.sort_by_key(|(place, sum)| (std::cmp::Reverse(sum.bytes), *place));
    html! {
        section id="map" aria-labelledby="map-h" {
            h2 id="map-h" { "Where it is hosted" }
            @if ranked.is_empty() {
                p { "Nothing was sent outside the platform." }
            } @else {
                p class="lead" {
                    "Countries in which the machines stand that were sent something, by the IP \
                     databases in force. A place is not a law: whose law the operator is under \
                     stands beside it in every table."
                }
                figure class="maps" {
                    (picture(page, &ranked, true))
                    (picture(page, &ranked, false))
                    figcaption {
                        "Circles grow with the bytes sent. "
                        @if let Some(home) = &page.home.name {
                            span class="key inside" aria-hidden="true" {} " in " (home) " "
                            span class="key outside" aria-hidden="true" {} " outside " (home) ", hatched. "
                        }
                        "Outlines: Natural Earth; they say nothing of whose a territory is."
                    }
                }
                (table(page, &ranked))
            }
        }
    }
}

/// One of the two maps.
fn picture(page: &Page<'_>, ranked: &[(Jurisdiction, Sum)], world: bool) -> Markup {
    let (view, label) = if world {
        (
            "0 -40 9600 4440",
            "World map of hosting countries; the table below has the same figures",
        )
    } else {
        (
            "0 0 6000 5600",
            "Map of hosting countries in Europe; the table below has the same figures",
        )
    };
    let drawn = |shape: &'static Shape| if world { shape.world } else { shape.europe };
    let class = |code: Option<CountryCode>| {
        let hosts = code.is_some_and(|code| {
            ranked
                .iter()
                .any(|(place, _)| *place == Jurisdiction::Country(code))
        });
        match code.filter(|_| hosts).map(|code| page.home.law(code)) {
            None => "land",
            Some(Law::Outside) => "land outside",
            Some(Law::Inside | Law::Unknown) => "land inside",
        }
    };
    let shapes = || {
        SHAPES
            .iter()
            .filter_map(|shape| Some((shape, drawn(shape).outline?)))
    };
    let all: u64 = ranked.iter().map(|(_, sum)| sum.bytes).sum();
    html! {
        svg class=(if world { "map world" } else { "map europe" }) viewBox=(view) role="img" aria-label=(label) {
            // Those that host nothing are one shape.
            path class="land" d=(shapes().filter(|(shape, _)| class(shape.code) == "land").map(|(_, d)| d).collect::<String>()) {}
            @for (shape, outline) in shapes() {
                @if class(shape.code) != "land" {
                    path class=(class(shape.code)) d=(outline) {}
                    @if class(shape.code) == "land outside" { path class="hatched" d=(outline) {} }
                }
            }
            @for (rank, (place, sum)) in ranked.iter().enumerate() {
                @if let Some((shape, (x, y))) = marker(*place, world) {
                    (marked(shape, (x * 10.0, y * 10.0), sum.bytes, all))
                    @if rank < MOST_LABELS && (!world || shape.europe.at.is_none()) {
                        text x=(format!("{:.0}", x * 10.0)) y=(format!("{:.0}", y * 10.0 - radius(sum.bytes, all) - 40.0)) {
                            @if world { (shape.name) } @else { (place.to_string()) }
                        }
                    }
                }
            }
        }
    }
}

fn marker(place: Jurisdiction, world: bool) -> Option<(&'static Shape, (f64, f64))> {
    let Jurisdiction::Country(code) = place else {
        return None;
    };
    let shape = SHAPES.iter().find(|shape| shape.code == Some(code))?;
    let at = if world {
        shape.world.at
    } else {
        shape.europe.at
    };
    Some((shape, at?))
}

fn marked(shape: &Shape, (x, y): (f64, f64), bytes: u64, all: u64) -> Markup {
    html! {
        circle cx=(format!("{x:.0}")) cy=(format!("{y:.0}")) r=(format!("{:.0}", radius(bytes, all))) {
            title { (shape.name) ": " (text::bytes(bytes)) }
        }
    }
}

/// So that the area grows with the share.
#[expect(
    clippy::cast_precision_loss,
    reason = "a picture is not exact to the byte"
)]
fn radius(bytes: u64, all: u64) -> f64 {
    (bytes as f64 / all.max(1) as f64)
        .sqrt()
        .mul_add(210.0, 45.0)
}

fn table(page: &Page<'_>, ranked: &[(Jurisdiction, Sum)]) -> Markup {
    let more = ranked.len().saturating_sub(MOST_ROWS);
    let providers = &page.account.providers;
    html! {
        div class="table" tabindex="0" role="region" aria-label="Hosting countries" {
            table {
                thead { tr {
                    th scope="col" { "Hosted in" } th scope="col" class="number" { "Sent" }
                    th scope="col" class="number" { "Share" } th scope="col" class="number" { "Operators" }
                } }
                tbody {
                    @for (place, sum) in ranked.iter().take(MOST_ROWS) {
                        tr {
                            th scope="row" { (page.place(*place)) }
                            td class="number" { (text::bytes(sum.bytes)) }
                            td class="number" { (text::percent(providers.per_mille(sum.bytes))) }
                            td class="number" { (sum.providers) }
                        }
                    }
                }
            }
        }
        @if more > 0 { p class="more" { (text::counted(more as u64, "more place", "more places")) " with less." } }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]
    use super::*;

    /// Every line is read, and countries that matter to Europe's law are there.
    #[test]
    fn the_table_is_whole() {
        let lines = TABLE.lines().filter(|line| !line.starts_with('#'));
        assert_eq!(lines.count(), SHAPES.len());
        assert!(SHAPES.len() > 230);
        for code in [
            "AT", "CH", "DE", "FR", "GB", "IE", "LI", "LU", "MT", "NO", "US", "SG", "CN", "HK",
        ] {
            let code = code.parse().unwrap();
            assert!(name_of(code).is_some(), "{code}");
            assert!(
                marker(Jurisdiction::Country(code), true).is_some(),
                "{code}"
            );
        }
        for code in ["AT", "CH", "DE", "FR", "IE", "LU", "MT", "NO", "CY", "IS"] {
            let place = Jurisdiction::Country(code.parse().unwrap());
            let (_, (x, y)) = marker(place, false).unwrap();
            assert!(
                (0.0..600.0).contains(&x) && (0.0..560.0).contains(&y),
                "{code}"
            );
        }
        assert_eq!(name_of("CZ".parse().unwrap()), Some("Czechia"));
    }

    #[test]
    fn areas_grow_with_shares() {
        let area = |bytes| (radius(bytes, 100) - 45.0).powi(2).round();
        assert_eq!((area(100), area(25)), (44_100.0, 11_025.0));
    }
}
