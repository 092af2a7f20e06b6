//! The answer for programs: the period first, then each claim, then what is out of reach.

use serde::Serialize;

use super::{Evaluated, Found, FoundFlow, Outcome, Report, Share, Sum};
use crate::{
    coverage::Gap,
    policy::{Claims, OutOfReach, Policy, ReportClaim},
    record::Counters,
};

#[derive(Serialize)]
#[serde(tag = "type", rename_all = "snake_case")]
enum Object<'a> {
    Period {
        period: String,
        from: String,
        to: String,
        report: &'a str,
        reviewed: String,
        /// Whether the record of the period is without a gap.
        complete: bool,
        not_recorded: Vec<Part>,
        gaps: &'a [Gap],
        more_gaps: u64,
        /// SHA-256 of the allowlists with the claims.
        allowlists: &'a str,
        /// Those by which the flows were judged.
        judged_by: Vec<InForce<'a>>,
    },
    Claim {
        #[serde(flatten)]
        claim: &'a ReportClaim,
        outcome: Outcome,
        why: &'a [String],
        examined: u64,
        against: Flows<'a>,
        doubts: Flows<'a>,
        absent: &'a [&'a str],
        shares: &'a [Share],
        unseen: &'a [&'a str],
    },
    OutOfReach(&'a OutOfReach),
}

#[derive(Serialize)]
struct Part {
    from: String,
    to: String,
}

#[derive(Serialize)]
struct InForce<'a> {
    from: String,
    digest: &'a str,
}

#[derive(Serialize)]
struct Flows<'a> {
    records: u64,
    counters: Counters,
    flows: Vec<OneFlow<'a>>,
}

#[derive(Serialize)]
struct OneFlow<'a> {
    #[serde(flatten)]
    flow: &'a FoundFlow,
    #[serde(flatten)]
    sum: &'a Sum,
}

impl<'a> From<&'a Found> for Flows<'a> {
    fn from(found: &'a Found) -> Self {
        let flows = found.flows.iter();
        Self {
            records: found.records,
            counters: found.counters,
            flows: flows.map(|(flow, sum)| OneFlow { flow, sum }).collect(),
        }
    }
}

/// How claims stand, for programs: each object as a line of JSON.
///
/// # Errors
/// It cannot be serialised, which would be a defect.
pub fn objects(
    report: &Report<'_>,
    claims: &Claims,
    policy: &Policy,
) -> Result<Vec<String>, serde_json::Error> {
    let found = &report.completeness;
    let parts = found.not_recorded.iter().map(|(from, to)| Part {
        from: from.to_string(),
        to: to.to_string(),
    });
    let judged_by = found.policies.iter().map(|one| InForce {
        from: one.from.to_string(),
        digest: &one.digest,
    });
    let period = Object::Period {
        period: report.span.to_string(),
        from: report.span.from.to_string(),
        to: report.span.to.to_string(),
        report: &claims.report,
        reviewed: claims.reviewed.to_string(),
        complete: found.is_complete(),
        not_recorded: parts.collect(),
        gaps: &found.gaps,
        more_gaps: found.more_gaps,
        allowlists: policy.digest(),
        judged_by: judged_by.collect(),
    };
    let stated = report.claims.iter().map(claim);
    let out_of_reach = claims.out_of_reach.iter().map(Object::OutOfReach);
    std::iter::once(period)
        .chain(stated)
        .chain(out_of_reach)
        .map(|object| serde_json::to_string(&object))
        .collect()
}

fn claim<'a>(one: &'a Evaluated<'_>) -> Object<'a> {
    Object::Claim {
        claim: one.claim,
        outcome: one.outcome,
        why: &one.why,
        examined: one.examined,
        against: Flows::from(&one.against),
        doubts: Flows::from(&one.doubts),
        absent: &one.absent,
        shares: &one.shares,
        unseen: &one.unseen,
    }
}
