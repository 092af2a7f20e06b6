//! What a flow takes of the budget of the entry that declares it.

use jiff::civil::DateTime;

use super::{
    judgement::{Judged, Verdict},
    moment::Spent,
};
use crate::policy::Policy;

impl Spent {
    /// Counts bytes that a judged flow has sent, as of a date and time of UTC, towards the
    /// budget of the entry that declares it. Whether they use it up: then the flow is to be
    /// judged again.
    ///
    /// What is sent after that counts, too, so that the intervals of the record, counted in
    /// the same way, give the same sum.
    pub fn charge(&mut self, policy: &Policy, judged: &Judged, bytes: u64, at: DateTime) -> bool {
        let entry = judged.rule.as_deref();
        let entry = entry.and_then(|id| policy.limits().budgeted(id));
        let Some((entry, budget)) = entry.and_then(|entry| Some((entry, entry.budget?))) else {
            return false;
        };
        let declared = judged.verdict == Verdict::Declared;
        // Undeclared by an entry that is open, it is over the budget.
        let over = judged.verdict == Verdict::Undeclared && entry.is_open(at);
        if !declared && !over {
            return false;
        }
        let period = budget.per.begin(at.date());
        self.add(&entry.id, period, bytes);
        declared && self.bytes(&entry.id, period) > budget.bytes
    }
}
