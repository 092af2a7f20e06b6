//! The canary within the daemon: begun now and then, and its outcome told.

use std::collections::BTreeMap;

use super::Recorder;
use crate::{
    canary::{Attempt, CanaryError, Proof, Tried, prove},
    coverage::{Gap, Reason},
    daemon::Failure,
    kernel::{CgroupDirectory, Clock, UplinkProgram},
    ledger::Entry,
    output::SelfTestLine,
};

/// A canary that is ready to play, away from the daemon's own thread.
pub(in crate::daemon) struct Canary {
    attempt: Attempt,
    program: UplinkProgram,
}

/// What came of it.
pub(in crate::daemon) type Played = Result<(Attempt, Vec<Tried>), CanaryError>;

impl Canary {
    /// Sends by every way.
    pub(in crate::daemon) fn play(mut self) -> Played {
        let sent = self.attempt.play(&self.program)?;
        Ok((self.attempt, sent))
    }
}

impl Recorder<'_> {
    /// Makes a canary; if that fails, it is told as any failed one.
    pub(in crate::daemon) fn canary(
        &mut self,
        root: &CgroupDirectory,
    ) -> Result<Option<Canary>, Failure> {
        let made = Attempt::new(root).and_then(|attempt| {
            let program = self.capture.uplink_program().map_err(CanaryError::Uplink)?;
            Ok(Canary { attempt, program })
        });
        match made {
            Ok(canary) => Ok(Some(canary)),
            Err(error) => self.tested(Err(error)).map(|()| None),
        }
    }

    /// Compares what the canary sent with the record, and tells.
    pub(in crate::daemon) fn tested(&mut self, played: Played) -> Result<(), Failure> {
        let clock = Clock::read().map_err(Failure::Clock)?;
        let (proofs, failed) = match played {
            Ok((attempt, sent)) => {
                let proofs = prove(&self.capture, attempt.cgroup(), &sent)?;
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
