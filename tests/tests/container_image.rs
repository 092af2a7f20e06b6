//! The container image, made by its recipe without any network, and run with the rights that
//! the DaemonSet gives; and the DaemonSet, by the schemas of Kubernetes.

#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{
    fs,
    net::SocketAddr,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    thread,
    time::Duration,
};

use serde_json::{Value, json};
use weir_tests::{
    cgroup::{self, Unit},
    container::{fill_with, podman_of},
    ledger,
    run::Run,
    stage::{self, Stage, fixtures},
    tool::{self, python, tool},
    traffic::Protocol::Tcp,
};

/// What takes the package apart in the recipe.
const PROGRAMS: [&str; 5] = [
    "/bin/dash",
    "/bin/cp",
    "/bin/mkdir",
    "/usr/bin/dpkg-deb",
    "/bin/tar",
];

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The pod of the DaemonSet, once the schemas of a version of Kubernetes have taken it.
fn pod(version: &str) -> Value {
    let script = root().join("tests/python/manifest.py");
    let manifest = root().join("packaging/kubernetes/weir.yaml");
    let words = [script.as_os_str(), manifest.as_os_str(), version.as_ref()];
    let told = tool(&python().to_string_lossy(), &words).unwrap();
    let told: Value = serde_json::from_str(&told).unwrap();
    assert_eq!(
        told["kinds"],
        json!(["Namespace", "ServiceAccount", "DaemonSet"])
    );
    told["pod"].clone()
}

fn words(list: &Value) -> Vec<&str> {
    let words = list.as_array().unwrap().iter();
    words.map(|word| word.as_str().unwrap()).collect()
}

fn podman(run: &Run, unit: &Unit, arguments: &[&str]) -> String {
    let output = podman_of(run, unit)
        .unwrap()
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "podman {arguments:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Builds the image; the base is made of this host's programs.
fn build(stage: &Stage, unit: &Unit) -> String {
    let directory = stage.run.directory();
    let path = |name: &str| directory.join(name).to_string_lossy().into_owned();
    let base = directory.join("base");
    fill_with(&base, &PROGRAMS).unwrap();
    // For the libraries that it is linked with, as Debian's images have them.
    let agent = tool::sibling("XTASK_AGENT", "weir").unwrap();
    fill_with(&base, &[&agent.to_string_lossy()]).unwrap();
    std::os::unix::fs::symlink("dash", base.join("bin/sh")).unwrap();
    tool("tar", &["-C", &path("base"), "-cf", &path("base.tar"), "."]).unwrap();
    let (base, image) = ("localhost/base:latest", "localhost/weir:latest");
    podman(
        &stage.run,
        unit,
        &["import", "--quiet", &path("base.tar"), base],
    );
    let context = directory.join("context");
    fs::create_dir(&context).unwrap();
    let package = tool::package(1).unwrap();
    fs::copy(package, context.join("weir_0.0.0_test.deb")).unwrap();
    let recipe = root().join("packaging/container/Containerfile");
    let line = [
        "build",
        "--quiet",
        "--isolation=chroot",
        "--network=host",
        "--pull=never",
        "--build-arg=BASE=localhost/base:latest",
        "--tag",
        image,
        "--file",
        &recipe.to_string_lossy(),
        &path("context"),
    ];
    podman(&stage.run, unit, &line);
    image.to_owned()
}

/// Starts it as the DaemonSet does, in the place of a container runtime.
fn start(stage: &Stage, unit: &Unit, image: &str, pod: &Value) -> Child {
    let container = &pod["containers"][0];
    let directory = stage.run.directory();
    let host = |name: &str| {
        let path = directory.join(name);
        fs::create_dir_all(&path).unwrap();
        path.to_string_lossy().into_owned()
    };
    let cgroup_root = cgroup::root().unwrap().to_string_lossy().into_owned();
    let parent = unit.path().join("pod");
    let parent = parent
        .strip_prefix(&cgroup_root)
        .unwrap()
        .display()
        .to_string();
    let pins = weir_tests::pins::directory(&stage.run).unwrap();
    let mut command = podman_of(&stage.run, unit).unwrap();
    command
        .args(["run", "--rm", "--name=weir", "--pid=host", "--read-only"])
        .arg(format!("--network=ns:{}", stage.app.netns().display()))
        .arg(format!("--cgroup-parent=/{parent}"))
        .args([
            "--ulimit=nofile=1024:1024",
            "--ulimit=nproc=1024:1024",
            "--pids-limit=0",
        ])
        .args(["--cap-drop=all", "--security-opt=no-new-privileges"]);
    for capability in words(&container["securityContext"]["capabilities"]["add"]) {
        command.arg(format!("--cap-add={capability}"));
    }
    let lists = fixtures().join("allowlists");
    let store = PathBuf::from(host("pod-store"));
    fs::create_dir(store.join("ipdata")).unwrap();
    let database = directory.join("country.mmdb");
    fs::copy(database, store.join("ipdata/country.mmdb")).unwrap();
    command
        .arg(format!(
            "--volume={}:/etc/weir/allowlists:ro",
            lists.display()
        ))
        .arg(format!("--volume={}:/var/lib/weir", store.display()))
        .arg(format!("--volume={}:/run/weir", host("pod-runtime")))
        .arg("--volume=/sys/fs/cgroup:/host/cgroup")
        .arg("--volume=/sys/fs/bpf:/sys/fs/bpf")
        .arg(image);
    for word in words(&container["args"]) {
        command.arg(word.replace("/sys/fs/bpf/weir", &pins.to_string_lossy()));
    }
    command
        .args(["--uplink=eth0", "--format=json"])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(fs::File::create(directory.join("podman.log")).unwrap())
        .spawn()
        .unwrap()
}

/// Waits until the store has an entry of this type.
fn wait_for(store: &Path, kind: &str, log: &Path) {
    for _ in 0..600 {
        let entries = ledger::entries(store).unwrap_or_default();
        if entries.iter().any(|entry| entry["type"] == kind) {
            return;
        }
        thread::sleep(Duration::from_millis(100));
    }
    panic!("no `{kind}`: {}", fs::read_to_string(log).unwrap());
}

#[test]
fn the_image_records_with_the_rights_of_the_daemon_set() {
    let pod = pod("1.37");
    let stage = Stage::new().unwrap();
    let unit = stage.unit("podman.service").unwrap().keep();
    let image = build(&stage, &unit);
    let mut child = start(&stage, &unit, &image, &pod);
    let output = child.stdout.take().unwrap();
    thread::spawn(move || std::io::copy(&mut { output }, &mut std::io::sink()));
    let store = stage.run.directory().join("pod-store");
    wait_for(&store, "started", &stage.run.directory().join("podman.log"));

    let to: SocketAddr = format!("{}:443", stage::GERMANY).parse().unwrap();
    let sender = stage.unit("image-generation.service").unwrap().keep();
    let line = format!("tcp --to {to} --bytes 5000");
    let report = sender.traffic(&stage.app, &line).unwrap();
    let wire = stage.on_wire(&report, to, Tcp).unwrap();
    podman(&stage.run, &unit, &["stop", "--time=60", "weir"]);
    assert!(child.wait().unwrap().success());
    let entries = ledger::entries(&store).unwrap();
    let recorded = ledger::exchanged(&entries, &sender.cgroup_path(), to.ip());
    assert_eq!(recorded, wire);
    let gaps: Vec<_> = entries.iter().filter(|one| one["type"] == "gap").collect();
    assert_eq!(gaps, Vec::<&Value>::new());
}

#[test]
fn the_daemon_set_has_the_rights_of_the_unit_and_no_more() {
    for version in ["1.31", "1.37"] {
        let pod = pod(version);
        let container = &pod["containers"][0];
        let context = &container["securityContext"];
        assert_eq!(context["privileged"], false);
        assert_eq!(context["allowPrivilegeEscalation"], false);
        assert_eq!(context["readOnlyRootFilesystem"], true);
        assert_eq!(context["seccompProfile"]["type"], "RuntimeDefault");
        assert_eq!(context["capabilities"]["drop"], json!(["ALL"]));
        let unit = fs::read_to_string(root().join("packaging/systemd/weir.service")).unwrap();
        let bounding = unit
            .lines()
            .filter_map(|line| line.strip_prefix("CapabilityBoundingSet="))
            .flat_map(|line| line.split(' '));
        // All but what the canary alone needs, which does not run there.
        let mut expected: Vec<_> = bounding
            .map(|name| name.trim_start_matches("CAP_"))
            .filter(|name| !["NET_RAW", "NET_BIND_SERVICE", "DAC_OVERRIDE"].contains(name))
            .collect();
        let mut added = words(&context["capabilities"]["add"]);
        expected.sort_unstable();
        added.sort_unstable();
        assert_eq!(added, expected);
        assert!(words(&container["args"]).contains(&"--self-test=off"));
        assert_eq!(pod["automountServiceAccountToken"], false);
        assert!(pod["hostIPC"].is_null());
    }
}
