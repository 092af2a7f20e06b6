//! What the entries say of a flow of a product.
//!
//! For each name under which the workload may have meant the destination
//! ([`Identity`]), the best answer of all entries holds: `declared`, else
//! `indeterminate` (an entry names the destination, and its place or the name is not
//! known), else `expired` (an entry would have declared it), else
//! `out_of_jurisdiction`, else `undeclared`. So another entry that declares can only better
//! a verdict. One that denies the destination makes it `undeclared` before all that, and one
//! that may deny it makes `indeterminate` of `declared`. Between equal answers the narrowest
//! network decides, then the closest name, then the id.
//!
//! Of several names that it said to the destination, the worst counts: each was
//! meant. Of several that it was told, each may have been meant: where they are not
//! judged alike, the flow is `indeterminate`.

use jiff::civil::{Date, DateTime};

use super::{
    best::Best,
    conditions::admitted,
    identity::Identity,
    judge::Decision,
    moment::Moment,
    outcome::{Answer, Outcome, Outcomes},
    system::System,
};
use crate::{
    jurisdiction::Located,
    naming::Grade,
    policy::{Budget, Candidate, Entries, Entry, Holding, Policy, Product, Reach},
};

/// The flow and what it is judged by.
struct Case<'a, 'm> {
    flow: &'a Located,
    policy: &'a Policy,
    moment: Moment<'m>,
    /// The moment in UTC.
    now: DateTime,
    today: Date,
    system: System<'a>,
    sets: [Set<'a>; 2],
    /// Whether any entry asks whose a destination is by the table of providers.
    asks_for_providers: bool,
    /// Whether the name may be missing under which an entry would know the destination.
    doubtful: bool,
}

/// The entries of the product, or those of the platform.
#[derive(Clone, Copy)]
struct Set<'a> {
    entries: &'a Entries,
    /// `None` for the platform.
    owner: Option<&'a Product>,
    /// Those whose networks hold the address.
    holding: Holding<'a>,
}

/// Judges a flow of a product that goes outside.
pub(super) fn by_entries<'a>(
    flow: &'a Located,
    policy: &'a Policy,
    product: &'a Product,
    reach: Reach<'a>,
    moment: Moment<'_>,
) -> Decision<'a> {
    let sets = [
        Set {
            entries: product.entries(),
            owner: Some(product),
            holding: reach.own,
        },
        Set {
            entries: policy.shared(),
            owner: None,
            holding: reach.shared,
        },
    ];
    let names = &flow.flow.names;
    let now = moment.civil();
    let case = Case {
        flow,
        policy,
        moment,
        now,
        today: now.date(),
        system: System::of(&flow.place.operator),
        asks_for_providers: sets.iter().any(|set| set.entries.name_providers()),
        sets,
        doubtful: names.missing.as_ref().is_some_and(|m| m.leaves_doubt())
            && names.answered().next().is_none(),
    };
    let mut outcomes = Outcomes::default();
    Identity::each(names, |identity| outcomes.add(case.outcome(identity)));
    let spent = |entry: &Entry| case.spent(entry);
    outcomes
        .decision(product, spent)
        .unwrap_or_else(|| case.outcome(Identity::Nameless).decision(product, spent))
}

/// What an entry says that would declare or deny, were something known.
fn if_known(entry: &Entry, declaring: Answer) -> Answer {
    if entry.denies() {
        Answer::MayBeDenied
    } else {
        declaring
    }
}

impl<'a> Case<'a, '_> {
    /// What the entries say together of one identity.
    fn outcome(&self, identity: Identity<'a>) -> Outcome<'a> {
        let mut best = Best::of(identity);
        let (by_address, by_name) = self.providers(identity);
        for set in &self.sets {
            let Set {
                entries, holding, ..
            } = set;
            for found in holding.iter().chain(entries.of_anybody()) {
                self.ask(set, found, None, &mut best);
            }
            for name in identity.names() {
                entries.of_name(name, |found| self.ask_named(set, found, None, &mut best));
            }
            if entries.name_systems() {
                for found in self.system.named_by(entries) {
                    self.ask(set, found, None, &mut best);
                }
                self.unknown_systems(set, &mut best);
            }
            if let Some(id) = by_address {
                for found in entries.of_provider(id) {
                    self.ask(set, found, None, &mut best);
                }
            }
            if let Some(id) = by_name {
                for found in entries.of_provider(id) {
                    self.ask(set, found, identity.grade(), &mut best);
                }
            }
            if self.doubtful {
                self.unknown_names(set, &mut best);
            }
            self.unknown_providers(set, &mut best);
        }
        best.outcome()
    }

    /// Asks an entry that names the destination otherwise than by its name: by a
    /// provider's name where a grade is given.
    #[inline]
    fn ask(&self, set: &Set<'a>, found: Candidate<'a>, grade: Option<Grade>, best: &mut Best<'a>) {
        if Self::is_named(found, best.identity()) {
            self.ask_named(set, found, grade, best);
        }
    }

    /// Whether the entry names one of the names, or none at all.
    #[inline]
    fn is_named(found: Candidate<'a>, identity: Identity<'a>) -> bool {
        found.like.names.is_empty() || found.entry.names_one_of(identity.names())
    }

    /// Asks an entry that names one of the names, if it names any.
    #[inline]
    fn ask_named(
        &self,
        set: &Set<'a>,
        found: Candidate<'a>,
        grade: Option<Grade>,
        best: &mut Best<'a>,
    ) {
        if !found.like.takes(&self.flow.flow.flow.record) {
            return;
        }
        if let Some(answer) = self.answer(found.like, grade, best.identity()) {
            best.take(answer, found, set.owner);
        }
    }

    /// Whose the address is, and whose the name, by the table of providers, where any
    /// entry asks for that.
    fn providers(&self, identity: Identity<'a>) -> (Option<&'a str>, Option<&'a str>) {
        if !self.asks_for_providers {
            return (None, None);
        }
        let by_address = self.flow.operator_domicile.provider.as_deref();
        let providers = self.policy.providers();
        let by_name = identity.names().find_map(|name| providers.id_by_name(name));
        (by_address, by_name.filter(|id| Some(*id) != by_address))
    }

    /// Asks the entries that the name which is missing might satisfy.
    fn unknown_names(&self, set: &Set<'a>, best: &mut Best<'a>) {
        let names = &self.flow.flow.names;
        let said = names.presented().next().map(|name| &name.name);
        let Set {
            entries, holding, ..
        } = *set;
        let announced = self.system.named_by(entries);
        let announced = announced.chain(self.system.may_be_named_by(entries));
        let announced = announced.filter(|found| found.like.hangs_on_name());
        for found in entries.hang_on_names(holding, said).chain(announced) {
            let Candidate { entry, like, .. } = found;
            // A name that was said and is none of the entry's rules it out.
            let mut all_said = names.presented().map(|name| &name.name);
            let fits =
                said.is_none() || all_said.all(|name| entry.names_one_of([name].into_iter()));
            if fits
                && like.takes(&self.flow.flow.flow.record)
                && like.in_force(self.today)
                && self.refused(like).is_none()
                && admitted(like, self.flow, self.policy, self.today) != Some(false)
            {
                best.take(if_known(like, Answer::NameUnknown), found, set.owner);
            }
        }
    }

    /// Asks the entries that the autonomous system which is not known might satisfy.
    fn unknown_systems(&self, set: &Set<'a>, best: &mut Best<'a>) {
        for found in self.system.may_be_named_by(set.entries) {
            let like = found.like;
            if !like.takes(&self.flow.flow.flow.record) || !Self::is_named(found, best.identity()) {
                continue;
            }
            let answer = self.answer(like, None, best.identity());
            if answer >= Some(Answer::PlaceUnknown) {
                best.take(if_known(like, Answer::SystemUnknown), found, set.owner);
            }
        }
    }

    /// Asks the entries that deny a provider which may be the destination's: one that is
    /// known by its autonomous systems, where that of the destination is not known.
    fn unknown_providers(&self, set: &Set<'a>, best: &mut Best<'a>) {
        if self.flow.operator_domicile.provider.is_some() {
            return;
        }
        let may_be_of = |id: &String| {
            let provider = self.policy.providers().get(id);
            provider.is_some_and(|provider| self.system.may_be_one_of(&provider.asn))
        };
        for found in set.entries.deny_providers() {
            let entry = found.entry;
            if entry.takes(&self.flow.flow.flow.record)
                && entry.names_one_of(best.identity().names())
                && entry.in_force(self.today)
                && entry.providers.iter().any(may_be_of)
                && admitted(entry, self.flow, self.policy, self.today) != Some(false)
            {
                best.take(Answer::MayBeDenied, found, set.owner);
            }
        }
    }

    /// What an entry that names the destination says of it, by a provider's name where a
    /// grade is given; `None` when it does not speak of it after all.
    fn answer(
        &self,
        entry: &Entry,
        grade: Option<Grade>,
        identity: Identity<'_>,
    ) -> Option<Answer> {
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
