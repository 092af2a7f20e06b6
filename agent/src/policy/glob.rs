//! Patterns for the names of workloads.
//!
//! `?` is one character and `*` any run of characters, neither crossing a `/`;
//! `**` is any run, `/` included. Everything else stands for itself, the
//! backslash too, since systemd's unit names are full of them (`\x2d`). There
//! are no classes and no alternatives: `[ ] { }` are refused rather than read
//! in a way that their author did not mean.
//!
//! Written here and not taken from a crate because the check of a set asks a
//! question that no matcher answers: does this pattern take everything that
//! another one takes ([`Glob::covers`])?

use std::{collections::BTreeSet, fmt};

use serde::Serialize;

/// One step of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Step {
    /// This character.
    Literal(char),
    /// One character but `/`.
    One,
    /// Any run without `/`.
    Run,
    /// Any run.
    Deep,
}

impl Step {
    /// Whether one character can be of both.
    fn shares(self, other: Self) -> bool {
        match (self, other) {
            (Self::Literal(a), Self::Literal(b)) => a == b,
            (Self::Literal(c), Self::One | Self::Run)
            | (Self::One | Self::Run, Self::Literal(c)) => c != '/',
            _ => true,
        }
    }
}

/// A compiled pattern.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Glob {
    text: String,
    steps: Vec<Step>,
    form: Form,
}

/// What most patterns are, told apart so that they are matched without their steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
enum Form {
    /// No character but those that stand for themselves.
    Plain,
    /// One run, and no `?`: where it stands in the text, and where what follows does.
    OneRun(usize, usize),
    /// Anything else.
    Steps,
}

impl Form {
    fn of(text: &str) -> Self {
        let is_star = |c: char| c == '*';
        let Some(star) = text.find(['*', '?']) else {
            return Self::Plain;
        };
        let rest = text.get(star..).unwrap_or_default();
        let tail = rest.trim_start_matches(is_star);
        if rest.starts_with('?') || tail.contains(['*', '?']) {
            return Self::Steps;
        }
        Self::OneRun(star, text.len() - tail.len())
    }
}

/// A text that is not a pattern.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GlobError {
    /// Nothing is written.
    #[error("the pattern is empty")]
    Empty,
    /// A character that means something in other pattern languages.
    #[error("`{0}` has no meaning in a pattern")]
    Unsupported(char),
    /// Three or more stars in a row.
    #[error("`***` has no meaning in a pattern")]
    Stars,
}

impl Glob {
    /// Compiles a pattern.
    ///
    /// # Errors
    /// If it is empty or uses what the language does not have.
    pub fn new(text: &str) -> Result<Self, GlobError> {
        if text.is_empty() {
            return Err(GlobError::Empty);
        }
        let mut steps = Vec::with_capacity(text.len());
        let mut rest = text.chars().peekable();
        while let Some(next) = rest.next() {
            steps.push(match next {
                '[' | ']' | '{' | '}' => return Err(GlobError::Unsupported(next)),
                '?' => Step::One,
                '*' if rest.next_if_eq(&'*').is_none() => Step::Run,
                '*' if rest.peek() == Some(&'*') => return Err(GlobError::Stars),
                '*' => Step::Deep,
                other => Step::Literal(other),
            });
        }
        Ok(Self {
            text: text.to_owned(),
            steps,
            form: Form::of(text),
        })
    }

    /// The pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What every text that fits begins with: the characters that stand for
    /// themselves before the first that does not.
    pub(super) fn head(&self) -> &str {
        let end = self.text.find(['?', '*']).unwrap_or(self.text.len());
        self.text.get(..end).unwrap_or_default()
    }

    /// Whether the whole of `text` fits the pattern.
    pub fn matches(&self, text: &str) -> bool {
        match self.form {
            Form::Plain => self.text == text,
            Form::OneRun(star, tail) => {
                let (pattern, text) = (self.text.as_bytes(), text.as_bytes());
                let (head, after) = (&pattern[..star], &pattern[tail..]);
                // Two stars may cross a `/`.
                let deep = tail - star == 2;
                let run = text.strip_prefix(head).and_then(|t| t.strip_suffix(after));
                run.is_some_and(|run| deep || !run.contains(&b'/'))
            }
            Form::Steps => self.walk(text),
        }
    }

    /// Whether the whole of `text` fits the steps.
    ///
    /// Linear in practice: a failed run is taken up only at the last `*` and,
    /// when that may not cross a `/`, at the last `**`. Earlier runs never need
    /// another try, since a later run of the same kind can take what they leave.
    fn walk(&self, text: &str) -> bool {
        let mut step = 0;
        let mut rest = text;
        let mut run: Option<(usize, &str)> = None;
        let mut deep: Option<(usize, &str)> = None;
        loop {
            let mut chars = rest.chars();
            match (self.steps.get(step), chars.next()) {
                (None, None) => return true,
                (Some(Step::Deep), _) => {
                    (deep, run) = (Some((step, rest)), None);
                    step += 1;
                    continue;
                }
                (Some(Step::Run), _) => {
                    run = Some((step, rest));
                    step += 1;
                    continue;
                }
                (Some(Step::One), Some(found)) if found != '/' => {
                    (step, rest) = (step + 1, chars.as_str());
                    continue;
                }
                (Some(Step::Literal(wanted)), Some(found)) if *wanted == found => {
                    (step, rest) = (step + 1, chars.as_str());
                    continue;
                }
                _ => {}
            }
            if let Some((at, from)) = run
                && let Some(longer) = skip_one(from, false)
            {
                run = Some((at, longer));
                (step, rest) = (at + 1, longer);
            } else if let Some((at, from)) = deep
                && let Some(longer) = skip_one(from, true)
            {
                (deep, run) = (Some((at, longer)), None);
                (step, rest) = (at + 1, longer);
            } else {
                return false;
            }
        }
    }

    /// Whether every text that fits `other` certainly fits this pattern.
    ///
    /// Sound and not complete: `true` is a proof; `false` may also mean that
    /// the patterns are entangled in a way that this does not follow.
    pub fn covers(&self, other: &Self) -> bool {
        // `reach[i]`: the steps of `other` so far are taken by the first `i` here.
        let mut reach = vec![false; self.steps.len() + 1];
        if let Some(first) = reach.first_mut() {
            *first = true;
        }
        self.close(&mut reach);
        for theirs in &other.steps {
            let mut next = vec![false; reach.len()];
            for (i, ours) in self.steps.iter().enumerate() {
                if !reach[i] {
                    continue;
                }
                match (ours, theirs) {
                    (Step::Deep, _) => next[i] = true,
                    (Step::Run, Step::Deep | Step::Literal('/')) => {}
                    (Step::Run, _) => next[i] = true,
                    (Step::One, Step::One) => next[i + 1] = true,
                    (Step::One, Step::Literal(c)) if *c != '/' => next[i + 1] = true,
                    (Step::Literal(a), Step::Literal(b)) if a == b => next[i + 1] = true,
                    _ => {}
                }
            }
            self.close(&mut next);
            reach = next;
        }
        reach.last().copied().unwrap_or(false)
    }

    /// Whether some text fits both patterns.
    ///
    /// Exact: both are followed at once, over all pairs of steps.
    pub fn meets(&self, other: &Self) -> bool {
        let mut seen = BTreeSet::new();
        let mut open = vec![(0, 0)];
        while let Some((i, j)) = open.pop() {
            if !seen.insert((i, j)) {
                continue;
            }
            let (ours, theirs) = (self.steps.get(i).copied(), other.steps.get(j).copied());
            let run = |step| matches!(step, Some(Step::Run | Step::Deep));
            if run(ours) {
                open.push((i + 1, j));
            }
            if run(theirs) {
                open.push((i, j + 1));
            }
            match (ours, theirs) {
                (None, None) => return true,
                (Some(a), Some(b)) if a.shares(b) => {
                    // A run may go on after a character.
                    open.push((i + usize::from(!run(ours)), j + usize::from(!run(theirs))));
                }
                _ => {}
            }
        }
        false
    }

    /// Lets every run stand for nothing.
    fn close(&self, reach: &mut [bool]) {
        for (i, step) in self.steps.iter().enumerate() {
            if reach[i] && matches!(step, Step::Run | Step::Deep) {
                reach[i + 1] = true;
            }
        }
    }
}

/// What is left after one character, if there is one that may be taken.
fn skip_one(text: &str, across: bool) -> Option<&str> {
    let mut chars = text.chars();
    chars
        .next()
        .filter(|c| across || *c != '/')
        .map(|_| chars.as_str())
}

impl fmt::Display for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&self.text)
    }
}

impl fmt::Debug for Glob {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Glob({:?})", self.text)
    }
}

impl Serialize for Glob {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use proptest::prelude::*;

    use super::*;

    fn glob(text: &str) -> Glob {
        Glob::new(text).unwrap()
    }

    #[test]
    fn table() {
        for (pattern, text, fits) in [
            ("a.service", "a.service", true),
            ("a.service", "a.services", false),
            ("image-*.service", "image-7.service", true),
            ("image-*.service", "image-.service", true),
            ("image-*.service", "image-7.slice", false),
            ("w?.service", "w1.service", true),
            ("w?.service", "w.service", false),
            ("/usr/bin/*", "/usr/bin/curl", true),
            ("/usr/bin/*", "/usr/bin/x/curl", false),
            ("/usr/**", "/usr/bin/x/curl", true),
            ("**/curl", "/usr/bin/curl", true),
            ("/a/**/b/*c", "/a/b/b/xc", true),
            ("/a/**/b/*c", "/a/b/b/x/c", false),
            (r"dev-disk-by\x2duuid*", r"dev-disk-by\x2duuid-1", true),
            ("*", "", true),
            ("*", "a/b", false),
            ("**", "a/b", true),
        ] {
            assert_eq!(glob(pattern).matches(text), fits, "{pattern} on {text}");
        }
    }

    #[test]
    fn refuses_what_it_does_not_have() {
        assert_eq!(Glob::new(""), Err(GlobError::Empty));
        assert_eq!(Glob::new("a[0-9]"), Err(GlobError::Unsupported('[')));
        assert_eq!(Glob::new("{a,b}"), Err(GlobError::Unsupported('{')));
        assert_eq!(Glob::new("a***"), Err(GlobError::Stars));
    }

    #[test]
    fn covering() {
        for (wide, narrow, covers) in [
            ("image-*", "image-generation*.service", true),
            ("image-generation*.service", "image-*", false),
            ("a.service", "a.service", true),
            ("a?", "ab", true),
            ("a*", "a/b", false),
            ("/x/**", "/x/*/y", true),
            ("*", "**", false),
            ("**", "*", true),
            ("*a*", "*b*", false),
        ] {
            assert_eq!(
                glob(wide).covers(&glob(narrow)),
                covers,
                "{wide} over {narrow}"
            );
        }
    }

    #[test]
    fn meeting() {
        for (one, other, meet) in [
            ("image-*", "*-worker", true),
            ("a.service", "b.service", false),
            ("a*.service", "b*.service", false),
            ("a?", "a", false),
            ("a*", "*/b", false),
            ("a**", "*/b", true),
            ("/x/*", "/x/y/z", false),
            ("/x/**", "/x/y/z", true),
            ("?", "/", false),
            ("*", "**", true),
            ("a*b", "a*c", false),
            ("*a*", "*b*", true),
        ] {
            assert_eq!(glob(one).meets(&glob(other)), meet, "{one} and {other}");
        }
    }

    /// The definition, tried every way.
    fn naive(steps: &[Step], text: &[char]) -> bool {
        match steps.split_first() {
            None => text.is_empty(),
            Some((Step::Literal(c), rest)) => text.first() == Some(c) && naive(rest, &text[1..]),
            Some((Step::One, rest)) => {
                text.first().is_some_and(|c| *c != '/') && naive(rest, &text[1..])
            }
            Some((run, rest)) => (0..=text.len()).any(|n| {
                (*run == Step::Deep || !text[..n].contains(&'/')) && naive(rest, &text[n..])
            }),
        }
    }

    proptest! {
        #[test]
        fn agrees_with_the_definition(
            pattern in "([ab/?]|\\*){1,8}",
            text in "[ab/]{0,10}",
        ) {
            let Ok(glob) = Glob::new(&pattern) else { return Ok(()) };
            let chars: Vec<char> = text.chars().collect();
            prop_assert_eq!(glob.matches(&text), naive(&glob.steps, &chars));
            prop_assert_eq!(glob.walk(&text), naive(&glob.steps, &chars));
        }

        /// The forms that are told apart.
        #[test]
        fn one_run_agrees_with_the_definition(
            (head, stars, tail) in ("[ab/é]{0,3}", 0_usize..3, "[ab/é]{0,3}"),
            text in "[ab/é]{0,8}",
        ) {
            let Ok(glob) = Glob::new(&format!("{head}{}{tail}", &"**"[..stars])) else {
                return Ok(());
            };
            prop_assert_ne!(glob.form, Form::Steps);
            let chars: Vec<char> = text.chars().collect();
            prop_assert_eq!(glob.matches(&text), naive(&glob.steps, &chars));
        }

        #[test]
        fn covering_is_a_proof(
            wide in "([ab/?]|\\*){1,6}",
            narrow in "([ab/?]|\\*){1,6}",
            text in "[ab/]{0,8}",
        ) {
            let (Ok(wide), Ok(narrow)) = (Glob::new(&wide), Glob::new(&narrow)) else {
                return Ok(());
            };
            prop_assert!(wide.covers(&wide));
            if wide.covers(&narrow) && narrow.matches(&text) {
                prop_assert!(wide.matches(&text));
            }
        }

        #[test]
        fn what_fits_both_shows_that_they_meet(
            one in "([ab/?]|\\*){1,6}",
            other in "([ab/?]|\\*){1,6}",
            text in "[ab/]{0,8}",
        ) {
            let (Ok(one), Ok(other)) = (Glob::new(&one), Glob::new(&other)) else {
                return Ok(());
            };
            prop_assert!(one.meets(&one));
            prop_assert_eq!(one.meets(&other), other.meets(&one));
            if one.matches(&text) && other.matches(&text) {
                prop_assert!(one.meets(&other));
            }
        }
    }
}
