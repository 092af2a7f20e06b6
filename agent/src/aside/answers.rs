//! What the reader is asked, and its answers.

use std::{
    ffi::{CString, OsString},
    fs,
    os::unix::ffi::{OsStrExt as _, OsStringExt as _},
    path::PathBuf,
};

use nix::unistd::{Gid, Uid, User, getgrouplist};
use serde::{Deserialize, Serialize};

use crate::{
    attribution::{Executable, read_executable},
    balance,
    record::Process,
};

/// A question; each is answered by one line.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Question {
    /// Which program a process runs: [`Program`].
    Executable(Process),
    /// Who holds an interface: a path, or nothing.
    Holder(String),
    /// Who lives in a network namespace: a path, or nothing.
    Within(i32),
    /// The home of a user: a path, or nothing.
    Home(u32),
    /// Whether a user, of this own group, is of a group.
    Member {
        /// The group.
        group: u32,
        /// The user.
        user: u32,
    },
}

/// A program, or why it is not known. A path need not be text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Program {
    Path(Vec<u8>),
    Unknown(String),
}

impl From<Executable> for Program {
    fn from(executable: Executable) -> Self {
        match executable {
            Executable::Path(path) => Self::Path(path.into_os_string().into_vec()),
            Executable::Unknown(why) => Self::Unknown(why),
        }
    }
}

impl From<Program> for Executable {
    fn from(program: Program) -> Self {
        match program {
            Program::Path(bytes) => Self::Path(PathBuf::from(OsString::from_vec(bytes))),
            Program::Unknown(why) => Self::Unknown(why),
        }
    }
}

/// An answer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Answer {
    Program(Program),
    Text(Option<String>),
    Bytes(Option<Vec<u8>>),
    Truth(bool),
}

impl Question {
    /// Answers by what this process can see.
    pub(super) fn answer(&self) -> Answer {
        match self {
            Self::Executable(process) => Answer::Program(read_executable(process).into()),
            Self::Holder(interface) => Answer::Text(balance::holder_of(interface)),
            Self::Within(namespace) => Answer::Text(balance::within(*namespace)),
            Self::Home(user) => Answer::Bytes(home_of(*user)),
            Self::Member { group, user } => {
                Answer::Truth(is_member(Gid::from_raw(*group), Uid::from_raw(*user)))
            }
        }
    }
}

/// As `/etc/passwd` has it. No other directory of accounts is asked, which may be far away.
fn home_of(user: u32) -> Option<Vec<u8>> {
    let passwd = fs::read("/etc/passwd").ok()?;
    home_in(&passwd, user).map(<[u8]>::to_vec)
}

/// The home of a user in the text of a passwd(5).
pub(super) fn home_in(passwd: &[u8], user: u32) -> Option<&[u8]> {
    passwd.split(|byte| *byte == b'\n').find_map(|line| {
        let fields: Vec<&[u8]> = line.split(|byte| *byte == b':').collect();
        let owner: u32 = std::str::from_utf8(fields.get(2)?).ok()?.parse().ok()?;
        (owner == user).then_some(*fields.get(5)?)
    })
}

/// Whether a user is of a group, by the accounts of the host.
fn is_member(group: Gid, user: Uid) -> bool {
    let user = User::from_uid(user).ok().flatten();
    let name = user.and_then(|user| Some((CString::new(user.name).ok()?, user.gid)));
    name.and_then(|(name, own)| getgrouplist(&name, own).ok())
        .is_some_and(|groups| groups.contains(&group))
}

/// A path that need not be text.
pub(super) fn path_of(bytes: &[u8]) -> PathBuf {
    PathBuf::from(std::ffi::OsStr::from_bytes(bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn homes_are_found_by_number() {
        let passwd =
            b"root:x:0:0:root:/root:/bin/bash\nodd\nanna:x:1000:1000::/home/anna:/bin/sh\n";
        assert_eq!(home_in(passwd, 1000), Some(&b"/home/anna"[..]));
        assert_eq!(home_in(passwd, 1), None);
    }

    #[test]
    fn a_path_that_is_no_text_comes_through() {
        let path = path_of(b"/opt/\xff");
        let program = Program::from(Executable::Path(path.clone()));
        let line = serde_json::to_string(&Answer::Program(program));
        let back: Result<Answer, _> = serde_json::from_str(&line.unwrap_or_default());
        let Ok(Answer::Program(program)) = back else {
            unreachable!("{back:?}");
        };
        assert_eq!(Executable::from(program), Executable::Path(path));
    }
}
