//! Labels and service accounts, as runtimes and the kubelet keep them.

use std::os::unix::fs::symlink;

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use super::*;

fn storage(root: &Path, listed: &[(&str, &str)]) {
    let listed: Vec<String> = listed
        .iter()
        .map(|(id, name)| format!(r#"{{"id":"{id}","names":["{name}"],"metadata":"{{}}"}}"#))
        .collect();
    put(
        root,
        "var/lib/containers/storage/overlay-containers/containers.json",
        format!("[{}]", listed.join(",")),
    );
}

fn container(root: &Path, cgroup: &str) -> Labels {
    named(root, cgroup).container.unwrap().labels
}

#[test]
fn podmans_are_in_its_database() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    storage(
        root,
        &[(PODMAN_DB_A, "weir-probe-a"), (PODMAN_DB_B, "weir-probe-b")],
    );
    let cgroup = |id| format!("/libpod_parent/libpod-{id}");
    assert_eq!(
        container(root, &cgroup(PODMAN_DB_A)),
        Labels::unknown("no state file told its labels")
    );
    let database = "var/lib/containers/storage/libpod/bolt_state.db";
    put(root, database, PODMAN_DB);
    let a = [
        ("app.example/name", "image worker"),
        ("empty", ""),
        ("tier", "gpu"),
    ];
    assert_eq!(look(root, &cgroup(PODMAN_DB_A)).labels, labels(&a));
    assert_eq!(
        look(root, &cgroup(PODMAN_DB_B)).labels,
        labels(&[("tier", "cpu")])
    );
    // What is not whole is not read.
    put(root, database, &PODMAN_DB[..9000]);
    assert_eq!(look(root, &cgroup(PODMAN_DB_A)).labels, None);
}

#[test]
fn newer_podman_keeps_them_in_another() {
    let dir = tempfile::tempdir().unwrap();
    let root = dir.path();
    storage(
        root,
        &[(PODMAN_5_0, "weir-probe-0"), (PODMAN_5_3, "weir-probe-3")],
    );
    let of = |id| look(root, &format!("/libpod_parent/libpod-{id}")).labels;
    assert_eq!(of(PODMAN_5_3), None);
    put(root, "var/lib/containers/storage/db.sql", PODMAN_5_DB);
    assert_eq!(of(PODMAN_5_3), labels(&[("tier", "gpu-3")]));
    assert_eq!(of(PODMAN_5_0), labels(&[]));
    // Not while it is being written.
    put(root, "var/lib/containers/storage/db.sql-journal", "x");
    assert_eq!(of(PODMAN_5_3), None);
}

#[test]
fn dockers_are_beside_the_name() {
    let dir = tempfile::tempdir().unwrap();
    let put = |id: &str, name: &str, labels: &str| {
        put(
            dir.path(),
            &format!("var/lib/docker/containers/{id}/config.v2.json"),
            format!(r#"{{"Name":"/{name}","Config":{{"Image":"x","Labels":{labels}}}}}"#),
        );
    };
    put(ID, "web", r#"{"com.example.tier":"gpu"}"#);
    let found = look(dir.path(), &format!("/docker/{ID}"));
    assert_eq!(found.labels, labels(&[("com.example.tier", "gpu")]));
    assert_eq!(found.pod_labels, None);
    // Of a pod: those of its sandbox.
    let of = format!(r#"{{"io.kubernetes.sandbox.id":"{SANDBOX}"}}"#);
    put(ID, &format!("k8s_app_web-0_shop_{UID}_0"), &of);
    put(
        SANDBOX,
        &format!("k8s_POD_web-0_shop_{UID}_0"),
        r#"{"app":"image"}"#,
    );
    for id in [ID, SANDBOX] {
        let found = look(dir.path(), &format!("/kubepods/pod{UID}/docker-{id}.scope"));
        assert_eq!(found.pod_labels, labels(&[("app", "image")]));
    }
}

#[test]
fn containerds_are_in_its_database() {
    let dir = tempfile::tempdir().unwrap();
    let bundle = |namespace: &str, id: &str, annotations: &str| {
        let task = "run/containerd/io.containerd.runtime.v2.task";
        put(
            dir.path(),
            &format!("{task}/{namespace}/{id}/config.json"),
            format!(r#"{{"annotations":{{{annotations}}}}}"#),
        );
    };
    let of_sandbox = format!(r#""io.kubernetes.cri.sandbox-id":"{SANDBOX}""#);
    bundle("k8s.io", ID, &of_sandbox);
    bundle("k8s.io", SANDBOX, &of_sandbox);
    bundle("default", "batch-1", "");
    put(
        dir.path(),
        "var/lib/containerd/io.containerd.metadata.v1.bolt/meta.db",
        CONTAINERD_DB,
    );
    let found = look(dir.path(), "/default/batch-1");
    assert_eq!(found.labels, labels(&[("tier", "gpu")]));
    assert_eq!(found.pod_labels, None);

    let found = look(dir.path(), &format!("/kubepods/pod{UID}/{ID}"));
    let pod = [
        ("app", "image"),
        ("app.kubernetes.io/name", "worker"),
        ("io.cri-containerd.kind", "sandbox"),
        ("io.kubernetes.pod.name", "web-0"),
        ("io.kubernetes.pod.namespace", "shop"),
        ("io.kubernetes.pod.uid", UID),
    ];
    assert_eq!(found.pod_labels, labels(&pod));
    let own = found.labels.unwrap();
    assert_eq!(own.known["io.kubernetes.container.name"], "app");
    assert!(!own.known.contains_key("app"));
    let sandbox = look(dir.path(), &format!("/kubepods/pod{UID}/{SANDBOX}"));
    assert_eq!(sandbox.pod_labels, labels(&pod));
}

#[test]
fn crios_are_annotations() {
    let dir = tempfile::tempdir().unwrap();
    let name = |container: &str| format!("k8s_{container}_web-0_shop_{UID}_0");
    storage(dir.path(), &[(ID, &name("app")), (SANDBOX, &name("POD"))]);
    let spec = |id: &str, labels: &str| {
        let spec = serde_json::json!({"annotations": {
            "io.kubernetes.cri-o.SandboxID": SANDBOX,
            "io.kubernetes.cri-o.Labels": labels,
        }});
        put(
            dir.path(),
            &format!("var/lib/containers/storage/overlay-containers/{id}/userdata/config.json"),
            spec.to_string(),
        );
    };
    spec(ID, r#"{"io.kubernetes.container.name":"app"}"#);
    let cgroup = |id| format!("/kubepods/pod{UID}/crio-{id}");
    let found = look(dir.path(), &cgroup(ID));
    assert_eq!(
        found.labels,
        labels(&[("io.kubernetes.container.name", "app")])
    );
    assert_eq!(found.pod_labels, None);
    spec(SANDBOX, r#"{"app":"image"}"#);
    for id in [ID, SANDBOX] {
        let found = look(dir.path(), &cgroup(id));
        assert_eq!(found.pod_labels, labels(&[("app", "image")]));
    }
}

/// A volume as the kubelet makes it.
fn volume(root: &Path, name: &str, token: &str) {
    let volume = format!("var/lib/kubelet/pods/{UID}/volumes/kubernetes.io~projected/{name}");
    put(root, &format!("{volume}/..2026_11_25/token"), token);
    let link = root.join(&volume).join("..data");
    if !link.exists() {
        symlink("..2026_11_25", link).unwrap();
    }
}

fn token(namespace: &str, account: &str, uid: &str) -> String {
    let claims = serde_json::json!({
        "aud": ["https://kubernetes.default.svc"],
        "exp": 1_795_500_000,
        "iss": "https://kubernetes.default.svc",
        "kubernetes.io": {
            "namespace": namespace,
            "node": {"name": "node-7", "uid": "1"},
            "pod": {"name": "web-0", "uid": uid},
            "serviceaccount": {"name": account, "uid": "2"},
        },
        "sub": format!("system:serviceaccount:{namespace}:{account}"),
    });
    let part = |text: &str| URL_SAFE_NO_PAD.encode(text);
    let header = part(r#"{"alg":"RS256","kid":"1"}"#);
    format!(
        "{header}.{}.{}",
        part(&claims.to_string()),
        part("signature")
    )
}

#[test]
fn a_token_of_the_kubelet_names_the_service_account() {
    let dir = tempfile::tempdir().unwrap();
    let pod = || {
        named(dir.path(), &format!("/kubepods/pod{UID}/{ID}"))
            .pod
            .unwrap()
    };
    let facts = || {
        let pod = pod();
        [pod.namespace, pod.name, pod.service_account]
    };
    let some = |text: &str| Some(text.to_owned());
    volume(dir.path(), "kube-api-access-x", &token("shop", "web", UID));
    let all = [some("shop"), some("web-0"), some("web")];
    // Where there are no logs, it names the pod too.
    assert_eq!(facts(), all);
    let logs = format!("var/log/pods/shop_web-0_{UID}");
    fs::create_dir_all(dir.path().join(&logs)).unwrap();
    assert_eq!(facts(), all);
    // Another that says the same changes nothing, nor does what is no token.
    volume(dir.path(), "vault", &token("shop", "web", UID));
    volume(dir.path(), "text", "not.a.token");
    volume(dir.path(), "parts", "a.b");
    assert_eq!(facts(), all);
    // One that contradicts another is not believed, and neither is the other.
    volume(dir.path(), "vault", &token("shop", "admin", UID));
    assert_eq!(facts(), [some("shop"), some("web-0"), None]);
}

#[test]
fn a_token_that_something_contradicts_names_nothing() {
    for (namespace, uid) in [
        // A file that the pod's author wrote.
        ("other", UID),
        ("shop", "11111111-93d4-4b0f-8a61-0f3d2c1b9e88"),
    ] {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join(format!("var/log/pods/shop_web-0_{UID}"))).unwrap();
        volume(
            dir.path(),
            "kube-api-access-x",
            &token(namespace, "web", uid),
        );
        let pod = named(dir.path(), &format!("/kubepods/pod{UID}/{ID}"))
            .pod
            .unwrap();
        assert_eq!(pod.namespace.as_deref(), Some("shop"));
        assert_eq!(pod.service_account, None);
    }
}
