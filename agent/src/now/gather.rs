//! Adds up open flows, and chooses which are shown.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BinaryHeap, HashMap, btree_map},
    sync::Arc,
};

use super::{
    List, MOST_OF_TEXT, ProductRow, Rate, Sum, Wanted, WorkloadRow, cut,
    wanted::{Filter, Order, badness},
};
use crate::{
    attribution::{Workload, WorkloadKind},
    record::{Counters, FlowId},
    verdict::{Judged, Verdict},
};

/// Destinations that are shown.
const DESTINATIONS: usize = 200;
/// Workloads that are shown.
const WORKLOADS: usize = 100;
/// Products that are shown.
const PRODUCTS: usize = 100;

/// A flow, as it is looked at.
#[derive(Clone, Copy, Debug)]
pub struct Seen<'a> {
    /// Its number.
    pub flow: FlowId,
    /// What is known of it.
    pub judged: &'a Judged,
    /// What it has carried that this agent was the first to record.
    pub own: Counters,
    /// How fast it carries.
    pub rate: Rate,
}

/// What a row is ordered by: the first, then the second.
type Rank = (u64, u64);

/// Flows that are shown, the first first, and what the others come to.
#[derive(Debug)]
pub struct Chosen {
    /// Their numbers.
    pub flows: Vec<FlowId>,
    /// How many are wanted and not shown.
    pub more: u64,
    /// All that are wanted, shown or not.
    pub all: Sum,
}

/// A workload and its flows, by product.
#[derive(Debug)]
struct OfWorkload {
    /// Keeps its place in memory from becoming another's.
    workload: Arc<Workload>,
    products: Vec<(Option<String>, Part)>,
}

/// What flows come to.
#[derive(Clone, Debug)]
struct Part {
    sum: Sum,
    last_ns: u64,
    worst: Verdict,
}

impl Part {
    fn rank(&self, order: Order) -> Rank {
        rank(order, &self.sum, self.last_ns, self.worst)
    }

    fn take(&mut self, other: &Self) {
        self.sum += other.sum;
        self.last_ns = self.last_ns.max(other.last_ns);
        if badness(other.worst) > badness(self.worst) {
            self.worst = other.worst;
        }
    }
}

fn rank(order: Order, sum: &Sum, last_ns: u64, worst: Verdict) -> Rank {
    match order {
        Order::Rate => (sum.rate.both(), sum.sent),
        Order::Sent => (sum.sent, sum.rate.both()),
        Order::Recent => (last_ns, sum.rate.both()),
        Order::Verdict => (badness(worst), sum.rate.both()),
    }
}

/// A snapshot that is being made.
#[derive(Debug)]
pub struct Gathering {
    wanted: Wanted,
    filter: Filter,
    /// By product; what is no product's under the empty name.
    products: BTreeMap<String, (Part, BTreeMap<Verdict, Sum>)>,
    workloads: HashMap<usize, OfWorkload>,
    best: BinaryHeap<Reverse<(Rank, Reverse<FlowId>)>>,
    matched: Sum,
    total: Sum,
    verdicts: BTreeMap<Verdict, Sum>,
}

impl Gathering {
    /// Has looked at nothing yet.
    pub fn new(wanted: Wanted) -> Self {
        Self {
            filter: Filter::new(&wanted.filter),
            wanted,
            products: BTreeMap::new(),
            workloads: HashMap::new(),
            best: BinaryHeap::new(),
            matched: Sum::default(),
            total: Sum::default(),
            verdicts: BTreeMap::new(),
        }
    }

    /// What was asked for.
    pub fn wanted(&self) -> &Wanted {
        &self.wanted
    }

    /// Looks at a flow.
    pub fn take(&mut self, seen: &Seen<'_>) {
        let judged = seen.judged;
        let record = &judged.flow.flow.flow.record;
        let own = sum(seen.own, seen.rate);
        self.total += own;
        *self.verdicts.entry(judged.verdict).or_default() += own;
        let part = Part {
            sum: own,
            last_ns: record.last_ns,
            worst: judged.verdict,
        };
        self.product(judged, &part);
        self.workload(judged, part);
        if !self.filter.takes_flow(judged) {
            return;
        }
        let whole = sum(record.counters, seen.rate);
        self.matched += whole;
        let rank = rank(self.wanted.order, &whole, record.last_ns, judged.verdict);
        self.best.push(Reverse((rank, Reverse(seen.flow))));
        if self.best.len() > DESTINATIONS {
            self.best.pop();
        }
    }

    /// What flows of a product have carried that have ended.
    pub fn ended(&mut self, product: Option<&str>, counters: Counters) {
        let ended = Sum {
            flows: 0,
            ..sum(counters, Rate::default())
        };
        self.total += ended;
        let none = || Part {
            sum: Sum::default(),
            last_ns: 0,
            worst: Verdict::Internal,
        };
        let product = self.products.entry(product.unwrap_or_default().to_owned());
        product.or_insert_with(|| (none(), BTreeMap::new())).0.sum += ended;
    }

    /// A product that may have no flow.
    pub fn known(&mut self, product: &str) {
        self.ended(Some(product), Counters::default());
    }

    fn product(&mut self, judged: &Judged, part: &Part) {
        let name = judged.product.as_deref().unwrap_or_default();
        let (known, verdicts) = match self.products.get_mut(name) {
            Some(known) => known,
            None => match self.products.entry(name.to_owned()) {
                btree_map::Entry::Occupied(known) => known.into_mut(),
                btree_map::Entry::Vacant(place) => {
                    let none = Part {
                        sum: Sum::default(),
                        ..part.clone()
                    };
                    place.insert((none, BTreeMap::new()))
                }
            },
        };
        known.take(part);
        *verdicts.entry(judged.verdict).or_default() += part.sum;
    }

    fn workload(&mut self, judged: &Judged, part: Part) {
        let workload = &judged.flow.flow.flow.workload;
        let place = Arc::as_ptr(workload).addr();
        let known = self.workloads.entry(place).or_insert_with(|| OfWorkload {
            workload: Arc::clone(workload),
            products: Vec::new(),
        });
        let mut products = known.products.iter_mut();
        match products.find(|(product, _)| *product == judged.product) {
            Some((_, known)) => known.take(&part),
            None => known.products.push((judged.product.clone(), part)),
        }
    }

    /// Which flows are shown, the first first. To be asked once all were looked at.
    pub fn chosen(&mut self) -> Chosen {
        let best = std::mem::take(&mut self.best).into_sorted_vec();
        let flows: Vec<_> = best
            .into_iter()
            .map(|Reverse((_, Reverse(flow)))| flow)
            .collect();
        Chosen {
            more: self.matched.flows.saturating_sub(flows.len() as u64),
            all: self.matched,
            flows,
        }
    }

    /// Everything that was looked at, and the same by verdict.
    pub fn totals(&self) -> (Sum, BTreeMap<Verdict, Sum>) {
        (self.total, self.verdicts.clone())
    }

    /// The products that are wanted, each with as many findings as `findings` has of it.
    pub fn products(&mut self, findings: &BTreeMap<Option<String>, u64>) -> List<ProductRow> {
        let order = self.wanted.order;
        let products = std::mem::take(&mut self.products);
        let filter = &mut self.filter;
        let wanted = products.into_iter().filter(|(name, (part, verdicts))| {
            // Nothing was ever without a product.
            let nothing = name.is_empty() && part.sum == Sum::default() && verdicts.is_empty();
            let name = if name.is_empty() {
                "unattributed"
            } else {
                name
            };
            !nothing && filter.takes([name])
        });
        let rows = wanted.map(|(name, (part, verdicts))| {
            let product = Some(name).filter(|name| !name.is_empty());
            let row = ProductRow {
                findings: findings.get(&product).copied().unwrap_or(0),
                product: product.map(|name| cut(&name, MOST_OF_TEXT)),
                sum: part.sum,
                verdicts,
            };
            (part.rank(order), row)
        });
        listed(rows.collect(), PRODUCTS, |row| row.sum)
    }

    /// The workloads that are wanted; instances of the same name are one.
    pub fn workloads(&mut self) -> List<WorkloadRow> {
        let order = self.wanted.order;
        let mut same: BTreeMap<(String, WorkloadKind, Option<String>), Part> = BTreeMap::new();
        for (_, of) in std::mem::take(&mut self.workloads) {
            for (product, part) in of.products {
                let name = cut(&of.workload.name, MOST_OF_TEXT);
                match same.entry((name, of.workload.kind, product)) {
                    btree_map::Entry::Occupied(mut known) => known.get_mut().take(&part),
                    btree_map::Entry::Vacant(place) => drop(place.insert(part)),
                }
            }
        }
        let filter = &mut self.filter;
        let wanted = same.into_iter().filter(|((name, _, product), part)| {
            let product = product.as_deref().unwrap_or("unattributed");
            filter.takes([name, product, part.worst.label()])
        });
        let rows = wanted.map(|((workload, kind, product), part)| {
            let row = WorkloadRow {
                workload,
                kind,
                product,
                sum: part.sum,
                worst: part.worst,
            };
            (part.rank(order), row)
        });
        listed(rows.collect(), WORKLOADS, |row| row.sum)
    }
}

fn sum(counters: Counters, rate: Rate) -> Sum {
    Sum {
        flows: 1,
        sent: counters.egress_bytes,
        received: counters.ingress_bytes,
        rate,
    }
}

/// The first rows by rank, those of the same rank in the order in which they came.
fn listed<T>(mut rows: Vec<(Rank, T)>, most: usize, sum: impl Fn(&T) -> Sum) -> List<T> {
    rows.sort_by_key(|(rank, _)| Reverse(*rank));
    let mut list = List::default();
    for (_, row) in rows {
        if list.rows.len() < most {
            list.rows.push(row);
        } else {
            list.more += 1;
            list.rest += sum(&row);
        }
    }
    list
}
