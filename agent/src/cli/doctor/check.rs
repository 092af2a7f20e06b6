//! One thing that was looked at, and how it stands.

use std::fmt::Display;

use serde::Serialize;

/// How something stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum State {
    /// As it should be.
    Pass,
    /// An agent records; something is not covered, or soon will not be.
    Warn,
    /// An agent cannot start, or what it records proves nothing.
    Fail,
}

/// One thing that was looked at.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    /// What it is part of.
    pub(super) area: &'static str,
    /// What.
    pub(super) what: String,
    /// How it stands.
    pub(super) state: State,
    /// What was found.
    pub(super) found: String,
    /// What to do about it; nothing that passes has one.
    pub(super) remedy: Option<String>,
}

impl Check {
    fn with(self, remedy: impl Into<String>) -> Self {
        Self {
            remedy: Some(remedy.into()),
            ..self
        }
    }
}

/// A part of the host that is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) struct Area(pub(super) &'static str);

impl Area {
    fn check(self, what: impl Into<String>, state: State, found: impl Display) -> Check {
        Check {
            area: self.0,
            what: what.into(),
            state,
            found: found.to_string(),
            remedy: None,
        }
    }

    /// As it should be.
    pub(super) fn pass(self, what: impl Into<String>, found: impl Display) -> Check {
        self.check(what, State::Pass, found)
    }

    /// Worth a second look.
    pub(super) fn warn(
        self,
        what: impl Into<String>,
        found: impl Display,
        remedy: impl Into<String>,
    ) -> Check {
        self.check(what, State::Warn, found).with(remedy)
    }

    /// Not as it has to be.
    pub(super) fn fail(
        self,
        what: impl Into<String>,
        found: impl Display,
        remedy: impl Into<String>,
    ) -> Check {
        self.check(what, State::Fail, found).with(remedy)
    }

    /// Not as it has to be, by an error that says cause and remedy: `cause: remedy`.
    pub(super) fn refused(self, what: impl Into<String>, error: impl Display) -> Check {
        let text = error.to_string();
        match text.rsplit_once(": ") {
            Some((cause, remedy)) => self.fail(what, cause, remedy),
            None => self.check(what, State::Fail, text),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_cut_into_cause_and_remedy() {
        let check = Area("kernel").refused("kernel", "kernel 5.10 is too old: boot Linux 6.1");
        assert_eq!(check.found, "kernel 5.10 is too old");
        assert_eq!(check.remedy.as_deref(), Some("boot Linux 6.1"));
        let check = Area("kernel").refused("kernel", "it is broken");
        assert_eq!((check.found.as_str(), check.remedy), ("it is broken", None));
    }
}
