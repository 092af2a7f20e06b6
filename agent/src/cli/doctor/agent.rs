//! The agent that runs, if one does.

use std::path::Path;

use jiff::SignedDuration;

use super::check::{Area, Check};
use crate::{
    control::{Answer, ControlError, Question, SOCKET, ask},
    counted::count,
    now::{EvidenceNow, Health, Snapshot, Wanted},
};

const AREA: Area = Area("agent");

/// A heartbeat comes each minute; as long as this, the rule WeirHeartbeatStalled waits, too.
const MOST_BETWEEN_HEARTBEATS: SignedDuration = SignedDuration::from_secs(180);

/// Asks it how it fares.
pub(super) fn checks(runtime: &Path) -> Vec<Check> {
    const WHAT: &str = "agent";
    match ask(&runtime.join(SOCKET), &Question::Now(Wanted::default())) {
        Ok(Answer::Now(snapshot)) => of(&snapshot),
        Ok(_) => vec![AREA.warn(
            WHAT,
            "answers something else",
            "use its own version of weir",
        )],
        Err(error @ ControlError::NoAgent(_)) => {
            vec![AREA.warn(WHAT, error, "start it: `systemctl start weir`")]
        }
        Err(error) => {
            let mut check = AREA.refused(WHAT, error);
            check.state = super::check::State::Warn;
            vec![check]
        }
    }
}

fn of(snapshot: &Snapshot) -> Vec<Check> {
    let health = &snapshot.health;
    let running = AREA.pass(
        "agent",
        format_args!("{} since {:.0}", snapshot.agent, snapshot.since),
    );
    let mut checks = vec![running, heartbeat(snapshot), gaps(health), losses(health)];
    checks.push(self_test(health));
    checks.push(bundles(&health.evidence));
    checks.extend(health.allowlists.refused.is_some().then(|| {
        AREA.warn(
            "allowlists",
            "what is on disk was refused; those before are in force",
            "`weir check` says what is wrong",
        )
    }));
    checks
}

/// A heartbeat comes each minute.
fn heartbeat(snapshot: &Snapshot) -> Check {
    const WHAT: &str = "heartbeat";
    let last = snapshot.health.heartbeat;
    let begin = last.unwrap_or(snapshot.since);
    if snapshot.time.duration_since(begin) > MOST_BETWEEN_HEARTBEATS {
        return AREA.fail(
            WHAT,
            format_args!("none came to the disk since {begin:.0}"),
            "docs/runbooks/WeirHeartbeatStalled.md says what to do",
        );
    }
    match last {
        Some(last) => AREA.pass(WHAT, format_args!("on disk and signed at {last:.0}")),
        None => AREA.pass(WHAT, "none yet; the first comes within a minute"),
    }
}

fn gaps(health: &Health) -> Check {
    const WHAT: &str = "gaps";
    let number = health.gaps.count();
    if number == 0 {
        return AREA.pass(WHAT, "none since it began");
    }
    let reasons: Vec<_> = health.gaps.by_reason.keys().map(String::as_str).collect();
    let number = count(number, "gap");
    AREA.warn(
        WHAT,
        format_args!("{number} since it began: {}", reasons.join(", ")),
        "docs/runbooks/WeirEvidenceGap.md says what each means",
    )
}

fn losses(health: &Health) -> Check {
    const WHAT: &str = "losses";
    let kinds = health.losses.iter().filter(|(_, number)| **number > 0);
    let kinds: Vec<_> = kinds
        .map(|(kind, number)| format!("{kind} {number}"))
        .collect();
    if kinds.is_empty() {
        return AREA.pass(WHAT, "none since the recording began");
    }
    AREA.warn(
        WHAT,
        format_args!("since the recording began: {}", kinds.join(", ")),
        "docs/runbooks/WeirLosses.md says what each means",
    )
}

fn self_test(health: &Health) -> Check {
    const WHAT: &str = "self-test";
    match &health.self_test {
        None => AREA.warn(
            WHAT,
            "not tried since it began",
            "try it: `weir doctor --self-test`",
        ),
        Some(test) if test.holds() => {
            AREA.pass(WHAT, format_args!("every way held at {:.0}", test.time))
        }
        Some(test) => AREA.fail(
            WHAT,
            format_args!("a way out was not recorded at {:.0}", test.time),
            "`weir doctor --self-test` says which",
        ),
    }
}

fn bundles(evidence: &EvidenceNow) -> Check {
    const WHAT: &str = "bundles";
    let Some(directory) = &evidence.directory else {
        return AREA.pass(WHAT, "none are to be written");
    };
    if evidence.failed {
        return AREA.fail(
            WHAT,
            "one is due and could not be written",
            "docs/runbooks/WeirEvidenceExportFailed.md says what to do",
        );
    }
    if let Some(cause) = &evidence.unread {
        return AREA.warn(
            WHAT,
            format_args!("{directory} cannot be read ({cause})"),
            "make it readable for the agent",
        );
    }
    let last = evidence.last.as_ref().map(|last| &*last.name);
    AREA.pass(
        WHAT,
        format_args!("{}, in {directory}", last.unwrap_or("none yet")),
    )
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use std::collections::BTreeMap;

    use super::*;
    use crate::{cli::doctor::check::State, now::sample};

    /// State, what was found, and the remedy.
    fn check(snapshot: &Snapshot, what: &str) -> (State, String, Option<String>) {
        let mut checks = of(snapshot).into_iter();
        let check = checks.find(|one| one.what == what).unwrap();
        (check.state, check.found, check.remedy)
    }

    fn wrong(state: State, found: &str, remedy: &str) -> (State, String, Option<String>) {
        (state, found.to_owned(), Some(remedy.to_owned()))
    }

    #[test]
    fn an_agent_whose_heartbeat_stalled_fails() {
        let mut snapshot = sample::snapshot();
        snapshot.health.heartbeat = Some("2026-11-01T12:31:55Z".parse().unwrap());
        assert_eq!(
            check(&snapshot, "heartbeat"),
            wrong(
                State::Fail,
                "none came to the disk since 2026-11-01T12:31:55Z",
                "docs/runbooks/WeirHeartbeatStalled.md says what to do"
            )
        );
        snapshot.health.heartbeat = Some("2026-11-01T12:31:56Z".parse().unwrap());
        assert_eq!(check(&snapshot, "heartbeat").0, State::Pass);
        snapshot.health.heartbeat = None;
        assert_eq!(check(&snapshot, "heartbeat").0, State::Fail);
        snapshot.since = snapshot.time;
        assert_eq!(check(&snapshot, "heartbeat").0, State::Pass);
    }

    #[test]
    fn what_was_lost_is_named() {
        let mut snapshot = sample::snapshot();
        let losses = [
            ("flows_not_recorded", 3),
            ("events_lost", 0),
            ("packets", 7),
        ];
        let losses = losses.map(|(kind, number)| (kind.to_owned(), number));
        snapshot.health.losses = BTreeMap::from(losses);
        snapshot.health.gaps.by_reason = BTreeMap::from([("tampered".to_owned(), 1)]);
        assert_eq!(
            check(&snapshot, "losses"),
            wrong(
                State::Warn,
                "since the recording began: flows_not_recorded 3, packets 7",
                "docs/runbooks/WeirLosses.md says what each means"
            )
        );
        assert_eq!(
            check(&snapshot, "gaps"),
            wrong(
                State::Warn,
                "1 gap since it began: tampered",
                "docs/runbooks/WeirEvidenceGap.md says what each means"
            )
        );
    }

    #[test]
    fn a_way_out_that_is_not_recorded_fails() {
        let mut snapshot = sample::snapshot();
        snapshot.health.self_test.as_mut().unwrap().ways.clear();
        let (state, found, remedy) = check(&snapshot, "self-test");
        assert_eq!(state, State::Fail);
        assert!(found.starts_with("a way out was not recorded at 2026-11-01T"));
        assert_eq!(remedy.unwrap(), "`weir doctor --self-test` says which");
        snapshot.health.self_test = None;
        assert_eq!(check(&snapshot, "self-test").0, State::Warn);
    }

    #[test]
    fn a_bundle_that_is_due_fails() {
        let mut snapshot = sample::snapshot();
        let evidence = &mut snapshot.health.evidence;
        evidence.directory = Some("/srv/evidence".to_owned());
        (evidence.failed, evidence.unread) = (false, Some("Permission denied".to_owned()));
        assert_eq!(
            check(&snapshot, "bundles"),
            wrong(
                State::Warn,
                "/srv/evidence cannot be read (Permission denied)",
                "make it readable for the agent"
            )
        );
        snapshot.health.evidence.failed = true;
        assert_eq!(
            check(&snapshot, "bundles"),
            wrong(
                State::Fail,
                "one is due and could not be written",
                "docs/runbooks/WeirEvidenceExportFailed.md says what to do"
            )
        );
        snapshot.health.evidence.directory = None;
        assert_eq!(check(&snapshot, "bundles").0, State::Pass);
    }

    #[test]
    fn allowlists_that_were_refused_are_said() {
        let mut snapshot = sample::snapshot();
        snapshot.health.allowlists.refused = Some("ab".repeat(32));
        assert_eq!(
            check(&snapshot, "allowlists"),
            wrong(
                State::Warn,
                "what is on disk was refused; those before are in force",
                "`weir check` says what is wrong"
            )
        );
        snapshot.health.allowlists.refused = None;
        assert!(of(&snapshot).iter().all(|one| one.what != "allowlists"));
    }
}
