//! The meaning of the language, read entry by entry from `docs/allowlists.md`: no index,
//! no order, no haste.

use std::{cmp::Reverse, collections::BTreeSet};

use super::{draw::DrawnWindow, flows::PROVIDERS, *};
use crate::naming::Name;

/// What one entry says of a flow that was meant in one way.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Says {
    Nothing,
    Undeclared,
    OutOfJurisdiction,
    Expired,
    Indeterminate,
    Declared,
    MayDeny,
    Denies,
}

/// What a workload may have meant by an address.
struct Meaning {
    names: Vec<String>,
    grade: Option<Grade>,
    /// Whether it may have meant something else.
    guess: bool,
    /// Whether the client hides what it asks for.
    hidden: bool,
}

/// Yes, no, or not known.
type Known = Option<bool>;

/// The verdict of the definition.
pub(super) fn verdict(entries: &[Drawn], flow: &Located, now: DateTime) -> Verdict {
    if flow.flow.flow.record.address.to_string().starts_with("10.") {
        return Verdict::Internal;
    }
    let judged: Vec<(bool, Verdict)> = meanings(flow)
        .iter()
        .map(|meaning| (meaning.guess, one(entries, flow, meaning, now)))
        .collect();
    let of = |guess| {
        judged
            .iter()
            .filter(move |(g, _)| *g == guess)
            .map(|(_, v)| *v)
    };
    let worst = |verdicts: Vec<Verdict>| verdicts.into_iter().max_by_key(|v| severity(*v));
    let certain = worst(of(false).collect());
    // One of them was meant. Where that makes a difference, nobody can tell.
    let best = of(true).max_by_key(|v| Reverse(severity(*v)));
    let guessed = best.and_then(|best| match (best, worst(of(true).collect())) {
        (Verdict::Indeterminate, _) => Some(best),
        (Verdict::Declared, Some(worst)) if worst != Verdict::Declared => {
            Some(Verdict::Indeterminate)
        }
        (_, worst) => worst,
    });
    worst(certain.into_iter().chain(guessed).collect()).unwrap()
}

/// What was said to the destination tells which name was meant. A name that was told and
/// not said may have been meant; so may any that was told where the client hides its own.
fn meanings(flow: &Located) -> Vec<Meaning> {
    let names = &flow.flow.names;
    let all = |name: &Name| name.all().map(ToString::to_string).collect::<Vec<_>>();
    let told = |guess, hidden| {
        let answered = names.names.iter().filter(|name| name.is_answered());
        answered
            .map(|name| Meaning {
                names: all(name),
                grade: Some(name.grade),
                guess,
                hidden,
            })
            .collect::<Vec<_>>()
    };
    let said: Vec<&Name> = names.names.iter().filter(|n| !n.is_answered()).collect();
    match &*said {
        [] if names.names.is_empty() => vec![Meaning {
            names: Vec::new(),
            grade: None,
            guess: false,
            hidden: false,
        }],
        [] => told(true, false),
        [said, ..] => {
            let text = said.name.to_string();
            let mut told_so = told(false, false);
            told_so.retain(|meaning| meaning.names.contains(&text));
            let hidden = told(true, true);
            if !told_so.is_empty() {
                told_so
            } else if said.hides() && !hidden.is_empty() {
                hidden
            } else {
                vec![Meaning {
                    names: vec![text],
                    grade: Some(Grade::Presented),
                    guess: false,
                    hidden: false,
                }]
            }
        }
    }
}

/// The verdict on one meaning: denials first, then the best of the rest.
fn one(entries: &[Drawn], flow: &Located, meaning: &Meaning, now: DateTime) -> Verdict {
    let said: Vec<Says> = entries
        .iter()
        .flat_map(|entry| says(entry, flow, meaning, now))
        .collect();
    let has = |says| said.contains(&says);
    if has(Says::Denies) {
        Verdict::Undeclared
    } else if has(Says::Declared) && !has(Says::MayDeny) && !meaning.hidden {
        Verdict::Declared
    } else if has(Says::Declared) || has(Says::Indeterminate) {
        Verdict::Indeterminate
    } else if has(Says::Expired) {
        Verdict::Expired
    } else if has(Says::OutOfJurisdiction) {
        Verdict::OutOfJurisdiction
    } else {
        Verdict::Undeclared
    }
}

/// What an entry says, by each way in which it may name the destination.
fn says(entry: &Drawn, flow: &Located, meaning: &Meaning, now: DateTime) -> Vec<Says> {
    if !takes(entry, flow) {
        return Vec::new();
    }
    let who = entry.who(flow, meaning);
    let mut said = Vec::new();
    if fits(entry, &meaning.names) {
        if who.address == Some(true) {
            said.push(entry.certain(flow, meaning, !entry.names.is_empty(), now));
        }
        if who.provider_by_name {
            said.push(entry.certain(flow, meaning, true, now));
        }
        let weak = !entry.names.is_empty() && meaning.grade < Some(entry.grade);
        if who.address.is_none() && (entry.deny || !weak) {
            said.push(entry.doubtful(flow, now));
        }
    }
    if name_is_missing(entry, flow) && (who.address != Some(false) || !entry.providers.is_empty()) {
        said.push(entry.doubtful(flow, now));
    }
    said
}

fn takes(entry: &Drawn, flow: &Located) -> bool {
    let record = &flow.flow.flow.record;
    entry.inbound == (record.direction == Direction::Inbound)
        && entry.port.is_none_or(|port| port == record.port)
        && entry
            .udp
            .is_none_or(|udp| udp == (record.protocol == Protocol::UDP))
}

fn fits(entry: &Drawn, names: &[String]) -> bool {
    let fit = |pattern: &str, name: &str| match pattern.strip_prefix('*') {
        Some(below) => name.ends_with(below),
        None => name == pattern,
    };
    let mut patterns = entry.names.iter();
    entry.names.is_empty() || patterns.any(|p| names.iter().any(|name| fit(p, name)))
}

/// Whether a name may be missing that the entry hangs on, and what was said does not rule
/// it out.
fn name_is_missing(entry: &Drawn, flow: &Located) -> bool {
    let names = &flow.flow.names;
    let missing = names.missing == Some(Missing::Lost) && names.answered().next().is_none();
    let hangs = !entry.names.is_empty() || !entry.providers.is_empty();
    let mut said = names.presented();
    missing && hangs && said.all(|name| fits(entry, &[name.name.to_string()]))
}

/// Whether an entry names the other side.
struct Who {
    /// By its address: its networks, its autonomous systems, or its providers; any
    /// suffices. Yes, if it has none of them.
    address: Known,
    /// By a provider whose name it is.
    provider_by_name: bool,
}

impl Drawn {
    fn who(&self, flow: &Located, meaning: &Meaning) -> Who {
        let address = flow.flow.flow.record.address;
        let network = |text: &&str| {
            let network: ipnetwork::IpNetwork = text.parse().unwrap();
            network.contains(address)
        };
        let provider = flow.operator_domicile.provider.as_deref();
        let provided = provider.is_some_and(|id| self.providers.contains(&id));
        let system = possible_systems(flow);
        let may_be = |number: &u32| system.as_ref().is_none_or(|all| all.contains(number));
        let certain = |number: &u32| {
            let only = system.as_ref().filter(|all| all.len() == 1);
            let agreed = flow.place.operator.agreement == Agreement::Unanimous;
            agreed && only.is_some_and(|all| all.contains(number))
        };
        let none = self.networks.is_empty() && self.systems.is_empty() && self.providers.is_empty();
        let yes = none
            || provided
            || self.networks.iter().any(network)
            || self.systems.iter().any(certain);
        // Only a denial minds whose an address may be.
        let provider_may_be = self.deny
            && provider.is_none()
            && flow.place.operator.agreement != Agreement::Unanimous
            && PROVIDERS
                .iter()
                .any(|(id, number, _)| self.providers.contains(id) && may_be(number));
        let maybe = self.systems.iter().any(may_be) || provider_may_be;
        let provider_by_name = self.providers.contains(&"provider-a")
            && meaning.names.iter().any(|n| n == "b.example");
        Who {
            address: if yes {
                Some(true)
            } else {
                (!maybe).then_some(false)
            },
            provider_by_name: provider_by_name && provider != Some("provider-a"),
        }
    }

    /// What it says of a destination that it names, by its name or not.
    fn certain(&self, flow: &Located, meaning: &Meaning, by_name: bool, now: DateTime) -> Says {
        let admitted = self.admitted(flow);
        if self.deny {
            return match (self.expired, admitted) {
                (true, _) | (_, Some(false)) => Says::Nothing,
                (_, Some(true)) if !(by_name && meaning.hidden) => Says::Denies,
                _ => Says::MayDeny,
            };
        }
        if by_name && meaning.grade < Some(self.grade) {
            return Says::Undeclared;
        }
        let allowed = self.is_open(now) && !self.is_used_up();
        match (self.expired, admitted) {
            (true, Some(true)) if allowed => Says::Expired,
            (true, _) => Says::Nothing,
            (false, Some(false)) if self.names_nobody() => Says::Nothing,
            (false, Some(false)) => Says::OutOfJurisdiction,
            (false, _) if !allowed => Says::Undeclared,
            (false, Some(true)) => Says::Declared,
            (false, None) => Says::Indeterminate,
        }
    }

    /// What it says of a destination that it may name.
    fn doubtful(&self, flow: &Located, now: DateTime) -> Says {
        if self.expired || self.admitted(flow) == Some(false) {
            Says::Nothing
        } else if self.deny {
            Says::MayDeny
        } else if self.is_open(now) && !self.is_used_up() {
            Says::Indeterminate
        } else {
            Says::Nothing
        }
    }

    /// Whether place and operator are as it asks.
    fn admitted(&self, flow: &Located) -> Known {
        let anycast = flow.place.anycast.value;
        let hosted = flow.place.hosted_in.value.filter(|_| anycast != Some(true));
        let home = flow.operator_domicile.country;
        let among = |wanted: &[&str], country: Option<CountryCode>| {
            if wanted.is_empty() {
                return Some(true);
            }
            country.map(|country| wanted.contains(&country.to_string().as_str()))
        };
        let all: BTreeSet<Known> = [
            among(&self.countries, hosted),
            among(&self.domicile, home),
            if self.no_anycast {
                anycast.map(|anycast| !anycast)
            } else {
                Some(true)
            },
        ]
        .into();
        if all.contains(&Some(false)) {
            Some(false)
        } else if all.contains(&None) {
            None
        } else {
            Some(true)
        }
    }

    fn is_used_up(&self) -> bool {
        let budget = self.budget.as_ref();
        budget.is_some_and(|budget| budget.spent > budget.limit.bytes)
    }

    /// Hour by hour: a window that begins on a day goes on until it ends.
    fn is_open(&self, now: DateTime) -> bool {
        let hour_of_week = |day: i8, hour: i8| i32::from(day) * 24 + i32::from(hour);
        let this = hour_of_week(now.weekday().to_monday_zero_offset(), now.hour());
        let open = |window: &DrawnWindow| {
            let (from, hours) = match window.hours {
                None => (0, 24),
                Some((from, to)) if from < to => (from, to - from),
                Some((from, to)) => (from, 24 - from + to),
            };
            let begin = hour_of_week(window.day, from);
            (0..i32::from(hours)).any(|more| (begin + more) % (7 * 24) == this)
        };
        self.windows.is_empty() || self.windows.iter().any(open)
    }
}

/// Numbers that the system may have, by the answers that count; `None` for any.
fn possible_systems(flow: &Located) -> Option<Vec<u32>> {
    let operator = &flow.place.operator;
    match operator.agreement {
        Agreement::Unknown => None,
        Agreement::Disputed => {
            let counting = operator.sources.iter().filter(|said| said.note.is_none());
            let said = counting.filter_map(|said| said.value.as_ref());
            Some(said.map(|operator| operator.asn.0).collect())
        }
        _ => Some(
            operator
                .value
                .iter()
                .map(|operator| operator.asn.0)
                .collect(),
        ),
    }
}
