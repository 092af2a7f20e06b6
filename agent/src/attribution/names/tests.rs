//! State files as runtimes write them, below a directory of the test.
#![expect(clippy::unwrap_used, reason = "tests")]

mod labels;

use std::{fs, os::unix::fs::MetadataExt as _, path::Path};

use super::{state::State, *};
use crate::attribution::path;

const ID: &str = "3f4e5d6c7b8a99887766554433221100ffeeddccbbaa00112233445566778899";
const UID: &str = "7c2a5e10-93d4-4b0f-8a61-0f3d2c1b9e88";
/// Of three containers that `ctr` made with containerd 1.6: a pod's sandbox, its
/// container [`ID`], and one by itself. Unused pages at the end are cut off.
const CONTAINERD_DB: &[u8] = include_bytes!("fixtures/containerd-1.6-meta.db");
const SANDBOX: &str = "aaaa5d6c7b8a99887766554433221100ffeeddccbbaa00112233445566778899";
/// The tables of Podman 5 that matter, with containers `weir-probe-<n>`, written by
/// SQLite.
const PODMAN_5_DB: &[u8] = include_bytes!("fixtures/podman-5-db.sql");
const PODMAN_5_0: &str = "f651d5b6866d080b2f3de174f9ddce80e6b13a5c80e34259e1e212c14d0ae9ba";
const PODMAN_5_3: &str = "7fce868d01f67411406fc8b64a2a45d84b213fa0128e6c3fcd204c31e1ee364b";
/// Of `podman run --name weir-probe-a --label …`, and of `weir-probe-b` with `--rm`,
/// as Podman 4.3 wrote it, without unused pages at the end.
const PODMAN_DB: &[u8] = include_bytes!("fixtures/podman-4.3-bolt_state.db");
const PODMAN_DB_A: &str = "cd6c529f33f6e680aaef79c4307719b55d651777ee163909acfa326607dc6cb5";
const PODMAN_DB_B: &str = "c8b82590cdd056a390d0f4ef6083addb78914e8105da6123508836acbaa7cc63";
/// Of `podman run --name weir-probe-a --network none`, and of `weir-probe-b`
/// with `--rm`, as Podman 4.3 wrote it.
const PODMAN: &str = include_str!("fixtures/podman-4.3-containers.json");
const PODMAN_A: &str = "66ba2a46a8b18087499dcb15375da0193c3960a27063cc72898a29c8b6837d21";
const PODMAN_B: &str = "fa43b4a392dfba448d78cf968fc039a2aca28416f3f17feba5722843e2ba6bf5";

fn put(root: &Path, file: &str, text: impl AsRef<[u8]>) {
    let path = root.join(file);
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
}

fn roots(root: &Path) -> StateRoots {
    StateRoots {
        root: root.to_owned(),
        container_storage: Vec::new(),
    }
}

fn look(root: &Path, cgroup: &str) -> Facts {
    let question = Question::of(&path::parse(cgroup)).unwrap();
    State::new(&roots(root)).look(&question)
}

fn facts(runtime: Runtime, name: &str, image: &str) -> Facts {
    Facts {
        runtime: Some(runtime),
        name: Some(name.into()),
        image: Some(image.into()),
        ..Facts::default()
    }
}

fn labels(pairs: &[(&str, &str)]) -> Option<Labels> {
    let pairs = pairs.iter();
    Some(Labels::all(pairs.map(|(key, value)| {
        ((*key).to_owned(), (*value).to_owned())
    })))
}

/// What `Names` makes of the workload.
fn named(root: &Path, cgroup: &str) -> Workload {
    let mut workload = path::parse(cgroup);
    look(root, cgroup).apply(&mut workload);
    workload
}

#[test]
fn podman_keeps_names_in_its_storage() {
    let dir = tempfile::tempdir().unwrap();
    put(
        dir.path(),
        "var/lib/containers/storage/vfs-containers/containers.json",
        PODMAN,
    );
    for (id, name) in [(PODMAN_A, "weir-probe-a"), (PODMAN_B, "weir-probe-b")] {
        assert_eq!(
            look(dir.path(), &format!("/libpod_parent/libpod-{id}")),
            facts(Runtime::Podman, name, "localhost/weir-probe:1")
        );
    }
    assert_eq!(
        look(dir.path(), &format!("/libpod_parent/libpod-{ID}")),
        Facts::default()
    );
}

#[test]
fn podman_may_keep_them_elsewhere() {
    for (file, conf) in [
        (
            "run/containers/storage/overlay-containers/volatile-containers.json",
            "",
        ),
        (
            "srv/store/overlay-containers/containers.json",
            "[storage]\ndriver = \"overlay\"\ngraphroot = \"/srv/store\"\n",
        ),
    ] {
        let dir = tempfile::tempdir().unwrap();
        put(dir.path(), file, PODMAN);
        put(dir.path(), "etc/containers/storage.conf", conf);
        let found = look(
            dir.path(),
            &format!("/machine.slice/libpod-{PODMAN_A}.scope"),
        );
        assert_eq!(found.name.as_deref(), Some("weir-probe-a"), "{file}");
    }
    let dir = tempfile::tempdir().unwrap();
    put(dir.path(), "own/vfs-containers/containers.json", PODMAN);
    let roots = StateRoots {
        root: "/nonexistent".into(),
        container_storage: vec![dir.path().join("own")],
    };
    let workload = path::parse(&format!("/libpod_parent/libpod-{PODMAN_A}"));
    let found = State::new(&roots).look(&Question::of(&workload).unwrap());
    assert_eq!(found.name.as_deref(), Some("weir-probe-a"));
}

#[test]
fn a_users_container_is_named_from_that_users_state_alone() {
    let dir = tempfile::tempdir().unwrap();
    let uid = fs::metadata(dir.path()).unwrap().uid();
    put(
        dir.path(),
        "etc/passwd",
        format!("synthetic:x:{uid}:100::/home/synthetic:/bin/sh\n"),
    );
    let cgroup = format!(
        "/user.slice/user-{uid}.slice/usercd6c529f33f6e680aaef79c4307719b55d651777ee163909acfa326607dc6cb5{uid}.service/user.slice/libpod-{PODMAN_A}.scope"
    );
    // The system's container of this id is not theirs.
    put(
        dir.path(),
        "var/lib/containers/storage/vfs-containers/containers.json",
        PODMAN,
    );
    assert_eq!(look(dir.path(), &cgroup), Facts::default());

    let own = "home/synthetic/.local/share/containers/storage/overlay-containers/containers.json";
    put(dir.path(), own, PODMAN.replace("weir-probe-a", "mine"));
    assert_eq!(look(dir.path(), &cgroup).name.as_deref(), Some("mine"));
    // Nor is a file of another user, or a link.
    let other = format!("synthetic:x:{}:100::/home/synthetic:/bin/sh\n", uid + 1);
    put(dir.path(), "etc/passwd", &other);
    let stranger = cgroup.replace(
        &format!("usercd6c529f33f6e680aaef79c4307719b55d651777ee163909acfa326607dc6cb5{uid}"),
        &format!(
            "usercd6c529f33f6e680aaef79c4307719b55d651777ee163909acfa326607dc6cb5{}",
            uid + 1
        ),
    );
    assert_eq!(look(dir.path(), &stranger), Facts::default());
}

#[test]
fn docker_keeps_a_file_per_container() {
    let dir = tempfile::tempdir().unwrap();
    let file = format!("var/lib/docker/containers/{ID}/config.v2.json");
    put(
        dir.path(),
        &file,
        r#"{"ID":"x","Name":"/web","Config":{"Image":"nginx:1.27"},"Pid":1}"#,
    );
    let cgroup = format!("/system.slice/docker-{ID}.scope");
    assert_eq!(
        look(dir.path(), &cgroup),
        Facts {
            labels: labels(&[]),
            ..facts(Runtime::Docker, "web", "nginx:1.27")
        }
    );
    // As cri-dockerd names the container of a pod.
    let name = format!("/k8s_app_web-0_shop_{UID}_0");
    put(
        dir.path(),
        &file,
        format!(r#"{{"Name":"{name}","Config":{{"Image":"nginx:1.27"}}}}"#),
    );
    let found = look(dir.path(), &format!("/kubepods/burstable/pod{UID}/{ID}"));
    assert_eq!(found.name.as_deref(), Some("app"));
    assert_eq!(found.pod_namespace.as_deref(), Some("shop"));
    assert_eq!(found.pod_name.as_deref(), Some("web-0"));
}

#[test]
fn containerd_keeps_annotations_in_the_bundle() {
    let dir = tempfile::tempdir().unwrap();
    let file = format!("run/containerd/io.containerd.runtime.v2.task/k8s.io/{ID}/config.json");
    put(
        dir.path(),
        &file,
        r#"{"ociVersion":"1.1.0","annotations":{
            "io.kubernetes.cri.container-type":"container",
            "io.kubernetes.cri.container-name":"app",
            "io.kubernetes.cri.image-name":"registry.example/app:1",
            "io.kubernetes.cri.sandbox-name":"web-0",
            "io.kubernetes.cri.sandbox-namespace":"shop"}}"#,
    );
    let cgroup = format!("/kubepods/pod{UID}/{ID}");
    let found = look(dir.path(), &cgroup);
    assert_eq!(
        found,
        Facts {
            pod_namespace: Some("shop".into()),
            pod_name: Some("web-0".into()),
            ..facts(Runtime::Containerd, "app", "registry.example/app:1")
        }
    );
    let mut workload = path::parse(&cgroup);
    found.apply(&mut workload);
    assert_eq!(workload.container.unwrap().runtime, Runtime::Containerd);
    assert_eq!(workload.pod.unwrap().name.as_deref(), Some("web-0"));
}

#[test]
fn crio_shares_podmans_storage() {
    let dir = tempfile::tempdir().unwrap();
    let listed = format!(
        r#"[{{"id":"{ID}","names":["k8s_app_web-0_shop_{UID}_0"],"metadata":"{{\"image-name\":\"registry.example/app:1\"}}"}}]"#
    );
    put(
        dir.path(),
        "var/lib/containers/storage/overlay-containers/containers.json",
        &listed,
    );
    let found = look(dir.path(), &format!("/kubepods/pod{UID}/crio-{ID}"));
    assert_eq!(found.runtime, Some(Runtime::Crio));
    assert_eq!(found.name.as_deref(), Some("app"));
    assert_eq!(found.pod_namespace.as_deref(), Some("shop"));
}

#[test]
fn the_kubelets_logs_name_pods() {
    let dir = tempfile::tempdir().unwrap();
    fs::create_dir_all(dir.path().join(format!("var/log/pods/shop_web-0_{UID}"))).unwrap();
    let found = look(dir.path(), &format!("/kubepods/burstable/pod{UID}/{ID}"));
    assert_eq!(found.name, None);
    assert_eq!(found.pod_namespace.as_deref(), Some("shop"));
    assert_eq!(found.pod_name.as_deref(), Some("web-0"));
}

#[test]
fn hostile_state_costs_a_name_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let docker = dir.path().join(format!("var/lib/docker/containers/{ID}"));
    fs::create_dir_all(&docker).unwrap();
    let file = docker.join("config.v2.json");
    let cgroup = format!("/docker/{ID}");
    // A pipe that nobody writes to, a link, a directory, and what is no JSON.
    nix::unistd::mkfifo(&file, nix::sys::stat::Mode::S_IRWXU).unwrap();
    assert_eq!(look(dir.path(), &cgroup), Facts::default());
    fs::remove_file(&file).unwrap();
    std::os::unix::fs::symlink("/dev/zero", &file).unwrap();
    assert_eq!(look(dir.path(), &cgroup), Facts::default());
    fs::remove_file(&file).unwrap();
    fs::create_dir(&file).unwrap();
    assert_eq!(look(dir.path(), &cgroup), Facts::default());
    fs::remove_dir(&file).unwrap();
    fs::write(&file, "{").unwrap();
    assert_eq!(look(dir.path(), &cgroup), Facts::default());
    // A name that would write to the terminal is none.
    fs::write(&file, r#"{"Name":"/\u001b[2J","Config":{"Image":"x"}}"#).unwrap();
    let found = look(dir.path(), &cgroup);
    assert_eq!((found.name, found.image.as_deref()), (None, Some("x")));
    let question = Question {
        user: None,
        container: Some("../x".into()),
        pod: None,
    };
    assert_eq!(
        State::new(&roots(dir.path())).look(&question),
        Facts::default()
    );
}

#[test]
fn the_thread_answers_also_when_the_state_comes_late() {
    let dir = tempfile::tempdir().unwrap();
    let names = Names::start(roots(dir.path())).unwrap();
    let cgroup = format!("/libpod_parent/libpod-{PODMAN_A}");
    let question = Question::of(&path::parse(&cgroup)).unwrap();
    assert!(names.ask(question.clone()));
    assert_eq!((names.version(), names.answer(&question)), (0, None));
    put(
        dir.path(),
        "var/lib/containers/storage/vfs-containers/containers.json",
        PODMAN,
    );
    let deadline = Instant::now() + Duration::from_secs(20);
    while names.version() == 0 {
        assert!(Instant::now() < deadline, "no answer");
        thread::sleep(Duration::from_millis(10));
    }
    assert_eq!(
        names.answer(&question).unwrap().name.as_deref(),
        Some("weir-probe-a")
    );
}
