//! Asks, draws, and listens to keys and signals, until it is left. The terminal is as it was
//! after that, whatever ends it.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use anyhow::Context as _;
use ratatui::{DefaultTerminal, crossterm::event};
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::mpsc,
    task::spawn_blocking,
    time::{MissedTickBehavior, interval},
};

use super::{
    NowError,
    detail::{self, Detail},
    now,
    state::{Act, State},
    view,
};
use crate::{
    cli::explain::Allowlists,
    control::{self, Answer, Question},
    now::{Snapshot, Wanted},
    record::FlowId,
};

/// What the agent was asked for has come.
enum Came {
    Snapshot(Wanted, Box<Result<Snapshot, NowError>>),
    Detail(Detail),
}

/// Gives the terminal back when it is dropped. After a panic, ratatui's hook has done so
/// before the message is written.
struct Restored;

impl Drop for Restored {
    fn drop(&mut self) {
        ratatui::restore();
    }
}

/// Shows until it is left.
///
/// # Errors
/// The terminal cannot be used.
pub(super) fn run(
    state: State,
    socket: &Path,
    every: Duration,
    allowlists: Option<Allowlists>,
) -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("the system refuses a thread: check the limits of this process")?;
    let outcome = runtime.block_on(async {
        // Signals are listened to before anything has to be given back.
        let signals = Signals::listen()?;
        let terminal =
            ratatui::try_init().context("the terminal cannot be used: try `weir top --once`")?;
        let _restored = Restored;
        let asking = Asking {
            socket: socket.to_owned(),
            allowlists: allowlists.map(Arc::new),
        };
        show(terminal, state, signals, asking, every).await
    });
    // A question that is not answered yet is nobody's any more.
    runtime.shutdown_background();
    outcome
}

/// Signals that end it in order.
struct Signals {
    terminate: Signal,
    interrupt: Signal,
    hangup: Signal,
}

impl Signals {
    fn listen() -> anyhow::Result<Self> {
        let listen = |kind| signal(kind).context("the system refuses to tell of signals");
        Ok(Self {
            terminate: listen(SignalKind::terminate())?,
            interrupt: listen(SignalKind::interrupt())?,
            hangup: listen(SignalKind::hangup())?,
        })
    }

    async fn any(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
            _ = self.hangup.recv() => {}
        }
    }
}

/// Whom to ask.
struct Asking {
    socket: PathBuf,
    allowlists: Option<Arc<Allowlists>>,
}

impl Asking {
    fn now(&self, wanted: &Wanted, to: &mpsc::UnboundedSender<Came>) {
        let (socket, wanted, to) = (self.socket.clone(), wanted.clone(), to.clone());
        spawn_blocking(move || {
            let came = now(&socket, &wanted);
            drop(to.send(Came::Snapshot(wanted, Box::new(came))));
        });
    }

    fn explain(&self, flow: FlowId, to: &mpsc::UnboundedSender<Came>) {
        let (socket, to) = (self.socket.clone(), to.clone());
        let allowlists = self.allowlists.clone();
        spawn_blocking(move || {
            let detail = match control::ask(&socket, &Question::Flow { flow }) {
                Ok(Answer::Flow(flow)) => detail::flow(*flow, allowlists.as_deref()),
                Ok(Answer::Ended) => detail::note(
                    "Why",
                    "The flow has ended. The record has it: `weir explain DESTINATION --workload NAME`.",
                ),
                Ok(Answer::Refused { why }) => detail::note("Why", &why),
                Ok(_) => detail::note(
                    "Why",
                    "The agent answers something else: use its own version of weir.",
                ),
                Err(error) => detail::note("Why", &error.to_string()),
            };
            drop(to.send(Came::Detail(detail)));
        });
    }
}

async fn show(
    mut terminal: DefaultTerminal,
    mut state: State,
    mut signals: Signals,
    asking: Asking,
    every: Duration,
) -> anyhow::Result<()> {
    let mut keys = keys();
    let (sender, mut came) = mpsc::unbounded_channel();
    let mut ticks = interval(every);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    // One question at a time: an agent that is slow is not asked more often for it.
    let mut asked = false;
    let drawn = "the terminal cannot be written to";
    terminal
        .draw(|frame| view::draw(frame, &mut state))
        .context(drawn)?;
    loop {
        let act = tokio::select! {
            () = signals.any() => Act::Quit,
            event = keys.recv() => match event {
                None => Act::Quit,
                Some(event::Event::Key(key)) => state.key(key),
                Some(_) => Act::Draw,
            },
            _ = ticks.tick(), if !state.paused && !asked => Act::Ask,
            Some(came) = came.recv() => match came {
                Came::Detail(detail) => {
                    state.detail = Some(detail);
                    Act::Draw
                }
                Came::Snapshot(wanted, answer) => {
                    asked = false;
                    take(&mut state, *answer);
                    // Something else is wanted by now.
                    if wanted == state.wanted { Act::Draw } else { Act::Ask }
                }
            },
        };
        match act {
            Act::Quit => return Ok(()),
            Act::Draw => {}
            Act::Ask if asked => {}
            Act::Ask => {
                asked = true;
                asking.now(&state.wanted, &sender);
            }
            Act::Explain(flow) => asking.explain(flow, &sender),
        }
        terminal
            .draw(|frame| view::draw(frame, &mut state))
            .context(drawn)?;
    }
}

/// What was shown stays where nothing newer comes.
fn take(state: &mut State, answer: Result<Snapshot, NowError>) {
    match answer {
        Ok(snapshot) => state.put(snapshot),
        Err(NowError::NoAgent(_)) => {
            let since = state.snapshot.time.strftime("%T UTC");
            state.trouble = Some(format!("the agent is gone; this is of {since}"));
        }
        Err(error) => state.trouble = Some(error.to_string()),
    }
}

/// Events of the terminal, until it is gone.
fn keys() -> mpsc::UnboundedReceiver<event::Event> {
    let (sender, receiver) = mpsc::unbounded_channel();
    std::thread::spawn(move || {
        while let Ok(event) = event::read() {
            if sender.send(event).is_err() {
                return;
            }
        }
    });
    receiver
}
