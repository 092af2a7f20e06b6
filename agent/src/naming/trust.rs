//! Which resolvers are trusted can change while names are held.
//!
//! Trust that is withdrawn is withdrawn from what was answered before, too. Trust that is
//! given holds for what is answered from then on: nobody vouched for what came before.

use std::sync::Arc;

use super::{Grade, Name, Namer, Resolvers};

impl Namer {
    /// From now on these resolvers are trusted.
    pub fn trust(&mut self, resolvers: Arc<Resolvers>) {
        if *resolvers != *self.resolvers {
            self.relays
                .retain(|_, unit| resolvers.is_local_resolver(unit));
            self.table.withdraw(&resolvers);
        }
        self.resolvers = resolvers;
    }
}

impl Name {
    /// Worth less, if its resolver is no longer trusted.
    pub(super) fn withdraw(&mut self, resolvers: &Resolvers) {
        if self.grade == Grade::Answered
            && let Some(why) = resolvers.withdrawn(&self.source)
        {
            self.grade = Grade::AnsweredUntrusted;
            self.doubt = Some(why);
        }
    }
}
