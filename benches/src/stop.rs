//! Ctrl-C and SIGTERM: the measurement under way ends, then everything that
//! was made is removed on the way out.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use anyhow::{Context as _, Result, bail};
use nix::sys::signal::{SigSet, Signal};

/// Whether to stop.
#[derive(Clone, Debug)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Catches the signals. Call before other threads exist: they inherit the
    /// mask. Programs started by `std::process` do not.
    pub(crate) fn on_signals() -> Result<Self> {
        let mut signals = SigSet::empty();
        signals.add(Signal::SIGINT);
        signals.add(Signal::SIGTERM);
        signals
            .thread_block()
            .context("signals cannot be blocked")?;
        let flag = Arc::new(AtomicBool::new(false));
        let raised = Arc::clone(&flag);
        thread::spawn(move || {
            if signals.wait().is_ok() {
                raised.store(true, Ordering::Release);
            }
        });
        Ok(Self(flag))
    }

    /// Fails once a signal has come.
    pub(crate) fn check(&self) -> Result<()> {
        if self.0.load(Ordering::Acquire) {
            bail!("stopped by a signal before all was measured");
        }
        Ok(())
    }
}
