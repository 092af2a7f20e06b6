//! The process that answers questions about processes and accounts. Where none runs, this
//! process answers by itself.

use std::{
    io,
    path::{Path, PathBuf},
    process::Child,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use nix::unistd::{Gid, Uid};

use super::{
    Hello, HowArgs,
    answers::{Answer, Question, path_of},
    channel::{Channel, Started},
};
use crate::{
    attribution::Executable,
    coverage::ConfineMode,
    kernel::{CapabilitySet, InForce, Rules, SystemCalls, confine},
    record::Process,
};

/// Longest time for an answer. The slowest looks at every descriptor of every process.
const PATIENCE: Duration = Duration::from_secs(20);

/// Who answers.
#[derive(Debug)]
enum Who {
    /// This process.
    Own,
    /// The one aside.
    Aside(Channel),
    /// Nobody any more: why.
    Nobody(String),
}

/// One for each process, as confinement is: whoever is confined has nobody else to ask.
static WHO: Mutex<Who> = Mutex::new(Who::Own);

fn who() -> MutexGuard<'static, Who> {
    WHO.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A reader at work. When it is dropped, the process aside ends, and this one answers by itself.
#[derive(Debug)]
pub struct Reader {
    child: Child,
    /// What the kernel could not enforce on it.
    pub not_enforced: Vec<String>,
}

impl Reader {
    /// Starts it.
    ///
    /// # Errors
    /// It cannot be started, or confined.
    pub fn start(mode: ConfineMode) -> io::Result<Self> {
        let mut arguments = vec!["reader"];
        arguments.extend(mode.argument());
        let mut started = Started::new(arguments, None, PATIENCE)?;
        let not_enforced = started.ready()?;
        let Started { channel, child } = started;
        *who() = Who::Aside(channel);
        Ok(Self {
            child,
            not_enforced,
        })
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        *who() = Who::Own;
        if let Err(error) = self.child.wait() {
            tracing::warn!(%error, "the reader of processes did not end");
        }
    }
}

/// The answer, or why there is none.
fn ask(question: &Question) -> Result<Answer, String> {
    let mut who = who();
    let channel = match &mut *who {
        Who::Own => return Ok(question.answer()),
        Who::Nobody(why) => return Err(why.clone()),
        Who::Aside(channel) => channel,
    };
    channel.ask(question).map_err(|error| {
        let why = format!("the reader of processes does not answer ({error}): restart the agent");
        tracing::error!("{why}");
        // An answer that comes late would be taken for that of another question.
        *who = Who::Nobody(why.clone());
        why
    })
}

fn odd() -> String {
    "the reader of processes answers something else".to_owned()
}

/// Which program a process runs.
pub fn executable(process: &Process) -> Executable {
    match ask(&Question::Executable(process.clone())) {
        Ok(Answer::Program(program)) => program.into(),
        Ok(_) => Executable::Unknown(odd()),
        Err(why) => Executable::Unknown(why),
    }
}

/// As [`crate::balance::holder_of`].
pub fn holder_of(interface: &str) -> Option<String> {
    match ask(&Question::Holder(interface.to_owned())) {
        Ok(Answer::Text(found)) => found,
        _ => None,
    }
}

/// As [`crate::balance::within`].
pub fn within(namespace: i32) -> Option<String> {
    match ask(&Question::Within(namespace)) {
        Ok(Answer::Text(found)) => found,
        _ => None,
    }
}

/// The home of a user.
pub fn home_of(user: u32) -> Option<PathBuf> {
    match ask(&Question::Home(user)) {
        Ok(Answer::Bytes(found)) => found.as_deref().map(path_of),
        _ => None,
    }
}

/// Whether a user is of a group, by the accounts of the host.
pub fn is_member(group: Gid, user: Uid) -> bool {
    let (group, user) = (group.as_raw(), user.as_raw());
    matches!(
        ask(&Question::Member { group, user }),
        Ok(Answer::Truth(true))
    )
}

/// Answers until the agent is gone.
pub(super) fn serve(how: HowArgs) -> io::Result<()> {
    let mut channel = Channel::of_standard_input()?;
    let confined = if how.unconfined {
        Ok(InForce::default())
    } else {
        confine(&rules()).map_err(|error| error.to_string())
    };
    let hello = Hello::of(how, confined);
    channel.say(&hello)?;
    if let Hello::Failed(_) = hello {
        return Ok(());
    }
    while let Some(question) = channel.hear::<Question>()? {
        channel.say(&question.answer())?;
    }
    Ok(())
}

/// Landlock would deny it every other process. It can write nothing and start nothing.
fn rules() -> Rules {
    Rules {
        capabilities: CapabilitySet::SYS_PTRACE,
        paths: None,
        system_calls: SystemCalls::Reader,
    }
}

/// A home below another root than this host's.
pub(crate) fn home_below(root: &Path, user: u32) -> Option<PathBuf> {
    let passwd = std::fs::read(root.join("etc/passwd")).ok()?;
    super::answers::home_in(&passwd, user).map(path_of)
}
