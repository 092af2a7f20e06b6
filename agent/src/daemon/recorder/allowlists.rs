//! Allowlists that were read anew come into force, or are refused, and are told of.

use std::{path::Path, sync::Arc};

use super::Recorder;
use crate::{
    daemon::{
        Failure,
        reload::{AllowlistsNews, Outcome},
    },
    kernel::Clock,
    ledger::Entry,
    output::{AllowlistsChange, AllowlistsEvent, AllowlistsLine},
    policy::{Diagnostic, Policy},
};

/// Errors of a refused set that are told; the others are counted.
const MOST_ERRORS: usize = 20;
/// Characters of each that the ledger has.
const MOST_OF_ERROR: usize = 1000;

impl Recorder<'_> {
    /// Allowlists in force.
    pub(in crate::daemon) fn policy(&self) -> Arc<Policy> {
        Arc::clone(self.pipeline.policy())
    }

    /// Between two sweeps: what was counted until now was judged by the set that was in
    /// force, and is stored so; then the set is another, and all that is open is judged
    /// again. So each judgement in the ledger is by the set that came into force last
    /// before it.
    pub(in crate::daemon) fn allowlists_read(
        &mut self,
        news: AllowlistsNews,
    ) -> Result<(), Failure> {
        let clock = Clock::read().map_err(Failure::Clock)?;
        let AllowlistsNews {
            directory,
            digest,
            outcome,
        } = news;
        match outcome {
            Outcome::Same => self.allowlists_same(&directory, &clock)?,
            Outcome::Valid(policy) => self.allowlists_loaded(&directory, *policy, &clock)?,
            Outcome::Refused(errors) => {
                self.allowlists_refused(&directory, digest, &errors, &clock)?;
            }
        }
        self.tell_findings(false, &clock)?;
        Ok(self.ledger.flush()?)
    }

    fn allowlists_loaded(
        &mut self,
        directory: &Path,
        policy: Policy,
        clock: &Clock,
    ) -> Result<(), Failure> {
        for open in self.open.values_mut() {
            open.store(&mut self.ledger, clock, &self.recording)?;
        }
        let replaced = self.pipeline.policy_digest().to_owned();
        let entry = Entry::AllowlistsLoaded {
            digest: policy.digest().to_owned(),
            replaced: replaced.clone(),
            products: policy.products().count() as u64,
            entries: policy.entry_count() as u64,
        };
        self.ledger.append(clock.now(), entry)?;
        self.pipeline.put_policy_in_force(Arc::new(policy));
        self.refused_set = None;
        self.metrics
            .allowlists(self.pipeline.policy_digest(), clock.now());
        let event = AllowlistsEvent::Loaded {
            replaced: &replaced,
        };
        self.tell_of_allowlists(directory, event, clock);
        tracing::info!(
            digest = self.pipeline.policy_digest(),
            "allowlists in force"
        );
        self.judge_all_again(clock);
        self.find_refused(None, clock);
        self.warn_of_expiry(clock, true)
    }

    fn allowlists_refused(
        &mut self,
        directory: &Path,
        digest: String,
        errors: &[Diagnostic],
        clock: &Clock,
    ) -> Result<(), Failure> {
        let told = errors.get(..MOST_ERRORS).unwrap_or(errors);
        let more = errors.len() - told.len();
        let in_force = self.pipeline.policy_digest().to_owned();
        tracing::warn!(
            directory = %directory.display(), in_force, errors = errors.len(),
            "the allowlists are refused; `weir check` lists every error"
        );
        let lines: Vec<_> = told.iter().map(line).collect();
        for line in &lines {
            tracing::warn!("{line}");
        }
        let event = AllowlistsEvent::Refused {
            digest: &digest,
            errors: told,
            more_errors: more,
        };
        self.tell_of_allowlists(directory, event, clock);
        self.metrics.allowlists_refused(true);
        let why = lines.first().map_or("", String::as_str);
        self.find_refused(Some(why), clock);
        self.refused_set = Some(digest.clone());
        let entry = Entry::AllowlistsRefused {
            digest,
            in_force,
            errors: lines,
            more_errors: more as u64,
        };
        Ok(self.ledger.append(clock.now(), entry)?)
    }

    /// What is on disk is what is in force; that is news if it was not.
    fn allowlists_same(&mut self, directory: &Path, clock: &Clock) -> Result<(), Failure> {
        let Some(refused) = self.refused_set.take() else {
            return Ok(());
        };
        self.metrics.allowlists_refused(false);
        self.find_refused(None, clock);
        let event = AllowlistsEvent::Reverted { refused: &refused };
        self.tell_of_allowlists(directory, event, clock);
        let entry = Entry::AllowlistsReverted {
            digest: self.pipeline.policy_digest().to_owned(),
            refused,
        };
        Ok(self.ledger.append(clock.now(), entry)?)
    }

    fn tell_of_allowlists(&mut self, directory: &Path, event: AllowlistsEvent<'_>, clock: &Clock) {
        let policy = self.policy();
        let change = AllowlistsChange {
            time: clock.now(),
            event,
            in_force: AllowlistsLine {
                directory,
                digest: policy.digest(),
                products: policy.products().count(),
                entries: policy.entry_count(),
            },
        };
        self.show(|display| display.allowlists(&change));
    }
}

/// `file:line:column: what is wrong; what to do`.
fn line(error: &Diagnostic) -> String {
    let mut line = error.file.display().to_string();
    if let Some(place) = &error.place {
        line += &format!(":{}:{}", place.position.line, place.position.column);
    }
    line += &format!(": {}; {}", error.message, error.help);
    match line.char_indices().nth(MOST_OF_ERROR) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}
