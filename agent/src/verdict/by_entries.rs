//! What the entries say of a flow of a product.
//!
//! For each name under which the workload may have meant the destination
//! ([`Identity`]), the best answer of all entries holds: `declared`, else
//! `indeterminate` (an entry names the destination, and its place or the name is not
//! known), else `expired` (an entry would have declared it), else
//! `out_of_jurisdiction`, else `undeclared`. So another entry that declares can only better
//! a verdict. One that denies the destination makes it `undeclared` before all that, and one
//! that may deny it makes `indeterminate` of `declared`. Between equal answers the narrowest network decides, then the closest
//! name, then the id.
//!
//! Of several names that it said to the destination, the worst counts: each was
//! meant. Of several that it was told, each may have been meant: where they are not
//! judged alike, the flow is `indeterminate`.

use std::cmp::Reverse;

use jiff::civil::{Date, DateTime};

use super::{
    conditions::admitted, identity::Identity, judge::Decision, judgement::Verdict, moment::Moment,
    reason::Why, system::System,
};
use crate::{
    jurisdiction::Located,
    naming::Grade,
    policy::{Budget, Candidate, Entries, Entry, Policy, Product},
};

/// What one entry says of a flow, the best answer last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Answer {
    /// It names the name, but wants it to be worth more.
    WeakName,
    OutsideWindow,
    OverBudget,
    OutOfJurisdiction,
    Expired,
    /// It would declare the destination if its name were known to be one of the
    /// entry's.
    NameUnknown,
    /// It would declare the destination if its autonomous system were known to be one of
    /// the entry's.
    SystemUnknown,
    PlaceUnknown,
    Declared,
    /// It denies the destination if something is as is not known of it.
    MayBeDenied,
    /// It denies the destination, whatever others say.
    Denied,
}

/// An answer with the entry that gives it.
#[derive(Clone, Copy)]
struct Answered<'a> {
    answer: Answer,
    found: Candidate<'a>,
    /// The product that the entry is of; `None` for the platform.
    owner: Option<&'a Product>,
}

/// The flow and what it is judged by.
struct Case<'a, 'm> {
    flow: &'a Located,
    policy: &'a Policy,
    product: &'a Product,
    moment: Moment<'m>,
    /// The moment in UTC.
    now: DateTime,
    today: Date,
    system: System<'a>,
}

/// Judges a flow of a product that goes outside.
pub(super) fn by_entries<'a>(
    flow: &'a Located,
    policy: &'a Policy,
    product: &'a Product,
    moment: Moment<'_>,
) -> Decision<'a> {
    let now = moment.civil();
    let case = Case {
        flow,
        policy,
        product,
        moment,
        now,
        today: now.date(),
        system: System::of(&flow.place.operator),
    };
    let mut outcomes = Outcomes::default();
    for identity in Identity::of(&flow.flow.names) {
        outcomes.add(identity, case.decide(identity));
    }
    outcomes
        .decision()
        .unwrap_or_else(|| case.decide(Identity::Nameless))
}

/// The outcomes of the identities of a flow, put together whatever their order.
#[derive(Default)]
struct Outcomes<'a> {
    /// The worst of those that were meant for certain.
    certain: Option<Decision<'a>>,
    /// The best of those of which one was meant.
    best: Option<Decision<'a>>,
    /// The worst of those, with its name.
    worst: Option<(Identity<'a>, Decision<'a>)>,
}

impl<'a> Outcomes<'a> {
    fn add(&mut self, identity: Identity<'a>, decision: Decision<'a>) {
        let rank = severity(decision.verdict);
        if !identity.is_guess() {
            let known = self.certain.as_ref();
            if known.is_none_or(|known| severity(known.verdict) < rank) {
                self.certain = Some(decision);
            }
            return;
        }
        let best = self.best.as_ref();
        if best.is_none_or(|best| rank < severity(best.verdict)) {
            self.best = Some(decision.clone());
        }
        let worst = self.worst.as_ref();
        if worst.is_none_or(|(_, worst)| severity(worst.verdict) < rank) {
            self.worst = Some((identity, decision));
        }
    }

    fn decision(self) -> Option<Decision<'a>> {
        let guessed = match (self.best, self.worst) {
            (Some(best), Some((meant, worst))) => Some(either(best, meant, worst)),
            _ => None,
        };
        [self.certain, guessed]
            .into_iter()
            .flatten()
            .max_by_key(|decision| severity(decision.verdict))
    }
}

/// What holds where nobody can tell which of several was meant, by the best and the worst
/// of them.
fn either<'a>(best: Decision<'a>, meant: Identity<'a>, worst: Decision<'a>) -> Decision<'a> {
    match (best.verdict, meant.name(), best.rule) {
        // What may be declared is not, and is not undeclared either.
        (Verdict::Indeterminate, ..) => best,
        (Verdict::Declared, Some(meant), Some(entry)) if worst.verdict != Verdict::Declared => {
            Decision {
                verdict: Verdict::Indeterminate,
                product: best.product,
                rule: Some(entry),
                why: Why::AnotherName(entry, owner(&best), meant),
            }
        }
        _ => worst,
    }
}

fn owner<'a>(decision: &Decision<'a>) -> Option<&'a Product> {
    match decision.why {
        Why::Declared(_, owner, _) => owner,
        _ => decision.product,
    }
}

/// What an entry says that would declare or deny, were something known.
fn if_known(entry: &Entry, declaring: Answer) -> Answer {
    if entry.denies() {
        Answer::MayBeDenied
    } else {
        declaring
    }
}

/// How bad a verdict is that entries give.
fn severity(verdict: Verdict) -> u8 {
    match verdict {
        Verdict::Undeclared => 4,
        Verdict::OutOfJurisdiction => 3,
        Verdict::Expired => 2,
        Verdict::Indeterminate | Verdict::Unattributed => 1,
        Verdict::Declared | Verdict::Internal => 0,
    }
}

impl<'a> Case<'a, '_> {
    /// The best answer of all entries to one identity.
    fn decide(&self, identity: Identity<'a>) -> Decision<'a> {
        let all = self
            .answers(identity)
            .chain(self.unknown_names())
            .chain(self.unknown_systems(identity))
            .chain(self.unknown_providers());
        let order = |answered: &Answered<'a>| {
            let Candidate { entry, prefix } = answered.found;
            let closeness = identity
                .names()
                .flat_map(|name| entry.names.iter().filter(|p| p.fits(name.as_str())))
                .map(|pattern| (pattern.name().len(), !pattern.is_wildcard()))
                .max();
            (answered.answer, prefix, closeness, Reverse(&entry.id))
        };
        let (mut best, mut denial) = (None, None);
        for answered in all {
            let kept: &mut Option<Answered<'a>> = if answered.found.entry.denies() {
                &mut denial
            } else {
                &mut best
            };
            if kept.is_none_or(|kept| order(&kept) < order(&answered)) {
                *kept = Some(answered);
            }
        }
        // What may be denied is not declared, and no better than it was.
        let declared = best.filter(|best| best.answer == Answer::Declared);
        let best = denial
            .filter(|denial| denial.answer == Answer::Denied || declared.is_some())
            .or(best);
        let Some(Answered {
            answer,
            found: Candidate { entry, .. },
            owner,
        }) = best
        else {
            return Decision {
                verdict: Verdict::Undeclared,
                product: Some(self.product),
                rule: None,
                why: Why::Undeclared(self.product, identity),
            };
        };
        let (verdict, why) = match answer {
            Answer::Declared => match identity {
                Identity::Hidden(name) => (
                    Verdict::Indeterminate,
                    Why::Hidden(entry, owner, &name.name),
                ),
                _ => (Verdict::Declared, Why::Declared(entry, owner, identity)),
            },
            Answer::Denied => (Verdict::Undeclared, Why::Denied(entry, owner, identity)),
            Answer::MayBeDenied => (
                Verdict::Indeterminate,
                Why::MayBeDenied(entry, owner, identity),
            ),
            Answer::PlaceUnknown => (
                Verdict::Indeterminate,
                Why::PlaceUnknown(entry, owner, identity),
            ),
            Answer::NameUnknown => (Verdict::Indeterminate, Why::NameUnknown(entry, owner)),
            Answer::SystemUnknown => (
                Verdict::Indeterminate,
                Why::SystemUnknown(entry, owner, identity),
            ),
            Answer::Expired => (Verdict::Expired, Why::Expired(entry, owner, identity)),
            Answer::OutOfJurisdiction => (
                Verdict::OutOfJurisdiction,
                Why::Outside(entry, owner, identity),
            ),
            Answer::OutsideWindow => (
                Verdict::Undeclared,
                Why::OutsideWindow(entry, owner, identity),
            ),
            Answer::OverBudget => (
                Verdict::Undeclared,
                Why::OverBudget(entry, owner, identity, self.spent(entry)),
            ),
            Answer::WeakName => (Verdict::Undeclared, Why::WeakName(entry, owner, identity)),
        };
        Decision {
            verdict,
            product: Some(self.product),
            // An entry that is not satisfied by the name does not speak of the flow.
            rule: (answer != Answer::WeakName).then_some(entry),
            why,
        }
    }

    /// The entries of the product and those of the platform.
    fn sets(&self) -> [(&'a Entries, Option<&'a Product>); 2] {
        [
            (self.product.entries(), Some(self.product)),
            (self.policy.shared(), None),
        ]
    }

    /// Answers of the entries that name the destination.
    fn answers<'s>(&'s self, identity: Identity<'a>) -> impl Iterator<Item = Answered<'a>> + 's {
        let record = &self.flow.flow.flow.record;
        let (by_address, by_name) = self.providers(identity);
        self.sets()
            .into_iter()
            .flat_map(move |(entries, owner)| {
                let plain = entries.candidates(record.address, identity.names());
                let ids = [(by_address, None), (by_name, identity.grade())];
                let provided = ids.into_iter().flat_map(move |(id, grade)| {
                    let found = id.into_iter().flat_map(|id| entries.of_provider(id));
                    found.map(move |found| (found, grade))
                });
                let announced = self.system.named_by(entries);
                let all = plain
                    .chain(announced)
                    .map(|found| (found, None))
                    .chain(provided);
                all.map(move |(found, grade)| (found, grade, owner))
            })
            .filter(move |(found, ..)| found.entry.takes(record))
            .filter(move |(found, ..)| found.entry.names_one_of(identity.names()))
            .filter_map(move |(found, grade, owner)| {
                let answer = self.answer(found, grade, identity)?;
                Some(Answered {
                    answer,
                    found,
                    owner,
                })
            })
    }

    /// Whose the address is, and whose the name, by the table of providers, where any
    /// entry asks for that.
    fn providers(&self, identity: Identity<'a>) -> (Option<&'a str>, Option<&'a str>) {
        let asked = |(entries, _): &(&Entries, _)| entries.name_providers();
        if !self.sets().iter().any(asked) {
            return (None, None);
        }
        let by_address = self.flow.operator_domicile.provider.as_deref();
        let providers = self.policy.providers();
        let by_name = identity
            .names()
            .find_map(|name| providers.id_by_name(name.as_str()));
        (by_address, by_name.filter(|id| Some(*id) != by_address))
    }

    /// Entries that the name which is missing might satisfy.
    fn unknown_names<'s>(&'s self) -> impl Iterator<Item = Answered<'a>> + 's {
        let names = &self.flow.flow.names;
        let doubtful = names.missing.as_ref().is_some_and(|m| m.leaves_doubt())
            && names.answered().next().is_none();
        let record = &self.flow.flow.flow.record;
        self.sets()
            .into_iter()
            .filter(move |_| doubtful)
            .flat_map(|(entries, owner)| {
                let said = names.presented().next().map(|name| &name.name);
                let announced = self.system.named_by(entries);
                let announced = announced.chain(self.system.may_be_named_by(entries));
                let found = entries
                    .hang_on_names(record.address, said)
                    .chain(announced.filter(|found| found.entry.hangs_on_name()));
                found.map(move |found| (found, owner))
            })
            .filter(move |(found, _)| found.entry.takes(record))
            .filter(move |(found, _)| {
                found.entry.in_force(self.today)
                    && self.refused(found.entry).is_none()
                    && admitted(found.entry, self.flow, self.policy, self.today) != Some(false)
            })
            // A name that was said and is none of the entry's rules it out.
            .filter(move |(found, _)| {
                let mut said = names.presented().peekable();
                said.peek().is_none()
                    || said.all(|name| found.entry.names_one_of(std::iter::once(&name.name)))
            })
            .map(|(found, owner)| Answered {
                answer: if_known(found.entry, Answer::NameUnknown),
                found,
                owner,
            })
    }

    /// Entries that the autonomous system which is not known might satisfy.
    fn unknown_systems<'s>(
        &'s self,
        identity: Identity<'a>,
    ) -> impl Iterator<Item = Answered<'a>> + 's {
        let record = &self.flow.flow.flow.record;
        self.sets()
            .into_iter()
            .filter(|(entries, _)| entries.name_systems())
            .flat_map(|(entries, owner)| {
                let found = self.system.may_be_named_by(entries);
                found.map(move |found| (found, owner))
            })
            .filter(move |(found, _)| found.entry.takes(record))
            .filter(move |(found, _)| found.entry.names_one_of(identity.names()))
            .filter(move |(found, _)| {
                let answer = self.answer(*found, None, identity);
                answer >= Some(Answer::PlaceUnknown)
            })
            .map(|(found, owner)| Answered {
                answer: if_known(found.entry, Answer::SystemUnknown),
                found,
                owner,
            })
    }

    /// Entries that deny a provider which may be the destination's: one that is known by
    /// its autonomous systems alone, where that of the destination is not known.
    fn unknown_providers<'s>(&'s self) -> impl Iterator<Item = Answered<'a>> + 's {
        let record = &self.flow.flow.flow.record;
        let unknown = self.flow.operator_domicile.provider.is_none();
        let providers = self.policy.providers();
        let may_be_of = |id: &String| {
            let provider = providers.get(id);
            provider.is_some_and(|provider| self.system.may_be_one_of(&provider.asn))
        };
        self.sets()
            .into_iter()
            .filter(move |_| unknown)
            .flat_map(|(entries, owner)| entries.deny_providers().map(move |f| (f, owner)))
            .filter(move |(found, _)| {
                let entry = found.entry;
                entry.takes(record)
                    && entry.in_force(self.today)
                    && entry.providers.iter().any(may_be_of)
                    && admitted(entry, self.flow, self.policy, self.today) != Some(false)
            })
            .map(|(found, owner)| Answered {
                answer: Answer::MayBeDenied,
                found,
                owner,
            })
    }

    /// What an entry that names the destination says of it, by a provider's name where a
    /// grade is given; `None` when it does not speak of it after all.
    fn answer(
        &self,
        found: Candidate<'_>,
        grade: Option<Grade>,
        identity: Identity<'_>,
    ) -> Option<Answer> {
        let entry = found.entry;
        let hangs_on_name = !entry.names.is_empty() || grade.is_some();
        if entry.denies() {
            return self.denial(entry, hangs_on_name, identity);
        }
        if hangs_on_name && identity.grade() < Some(entry.grade) {
            return entry.in_force(self.today).then_some(Answer::WeakName);
        }
        let admitted = admitted(entry, self.flow, self.policy, self.today);
        let refused = self.refused(entry);
        if !entry.in_force(self.today) {
            // Not in force, it can say only what it would have said.
            return (admitted == Some(true) && refused.is_none()).then_some(Answer::Expired);
        }
        if admitted != Some(false) && refused.is_some() {
            return refused;
        }
        match admitted {
            Some(true) => Some(Answer::Declared),
            None => Some(Answer::PlaceUnknown),
            // Where the place is all that an entry names, another place is not a
            // breach of its condition but a destination that it does not name.
            Some(false) => entry.names_who().then_some(Answer::OutOfJurisdiction),
        }
    }

    /// What an entry that denies says of a destination that it names.
    fn denial(&self, entry: &Entry, hangs_on_name: bool, identity: Identity<'_>) -> Option<Answer> {
        if !entry.in_force(self.today) {
            return None;
        }
        let hidden = hangs_on_name && matches!(identity, Identity::Hidden(_));
        match admitted(entry, self.flow, self.policy, self.today) {
            Some(false) => None,
            Some(true) if !hidden => Some(Answer::Denied),
            Some(true) | None => Some(Answer::MayBeDenied),
        }
    }

    /// What an entry that admits the place says at another time, or of more than it may
    /// carry.
    fn refused(&self, entry: &Entry) -> Option<Answer> {
        if !entry.is_open(self.now) {
            return Some(Answer::OutsideWindow);
        }
        let budget = entry.budget?;
        (self.spent(entry) > budget.bytes).then_some(Answer::OverBudget)
    }

    /// Bytes that the entry has carried in the current period of its budget.
    fn spent(&self, entry: &Entry) -> u64 {
        let begin = |budget: Budget| budget.per.begin(self.today);
        entry.budget.map_or(0, |budget| {
            self.moment.spent.bytes(&entry.id, begin(budget))
        })
    }
}
