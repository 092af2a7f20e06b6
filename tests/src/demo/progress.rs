//! Tells a person what goes on, and notices Ctrl-C between two steps.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anstream::eprintln;
use anstyle::{AnsiColor, Style};
use anyhow::{Context, Result};
use tokio::signal::unix::{SignalKind, signal};

/// The person wants it to end.
#[derive(Debug)]
pub struct Interrupted;

impl std::fmt::Display for Interrupted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("interrupted")
    }
}

impl std::error::Error for Interrupted {}

/// Prints steps on standard error, so that standard output is the result alone.
#[derive(Debug)]
pub struct Progress {
    interrupted: Arc<AtomicBool>,
}

impl Progress {
    /// Takes over SIGINT, SIGTERM and SIGHUP: they end the demo at the next step,
    /// with everything removed.
    ///
    /// # Errors
    /// The signals cannot be taken over.
    pub fn start() -> Result<Self> {
        let interrupted = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&interrupted);
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_io()
            .build()
            .context("runtime for signals")?;
        let mut signals = {
            let _entered = runtime.enter();
            [
                SignalKind::interrupt(),
                SignalKind::terminate(),
                SignalKind::hangup(),
            ]
            .into_iter()
            .map(|kind| signal(kind).context("take over a signal"))
            .collect::<Result<Vec<_>>>()?
        };
        thread::spawn(move || {
            runtime.block_on(async {
                std::future::poll_fn(|context| {
                    let ready = signals.iter_mut().any(|s| s.poll_recv(context).is_ready());
                    if ready {
                        std::task::Poll::Ready(())
                    } else {
                        std::task::Poll::Pending
                    }
                })
                .await;
                flag.store(true, Ordering::Release);
                eprintln!("\nInterrupted; removing what was made.");
                // A second Ctrl-C changes nothing: removal goes on.
                std::future::pending::<()>().await;
            });
        });
        Ok(Self { interrupted })
    }

    /// Prints the same, and leaves signals to whoever has them.
    pub fn without_signals() -> Self {
        Self {
            interrupted: Arc::default(),
        }
    }

    /// Does one step of the work and says how it went.
    ///
    /// # Errors
    /// What the step returns, or [`Interrupted`].
    pub fn step<T>(&self, what: &str, act: impl FnOnce() -> Result<T>) -> Result<T> {
        self.check()?;
        let begin = Instant::now();
        let result = act();
        self.check()?;
        let (mark, style) = match &result {
            Ok(_) => ("ok", Style::new().fg_color(Some(AnsiColor::Green.into()))),
            Err(_) => ("failed", Style::new().fg_color(Some(AnsiColor::Red.into()))),
        };
        eprintln!(
            "  {what:<62} {style}{mark}{style:#} {:>5.1} s",
            begin.elapsed().as_secs_f32()
        );
        result
    }

    /// Waits, and notices the signal.
    ///
    /// # Errors
    /// [`Interrupted`].
    pub fn wait(&self, time: Duration) -> Result<()> {
        let end = Instant::now() + time;
        while Instant::now() < end {
            self.check()?;
            thread::sleep(Duration::from_millis(20));
        }
        self.check()
    }

    fn check(&self) -> Result<()> {
        if self.interrupted.load(Ordering::Acquire) {
            Err(Interrupted.into())
        } else {
            Ok(())
        }
    }
}
