//! Ctrl-C and SIGTERM: the measurement under way ends, then everything that
//! was made is removed on the way out.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc,
    },
    thread,
};

use anyhow::{Context as _, Result, bail};
use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
};

/// Whether to stop.
#[derive(Clone, Debug)]
pub(crate) struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Catches the signals. A handler, not a blocked mask: programs that are
    /// started would inherit the mask and not hear the signal that ends them.
    pub(crate) fn on_signals() -> Result<Self> {
        let flag = Arc::new(AtomicBool::new(false));
        let raised = Arc::clone(&flag);
        let (ready, wait) = mpsc::channel();
        thread::spawn(move || {
            if let Err(error) = watch(&raised, &ready) {
                eprintln!("weir-bench: signals cannot be caught: {error}");
            }
        });
        wait.recv().context("signals cannot be caught")?;
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

fn watch(raised: &AtomicBool, ready: &mpsc::Sender<()>) -> Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(async {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        ready.send(())?;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        raised.store(true, Ordering::Release);
        Ok(())
    })
}
