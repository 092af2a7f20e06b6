//! The canary within the daemon: begun now and then, and its outcome told.

use std::collections::BTreeMap;

use super::Recorder;
use crate::{
    aside::Canary,
    canary::{CanaryError, Proof, Tried, prove},
    coverage::{Gap, Reason},
    daemon::Failure,
    kernel::Clock,
    ledger::Entry,
    output::SelfTestLine,
};

/// What came of it.
pub(in crate::daemon) type Played = Result<(Canary, Vec<Tried>), CanaryError>;

impl Recorder<'_> {
    /// Compares what the canary sent with the record, and tells.
    pub(in crate::daemon) fn tested(&mut self, played: Played) -> Result<(), Failure> {
        let clock = Clock::read().map_err(Failure::Clock)?;
        let (proofs, failed) = match played {
            Ok((canary, sent)) => {
                let proofs = prove(&self.capture, canary.cgroup(), &sent)?;
                let failed: Vec<_> = proofs
                    .iter()
                    .filter(|proof| !proof.holds())
                    .map(Proof::to_string)
                    .collect();
                (proofs, failed.join(" | "))
            }
            Err(error) => (Vec::new(), error.to_string()),
        };
        let since = self.proven.unwrap_or(self.began);
        if failed.is_empty() {
            self.proven = Some(clock);
        } else {
            let gap = Gap {
                from: since.now(),
                to: clock.now(),
                reason: Reason::SelfTestFailed,
                detail: failed,
                repaired: false,
                losses: BTreeMap::new(),
            };
            self.gap(gap, &clock)?;
        }
        self.metrics.self_test(&proofs, &clock);
        self.remembered.self_test(&proofs, clock.now());
        let line = SelfTestLine {
            time: clock.now(),
            ways: &proofs,
        };
        self.show(|display| display.self_test(&line));
        self.ledger
            .append(clock.now(), Entry::SelfTest { ways: proofs })?;
        Ok(())
    }
}
