//! What selectors of a set claim.

use std::sync::Arc;

use crate::{
    attribution::{Attributed, Container, Executable, Labels, Pod, Runtime, Workload},
    policy::Claim,
};

use super::*;

const PLATFORM: &str = r#"
[[host_group]]
name = "gpu"
hosts = ["gpu-*", "render-1"]
purpose = "hosts with GPUs"
owner = "team-compute"
"#;

fn policy(workloads: &[(&str, &str)]) -> Policy {
    let texts: Vec<(String, String)> = workloads
        .iter()
        .map(|(product, workload)| {
            let text = format!(
                "product = \"{product}\"\ntitle = \"T\"\nowner = \"t\"\n\
                 posture = \"internal_only\"\n[[workload]]\n{workload}\n"
            );
            (format!("{product}.toml"), text)
        })
        .collect();
    let mut files = vec![("platform.toml", PLATFORM)];
    files.extend(texts.iter().map(|(name, text)| (&**name, &**text)));
    Policy::from_sources(sources(&files)).unwrap_or_else(|rejected| panic!("{rejected}"))
}

fn flow(workload: Workload) -> Attributed {
    Attributed {
        record: workloads::record(None),
        workload: Arc::new(Workload {
            cgroup_path: Some("/a".into()),
            ..workload
        }),
        executable: Executable::Unknown("it had ended".into()),
    }
}

fn labelled(pairs: &[(&str, &str)]) -> Labels {
    let pairs = pairs.iter();
    Labels::all(pairs.map(|(key, value)| ((*key).to_owned(), (*value).to_owned())))
}

fn container(labels: Labels) -> Workload {
    Workload {
        container: Some(Container {
            id: "c0ffee".into(),
            runtime: Runtime::Podman,
            name: Some("worker".into()),
            image: None,
            labels,
        }),
        ..Workload::default()
    }
}

/// The claim in a few words.
fn claim(policy: &Policy, flow: &Attributed) -> String {
    match policy.claim(flow) {
        Claim::Product(product) => product.name().to_owned(),
        Claim::Contested(products) => {
            let names: Vec<&str> = products.iter().map(|product| product.name()).collect();
            names.join(" and ")
        }
        Claim::Possible(product, aspect) => format!("{} by {}", product.name(), aspect.key()),
        Claim::Nobody => "nobody".to_owned(),
    }
}

#[test]
fn labels_of_containers() {
    let policy = policy(&[
        ("a", r#"labels = { tier = "gpu*", "example.org/x" = "**" }"#),
        ("b", "[workload.labels]\ntier = \"cpu\""),
    ]);
    let of = |labels| claim(&policy, &flow(container(labels)));
    assert_eq!(
        of(labelled(&[("tier", "gpu-2"), ("example.org/x", "")])),
        "a"
    );
    assert_eq!(of(labelled(&[("tier", "gpu-2")])), "nobody");
    assert_eq!(of(labelled(&[("tier", "cpu")])), "b");
    assert_eq!(of(Labels::default()), "a by labels");
    assert_eq!(claim(&policy, &flow(Workload::default())), "nobody");
    // What is known decides, whatever else is not.
    let mut some = labelled(&[("tier", "cpu")]);
    some.incomplete = Some("there are more than 64 labels".into());
    assert_eq!(of(some), "b");
}

#[test]
fn labels_and_service_accounts_of_pods() {
    let policy = policy(&[
        ("a", r#"pod_labels = { app = "image" }"#),
        (
            "b",
            "pod_namespace = \"llm\"\nservice_account = \"infer-*\"",
        ),
    ]);
    let pod = |namespace: &str, account: Option<&str>, labels| {
        claim(
            &policy,
            &flow(Workload {
                pod: Some(Pod {
                    uid: "0".into(),
                    qos: "burstable".into(),
                    namespace: Some(namespace.into()),
                    name: None,
                    service_account: account.map(str::to_owned),
                    labels,
                }),
                ..Workload::default()
            }),
        )
    };
    let none = || labelled(&[]);
    assert_eq!(pod("x", None, labelled(&[("app", "image")])), "a");
    assert_eq!(pod("llm", Some("infer-1"), none()), "b");
    assert_eq!(pod("llm", Some("default"), none()), "nobody");
    assert_eq!(pod("llm", None, none()), "b by service_account");
    assert_eq!(pod("x", None, none()), "nobody");
    assert_eq!(pod("x", None, Labels::default()), "a by pod_labels");
}

#[test]
fn groups_of_hosts() {
    let policy = policy(&[
        ("a", "unit = \"worker.service\"\nhost_group = [\"gpu\"]"),
        (
            "b",
            "unit = \"worker.service\"\nnot = { host_group = [\"gpu\"] }",
        ),
    ]);
    let on = |host: Option<&str>| {
        claim(
            &policy,
            &flow(Workload {
                host: host.map(Arc::from),
                unit: Some("worker.service".into()),
                ..Workload::default()
            }),
        )
    };
    assert_eq!(on(Some("gpu-17")), "a");
    assert_eq!(on(Some("render-1")), "a");
    assert_eq!(on(Some("render-2")), "b");
    assert_eq!(on(None), "a by host_group");
    let groups: Vec<&str> = policy.host_groups().iter().map(|g| &*g.name).collect();
    assert_eq!(groups, ["gpu"]);
}

#[test]
fn combinations() {
    let policy = policy(&[(
        "a",
        r#"
slice = "image.slice"
any = [{ unit = "worker@*.service" }, { container = "worker", not = { labels = { stage = "test" } } }]
not = { uid = 0 }
"#,
    )]);
    let slice = Some("image.slice".to_owned());
    let with = |labels| {
        claim(
            &policy,
            &flow(Workload {
                slice: slice.clone(),
                ..container(labels)
            }),
        )
    };
    // The user is not known.
    assert_eq!(with(labelled(&[])), "a by uid");
    assert_eq!(with(labelled(&[("stage", "test")])), "nobody");
    let unit = |unit: &str, uid| {
        let mut flow = flow(Workload {
            slice: slice.clone(),
            unit: Some(unit.into()),
            ..Workload::default()
        });
        flow.record = workloads::record(Some(uid));
        claim(&policy, &flow)
    };
    assert_eq!(unit("worker@1.service", 7), "a");
    assert_eq!(unit("worker@1.service", 0), "nobody");
    assert_eq!(unit("other.service", 7), "nobody");
    let shown: Vec<String> = policy
        .products()
        .flat_map(|product| product.selectors().iter().map(ToString::to_string))
        .collect();
    assert_eq!(
        shown,
        [
            "slice = image.slice, any (unit = worker@*.service; container = worker, \
             not (labels.stage = test)), not (uid = 0)"
        ]
    );
}

#[test]
fn two_products_may_still_meet_on_a_workload() {
    let policy = policy(&[
        ("a", r#"labels = { tier = "gpu" }"#),
        ("b", r#"container = "worker""#),
    ]);
    let found = flow(container(labelled(&[("tier", "gpu")])));
    assert_eq!(claim(&policy, &found), "a and b");
}
