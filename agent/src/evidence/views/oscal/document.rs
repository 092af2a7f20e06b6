//! The parts of OSCAL's assessment results that are written, under its names.
//!
//! <https://pages.nist.gov/OSCAL-Reference/models/v1.2.1/assessment-results/json-reference/>

use jiff::Timestamp;
use serde::Serialize;

use super::Id;
use crate::account::Account;

/// Of properties that OSCAL does not define, and of identifiers.
pub(super) const NAMESPACE: &str = "https://weir.example/ns/oscal";

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Document {
    pub(super) assessment_results: AssessmentResults,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct AssessmentResults {
    pub(super) uuid: Id,
    pub(super) metadata: Metadata,
    pub(super) import_ap: ImportPlan,
    pub(super) results: Vec<Results>,
    pub(super) back_matter: BackMatter,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Metadata {
    pub(super) title: String,
    pub(super) last_modified: Timestamp,
    pub(super) version: String,
    pub(super) oscal_version: &'static str,
}

#[derive(Debug, Serialize)]
pub(super) struct ImportPlan {
    pub(super) href: String,
    pub(super) remarks: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Results {
    pub(super) uuid: Id,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) start: Timestamp,
    pub(super) end: Timestamp,
    pub(super) props: Vec<Property>,
    pub(super) reviewed_controls: ReviewedControls,
    pub(super) observations: Vec<Observation>,
    pub(super) findings: Vec<Finding>,
}

#[derive(Debug, Serialize)]
pub(super) struct Property {
    name: &'static str,
    ns: &'static str,
    value: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    class: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    remarks: Option<&'static str>,
}

impl Property {
    pub(super) fn new(name: &'static str, value: &str) -> Self {
        Self {
            name,
            ns: NAMESPACE,
            value: text(value, "unknown"),
            class: None,
            remarks: None,
        }
    }

    /// A control that the evidence serves.
    pub(super) fn serves(framework: &'static str, control: &str) -> Self {
        Self {
            class: Some(framework),
            remarks: Some("Such evidence serves it; no conformity is claimed."),
            ..Self::new("serves", control)
        }
    }
}

/// On one line, without space at its ends, as OSCAL wants strings; `otherwise` in the place
/// of nothing.
pub(super) fn text(text: &str, otherwise: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    match words.as_slice() {
        [] => otherwise.to_owned(),
        words => words.join(" "),
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ReviewedControls {
    pub(super) description: String,
    pub(super) control_selections: Vec<ControlSelection>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct ControlSelection {
    pub(super) include_controls: Vec<SelectedControl>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct SelectedControl {
    pub(super) control_id: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Observation {
    pub(super) uuid: Id,
    title: String,
    description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) props: Vec<Property>,
    methods: [&'static str; 1],
    relevant_evidence: [Evidence; 1],
    collected: Timestamp,
}

impl Observation {
    /// What the record shows at the end of the period; a file of the bundle has it in full.
    pub(super) fn new(
        account: &Account<'_>,
        title: &str,
        description: String,
        evidence: &'static str,
    ) -> Self {
        let node = account.node.as_deref().unwrap_or_default();
        let span = account.span.to_string();
        Self {
            uuid: Id::of("observation", &[node, &span, title, &description]),
            title: title.to_owned(),
            description,
            props: Vec::new(),
            methods: ["TEST"],
            relevant_evidence: [Evidence {
                href: evidence,
                description: "In this bundle.",
            }],
            collected: account.span.to,
        }
    }
}

#[derive(Debug, Serialize)]
struct Evidence {
    href: &'static str,
    description: &'static str,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Finding {
    pub(super) uuid: Id,
    pub(super) title: String,
    pub(super) description: String,
    pub(super) target: Target,
    pub(super) related_observations: Vec<Related>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Target {
    #[serde(rename = "type")]
    pub(super) kind: &'static str,
    pub(super) target_id: String,
    pub(super) title: String,
    pub(super) status: Status,
}

#[derive(Debug, Serialize)]
pub(super) struct Status {
    state: &'static str,
    /// `other`: neither shown nor contradicted.
    reason: &'static str,
}

impl Status {
    pub(super) fn of(satisfied: bool, reason: &'static str) -> Self {
        let state = if satisfied {
            "satisfied"
        } else {
            "not-satisfied"
        };
        Self { state, reason }
    }
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(super) struct Related {
    observation_uuid: Id,
}

impl Related {
    pub(super) fn all<'a>(ids: impl Iterator<Item = &'a Id>) -> Vec<Self> {
        ids.map(|id| Self {
            observation_uuid: *id,
        })
        .collect()
    }
}

#[derive(Debug, Serialize)]
pub(super) struct BackMatter {
    pub(super) resources: Vec<Resource>,
}

#[derive(Debug, Serialize)]
pub(super) struct Resource {
    pub(super) uuid: Id,
    pub(super) title: &'static str,
    pub(super) description: &'static str,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) rlinks: Vec<Link>,
}

#[derive(Debug, Serialize)]
pub(super) struct Link {
    pub(super) href: String,
}
