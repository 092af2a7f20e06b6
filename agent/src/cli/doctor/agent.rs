//! The agent that runs, if one does.

use std::path::Path;

use super::check::{Area, Check, count};
use crate::{
    control::{Answer, ControlError, Question, SOCKET, ask},
    now::{Snapshot, Wanted},
};

const AREA: Area = Area("agent");

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
    let gaps = match health.gaps.count() {
        0 => AREA.pass("gaps", "none since it began"),
        number => {
            let reasons: Vec<_> = health.gaps.by_reason.keys().map(String::as_str).collect();
            let number = count(usize::try_from(number).unwrap_or(usize::MAX), "gap");
            AREA.warn(
                "gaps",
                format_args!("{number} since it began: {}", reasons.join(", ")),
                "docs/runbooks/WeirEvidenceGap.md says what each means",
            )
        }
    };
    let proof = match &health.self_test {
        None => AREA.warn(
            "self-test",
            "not tried since it began",
            "try it: `weir doctor --self-test`",
        ),
        Some(test) if test.holds() => AREA.pass(
            "self-test",
            format_args!("every way held at {:.0}", test.time),
        ),
        Some(test) => AREA.fail(
            "self-test",
            format_args!("a way out was not recorded at {:.0}", test.time),
            "`weir doctor --self-test` says which",
        ),
    };
    let evidence = match (&health.evidence.directory, health.evidence.failed) {
        (None, _) => AREA.pass("bundles", "none are to be written"),
        (Some(_), true) => AREA.fail(
            "bundles",
            "one is due and could not be written",
            "docs/runbooks/WeirEvidenceExportFailed.md says what to do",
        ),
        (Some(directory), false) => {
            let last = health.evidence.last.as_ref().map(|last| &*last.name);
            let last = last.unwrap_or("none yet");
            AREA.pass("bundles", format_args!("{last}, in {directory}"))
        }
    };
    vec![running, gaps, proof, evidence]
}
