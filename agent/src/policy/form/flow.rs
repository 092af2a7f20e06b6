//! `tests/*.toml`: flows with the verdict that is expected of each.

use std::{ops::Range, sync::Arc};

use jiff::{Timestamp, civil::Date};
use toml::de::{DeTable, DeValue};

use super::{
    kind::{Kind, words},
    reader::{Problems, Reader, Section, choice, optional, parse, required},
    values,
};
use crate::{
    described::{Case, Description, Expected, WorkloadFacts, noon},
    jurisdiction::AsNumber,
    naming::{DomainName, Grade},
    policy::has_ports,
    record::{Direction, Protocol},
    verdict::Verdict,
};

/// Verdicts, as they are written.
const VERDICTS: [(&str, Verdict); Verdict::ALL.len()] = {
    let mut verdicts = [("", Verdict::Internal); Verdict::ALL.len()];
    let mut at = 0;
    while at < verdicts.len() {
        verdicts[at] = (Verdict::ALL[at].label(), Verdict::ALL[at]);
        at += 1;
    }
    verdicts
};

/// A file of tests.
pub(in crate::policy) static TESTS: Section = Section {
    name: "a file of tests",
    keys: &[required(
        "flow",
        Kind::Tables(&FLOW),
        "`[[flow]]` with `title`, `workload`, `address`, `protocol` and `expect`",
    )],
};

/// A flow and what is expected of it.
pub(in crate::policy) static FLOW: Section = Section {
    name: "[[flow]]",
    keys: &[
        required(
            "title",
            Kind::Text,
            "`title = \"the provider by its name\"`",
        ),
        required(
            "workload",
            Kind::Table(&FACTS),
            "`workload = { unit = \"image-generation.service\" }`",
        ),
        required("address", Kind::Address, "`address = \"198.51.100.7\"`"),
        optional("port", Kind::Number("a port", 1, 65_535), "`port = 443`"),
        required("protocol", Kind::Protocol, "`protocol = \"tcp\"`"),
        optional(
            "direction",
            Kind::Word(&words(&super::destination::DIRECTIONS)),
            "`direction = \"outbound\"` or `\"inbound\"`",
        ),
        optional(
            "name",
            Kind::HostNames,
            "`name = [\"api.provider.example\"]`, which the workload was told",
        ),
        optional(
            "grade",
            Kind::Word(&words(&super::entry::GRADES)),
            "`grade = \"answered\"`, `\"answered_untrusted\"` or `\"presented\"`",
        ),
        optional(
            "presented",
            Kind::HostNames,
            "`presented = [\"api.provider.example\"]`, which it said to the destination",
        ),
        optional("hosted_in", Kind::Country, "`hosted_in = \"NO\"`"),
        optional(
            "asn",
            Kind::Number("an AS number", 1, u32::MAX as i64 - 1),
            "`asn = 64496`",
        ),
        optional("anycast", Kind::Flag, "`anycast = true`"),
        optional(
            "at",
            Kind::Moment,
            "`at = 2026-11-25` or `2026-11-25T08:00:00Z`",
        ),
        required(
            "expect",
            Kind::Word(&words(&VERDICTS)),
            "`expect = \"declared\"`",
        ),
        optional(
            "rule",
            Kind::Text,
            "`rule = \"image-provider-a\"`, the entry that decides",
        ),
        optional(
            "product",
            Kind::Text,
            "`product = \"image-generation\"`, which claims the workload",
        ),
    ],
};

/// What is said of a workload.
pub(in crate::policy) static FACTS: Section = Section {
    name: "workload",
    keys: &[
        optional("unit", Kind::Text, "`unit = \"image-generation.service\"`"),
        optional("slice", Kind::Text, "`slice = \"image.slice\"`"),
        optional("container", Kind::Text, "`container = \"image-worker-1\"`"),
        optional(
            "image",
            Kind::Text,
            "`image = \"registry.internal/image/worker:3\"`",
        ),
        optional("labels", Kind::Labels, "`labels = { tier = \"gpu\" }`"),
        optional("pod_namespace", Kind::Text, "`pod_namespace = \"image\"`"),
        optional("pod", Kind::Text, "`pod = \"worker-7d4f\"`"),
        optional(
            "pod_labels",
            Kind::Labels,
            "`pod_labels = { \"app.kubernetes.io/name\" = \"image\" }`",
        ),
        optional(
            "service_account",
            Kind::Text,
            "`service_account = \"image-worker\"`",
        ),
        optional("machine", Kind::Text, "`machine = \"render-1\"`"),
        optional(
            "executable",
            Kind::Text,
            "`executable = \"/usr/lib/image/worker\"`",
        ),
        optional(
            "uid",
            Kind::Number("an integer", 0, u32::MAX as i64),
            "`uid = 990`",
        ),
        optional(
            "cgroup",
            Kind::Text,
            "`cgroup = \"/image.slice/worker.service\"`",
        ),
        optional("host", Kind::Text, "`host = \"gpu-1\"`"),
    ],
};

/// Every case of a file that is sound as a whole.
pub(in crate::policy) fn read(problems: &mut Problems) -> Vec<Case> {
    let source = Arc::clone(problems.source());
    let Some(table) = parse(&source.text, problems) else {
        return Vec::new();
    };
    let mut file = Reader::open(&TESTS, &table, 0..0, problems);
    let tables = file.tables("flow");
    let mut cases = Vec::new();
    for (table, span) in tables {
        let before = file.problems.count();
        let case = case(table, span, file.problems);
        // What is faulty in part would be judged as another flow.
        cases.extend(case.filter(|_| file.problems.count() == before));
    }
    cases
}

fn case(table: &DeTable<'_>, span: Range<usize>, problems: &mut Problems) -> Option<Case> {
    let mut reader = Reader::open(&FLOW, table, span, problems);
    let title = reader.text("title");
    let workload = workload(&mut reader);
    let address = reader.value("address");
    let address = address.and_then(|value| values::address(value, reader.problems));
    let address = address.map(|network| network.ip());
    let protocol = protocol(&mut reader, address.is_some_and(|a| a.is_ipv6()));
    let port = port(&mut reader, protocol);
    let direction = choice(&mut reader, "direction", &super::destination::DIRECTIONS);
    let names = names(&mut reader);
    let hosted_in = values::country(&mut reader, "hosted_in");
    let asn = reader.number("asn");
    let anycast = reader.flag("anycast");
    let at = moment(&mut reader);
    let verdict = choice(&mut reader, "expect", &VERDICTS);
    let verdict_span = reader.value("expect").map(toml::Spanned::span);
    let mut expected = |key| {
        let text = reader.text(key)?;
        Some(Expected {
            value: text.value.to_owned(),
            span: text.span,
        })
    };
    let (rule, product) = (expected("rule"), expected("product"));
    Some(Case {
        source: Arc::clone(reader.problems.source()),
        title: title?.value.to_owned(),
        description: Description {
            workload: workload?,
            address: address?,
            port: port?,
            protocol: protocol?,
            direction: direction.unwrap_or(Direction::Outbound),
            names,
            hosted_in: hosted_in.map(|country| country.value),
            asn: asn.map(AsNumber),
            anycast: anycast.map(|flag| flag.value),
        },
        at,
        verdict: Expected {
            value: verdict?,
            span: verdict_span?,
        },
        rule,
        product,
    })
}

fn workload(flow: &mut Reader<'_, '_>) -> Option<WorkloadFacts> {
    let (table, span) = flow.inner("workload")?;
    let mut reader = Reader::open(&FACTS, table, span.clone(), flow.problems);
    let mut facts = WorkloadFacts::default();
    for key in WorkloadFacts::TEXTS {
        if let Some(text) = reader.text(key) {
            note(&mut facts, key, text.value, text.span, reader.problems);
        }
    }
    if let Some(uid) = reader.number::<u32>("uid") {
        let span = span.clone();
        note(&mut facts, "uid", &uid.to_string(), span, reader.problems);
    }
    for key in ["labels", "pod_labels"] {
        let Some((labels, _)) = reader.inner(key) else {
            continue;
        };
        for (label, value) in labels {
            if let Some(text) = values::text(value, "a label's value", reader.problems) {
                let key = format!("{key}.{}", label.get_ref());
                note(&mut facts, &key, text, value.span(), reader.problems);
            }
        }
    }
    if table.is_empty() {
        let message = "`workload` says nothing";
        let help = "for example `workload = { unit = \"image-generation.service\" }`";
        reader.problems.report(span, message, help);
    }
    Some(facts)
}

/// Notes a fact, or why it is none.
fn note(
    facts: &mut WorkloadFacts,
    key: &str,
    value: &str,
    span: Range<usize>,
    problems: &mut Problems,
) {
    if let Err(error) = facts.set(key, value) {
        problems.report(span, error.to_string(), error.help());
    }
}

/// One protocol; `icmp` is that of the address.
fn protocol(reader: &mut Reader<'_, '_>, v6: bool) -> Option<Protocol> {
    let value = reader.value("protocol")?;
    let all = values::protocol(value, reader.problems)?;
    let at = if v6 { all.last() } else { all.first() };
    at.copied()
}

fn port(reader: &mut Reader<'_, '_>, protocol: Option<Protocol>) -> Option<u16> {
    let Some(protocol) = protocol else {
        reader.number::<u16>("port");
        return None;
    };
    match (reader.value("port"), has_ports(protocol)) {
        (None, false) => Some(0),
        (Some(value), false) => {
            let message = format!("{protocol} has no ports");
            reader
                .problems
                .report(value.span(), message, "remove `port`");
            None
        }
        (None, true) => {
            let message = format!("a flow of {protocol} has a port");
            let span = reader.span.clone();
            reader
                .problems
                .report(span, message, "add `port`, such as `port = 443`");
            None
        }
        (Some(_), true) => reader.number("port"),
    }
}

fn names(reader: &mut Reader<'_, '_>) -> Vec<(DomainName, Grade)> {
    let grade = choice(reader, "grade", &super::entry::GRADES);
    if let Some(value) = reader.value("grade")
        && reader.value("name").is_none()
    {
        let message = "`grade` without `name` says nothing";
        reader
            .problems
            .report(value.span(), message, "add `name`, or remove `grade`");
    }
    let mut names = Vec::new();
    for (key, grade) in [
        ("name", grade.unwrap_or(Grade::Answered)),
        ("presented", Grade::Presented),
    ] {
        for item in reader.items(key).unwrap_or_default() {
            let host = super::host_names::host_name(item, reader.problems);
            let name = host.and_then(|host| host.parse::<DomainName>().ok());
            names.extend(name.map(|name| (name, grade)));
        }
    }
    names
}

/// A day, which is its noon, or a time with its offset from UTC.
fn moment(reader: &mut Reader<'_, '_>) -> Option<Timestamp> {
    let value = reader.value("at")?;
    let DeValue::Datetime(written) = value.get_ref() else {
        reader.wrong_type("at", value);
        return None;
    };
    let text = written.to_string();
    if let Ok(time) = text.parse::<Timestamp>() {
        return Some(time);
    }
    if written.time.is_none()
        && let Ok(day) = text.parse::<Date>()
    {
        return match noon(day) {
            Ok(noon) => Some(noon),
            Err(_) => {
                let message = format!("the day `{text}` is too far off");
                let help = "write a day until 9999-12-30";
                reader.problems.report(value.span(), message, help);
                None
            }
        };
    }
    let message = format!("`{text}` is no time that is known everywhere");
    let help = "write the day, or a time with its offset: `2026-11-25T08:00:00Z`";
    reader.problems.report(value.span(), message, help);
    None
}
