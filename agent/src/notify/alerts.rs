//! Alerts as the rules in `packaging/prometheus` make them of the metrics, made of the
//! findings: the same labels, so that Alertmanager takes both for one.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use super::settings::Alertmanager;
use crate::finding::{Finding, Identity, Kind, Severity};
use crate::output::Beside;

/// Where the runbooks are, unless that is said.
const RUNBOOKS: &str = "https://weir.example/weir/docs/runbooks";

/// What takes the place of what a finding does not have.
const NO_PRODUCT: &str = "no product";
const NOT_LISTED: &str = "an operator that is not listed";

/// What fires, before it is known for which Alertmanager.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Subject {
    name: &'static str,
    severity: &'static str,
    /// Whether the node is a part of what it is.
    of_node: bool,
    /// The other labels; none is empty.
    labels: BTreeMap<&'static str, String>,
}

/// What is known of a subject beside what it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Firing {
    pub(super) since: Timestamp,
    summary: String,
    description: String,
    command: &'static str,
}

/// Everything that fires.
pub(super) type Alerts = BTreeMap<Subject, Firing>;

/// An alert of Alertmanager's API, version 2.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct Alert {
    pub(super) labels: BTreeMap<String, String>,
    annotations: BTreeMap<&'static str, String>,
    #[serde(rename = "startsAt")]
    starts_at: Timestamp,
    #[serde(rename = "endsAt")]
    pub(super) ends_at: Timestamp,
}

impl Alert {
    /// One that says that it is a test.
    pub(super) fn test(
        to: &Alertmanager,
        host: &str,
        (from, ends_at): (Timestamp, Timestamp),
    ) -> Self {
        let subject = Subject {
            of_node: true,
            ..subject("WeirNotifyTest", "none", [])
        };
        let firing = Firing {
            since: from,
            summary: "this is a test of a way out: nothing was found".to_owned(),
            description: "somebody ran weir notify test on $instance".to_owned(),
            command: "none",
        };
        alert((&subject, &firing), to, host, ends_at)
    }
}

/// What fires for the findings that are open, and the alert that always does.
pub(crate) fn of<'a>(
    open: impl Iterator<Item = &'a Finding>,
    beside: &Beside<'_>,
    now: Timestamp,
) -> Alerts {
    // Of findings that are one series, one that nobody has seen must not hide.
    let mut series: BTreeMap<(Identity, Severity), (Timestamp, bool)> = BTreeMap::new();
    for finding in open {
        let known = beside.acknowledged.contains(&finding.id);
        let key = (Identity::from(finding), finding.severity);
        let (since, all) = series.entry(key).or_insert((finding.first_seen, true));
        *since = (*since).min(finding.first_seen);
        *all &= known;
    }
    let mut alerts = BTreeMap::from([watchdog(now)]);
    for ((one, severity), (since, acknowledged)) in series {
        for (subject, mut firing) in subjects(&one, severity, acknowledged, beside, since) {
            if let Some(other) = alerts.get(&subject) {
                firing.since = firing.since.min(other.since);
            }
            alerts.insert(subject, firing);
        }
    }
    alerts
}

/// Fires always: who does not receive it knows that alerts do not arrive.
fn watchdog(now: Timestamp) -> (Subject, Firing) {
    let subject = Subject {
        name: "WeirWatchdog",
        severity: "none",
        of_node: false,
        labels: BTreeMap::new(),
    };
    let firing = Firing {
        since: now,
        summary: "alerts of Weir arrive".to_owned(),
        description: "this alert always fires; route it to something that calls when it stays \
                      away"
            .to_owned(),
        command: "none",
    };
    (subject, firing)
}

fn subjects(
    one: &Identity,
    severity: Severity,
    acknowledged: bool,
    beside: &Beside<'_>,
    since: Timestamp,
) -> Vec<(Subject, Firing)> {
    let kind = Kind::ALL.into_iter().find(|kind| kind.label() == one.kind);
    let mut found = Vec::new();
    if acknowledged {
        found.push(known(one));
    }
    match (kind, severity) {
        // Whoever acknowledged that has not mended it.
        (Some(Kind::AllowlistsRefused), _) => found.push(refused()),
        (Some(Kind::EntryExpiring), _) => found.push(expiring(one)),
        _ if acknowledged => {}
        (_, Severity::Page) => found.push(page(one, beside)),
        (Some(Kind::EvidenceGap), _) => found.push(gap(one)),
        (_, Severity::Ticket) => found.push(ticket(one, beside)),
    }
    let firing = |(subject, (summary, description, command))| {
        let firing = Firing {
            since,
            summary,
            description,
            command,
        };
        (subject, firing)
    };
    found.into_iter().map(firing).collect()
}

/// A subject, and what is said of it: summary, description and command.
type Said = (Subject, (String, String, &'static str));

fn or<'a>(text: &'a str, other: &'a str) -> &'a str {
    if text.is_empty() { other } else { text }
}

fn subject(
    name: &'static str,
    severity: &'static str,
    labels: impl IntoIterator<Item = (&'static str, String)>,
) -> Subject {
    let there = labels.into_iter().filter(|(_, value)| !value.is_empty());
    Subject {
        name,
        severity,
        of_node: false,
        labels: there.collect(),
    }
}

fn of_identity(name: &'static str, severity: &'static str, one: &Identity) -> Subject {
    let labels = [
        ("kind", one.kind.to_owned()),
        ("product", one.product.clone()),
        ("workload", one.workload.clone()),
        ("provider", one.provider.clone()),
        ("jurisdiction", one.jurisdiction.clone()),
        ("rule", one.rule.clone()),
    ];
    subject(name, severity, labels)
}

/// `the law of NO`, where that is known.
fn law(one: &Identity, beside: &Beside<'_>) -> String {
    match beside.domiciles.get(one.provider.as_str()) {
        Some(domicile) => format!("the law of {domicile}"),
        None => "a law that is not known".to_owned(),
    }
}

fn page(one: &Identity, beside: &Beside<'_>) -> Said {
    let provider = or(&one.provider, NOT_LISTED);
    let summary = format!(
        "{} sends where nothing declares it: {provider}, hosted in {}",
        or(&one.product, "a workload of no product"),
        one.jurisdiction
    );
    let description = format!(
        "{}: workload {} of {} sends to {provider}, hosted in {}, under {}; on 1 node(s)",
        one.kind,
        one.workload,
        or(&one.product, NO_PRODUCT),
        one.jurisdiction,
        law(one, beside)
    );
    let subject = of_identity("WeirEgressPage", "page", one);
    (
        subject,
        (summary, description, "weir findings --severity page"),
    )
}

fn ticket(one: &Identity, beside: &Beside<'_>) -> Said {
    let provider = or(&one.provider, NOT_LISTED);
    let place = or(&one.jurisdiction, "any place");
    let summary = format!(
        "{}: {} to {provider}, hosted in {place}",
        one.kind,
        or(&one.product, &one.workload)
    );
    let description = format!(
        "{}: workload {} of {} sends to {provider}, hosted in {place}, under {}; decided by {}; \
         on 1 node(s)",
        one.kind,
        one.workload,
        or(&one.product, NO_PRODUCT),
        law(one, beside),
        or(&one.rule, "no entry")
    );
    let subject = of_identity("WeirEgressTicket", "ticket", one);
    (
        subject,
        (summary, description, "weir findings --severity ticket"),
    )
}

fn known(one: &Identity) -> Said {
    let summary = format!(
        "{} of {} is acknowledged and goes on",
        one.kind,
        or(&one.product, "the platform")
    );
    let description = format!(
        "{}: workload {} of {} to {}, hosted in {}; on 1 node(s)",
        one.kind,
        or(&one.workload, "-"),
        or(&one.product, NO_PRODUCT),
        or(&one.provider, NOT_LISTED),
        or(&one.jurisdiction, "any place")
    );
    let subject = of_identity("WeirFindingAcknowledged", "info", one);
    (
        subject,
        (summary, description, "weir findings --acknowledged"),
    )
}

fn gap(one: &Identity) -> Said {
    let subject = Subject {
        of_node: true,
        ..subject("WeirEvidenceGap", "ticket", [("rule", one.rule.clone())])
    };
    let summary = format!("the record of $instance has a gap: {}", one.rule);
    let description =
        "what left meanwhile may not be in the record; no claim over it is upheld".to_owned();
    let command = "weir findings --kind evidence_gap";
    (subject, (summary, description, command))
}

fn refused() -> Said {
    let subject = Subject {
        of_node: true,
        ..subject("WeirAllowlistsRefused", "ticket", [])
    };
    let summary = "$instance refuses the allowlists on its disk".to_owned();
    let description = "the set before stays in force; what was to be declared or withdrawn is not";
    let command = "weir check /etc/weir/allowlists";
    (subject, (summary, description.to_owned(), command))
}

fn expiring(one: &Identity) -> Said {
    let labels = [
        ("product", or(&one.product, "platform").to_owned()),
        ("entry", one.rule.clone()),
    ];
    let summary = format!(
        "entry {} of {} ends within 30 days, or has ended",
        one.rule,
        or(&one.product, "platform")
    );
    let description = "what it declares will be a deviation from then on".to_owned();
    (
        subject("WeirEntryExpiring", "ticket", labels),
        (summary, description, "weir findings --kind entry_expiring"),
    )
}

/// An alert as one Alertmanager is told of it.
pub(super) fn alert(
    (subject, firing): (&Subject, &Firing),
    to: &Alertmanager,
    host: &str,
    ends_at: Timestamp,
) -> Alert {
    let instance = to.instance.as_deref().unwrap_or(host);
    let further = to.labels.iter().flatten();
    let further = further.map(|label| (label.name.clone(), label.value.clone()));
    let mut labels: BTreeMap<String, String> = further.collect();
    let cluster = to
        .cluster
        .as_deref()
        .filter(|_| subject.name != "WeirWatchdog");
    for (name, value) in [
        ("alertname", Some(subject.name)),
        ("severity", Some(subject.severity)),
        ("cluster", cluster),
        ("instance", subject.of_node.then_some(instance)),
    ] {
        if let Some(value) = value {
            labels.insert(name.to_owned(), value.to_owned());
        }
    }
    let own = subject.labels.iter();
    labels.extend(own.map(|(name, value)| ((*name).to_owned(), value.clone())));
    let runbooks = to.runbooks.as_deref().unwrap_or(RUNBOOKS);
    let runbook = format!("{}/{}.md", runbooks.trim_end_matches('/'), subject.name);
    Alert {
        labels,
        annotations: BTreeMap::from([
            ("summary", firing.summary.replace("$instance", instance)),
            (
                "description",
                firing.description.replace("$instance", instance),
            ),
            ("command", firing.command.to_owned()),
            ("runbook_url", runbook),
        ]),
        starts_at: firing.since,
        ends_at,
    }
}
