//! The process that starts canaries.

use std::{
    collections::BTreeSet,
    io,
    os::fd::AsFd as _,
    path::{Path, PathBuf},
    process::Child,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use serde::{Deserialize, Serialize};

use super::{
    Hello, HowArgs,
    channel::{Channel, Started},
};
use crate::{
    canary::{Attempt, CanaryError, Tried},
    coverage::ConfineMode,
    kernel::{
        CapabilitySet, CgroupDirectory, InForce, Paths, Rules, SystemCalls, Tcp, UplinkHook,
        UplinkProgram, confine, own_files,
    },
};

/// Longest time for an answer: each way has five seconds of its own.
const PATIENCE: Duration = Duration::from_secs(120);

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Order {
    /// Start a canary: [`Played`].
    Play,
    /// Let it end: answered once it has, and its cgroup is gone.
    End,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Played {
    Sent { cgroup: u64, tried: Vec<Tried> },
    Failed(String),
}

/// The keeper at work. When it is dropped, the process aside ends, and any canary with it.
#[derive(Debug)]
pub struct Keeper {
    channel: Arc<Mutex<Option<Channel>>>,
    child: Child,
    /// What the kernel could not enforce on it.
    pub not_enforced: Vec<String>,
}

/// A keeper to be asked from another thread.
#[derive(Clone, Debug)]
pub struct Playing {
    channel: Arc<Mutex<Option<Channel>>>,
}

/// A canary whose record can be looked at. When it is dropped, the canary ends.
#[derive(Debug)]
pub struct Canary {
    cgroup: u64,
    channel: Arc<Mutex<Option<Channel>>>,
}

fn lock(channel: &Mutex<Option<Channel>>) -> MutexGuard<'_, Option<Channel>> {
    channel.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Keeper {
    /// Starts it, with the program of the uplink layer.
    ///
    /// # Errors
    /// It cannot be started, or confined.
    pub fn start(
        mode: ConfineMode,
        program: UplinkProgram,
        root: &CgroupDirectory,
    ) -> io::Result<Self> {
        let (program, hook) = program.into_parts();
        let mut arguments = vec!["keeper".into(), "--cgroup-root".into()];
        arguments.push(root.path().as_os_str().to_owned());
        arguments.extend((hook == UplinkHook::Clsact).then(|| "--clsact".into()));
        arguments.extend(mode.argument().map(Into::into));
        let mut started = Started::new(arguments, Some(program), PATIENCE)?;
        let not_enforced = started.ready()?;
        let Started { channel, child } = started;
        Ok(Self {
            channel: Arc::new(Mutex::new(Some(channel))),
            child,
            not_enforced,
        })
    }

    /// A way to ask it from another thread.
    pub fn playing(&self) -> Playing {
        let channel = Arc::clone(&self.channel);
        Playing { channel }
    }
}

impl Drop for Keeper {
    fn drop(&mut self) {
        // Waits for a canary that plays: it has to end, and its cgroup to go.
        drop(lock(&self.channel).take());
        if let Err(error) = self.child.wait() {
            tracing::warn!(%error, "the canary's keeper did not end");
        }
    }
}

impl Playing {
    /// Has a canary send by every way.
    ///
    /// # Errors
    /// When it cannot be run at all.
    pub fn play(&self) -> Result<(Canary, Vec<Tried>), CanaryError> {
        let mut channel = lock(&self.channel);
        let gone = || io::Error::new(io::ErrorKind::NotConnected, "its keeper has ended");
        let answered = channel.as_mut().ok_or_else(gone);
        let answered = answered.and_then(|channel| channel.ask(&Order::Play));
        match answered {
            Ok(Played::Sent { cgroup, tried }) => {
                let channel = Arc::clone(&self.channel);
                Ok((Canary { cgroup, channel }, tried))
            }
            Ok(Played::Failed(why)) => Err(CanaryError::Failed(why)),
            Err(error) => {
                // What it says later is no answer any more.
                *channel = None;
                Err(CanaryError::Start(error))
            }
        }
    }
}

impl Canary {
    /// Id of its cgroup.
    pub fn cgroup(&self) -> u64 {
        self.cgroup
    }
}

impl Drop for Canary {
    fn drop(&mut self) {
        let mut channel = lock(&self.channel);
        let Some(open) = channel.as_mut() else {
            return;
        };
        if let Err(error) = open.ask::<()>(&Order::End) {
            tracing::warn!(%error, "a canary did not end");
            *channel = None;
        }
    }
}

/// Does what it is told until the agent is gone.
pub(super) fn serve(how: HowArgs, root: &Path, hook: UplinkHook) -> anyhow::Result<()> {
    let mut channel = Channel::of_standard_input()?;
    let program = io::stdout().as_fd().try_clone_to_owned()?;
    let program = UplinkProgram::new(program, hook);
    let root = CgroupDirectory::open(root)?;
    let confined = if how.unconfined {
        Ok(InForce::default())
    } else {
        confine(&rules(&root)).map_err(|error| error.to_string())
    };
    let hello = Hello::of(how, confined);
    channel.say(&hello)?;
    if let Hello::Failed(_) = hello {
        return Ok(());
    }
    let mut attempt = None;
    while let Some(order) = channel.hear::<Order>()? {
        drop(attempt.take());
        if order == Order::End {
            channel.say(&())?;
            continue;
        }
        let played = Attempt::new(&root).and_then(|mut made| {
            let tried = made.play(&program)?;
            Ok((made, tried))
        });
        let answer = match played {
            Ok((made, tried)) => {
                let cgroup = made.cgroup();
                attempt = Some(made);
                Played::Sent { cgroup, tried }
            }
            Err(error) => Played::Failed(error.to_string()),
        };
        channel.say(&answer)?;
    }
    Ok(())
}

fn rules(root: &CgroupDirectory) -> Rules {
    let own = own_files();
    Rules {
        // Namespaces of its own; interfaces in them, and what is attached there; raw and packet
        // sockets, and a peer at port 9; bpf(2) where it is denied to others; a cgroup below the root, in which not
        // even its owner may write (mode 0555).
        capabilities: CapabilitySet::SYS_ADMIN
            | CapabilitySet::NET_ADMIN
            | CapabilitySet::NET_RAW
            | CapabilitySet::NET_BIND_SERVICE
            | CapabilitySet::BPF
            | CapabilitySet::DAC_OVERRIDE,
        paths: Some(Paths {
            read: own.read.into_iter().chain(["/proc".into()]).collect(),
            write: BTreeSet::from([root.path().to_owned(), PathBuf::from("/proc/sys/net")]),
            execute: own.execute,
            tcp: Tcp::Any,
        }),
        system_calls: SystemCalls::Canary,
    }
}
