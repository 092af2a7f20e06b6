//! `views/oscal-assessment-results.json`: OSCAL assessment results (NIST, model version
//! 1.2), one result for the period.
//!
//! What is assessed are the claims of the allowlists and that the period was examined. A claim
//! that is not upheld is `not-satisfied`: unproven is not satisfied. No control of any
//! catalogue is assessed; those that such evidence serves are named, and no conformity with
//! them is claimed.

mod document;
mod id;

use std::io::{self, Write};

use self::document::{
    AssessmentResults, BackMatter, ControlSelection, Document, Finding, ImportPlan, Link, Metadata,
    Observation, Property, Related, Resource, Results, ReviewedControls, SelectedControl, Status,
    Target, text,
};
pub(super) use self::id::Id;
use super::pretty;
use crate::{
    account::{Account, Unexamined},
    claim::{Evaluated, Outcome},
};

/// Of the model; not of the results.
const OSCAL_VERSION: &str = "1.2.1";

/// Controls that such evidence serves, with who publishes them.
const SERVES: [(&str, &str); 21] = [
    ("eu-cloud-sovereignty-framework", "SOV-2"),
    ("eu-cloud-sovereignty-framework", "SOV-3"),
    ("eu-cloud-sovereignty-framework", "SOV-5"),
    ("eu-cloud-sovereignty-framework", "SOV-6"),
    ("eu-cloud-sovereignty-framework", "SOV-7"),
    ("bsi-c5", "COS-03"),
    ("bsi-c5", "OPS-13"),
    ("bsi-c5", "OPS-14"),
    ("bsi-c5", "SSO-03"),
    ("bsi-c5", "PSS-12"),
    ("secnumcloud-3.2", "12.6.c"),
    ("secnumcloud-3.2", "12.7.c"),
    ("secnumcloud-3.2", "12.9.c"),
    ("secnumcloud-3.2", "13.3.a"),
    ("secnumcloud-3.2", "19.2.d"),
    ("nis2-2024-2690", "3.2.3(a)"),
    ("nis2-2024-2690", "3.2.3(k)"),
    ("nis2-2024-2690", "3.2.4"),
    ("nis2-2024-2690", "3.2.6"),
    ("dora-register", "B_02.02"),
    ("gdpr", "chapter V"),
];

const EXAMINED: &str = "period-examined";

/// Writes the file.
pub(super) fn write(account: &Account<'_>, out: &mut dyn Write) -> io::Result<()> {
    pretty(&document(account), out)
}

fn document(account: &Account<'_>) -> Document {
    let span = account.span.to_string();
    let node = account.node.as_deref().unwrap_or("unknown");
    let gaps: Vec<Observation> = gaps(account);
    let gap_ids: Vec<Id> = gaps.iter().map(|gap| gap.uuid).collect();
    let examined = examined(account);
    let claims = account.claims.iter().flat_map(|report| &report.claims);
    let claims: Vec<(Observation, &Evaluated<'_>)> = claims
        .map(|claim| (observed(account, claim), claim))
        .collect();
    let mut findings = vec![coverage_finding(account, examined.uuid, &gap_ids)];
    findings.extend(
        claims
            .iter()
            .map(|(seen, claim)| finding(claim, seen.uuid, &gap_ids)),
    );
    let mut observations = vec![examined];
    observations.extend(claims.into_iter().map(|(seen, _)| seen));
    observations.extend(gaps);
    // The same results have the same ids, and others have others.
    let parts: Vec<String> = findings.iter().map(|one| one.uuid.to_string()).collect();
    let of = |what: &str| Id::of(what, &[node, &span, &parts.join(" ")]);
    let plan = plan(account, of("plan"));
    Document {
        assessment_results: AssessmentResults {
            uuid: of("document"),
            metadata: Metadata {
                title: format!("Egress of {node}, {span}"),
                // Of what they speak of, not of when they were written: the same period
                // gives the same bytes.
                last_modified: account.span.to,
                version: span.clone(),
                oscal_version: OSCAL_VERSION,
            },
            import_ap: ImportPlan {
                href: format!("#{}", plan.uuid),
                remarks: "There is no assessment plan in OSCAL: the claims of the allowlists \
                          say what is assessed, and how."
                    .to_owned(),
            },
            results: vec![Results {
                uuid: of("result"),
                title: format!("Claims over {span}"),
                description: description(account),
                start: account.span.from,
                end: account.span.to,
                props: properties(account),
                reviewed_controls: reviewed(&findings),
                observations,
                findings,
            }],
            back_matter: BackMatter {
                resources: vec![plan],
            },
        },
    }
}

fn description(account: &Account<'_>) -> String {
    let examined = if account.is_complete() {
        "The whole period was examined."
    } else {
        "Not the whole period was examined: what is not shown is not satisfied."
    };
    format!(
        "Every flow that left the host or reached it, as recorded in the kernel and judged by the \
         allowlists in force. {examined} The ledger in this bundle has the flows; `coverage.json` \
         has what was not examined."
    )
}

fn properties(account: &Account<'_>) -> Vec<Property> {
    let coverage = &account.coverage;
    let mut all = vec![
        Property::new("complete", &account.is_complete().to_string()),
        Property::new("eligible-seconds", &coverage.eligible.as_secs().to_string()),
        Property::new("examined-seconds", &coverage.examined.as_secs().to_string()),
    ];
    all.extend(account.node.iter().map(|node| Property::new("node", node)));
    all.extend(
        SERVES
            .iter()
            .map(|(framework, control)| Property::serves(framework, control)),
    );
    all
}

/// The objectives are Weir's own; OSCAL wants them named as controls.
fn reviewed(findings: &[Finding]) -> ReviewedControls {
    let controls = findings.iter().map(|finding| SelectedControl {
        control_id: finding.target.target_id.clone(),
    });
    ReviewedControls {
        description: "No control of a catalogue: the claims of the allowlists, by their ids, and \
                      that the period was examined."
            .to_owned(),
        control_selections: vec![ControlSelection {
            include_controls: controls.collect(),
        }],
    }
}

fn plan(account: &Account<'_>, uuid: Id) -> Resource {
    let sets = account.policies.in_force().iter();
    Resource {
        uuid,
        title: "Allowlists and claims in force",
        description: "The sets of the period are in this bundle, each below its digest.",
        rlinks: sets
            .map(|set| Link {
                href: format!("../policy/{}", set.digest),
            })
            .collect(),
    }
}

/// That the period was examined, or how much of it.
fn examined(account: &Account<'_>) -> Observation {
    let coverage = &account.coverage;
    let share = coverage.per_myriad().unwrap_or(0);
    let description = format!(
        "{} of {} eligible seconds were examined ({}.{:02} %).",
        coverage.examined.as_secs(),
        coverage.eligible.as_secs(),
        share / 100,
        share % 100
    );
    Observation::new(
        account,
        "Coverage of the period",
        description,
        "../coverage.json",
    )
}

fn gaps(account: &Account<'_>) -> Vec<Observation> {
    let parts = account.coverage.unexamined.iter();
    parts
        .enumerate()
        .map(|(number, part)| gap(account, number, part))
        .collect()
}

fn gap(account: &Account<'_>, number: usize, part: &Unexamined) -> Observation {
    let title = format!(
        "Not examined ({}): {}",
        number + 1,
        part.disposition.label()
    );
    let description = format!("From {} to {}: {}", part.from, part.to, part.detail);
    let mut seen = Observation::new(account, &title, description, "../coverage.json");
    seen.props = vec![Property::new("disposition", part.disposition.label())];
    seen
}

fn observed(account: &Account<'_>, claim: &Evaluated<'_>) -> Observation {
    let why = match claim.why.as_slice() {
        [] => claim.outcome.label().to_owned(),
        why => format!("{}: {}.", claim.outcome.label(), why.join("; ")),
    };
    let title = format!("Claim {}", claim.claim.id);
    let mut seen = Observation::new(account, &title, why, "../claims.json");
    seen.props = vec![
        Property::new("outcome", claim.outcome.label()),
        Property::new("flow-records", &claim.examined.to_string()),
    ];
    seen
}

/// Incomplete is not satisfied, whatever else was found.
fn coverage_finding(account: &Account<'_>, seen: Id, gaps: &[Id]) -> Finding {
    let complete = account.is_complete();
    Finding {
        uuid: Id::of(
            "finding",
            &[EXAMINED, &seen.to_string(), &complete.to_string()],
        ),
        title: "The period was examined".to_owned(),
        description: description(account),
        target: Target {
            kind: "objective-id",
            target_id: EXAMINED.to_owned(),
            title: "The whole period was examined, without a gap".to_owned(),
            status: Status::of(complete, if complete { "pass" } else { "other" }),
        },
        related_observations: Related::all(std::iter::once(&seen).chain(gaps)),
    }
}

fn finding(claim: &Evaluated<'_>, seen: Id, gaps: &[Id]) -> Finding {
    let outcome = claim.outcome;
    let reason = match outcome {
        Outcome::Upheld => "pass",
        Outcome::Contradicted => "fail",
        Outcome::Unproven => "other",
    };
    // Gaps leave a claim unproven; nothing that was recorded is contradicted by them.
    let gaps = gaps.iter().filter(|_| outcome == Outcome::Unproven);
    Finding {
        uuid: Id::of(
            "finding",
            &[&claim.claim.id, &seen.to_string(), outcome.label()],
        ),
        title: format!("Claim {} is {outcome}", claim.claim.id),
        description: text(&claim.why.join("; "), outcome.label()),
        target: Target {
            kind: "objective-id",
            target_id: claim.claim.id.clone(),
            title: text(&claim.claim.statement, &claim.claim.id),
            status: Status::of(outcome == Outcome::Upheld, reason),
        },
        related_observations: Related::all(std::iter::once(&seen).chain(gaps)),
    }
}
