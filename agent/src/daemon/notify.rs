//! Ways out for findings, as the daemon begins them.

use std::sync::Arc;

use super::{Failure, Options};
use crate::{
    finding::Finding,
    jurisdiction::Databases,
    kernel::Clock,
    ledger::Ledger,
    notify::{Begin, Notifier, OwnTraffic, own_cgroup, undeclared},
    output::NotifyMetrics,
    policy::Policy,
};

/// Begins them where the ledger is now; none where the agent only ends a recording.
pub(super) fn begin(
    options: &Options,
    ledger: &mut Ledger,
    open: &[Finding],
    metrics: NotifyMetrics,
) -> Result<Notifier, Failure> {
    if options.unload {
        return Ok(Notifier::none());
    }
    ledger.flush()?;
    let begin = Begin {
        store: options.store.clone(),
        node: ledger.node().to_owned(),
        seq: ledger.seq(),
        open,
    };
    Ok(Notifier::start(&options.notify, begin, metrics)?)
}

/// Says which of them send where no allowlist declares it. Looking names up may take its time,
/// for which nothing waits.
pub(super) fn warn_of_undeclared(
    options: &Options,
    policy: Arc<Policy>,
    databases: Arc<Databases>,
    clock: &Clock,
) {
    if options.notify.is_empty() {
        return;
    }
    let (settings, time) = (options.notify.clone(), clock.now());
    tokio::task::spawn_blocking(move || {
        let own = OwnTraffic {
            policy,
            databases: Some(databases),
            cgroup: own_cgroup(),
            time,
        };
        for warning in undeclared(&settings, &own) {
            tracing::warn!("{warning}");
        }
    });
}
