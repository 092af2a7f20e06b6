//! A command of this host for each notice: the body on standard input, the usual words in the
//! environment.

use std::{fmt::Display, os::unix::process::ExitStatusExt as _, process::Stdio, time::Duration};

use nix::{
    sys::signal::{Signal, killpg},
    unistd::Pid,
};
use serde::{Deserialize, Serialize};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    process::{Child, Command},
    task::spawn_blocking,
    time::timeout,
};

use super::{Undelivered, http::said, notice::Message, settings};
use crate::aside;

/// How long it may take, unless that is said.
const USUAL: Duration = Duration::from_secs(10);

/// Exit code of a notice that the command will never take (`EX_DATAERR` of sysexits.h).
const NEVER: i32 = 65;

/// Bytes of standard error that are read.
const MOST_OF_ERRORS: u64 = 4096;

/// All that the command has of the agent's environment.
const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// How long errors are read once it has ended: what it left behind may hold the other end.
const FAREWELL: Duration = Duration::from_millis(100);

/// The process group of a command that has not ended: all that it has started goes with it.
struct Group(Option<Pid>);

impl Group {
    fn ended(mut self) {
        self.0 = None;
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(group) = self.0 {
            // One that has just ended by itself is no error.
            let _ = killpg(group, Signal::SIGKILL);
        }
    }
}

/// One run of a command: all of it that hangs on the notice.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Job {
    environment: Vec<(String, String)>,
    body: String,
    most: Duration,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Outcome {
    /// Well.
    Done,
    /// It may do better later.
    Failed(String),
    /// It never will.
    Refused(String),
}

/// Runs it: by the process aside that was started for it, where the agent is confined.
///
/// # Errors
/// It cannot be run, takes too long, or exits with another code than 0.
pub(super) async fn deliver(
    to: &settings::Command,
    message: &Message<'_>,
) -> Result<(), Undelivered> {
    let job = Job::new(to, message).map_err(Undelivered::failed)?;
    let outcome = match aside::runner_of(to.name.as_str()) {
        None => job.run(to.command.line()).await,
        Some(runner) => {
            let asked = spawn_blocking(move || runner.run(&job)).await;
            asked.map_err(Undelivered::failed)?
        }
    };
    match outcome {
        Outcome::Done => Ok(()),
        Outcome::Failed(why) => Err(Undelivered::failed(why)),
        Outcome::Refused(why) => Err(Undelivered::Refused(why)),
    }
}

/// How long a command may take.
pub(crate) fn most(to: &settings::Command) -> Duration {
    to.timeout.map_or(USUAL, |time| time.0)
}

impl Job {
    fn new(to: &settings::Command, message: &Message<'_>) -> Result<Self, impl Display + use<>> {
        let notice = message.notice;
        let finding = notice.finding_id().map(|id| id.to_string());
        let kind = notice.finding().map(|one| one.key.kind.label().to_owned());
        let environment = [
            ("PATH", PATH.to_owned()),
            ("WEIR_DELIVERY", message.id.to_string()),
            ("WEIR_TYPE", message.what.label().to_owned()),
            ("WEIR_SEVERITY", notice.severity().label().to_owned()),
            ("WEIR_FINDING", finding.unwrap_or_default()),
            ("WEIR_KIND", kind.unwrap_or_default()),
        ];
        let environment = environment.map(|(name, value)| (name.to_owned(), value));
        message.body().map(|body| Self {
            environment: environment.into(),
            body,
            most: most(to),
        })
    }

    /// Runs a program with its arguments, and ends it if it takes too long.
    pub(crate) async fn run(self, line: &[String]) -> Outcome {
        let Self {
            environment,
            body,
            most,
        } = self;
        let mut child = match start(line, environment) {
            Ok(child) => child,
            Err(error) => {
                let program = line.first().map_or("", String::as_str);
                return Outcome::Failed(format!("{program} cannot be started ({error})"));
            }
        };
        let id = child.id().and_then(|id| i32::try_from(id).ok());
        let group = Group(id.map(Pid::from_raw));
        let (status, errors) = match timeout(most, run(&mut child, body)).await {
            Ok(ended) => {
                group.ended();
                match ended {
                    Ok(ended) => ended,
                    Err(error) => return Outcome::Failed(error.to_string()),
                }
            }
            Err(_) => {
                drop(group);
                // Ended by the signal above; nobody else waits for it.
                let _ = child.wait().await;
                return Outcome::Failed(format!("it took longer than {most:?} and was killed"));
            }
        };
        let why = |how: String| match errors.is_empty() {
            true => how,
            false => format!("{how}: {errors}"),
        };
        match (status.code(), status.signal()) {
            (Some(0), _) => Outcome::Done,
            (Some(NEVER), _) => Outcome::Refused(why(format!("exit code {NEVER}"))),
            (Some(code), _) => Outcome::Failed(why(format!("exit code {code}"))),
            (None, signal) => {
                let signal = signal.unwrap_or_default();
                Outcome::Failed(why(format!("signal {signal} ended it")))
            }
        }
    }
}

fn start(line: &[String], environment: Vec<(String, String)>) -> std::io::Result<Child> {
    let [program, arguments @ ..] = line else {
        return Err(std::io::ErrorKind::InvalidInput.into());
    };
    Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(environment)
        .current_dir("/")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .process_group(0)
        .spawn()
}

/// Gives it the body, and waits for its end and for what it says.
async fn run(
    child: &mut Child,
    body: String,
) -> std::io::Result<(std::process::ExitStatus, String)> {
    let input = child.stdin.take();
    let errors = child.stderr.take();
    let talk = async {
        if let Some(mut input) = input {
            // One that does not want to know all of it may end all the same.
            let _ = input.write_all(body.as_bytes()).await;
        }
        let mut text = Vec::new();
        if let Some(errors) = errors {
            // What it says is for people: of one that breaks off, it is what there is.
            let _ = errors.take(MOST_OF_ERRORS).read_to_end(&mut text).await;
        }
        said(&String::from_utf8_lossy(&text))
    };
    tokio::pin!(talk);
    tokio::select! {
        errors = &mut talk => Ok((child.wait().await?, errors)),
        status = child.wait() => {
            Ok((status?, timeout(FAREWELL, talk).await.unwrap_or_default()))
        }
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::fs;

    use super::*;
    use crate::notify::{
        notice::What,
        tests::{opened, page},
        values::Argv,
    };

    fn command(script: &str, timeout: Option<&str>) -> settings::Command {
        let line = ["/bin/sh", "-c", script].map(str::to_owned);
        settings::Command {
            name: "test".parse().unwrap(),
            command: Argv::try_from(line.to_vec()).unwrap(),
            timeout: timeout.map(|text| text.parse().unwrap()),
            severities: None,
        }
    }

    async fn run(script: &str, timeout: Option<&str>) -> Result<(), Undelivered> {
        let notice = page(opened(1, 1));
        let message = Message::new(What::Opened, &notice, "n");
        deliver(&command(script, timeout), &message).await
    }

    #[tokio::test]
    async fn a_command_has_the_body_and_the_usual_words() {
        let directory = tempfile::tempdir().unwrap();
        let at = |name: &str| directory.path().join(name);
        let script = format!(
            "cat > {0}/body; env | sort > {0}/env",
            directory.path().display()
        );
        run(&script, None).await.unwrap();
        let notice = page(opened(1, 1));
        let message = Message::new(What::Opened, &notice, "n");
        assert_eq!(
            fs::read_to_string(at("body")).unwrap(),
            message.body().unwrap()
        );
        let env = fs::read_to_string(at("env")).unwrap();
        let own: Vec<&str> = env
            .lines()
            .filter(|line| {
                !line.starts_with("PWD=") && !line.starts_with("_=") && !line.starts_with("SHLVL=")
            })
            .collect();
        assert_eq!(
            own,
            [
                &format!("PATH={PATH}"),
                &format!("WEIR_DELIVERY={}", message.id),
                &format!("WEIR_FINDING={}", notice.finding_id().unwrap()),
                "WEIR_KIND=undeclared",
                "WEIR_SEVERITY=page",
                "WEIR_TYPE=finding_opened",
            ]
        );
    }

    #[tokio::test]
    async fn exit_codes_tell_what_became_of_it() {
        let failed = |why: &str| Err(Undelivered::failed(why.to_owned()));
        assert_eq!(run("exit 0", None).await, Ok(()));
        assert_eq!(
            run("echo no >&2; exit 3", None).await,
            failed("exit code 3: no")
        );
        assert_eq!(
            run("exit 65", None).await,
            Err(Undelivered::Refused("exit code 65".to_owned()))
        );
        assert_eq!(run("kill -9 $$", None).await, failed("signal 9 ended it"));
    }

    #[tokio::test]
    async fn one_that_hangs_is_killed_with_all_that_it_started() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("child");
        let script = format!("sleep 1000 & echo $! > {}; wait", file.display());
        assert_eq!(
            run(&script, Some("500ms")).await,
            Err(Undelivered::failed(
                "it took longer than 500ms and was killed"
            ))
        );
        let child: u32 = fs::read_to_string(file).unwrap().trim().parse().unwrap();
        let deadline = std::time::Instant::now() + Duration::from_secs(60);
        loop {
            // Gone, or ended and not yet waited for by init.
            let stat = fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
            if stat.is_empty() || stat.contains(") Z ") {
                return;
            }
            assert!(std::time::Instant::now() < deadline, "{stat}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    #[tokio::test]
    async fn one_that_is_not_there_is_said() {
        let mut command = command("", None);
        command.command = Argv::try_from(vec!["/nowhere/page".to_owned()]).unwrap();
        let notice = opened(1, 1);
        let message = Message::new(What::Opened, &notice, "n");
        let Err(Undelivered::Failed { why, .. }) = deliver(&command, &message).await else {
            unreachable!("it was taken");
        };
        assert_eq!(
            why,
            "/nowhere/page cannot be started (No such file or directory (os error 2))"
        );
    }
}
