//! Which products may claim a workload, found without a comparison with each of them.

use std::sync::Arc;

use super::{
    product::Product,
    selector::{Aspect, Clause, Fact, Wanted, fact},
};
use crate::attribution::Attributed;

/// Products that one workload is compared with before all are.
const FEW: usize = 16;

/// Products, found by the beginning of what their selectors want.
///
/// A selector asks for several aspects at once; it is found by one of them, the one
/// whose pattern begins with the most characters that stand for themselves. So what is
/// found is everything that may fit, and some that does not.
#[derive(Clone, Debug, Default)]
pub(super) struct Claimants {
    anchors: Vec<Anchor>,
    /// Products with a selector that wants no text.
    always: Vec<u32>,
}

/// The selectors that are found by one aspect.
#[derive(Clone, Debug)]
struct Anchor {
    aspect: Aspect,
    /// Of labels, the key of the one that is asked for.
    label: Option<Arc<str>>,
    /// Sorted by text.
    heads: Vec<Head>,
    /// Their products.
    all: Vec<u32>,
}

/// The beginning of a pattern.
#[derive(Clone, Debug)]
struct Head {
    text: String,
    /// The longest other head that this one begins with.
    within: Option<usize>,
    products: Vec<u32>,
}

/// Numbers of products, each once and in order.
pub(super) enum Found {
    /// These.
    Few([u32; FEW], usize),
    /// Too many to tell them apart.
    Any,
}

impl Claimants {
    /// Indexes the selectors of the products, which keep their order.
    pub(super) fn new(products: &[Product]) -> Self {
        let mut index = Self::default();
        for (product, number) in products.iter().zip(0..) {
            for selector in product.selectors() {
                match selector.clauses() {
                    Some(clauses) => {
                        for clause in &clauses {
                            index.add(clause, number);
                        }
                    }
                    None => add(&mut index.always, number),
                }
            }
        }
        for anchor in &mut index.anchors {
            anchor.connect();
        }
        index
    }

    fn add(&mut self, clause: &Clause<'_>, product: u32) {
        let wanted = clause.literals().iter().filter(|literal| literal.holds);
        let texts = wanted.filter_map(|literal| {
            let (Wanted::Name(glob) | Wanted::Label(_, glob)) = literal.wanted else {
                return None;
            };
            Some((literal.aspect, literal.wanted.label(), glob.head()))
        });
        // A program's path is often not known, and then fits everything.
        let best =
            texts.max_by_key(|(aspect, _, head)| (*aspect != Aspect::Executable, head.len()));
        match best {
            Some((aspect, label, head)) => self.anchor(aspect, label).add(head, product),
            None => add(&mut self.always, product),
        }
    }

    fn anchor(&mut self, aspect: Aspect, label: Option<&str>) -> &mut Anchor {
        let same = |anchor: &Anchor| anchor.aspect == aspect && anchor.label.as_deref() == label;
        let at = self.anchors.iter().position(same);
        let at = at.unwrap_or_else(|| {
            self.anchors.push(Anchor {
                aspect,
                label: label.map(Arc::from),
                heads: Vec::new(),
                all: Vec::new(),
            });
            self.anchors.len() - 1
        });
        &mut self.anchors[at]
    }

    /// The products that may claim the flow's workload.
    pub(super) fn of(&self, flow: &Attributed) -> Found {
        let mut found = Found::Few([0; FEW], 0);
        found.extend(&self.always);
        for anchor in &self.anchors {
            match fact(anchor.aspect, anchor.label.as_deref(), flow) {
                Fact::Text(text) => anchor.beginning(&text, &mut found),
                Fact::Unknown => found.extend(&anchor.all),
                Fact::Uid(_) | Fact::Absent => {}
            }
        }
        found
    }
}

impl Anchor {
    fn add(&mut self, head: &str, product: u32) {
        add(&mut self.all, product);
        match self.heads.iter_mut().find(|other| other.text == head) {
            Some(other) => add(&mut other.products, product),
            None => self.heads.push(Head {
                text: head.to_owned(),
                within: None,
                products: vec![product],
            }),
        }
    }

    fn connect(&mut self) {
        self.heads.sort_by(|a, b| a.text.cmp(&b.text));
        for at in 1..self.heads.len() {
            let text = &self.heads[at].text;
            // Whatever lies between a head and a text that begins with it begins with
            // it, too: the head is the neighbour, or one of those it begins with.
            let mut within = Some(at - 1);
            while let Some(other) = within
                && !text.starts_with(&self.heads[other].text)
            {
                within = self.heads[other].within;
            }
            self.heads[at].within = within;
        }
    }

    /// Products of the heads that the text begins with.
    fn beginning(&self, text: &str, found: &mut Found) {
        let after = self
            .heads
            .partition_point(|head| head.text.as_str() <= text);
        let mut at = after.checked_sub(1);
        while let Some(head) = at.and_then(|at| self.heads.get(at)) {
            if text.starts_with(&head.text) {
                found.extend(&head.products);
            }
            at = head.within;
        }
    }
}

impl Found {
    fn extend(&mut self, numbers: &[u32]) {
        for number in numbers {
            self.add(*number);
        }
    }

    fn add(&mut self, number: u32) {
        let Self::Few(numbers, count) = self else {
            return;
        };
        let at = numbers[..*count].partition_point(|other| *other < number);
        if numbers[..*count].get(at) == Some(&number) {
            return;
        }
        if *count == FEW {
            *self = Self::Any;
            return;
        }
        numbers.copy_within(at..*count, at + 1);
        numbers[at] = number;
        *count += 1;
    }
}

fn add(numbers: &mut Vec<u32>, number: u32) {
    if numbers.last() != Some(&number) {
        numbers.push(number);
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use proptest::prelude::*;

    use super::*;
    use crate::policy::{
        Entries, Fit, Glob, Posture, Selector, Term,
        tests::workloads::{flow, selector},
    };

    fn product(number: usize, selectors: Vec<Selector>) -> Product {
        Product {
            name: format!("p{number}"),
            title: String::new(),
            owner: String::new(),
            posture: Posture::InternalOnly,
            selectors,
            entries: Entries::default(),
        }
    }

    fn found(heads: &[&str], text: &str) -> Option<Vec<u32>> {
        let products: Vec<Product> = heads
            .iter()
            .enumerate()
            .map(|(number, head)| {
                let glob = Glob::new(&format!("{head}*")).unwrap();
                let selector = Selector::new(vec![Term::Is(Aspect::Unit, Wanted::Name(glob))]);
                product(number, vec![selector])
            })
            .collect();
        let index = Claimants::new(&products);
        let [anchor] = index.anchors.as_slice() else {
            panic!("one aspect")
        };
        let mut found = Found::Few([0; FEW], 0);
        anchor.beginning(text, &mut found);
        match found {
            Found::Few(numbers, count) => Some(numbers[..count].to_vec()),
            Found::Any => None,
        }
    }

    #[test]
    fn more_than_a_few_are_all() {
        assert_eq!(found(&["a"; FEW], "ab").unwrap().len(), FEW);
        assert_eq!(found(&["a"; FEW + 1], "ab"), None);
        assert_eq!(found(&["a"; FEW + 1], "b"), Some(Vec::new()));
    }

    proptest! {
        /// Whatever may fit is found: a walk over all products finds no more.
        #[test]
        fn no_product_that_may_fit_is_missed(
            products in prop::collection::vec(prop::collection::vec(selector(), 1..3), 1..8),
            flow in flow(),
        ) {
            let products: Vec<Product> = (0..)
                .zip(products)
                .map(|(number, selectors)| product(number, selectors))
                .collect();
            if let Found::Few(numbers, count) = Claimants::new(&products).of(&flow) {
                for (number, product) in (0..).zip(&products) {
                    let found = numbers[..count].contains(&number);
                    prop_assert!(found || product.fit(&flow) == Fit::No, "{}", number);
                }
            }
        }

        /// What a walk over all heads finds.
        #[test]
        fn every_head_that_the_text_begins_with(
            heads in prop::collection::vec("[ab]{0,4}", 1..12),
            text in "[ab]{0,6}",
        ) {
            let heads: Vec<&str> = heads.iter().map(String::as_str).collect();
            let wanted: Vec<u32> = (0..)
                .zip(&heads)
                .filter(|(_, head)| text.starts_with(**head))
                .map(|(number, _)| number)
                .collect();
            prop_assert_eq!(found(&heads, &text), Some(wanted));
        }
    }
}
