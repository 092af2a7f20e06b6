//! The laws of selectors, on generated ones.
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::policy::tests::workloads::{flow, selector};

fn glob(text: &str) -> Glob {
    Glob::new(text).unwrap()
}

fn unit(text: &str) -> Term {
    Term::Is(Aspect::Unit, Wanted::Name(glob(text)))
}

fn uid(uid: u32) -> Term {
    Term::Is(Aspect::Uid, Wanted::Uid(uid))
}

fn label(key: &str, value: &str) -> Term {
    Term::Is(Aspect::Label, Wanted::Label(Arc::from(key), glob(value)))
}

fn all<const N: usize>(terms: [Term; N]) -> Selector {
    Selector::new(terms.into())
}

fn any<const N: usize>(branches: [Selector; N]) -> Term {
    Term::Any(branches.into())
}

fn not<const N: usize>(terms: [Term; N]) -> Term {
    Term::Not(Box::new(all(terms)))
}

#[test]
fn covering() {
    let gpu = || label("tier", "gpu");
    for (wide, narrow, covers) in [
        (all([unit("a*")]), all([unit("ab"), gpu()]), true),
        (all([gpu()]), all([label("tier", "gpu"), uid(0)]), true),
        (all([gpu()]), all([label("other", "gpu")]), false),
        // Each branch must be covered.
        (
            all([unit("a*")]),
            all([any([all([unit("ab")]), all([unit("ac"), uid(0)])])]),
            true,
        ),
        (
            all([unit("a*")]),
            all([any([all([unit("ab")]), all([unit("b")])])]),
            false,
        ),
        // By different branches of the wide one, too.
        (
            all([any([all([unit("a")]), all([unit("b")])])]),
            all([uid(0), any([all([unit("b")]), all([unit("a")])])]),
            true,
        ),
        (all([not([uid(0)])]), all([uid(1)]), true),
        (all([not([uid(0)])]), all([unit("a")]), false),
        (all([not([unit("a")])]), all([not([unit("a*")])]), true),
        (all([not([unit("a*")])]), all([not([unit("a")])]), false),
        (all([not([unit("a*"), uid(0)])]), all([unit("b")]), true),
        (all([not([not([unit("a*")])])]), all([unit("a")]), true),
    ] {
        assert_eq!(wide.covers(&narrow), covers, "{wide} over {narrow}");
    }
}

#[test]
fn contradictions() {
    for (selector, shown) in [
        (
            all([unit("a"), not([unit("a")])]),
            Some("unit = a, not unit = a"),
        ),
        (
            all([unit("ab"), not([unit("a*")])]),
            Some("unit = ab, not unit = a*"),
        ),
        (all([unit("a"), unit("b")]), Some("unit = a, unit = b")),
        (all([uid(0), uid(1)]), Some("uid = 0, uid = 1")),
        (all([unit("a*"), not([unit("a")])]), None),
        (all([unit("a*"), unit("*b")]), None),
        (all([label("x", "a"), label("y", "b")]), None),
        (
            all([label("x", "a"), label("x", "b")]),
            Some("labels.x = a, labels.x = b"),
        ),
        // Only if no branch is left.
        (
            all([unit("a"), any([all([unit("b")]), all([uid(0)])])]),
            None,
        ),
        (
            all([unit("a"), any([all([unit("b")]), all([unit("c")])])]),
            Some("unit = a, unit = b"),
        ),
        (
            all([not([any([all([unit("a")]), all([not([unit("a")])])])])]),
            Some("unit = a, not unit = a"),
        ),
    ] {
        let found = selector.contradiction();
        let found = found.map(|(one, other)| {
            let mut texts = [one.to_string(), other.to_string()];
            texts.sort_by_key(|text| text.starts_with("not"));
            texts.join(", ")
        });
        assert_eq!(found.as_deref(), shown, "{selector}");
    }
}

#[test]
fn what_multiplies_beyond_bounds_proves_nothing() {
    let pair = |n: u32| any([all([uid(n)]), all([uid(n + 1)])]);
    let eight = Selector::new((0..8).map(|n| pair(n * 2)).collect());
    assert_eq!(eight.clauses().unwrap().len(), 256);
    let nine = Selector::new((0..9).map(|n| pair(n * 2)).collect());
    assert_eq!(nine.clauses(), None);
    assert!(!nine.covers(&nine));
    assert_eq!(nine.contradiction(), None);
}

/// `Some` where it is known. Written from the definition, without the code above.
fn naive(selector: &Selector, flow: &Attributed) -> Option<bool> {
    let terms = selector.terms.iter().map(|term| match term {
        Term::Is(aspect, wanted) => match fact(*aspect, wanted.label(), flow) {
            Fact::Unknown => None,
            Fact::Absent => Some(false),
            Fact::Uid(uid) => Some(*wanted == Wanted::Uid(uid)),
            Fact::Text(text) => Some(match wanted {
                Wanted::Name(glob) | Wanted::Label(_, glob) => glob.matches(&text),
                Wanted::Hosts(hosts) => hosts.holds(&text),
                Wanted::Uid(_) => false,
            }),
        },
        Term::Any(branches) => {
            let fits: Vec<_> = branches.iter().map(|branch| naive(branch, flow)).collect();
            match fits.contains(&Some(true)) {
                true => Some(true),
                false if fits.contains(&None) => None,
                false => Some(false),
            }
        }
        Term::Not(selector) => naive(selector, flow).map(|fits| !fits),
    });
    let fits: Vec<_> = terms.collect();
    match fits.contains(&Some(false)) {
        true => Some(false),
        false if fits.contains(&None) => None,
        false => Some(true),
    }
}

fn known(fit: Fit) -> Option<bool> {
    match fit {
        Fit::Yes => Some(true),
        Fit::No => Some(false),
        Fit::Unknown(_) => None,
    }
}

proptest! {
    #[test]
    fn the_three_values_are_those_of_the_definition(selector in selector(), flow in flow()) {
        prop_assert_eq!(known(selector.fit(&flow)), naive(&selector, &flow));
    }

    /// Alternatives say the same as the selector that they are of.
    #[test]
    fn clauses_fit_as_the_selector_does(selector in selector(), flow in flow()) {
        let Some(clauses) = selector.clauses() else { return Ok(()) };
        let clauses = clauses.iter().map(|clause| {
            let terms = clause.literals().iter().map(|literal| {
                let is = Term::Is(literal.aspect, literal.wanted.clone());
                if literal.holds { is } else { not([is]) }
            });
            Selector::new(terms.collect())
        });
        let same = Selector::new(vec![Term::Any(clauses.collect())]);
        prop_assert_eq!(known(same.fit(&flow)), known(selector.fit(&flow)), "{}", same);
    }

    #[test]
    fn covering_is_a_proof(
        (wide, narrow) in related(),
        flows in prop::collection::vec(flow(), 8),
    ) {
        if wide.covers(&narrow) {
            for flow in flows {
                if narrow.fit(&flow) == Fit::Yes {
                    prop_assert_eq!(wide.fit(&flow), Fit::Yes, "{} over {}", wide, narrow);
                }
            }
        }
    }

    #[test]
    fn a_contradiction_is_a_proof(selector in selector(), flows in prop::collection::vec(flow(), 8)) {
        if selector.contradiction().is_some() {
            for flow in flows {
                prop_assert_ne!(selector.fit(&flow), Fit::Yes, "{}", selector);
            }
        }
    }
}

/// Two selectors, of which one often covers the other.
fn related() -> impl Strategy<Value = (Selector, Selector)> {
    let narrowed = (selector(), selector()).prop_map(|(wide, more)| {
        let both = wide
            .clone()
            .into_terms()
            .into_iter()
            .chain(more.into_terms());
        (wide, Selector::new(both.collect()))
    });
    let widened = (selector(), selector()).prop_map(|(narrow, more)| {
        let either = Term::Any(vec![narrow.clone(), more]);
        (Selector::new(vec![either]), narrow)
    });
    prop_oneof![(selector(), selector()), narrowed, widened]
}
