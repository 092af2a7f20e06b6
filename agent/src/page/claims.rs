//! How the claims stand this month: evaluated by a process of its own, so that neither the
//! recording nor its memory has a share in it, and kept a while.

use std::{
    fmt,
    path::PathBuf,
    process::{Command, Stdio},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::{Timestamp, tz::TimeZone};
use serde::Deserialize;
use tokio::{task::spawn_blocking, time::Instant};

use crate::claim::Outcome;

/// How long an evaluation is kept.
const KEPT: Duration = Duration::from_secs(15 * 60);
/// Exit codes of `weir claims` with an answer: upheld, contradicted, unproven.
const ANSWERS: [Option<i32>; 3] = [Some(0), Some(10), Some(11)];
/// Exit code where the allowlists claim nothing.
const NOTHING: Option<i32> = Some(3);
/// Sentences of why that are shown.
const MOST_OF_WHY: usize = 5;

/// A claim, and how it stands.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct ClaimLine {
    /// Its id.
    pub id: String,
    /// Its sentence.
    pub statement: String,
    /// How it stands.
    pub outcome: Outcome,
    /// What decided, the weightiest first.
    pub why: Vec<String>,
}

/// What came of an evaluation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The claims, over a period, as of a time.
    Claims {
        period: String,
        at: Timestamp,
        claims: Vec<ClaimLine>,
    },
    /// The allowlists claim nothing, or are refused: what to do.
    NoClaims(String),
    /// It could not be done: why.
    Failed(String),
}

#[derive(Default)]
struct State {
    found: Option<(Instant, Arc<Found>)>,
    /// Whether an evaluation is under way.
    at_work: bool,
}

/// How the claims stand, evaluated when somebody looks.
pub struct ClaimsNow {
    store: PathBuf,
    allowlists: PathBuf,
    state: Mutex<State>,
}

impl fmt::Debug for ClaimsNow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimsNow").finish_non_exhaustive()
    }
}

impl ClaimsNow {
    /// Of a store, by allowlists.
    pub fn new(store: PathBuf, allowlists: PathBuf) -> Self {
        Self {
            store,
            allowlists,
            state: Mutex::default(),
        }
    }

    /// What is known, and whether something newer is on its way, which is begun if what is
    /// known is old.
    pub(super) fn look(self: &Arc<Self>, now: Timestamp) -> (Option<Arc<Found>>, bool) {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let old = state
            .found
            .as_ref()
            .is_none_or(|(made, _)| made.elapsed() >= KEPT);
        if old && !state.at_work {
            state.at_work = true;
            let this = Arc::clone(self);
            spawn_blocking(move || {
                let found = Arc::new(this.evaluate(now));
                let mut state = this.state.lock().unwrap_or_else(PoisonError::into_inner);
                state.found = Some((Instant::now(), found));
                state.at_work = false;
            });
        }
        let found = state.found.as_ref().map(|(_, found)| Arc::clone(found));
        (found, state.at_work)
    }

    fn evaluate(&self, now: Timestamp) -> Found {
        let first = now.to_zoned(TimeZone::UTC).date().first_of_month();
        let period = format!("{first}..{}", now.strftime("%FT%TZ"));
        // This very program, though another may be installed meanwhile.
        let output = Command::new("/proc/self/exe")
            .args(["claims", "--format", "json", "--period", &period, "--store"])
            .arg(&self.store)
            .arg("--allowlists")
            .arg(&self.allowlists)
            .stdin(Stdio::null())
            .output();
        let output = match output {
            Ok(output) => output,
            Err(error) => return Found::Failed(error.to_string()),
        };
        if !ANSWERS.contains(&output.status.code()) {
            let said = String::from_utf8_lossy(&output.stderr).trim().to_owned();
            return match output.status.code() {
                NOTHING => Found::NoClaims(said),
                _ => Found::Failed(said),
            };
        }
        Found::Claims {
            period: format!("{first} to {}", now.strftime("%F %T UTC")),
            at: now,
            claims: read(&String::from_utf8_lossy(&output.stdout)),
        }
    }
}

/// The claims among the lines of an answer.
fn read(answer: &str) -> Vec<ClaimLine> {
    #[derive(Deserialize)]
    struct Typed {
        r#type: String,
    }
    let of = answer.lines().filter(|line| {
        let typed = serde_json::from_str::<Typed>(line);
        typed.is_ok_and(|line| line.r#type == "claim")
    });
    of.filter_map(|line| {
        let mut claim: ClaimLine = serde_json::from_str(line).ok()?;
        claim.why.truncate(MOST_OF_WHY);
        Some(claim)
    })
    .collect()
}
