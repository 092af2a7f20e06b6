//! Lets root and one group ask, and hands on what they ask.

use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::{
        fs::{PermissionsExt as _, chown},
        net::UnixListener as StdListener,
    },
    path::Path,
    sync::Arc,
    time::Duration,
};

use nix::unistd::{Gid, Uid};
use tokio::{
    net::{UnixListener, UnixStream},
    sync::{Semaphore, mpsc, oneshot},
    task::spawn_blocking,
    time::timeout,
};

use super::{Answer, MOST_OF_ANSWER, MOST_OF_LINE, Question, SOCKET};
use crate::aside;

/// How long somebody may take to ask and to read.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many may ask at a time.
const AT_ONCE: usize = 8;

/// Something that was asked, by whom, and the way back.
#[derive(Debug)]
pub struct Request {
    /// What.
    pub question: Question,
    /// User id of the process, as the kernel tells.
    pub uid: u32,
    /// Takes the answer.
    pub reply: oneshot::Sender<Answer>,
}

/// Who may ask beside root and the agent's own user.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Gate {
    /// Members of this group, if there is one.
    pub group: Option<Gid>,
}

impl Gate {
    /// Whether a process of these ids may ask.
    fn admits(self, uid: Uid, gid: Gid) -> bool {
        uid.is_root() || uid == Uid::effective() || self.group.is_some_and(|g| is_of(g, uid, gid))
    }
}

/// Whether a user is of a group, by the process's own or by the accounts of the host.
fn is_of(group: Gid, uid: Uid, gid: Gid) -> bool {
    if gid == group {
        return true;
    }
    aside::is_member(group, uid)
}

/// Binds the socket in the runtime directory. Nobody else can have it: the lock is held.
///
/// # Errors
/// The system's.
pub fn bind(directory: &Path, gate: Gate) -> io::Result<UnixListener> {
    let path = directory.join(SOCKET);
    match fs::remove_file(&path) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    let listener = StdListener::bind(&path)?;
    // Whoever connects before is looked at all the same.
    let mode = if gate.group.is_some() { 0o660 } else { 0o600 };
    fs::set_permissions(&path, fs::Permissions::from_mode(mode))?;
    if let Some(group) = gate.group {
        chown(&path, None, Some(group.as_raw()))?;
    }
    listener.set_nonblocking(true)?;
    UnixListener::from_std(listener)
}

/// Serves until the receiver is gone.
pub async fn serve(listener: UnixListener, gate: Gate, to: mpsc::Sender<Request>) {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    loop {
        let Ok(permit) = Arc::clone(&room).acquire_owned().await else {
            return;
        };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "the control socket cannot be listened at");
                tokio::time::sleep(PATIENCE).await;
                continue;
            }
        };
        let to = to.clone();
        tokio::spawn(async move {
            if let Err(error) = answer(&stream, gate, &to).await {
                tracing::warn!(%error, "somebody asked at the control socket and was not answered");
            }
            drop(permit);
        });
    }
}

async fn answer(stream: &UnixStream, gate: Gate, to: &mpsc::Sender<Request>) -> io::Result<()> {
    let peer = stream.peer_cred()?;
    let (uid, gid) = (Uid::from_raw(peer.uid()), Gid::from_raw(peer.gid()));
    if !gate.admits(uid, gid) {
        let why = format!("user {uid} is neither root nor of the group that may ask");
        return Err(io::Error::new(ErrorKind::PermissionDenied, why));
    }
    let slow = |_| io::Error::from(ErrorKind::TimedOut);
    let line = timeout(PATIENCE, read_line(stream)).await.map_err(slow)??;
    let answer = match serde_json::from_slice(&line) {
        Err(error) => Answer::Refused {
            why: format!("not understood ({error}): use the agent's own version of weir"),
        },
        Ok(question) => {
            let (reply, answered) = oneshot::channel();
            let request = Request {
                question,
                uid: uid.as_raw(),
                reply,
            };
            let ending = |_| io::Error::other("the agent is ending");
            to.send(request).await.map_err(|_| ending(()))?;
            answered.await.map_err(|_| ending(()))?
        }
    };
    // A long answer takes a while to write down.
    let line = spawn_blocking(move || line_of(&answer)).await??;
    timeout(PATIENCE, write_all(stream, &line))
        .await
        .map_err(slow)?
}

/// An answer as a line that the other side takes.
fn line_of(answer: &Answer) -> io::Result<Vec<u8>> {
    let mut line = serde_json::to_vec(answer)?;
    if line.len() >= MOST_OF_ANSWER {
        line = serde_json::to_vec(&Answer::Refused {
            why: "the answer is too long: ask the record, with `weir explain`".to_owned(),
        })?;
    }
    line.push(b'\n');
    Ok(line)
}

async fn read_line(stream: &UnixStream) -> io::Result<Vec<u8>> {
    let mut line = Vec::new();
    loop {
        stream.readable().await?;
        let mut part = [0; 4096];
        match stream.try_read(&mut part) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(read) => line.extend(part.iter().take(read)),
            Err(error) if error.kind() == ErrorKind::WouldBlock => continue,
            Err(error) => return Err(error),
        }
        if let Some(end) = line.iter().position(|byte| *byte == b'\n') {
            line.truncate(end);
            return Ok(line);
        }
        if line.len() > MOST_OF_LINE {
            return Err(io::Error::new(ErrorKind::InvalidData, "a line too long"));
        }
    }
}

async fn write_all(stream: &UnixStream, mut bytes: &[u8]) -> io::Result<()> {
    while !bytes.is_empty() {
        stream.writable().await?;
        match stream.try_write(bytes) {
            Ok(written) => bytes = bytes.get(written..).unwrap_or_default(),
            Err(error) if error.kind() == ErrorKind::WouldBlock => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::{
        io::{Read as _, Write as _},
        os::unix::net::UnixStream,
    };

    use super::*;
    use crate::{
        control::{ControlError, ask},
        record::FlowId,
    };

    fn question(finding: &str) -> Question {
        Question::Acknowledge {
            finding: finding.to_owned(),
            reason: "known".to_owned(),
            until: jiff::civil::date(2026, 1, 2),
            by: "someone".to_owned(),
        }
    }

    /// Serves in a thread, and answers with the id that is asked for as the only open one.
    fn served(directory: &Path) {
        let directory = directory.to_owned();
        let (ready, bound) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            let runtime = tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap();
            runtime.block_on(async {
                let listener = bind(&directory, Gate::default()).unwrap();
                ready.send(()).unwrap();
                let (sender, mut requests) = mpsc::channel::<Request>(1);
                tokio::spawn(serve(listener, Gate::default(), sender));
                while let Some(request) = requests.recv().await {
                    assert_eq!(request.uid, Uid::effective().as_raw());
                    let Question::Acknowledge { finding, .. } = request.question else {
                        drop(request.reply.send(Answer::Ended));
                        continue;
                    };
                    let open = vec![finding];
                    request.reply.send(Answer::NotOpen { open }).unwrap();
                }
            });
        });
        bound.recv().unwrap();
    }

    #[test]
    fn asks_and_answers_over_a_socket_of_its_own() {
        let directory = tempfile::tempdir().unwrap();
        let socket = directory.path().join(SOCKET);
        let none = ask(&socket, &question("1")).unwrap_err();
        assert!(matches!(none, ControlError::NoAgent(_)), "{none}");
        served(directory.path());
        let mode = fs::metadata(&socket).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        for id in ["1", "2"] {
            let open = vec![id.to_owned()];
            let answer = ask(&socket, &question(id)).unwrap();
            assert_eq!(answer, Answer::NotOpen { open });
        }
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.write_all(b"{\"forget\":{}}\n").unwrap();
        let mut text = String::new();
        stream.read_to_string(&mut text).unwrap();
        assert!(text.starts_with("{\"refused\":{\"why\":\"not understood (unknown variant"));
        let flow = Question::Flow { flow: FlowId(7) };
        assert_eq!(ask(&socket, &flow).unwrap(), Answer::Ended);
        // What is no line ends without an answer, and others are answered on.
        let mut stream = UnixStream::connect(&socket).unwrap();
        stream.write_all(&vec![b'x'; MOST_OF_LINE + 4096]).ok();
        text.clear();
        drop(stream.read_to_string(&mut text));
        assert_eq!(text, "");
        ask(&socket, &question("3")).unwrap();
    }

    #[test]
    fn an_answer_that_nobody_takes_is_refused() {
        let answer = Answer::NotOpen {
            open: vec!["x".repeat(MOST_OF_ANSWER)],
        };
        let line = String::from_utf8(line_of(&answer).unwrap()).unwrap();
        assert_eq!(
            line,
            "{\"refused\":{\"why\":\"the answer is too long: ask the record, with `weir \
             explain`\"}}\n"
        );
    }

    #[test]
    fn root_the_agents_user_and_one_group_may_ask() {
        let (root, other) = (Uid::from_raw(0), Uid::from_raw(4_000_000));
        let (group, another) = (Gid::from_raw(4_000_001), Gid::from_raw(4_000_002));
        let closed = Gate::default();
        assert!(closed.admits(root, another));
        assert!(closed.admits(Uid::effective(), another));
        assert!(!closed.admits(other, group));
        let open = Gate { group: Some(group) };
        assert!(open.admits(other, group));
        assert!(!open.admits(other, another));
    }
}
