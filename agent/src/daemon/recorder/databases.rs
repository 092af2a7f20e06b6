//! IP databases that were opened anew come into force, and are told of.

use std::sync::Arc;

use super::Recorder;
use crate::{
    daemon::Failure,
    jurisdiction::Reloaded,
    kernel::Clock,
    ledger::Entry,
    output::{DatabaseEvent, DatabaseLine, DatabaseNews},
};

impl Recorder<'_> {
    /// Between two sweeps: what was counted until now was judged by the databases
    /// that were in force, and is stored so; all that is open is judged again.
    pub(in crate::daemon) fn reloaded(&mut self, reloaded: Reloaded) -> Result<(), Failure> {
        let clock = Clock::read().map_err(Failure::Clock)?;
        if reloaded.databases.is_some() {
            for open in self.open.values_mut() {
                open.store(&mut self.ledger, &clock, &self.recording)?;
            }
        }
        for one in &reloaded.refused {
            let error = one.error.to_string();
            tracing::warn!(name = one.name, error, "an IP database is refused");
            self.metrics.database_refused();
            self.tell(
                &clock,
                DatabaseEvent::Refused,
                &one.name,
                None,
                Some(&error),
            );
            let name = one.name.clone();
            let entry = Entry::DatabaseRefused { name, error };
            self.ledger.append(clock.now(), entry)?;
        }
        for one in &reloaded.removed {
            let line = DatabaseLine::from(one);
            self.tell(&clock, DatabaseEvent::Removed, &one.name, Some(&line), None);
            let entry = Entry::DatabaseRemoved {
                name: one.name.clone(),
                sha256: one.sha256.clone(),
            };
            self.ledger.append(clock.now(), entry)?;
        }
        for one in &reloaded.loaded {
            let line = DatabaseLine::from(one);
            self.tell(&clock, DatabaseEvent::Loaded, &one.name, Some(&line), None);
            let entry = Entry::DatabaseLoaded {
                name: one.name.clone(),
                sha256: one.sha256.clone(),
                built: one.built,
            };
            self.ledger.append(clock.now(), entry)?;
        }
        if let Some(databases) = reloaded.databases {
            self.pipeline.put_in_force(Arc::new(databases));
            self.metrics.databases(self.pipeline.databases().describe());
            self.judge_all_again(&clock);
        }
        Ok(self.ledger.flush()?)
    }

    fn tell(
        &mut self,
        clock: &Clock,
        event: DatabaseEvent,
        name: &str,
        database: Option<&DatabaseLine>,
        error: Option<&str>,
    ) {
        let news = DatabaseNews {
            time: clock.now(),
            event,
            name,
            database,
            error,
        };
        self.show(|display| display.database(&news));
    }
}
