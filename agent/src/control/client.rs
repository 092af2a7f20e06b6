//! Asks an agent that runs.

use std::{
    io::{self, BufRead as _, BufReader, Read as _, Write as _},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{Answer, MOST_OF_ANSWER, Question};

/// How long an agent may take to answer.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why there is no answer.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No agent listens there.
    #[error("no agent listens at {}", .0.display())]
    NoAgent(PathBuf),
    /// An agent does, and cannot be asked.
    #[error(
        "the agent at {} cannot be asked ({}): be root or of the group that --control-group names, or look \
         whether it hangs", .0.display(), .1
    )]
    Io(PathBuf, io::Error),
    /// The answer is of another version.
    #[error("the agent at {} answers what is not understood ({}): use its own version of weir", .0.display(), .1)]
    Answer(PathBuf, serde_json::Error),
}

/// Asks the agent that listens at a socket.
///
/// # Errors
/// When none does, or it does not answer.
pub fn ask(socket: &Path, question: &Question) -> Result<Answer, ControlError> {
    let failed = |error| ControlError::Io(socket.to_owned(), error);
    let mut stream = UnixStream::connect(socket).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound | io::ErrorKind::ConnectionRefused => {
            ControlError::NoAgent(socket.to_owned())
        }
        _ => failed(error),
    })?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(failed)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(failed)?;
    let odd = |error| ControlError::Answer(socket.to_owned(), error);
    let mut line = serde_json::to_vec(question).map_err(odd)?;
    line.push(b'\n');
    stream.write_all(&line).map_err(failed)?;
    let most = u64::try_from(MOST_OF_ANSWER).unwrap_or(u64::MAX);
    let mut answer = String::new();
    BufReader::new(stream.take(most))
        .read_line(&mut answer)
        .map_err(failed)?;
    if answer.is_empty() {
        return Err(failed(io::ErrorKind::ConnectionReset.into()));
    }
    serde_json::from_str(&answer).map_err(odd)
}
