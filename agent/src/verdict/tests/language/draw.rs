//! Entries at random, of few values, so that they meet.

use super::*;

/// A window of a day of the week, from and to full hours.
#[derive(Clone, Copy, Debug)]
pub(super) struct DrawnWindow {
    /// Monday is 0.
    pub(super) day: i8,
    pub(super) hours: Option<(i8, i8)>,
}

/// A budget, and what has been carried of it.
#[derive(Clone, Debug)]
pub(super) struct DrawnBudget {
    pub(super) limit: Budget,
    pub(super) spent: u64,
}

/// An entry as a generator makes it.
#[derive(Clone, Debug)]
pub(super) struct Drawn {
    pub(super) deny: bool,
    pub(super) inbound: bool,
    pub(super) networks: Vec<&'static str>,
    pub(super) systems: Vec<u32>,
    pub(super) providers: Vec<&'static str>,
    pub(super) names: Vec<&'static str>,
    pub(super) grade: Grade,
    pub(super) countries: Vec<&'static str>,
    pub(super) domicile: Vec<&'static str>,
    pub(super) no_anycast: bool,
    pub(super) port: Option<u16>,
    pub(super) udp: Option<bool>,
    pub(super) expired: bool,
    pub(super) budget: Option<DrawnBudget>,
    pub(super) windows: Vec<DrawnWindow>,
}

/// Some of these, and most often none.
fn few<T: Clone + std::fmt::Debug + 'static>(all: &[T]) -> impl Strategy<Value = Vec<T>> {
    let all = all.to_vec();
    prop_oneof![
        3 => Just(Vec::new()),
        2 => proptest::sample::subsequence(all.clone(), 1..=all.len()),
    ]
}

fn drawn_budget() -> impl Strategy<Value = DrawnBudget> {
    (any::<bool>(), 1_u64..3, 0_u64..4).prop_map(|(month, bytes, spent)| DrawnBudget {
        limit: Budget {
            bytes,
            per: if month {
                BudgetPeriod::Month
            } else {
                BudgetPeriod::Day
            },
        },
        spent,
    })
}

fn drawn_window() -> impl Strategy<Value = DrawnWindow> {
    let hours = (0_i8..24, 1_i8..24).prop_map(|(from, more)| (from, (from + more) % 24));
    (0_i8..7, proptest::option::weighted(0.7, hours))
        .prop_map(|(day, hours)| DrawnWindow { day, hours })
}

/// An entry that names something, and that a set may hold.
pub(super) fn drawn() -> impl Strategy<Value = Drawn> {
    let who = (
        few(&["198.51.100.0/24", "198.51.100.0/31", "198.51.100.1/32"]),
        few(&[64496, 64497]),
        few(&["provider-a", "provider-b"]),
        few(&["a.example", "b.example", "*.example", "*.cdn.example"]),
        proptest::sample::select(vec![
            Grade::Answered,
            Grade::AnsweredUntrusted,
            Grade::Presented,
        ]),
    );
    let conditions = (
        few(&["DE", "NO", "US"]),
        few(&["NO", "US"]),
        proptest::bool::weighted(0.2),
        proptest::option::weighted(0.3, drawn_budget()),
        prop_oneof![
            3 => Just(Vec::new()),
            1 => proptest::collection::vec(drawn_window(), 1..3),
        ],
    );
    let traffic = (
        proptest::bool::weighted(0.25),
        proptest::bool::weighted(0.2),
        proptest::option::weighted(0.3, 1_u16..3),
        proptest::option::weighted(0.3, any::<bool>()),
        proptest::bool::weighted(0.2),
    );
    (who, conditions, traffic).prop_filter_map("names nothing", |(who, conditions, traffic)| {
        let (networks, systems, providers, names, grade) = who;
        let (countries, domicile, no_anycast, budget, windows) = conditions;
        let (deny, inbound, port, udp, expired) = traffic;
        let drawn = Drawn {
            deny,
            inbound,
            networks,
            systems,
            providers,
            names,
            grade,
            countries,
            domicile,
            no_anycast,
            port,
            udp,
            expired,
            budget,
            windows,
        };
        drawn.sound()
    })
}

impl Drawn {
    /// Without what `weir check` would refuse.
    fn sound(mut self) -> Option<Self> {
        if self.inbound {
            self.names.clear();
        }
        if self.names.is_empty() {
            self.grade = Grade::Answered;
        }
        if self.deny {
            self.grade = Grade::Presented;
            self.no_anycast = false;
            self.budget = None;
            self.windows.clear();
        } else if flows::PROVIDERS
            .iter()
            .any(|(id, _, home)| self.providers.contains(id) && !self.domicile.contains(home))
        {
            // It could never declare the provider.
            self.domicile.clear();
        }
        let named = !self.names_nobody()
            || !self.countries.is_empty()
            || (self.deny && !self.domicile.is_empty());
        named.then_some(self)
    }

    /// Whether it says only where the other side is.
    pub(super) fn names_nobody(&self) -> bool {
        self.networks.is_empty()
            && self.systems.is_empty()
            && self.providers.is_empty()
            && self.names.is_empty()
    }
}
