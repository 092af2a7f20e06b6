//! Paths as real hosts have them.
#![expect(clippy::unwrap_used, reason = "tests")]

use proptest::prelude::*;

use super::*;

/// Stand-ins in the table: a full container id and its short form, a pod uid
/// with dashes and with underscores, a static pod's uid.
const STANDINS: [(&str, &str); 5] = [
    (
        "{ID}",
        "3f4e5d6c7b8a99887766554433221100ffeeddccbbaa00112233445566778899",
    ),
    ("{SHORT}", "3f4e5d6c7b8a"),
    ("{UID}", "7c2a5e10-93d4-4b0f-8a61-0f3d2c1b9e88"),
    ("{U_I_D}", "7c2a5e10_93d4_4b0f_8a61_0f3d2c1b9e88"),
    ("{STATIC}", "5b1f0e6c2d3a49788796a5b4c3d2e1f0"),
];

fn fill(template: &str) -> String {
    STANDINS
        .iter()
        .fold(template.to_owned(), |text, (name, value)| {
            text.replace(name, value)
        })
}

/// What is known of the workload, in one line.
fn line(workload: &Workload) -> String {
    let mut line = format!("{:?} {}", workload.kind, workload.name);
    let mut put = |label: &str, value: Option<String>| {
        if let Some(value) = value {
            line.push_str(&format!(" {label}={value}"));
        }
    };
    put("unit", workload.unit.clone());
    put("slice", workload.slice.clone());
    put("user", workload.user.map(|uid| uid.to_string()));
    put(
        "container",
        workload
            .container
            .as_ref()
            .map(|c| format!("{:?}:{}", c.runtime, c.id)),
    );
    put(
        "pod",
        workload
            .pod
            .as_ref()
            .map(|pod| format!("{}:{}", pod.qos, pod.uid)),
    );
    put("machine", workload.machine.clone());
    line
}

fn check(rows: &[(&str, &str)]) {
    let wrong: Vec<String> = rows
        .iter()
        .map(|(path, expected)| (fill(path), fill(expected)))
        .filter(|(path, expected)| line(&parse(path)) != *expected)
        .map(|(path, expected)| format!("{path}\n  is  {}\n  not {expected}", line(&parse(&path))))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn systemd() {
    check(&[
        ("/", "Root /"),
        ("", "Root /"),
        ("/init.scope", "SystemdUnit init.scope unit=init.scope"),
        ("/system.slice", "Cgroup system.slice slice=system.slice"),
        (
            "/system.slice/nginx.service",
            "SystemdUnit nginx.service unit=nginx.service slice=system.slice",
        ),
        (
            "/system.slice/foo.service/payload",
            "SystemdUnit foo.service unit=foo.service slice=system.slice",
        ),
        (
            "/system.slice/foo.service/a/b/c",
            "SystemdUnit foo.service unit=foo.service slice=system.slice",
        ),
        // Delegation: what a unit makes below itself takes no other's name.
        (
            "/system.slice/foo.service/bar.service",
            "SystemdUnit foo.service unit=foo.service slice=system.slice",
        ),
        (
            "/system.slice/foo.service/x.slice/user@0.service/y.service",
            "SystemdUnit foo.service unit=foo.service slice=system.slice",
        ),
        (
            r"/system.slice/system-postgresql.slice/postgresql@15-main.service",
            "SystemdUnit postgresql@15-main.service unit=postgresql@15-main.service slice=system-postgresql.slice",
        ),
        (
            r"/system.slice/system-systemd\x2dfsck.slice/systemd-fsck@dev-disk-by\x2duuid-1f2e.service",
            r"SystemdUnit systemd-fsck@dev-disk-by\x2duuid-1f2e.service unit=systemd-fsck@dev-disk-by\x2duuid-1f2e.service slice=system-systemd\x2dfsck.slice",
        ),
        (
            "/system.slice/system-getty.slice/getty@tty1.service",
            "SystemdUnit getty@tty1.service unit=getty@tty1.service slice=system-getty.slice",
        ),
        (
            "/system.slice/docker.socket",
            "SystemdUnit docker.socket unit=docker.socket slice=system.slice",
        ),
        (
            r"/system.slice/var-lib\x2dx.mount",
            r"SystemdUnit var-lib\x2dx.mount unit=var-lib\x2dx.mount slice=system.slice",
        ),
        (
            "/system.slice/dev-sda2.swap",
            "SystemdUnit dev-sda2.swap unit=dev-sda2.swap slice=system.slice",
        ),
        (
            "/system.slice/_cgroup.service",
            "SystemdUnit cgroup.service unit=cgroup.service slice=system.slice",
        ),
        (
            "/customer.slice/customer-images.slice/render.service",
            "SystemdUnit render.service unit=render.service slice=customer-images.slice",
        ),
        (
            "/customer.slice/customer-images.slice",
            "Cgroup customer-images.slice slice=customer-images.slice",
        ),
        (
            "/system.slice/run-r8f1a2b3c4d5e6f708192a3b4c5d6e7f8.scope",
            "SystemdUnit run-r8f1a2b3c4d5e6f708192a3b4c5d6e7f8.scope unit=run-r8f1a2b3c4d5e6f708192a3b4c5d6e7f8.scope slice=system.slice",
        ),
        (
            "/system.slice/slurmstepd.scope/job_12/step_0/user/task_0",
            "SystemdUnit slurmstepd.scope unit=slurmstepd.scope slice=system.slice",
        ),
        (
            "/system.slice/docker-cleanup.scope",
            "SystemdUnit docker-cleanup.scope unit=docker-cleanup.scope slice=system.slice",
        ),
    ]);
}

#[test]
fn users() {
    check(&[
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/app-foo.service",
            "SystemdUserUnit app-foo.service unit=app-foo.service slice=app.slice user=1000",
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/app-org.example.Term.slice/vte-spawn-1.scope",
            "SystemdUserUnit vte-spawn-1.scope unit=vte-spawn-1.scope slice=app-org.example.Term.slice user=1000",
        ),
        (
            "/user.slice/user-1000.slice/session-3.scope",
            "SystemdUnit session-3.scope unit=session-3.scope slice=user-1000.slice user=1000",
        ),
        (
            "/user.slice/user-0.slice/session-c1.scope",
            "SystemdUnit session-c1.scope unit=session-c1.scope slice=user-0.slice user=0",
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service",
            "SystemdUnit user@1000.service unit=user@1000.service slice=user-1000.slice user=1000",
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/init.scope",
            "SystemdUserUnit init.scope unit=init.scope slice=user-1000.slice user=1000",
        ),
        (
            "/user.slice/user-1000.slice",
            "Cgroup user-1000.slice slice=user-1000.slice user=1000",
        ),
        // A user may call a unit as they like: the user stays beside it.
        (
            "/user.slice/user-1000.slice/user@1000.service/system.slice/nginx.service",
            "SystemdUserUnit nginx.service unit=nginx.service slice=system.slice user=1000",
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/user@0.service/sshd.service",
            "SystemdUserUnit user@0.service unit=user@0.service slice=user-1000.slice user=1000",
        ),
    ]);
}

#[test]
fn docker() {
    check(&[
        ("/docker/{ID}", "Container {SHORT} container=Docker:{ID}"),
        (
            "/docker/{ID}/init",
            "Container {SHORT} container=Docker:{ID}",
        ),
        (
            "/docker/{ID}/system.slice/nginx.service",
            "Container {SHORT} container=Docker:{ID}",
        ),
        (
            "/system.slice/docker-{ID}.scope",
            "Container {SHORT} unit=docker-{ID}.scope slice=system.slice container=Docker:{ID}",
        ),
        (
            "/tenant.slice/docker-{ID}.scope/sub",
            "Container {SHORT} unit=docker-{ID}.scope slice=tenant.slice container=Docker:{ID}",
        ),
        (
            "/system.slice:docker:{ID}",
            "Container {SHORT} container=Docker:{ID}",
        ),
        (
            "/system.slice/docker.service/docker/{ID}",
            "Container {SHORT} unit=docker.service slice=system.slice container=Docker:{ID}",
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/docker-{ID}.scope",
            "Container {SHORT} unit=docker-{ID}.scope slice=user.slice user=1000 container=Docker:{ID}",
        ),
        (
            "/ecs/0f1e2d3c/{ID}",
            "Container {SHORT} container=Unknown:{ID}",
        ),
        (
            "/actions_job/{ID}",
            "Container {SHORT} container=Unknown:{ID}",
        ),
        // A node that is itself a container: the outer name is the host's.
        (
            "/docker/{ID}/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-pod{U_I_D}.slice/cri-containerd-{ID}.scope",
            "Container {SHORT} container=Docker:{ID}",
        ),
        ("/docker/buildx", "Cgroup /docker/buildx"),
        ("/docker", "Cgroup /docker"),
    ]);
}

#[test]
fn podman() {
    check(&[
        (
            "/machine.slice/libpod-{ID}.scope",
            "Container {SHORT} unit=libpod-{ID}.scope slice=machine.slice container=Podman:{ID}",
        ),
        (
            "/machine.slice/libpod-{ID}.scope/container",
            "Container {SHORT} unit=libpod-{ID}.scope slice=machine.slice container=Podman:{ID}",
        ),
        (
            "/machine.slice/libpod-conmon-{ID}.scope",
            "Container {SHORT} unit=libpod-conmon-{ID}.scope slice=machine.slice container=Podman:{ID}",
        ),
        (
            "/libpod_parent/libpod-{ID}",
            "Container {SHORT} container=Podman:{ID}",
        ),
        (
            "/libpod_parent/libpod-conmon-{ID}",
            "Container {SHORT} container=Podman:{ID}",
        ),
        (
            "/libpod_parent/00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff/libpod-{ID}",
            "Container {SHORT} container=Podman:{ID}",
        ),
        ("/libpod_parent/conmon", "Cgroup /libpod_parent/conmon"),
        (
            "/machine.slice/machine-libpod_pod_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff.slice/libpod-{ID}.scope",
            "Container {SHORT} unit=libpod-{ID}.scope slice=machine-libpod_pod_00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff.slice container=Podman:{ID}",
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/libpod-{ID}.scope/container",
            "Container {SHORT} unit=libpod-{ID}.scope slice=user.slice user=1000 container=Podman:{ID}",
        ),
        (
            "/system.slice/web.service/libpod-payload-{ID}",
            "Container {SHORT} unit=web.service slice=system.slice container=Podman:{ID}",
        ),
        // Where Quadlet keeps conmon, and pasta or rootlessport for a user.
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service/runtime",
            "SystemdUserUnit web.service unit=web.service slice=app.slice user=1000",
        ),
        (
            "/system.slice/web.service/supervisor",
            "SystemdUnit web.service unit=web.service slice=system.slice",
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/app.slice/web.service/libpod-payload-{ID}",
            "Container {SHORT} unit=web.service slice=app.slice user=1000 container=Podman:{ID}",
        ),
        (
            "/machine.slice/crun-buildah-buildah712.scope",
            "Container buildah-buildah712 unit=crun-buildah-buildah712.scope slice=machine.slice container=Unknown:buildah-buildah712",
        ),
    ]);
}

#[test]
fn containerd_crio_and_runc() {
    check(&[
        (
            "/default/redis",
            "Container redis container=Containerd:redis",
        ),
        (
            "/default/{ID}",
            "Container {SHORT} container=Containerd:{ID}",
        ),
        (
            "/k8s.io/{ID}",
            "Container {SHORT} container=Containerd:{ID}",
        ),
        (
            "/default/nginx.service",
            "SystemdUnit nginx.service unit=nginx.service",
        ),
        ("/moby/{ID}", "Container {SHORT} container=Docker:{ID}"),
        (
            "/system.slice:cri-containerd:{ID}",
            "Container {SHORT} container=Containerd:{ID}",
        ),
        (
            "/system.slice/nerdctl-{ID}.scope",
            "Container {SHORT} unit=nerdctl-{ID}.scope slice=system.slice container=Containerd:{ID}",
        ),
        (
            "/system.slice/cri-containerd-{ID}.scope",
            "Container {SHORT} unit=cri-containerd-{ID}.scope slice=system.slice container=Containerd:{ID}",
        ),
        (
            "/system.slice/containerd.service",
            "SystemdUnit containerd.service unit=containerd.service slice=system.slice",
        ),
        (
            "/system.slice/crio-{ID}.scope",
            "Container {SHORT} unit=crio-{ID}.scope slice=system.slice container=Crio:{ID}",
        ),
        (
            "/system.slice/crio-conmon-{ID}.scope",
            "Container {SHORT} unit=crio-conmon-{ID}.scope slice=system.slice container=Crio:{ID}",
        ),
        (
            "/system.slice/runc-web.scope",
            "Container web unit=runc-web.scope slice=system.slice container=Unknown:web",
        ),
    ]);
}

#[test]
fn kubernetes() {
    check(&[
        (
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{U_I_D}.slice/cri-containerd-{ID}.scope",
            "KubernetesPod {SHORT} unit=cri-containerd-{ID}.scope slice=kubepods-burstable-pod{U_I_D}.slice container=Containerd:{ID} pod=burstable:{UID}",
        ),
        (
            "/kubepods.slice/kubepods-besteffort.slice/kubepods-besteffort-pod{U_I_D}.slice/crio-{ID}.scope/container",
            "KubernetesPod {SHORT} unit=crio-{ID}.scope slice=kubepods-besteffort-pod{U_I_D}.slice container=Crio:{ID} pod=besteffort:{UID}",
        ),
        (
            "/kubepods.slice/kubepods-pod{U_I_D}.slice/docker-{ID}.scope",
            "KubernetesPod {SHORT} unit=docker-{ID}.scope slice=kubepods-pod{U_I_D}.slice container=Docker:{ID} pod=guaranteed:{UID}",
        ),
        (
            "/kubepods.slice/kubepods-burstable.slice/kubepods-burstable-pod{STATIC}.slice/cri-containerd-{ID}.scope",
            "KubernetesPod {SHORT} unit=cri-containerd-{ID}.scope slice=kubepods-burstable-pod{STATIC}.slice container=Containerd:{ID} pod=burstable:{STATIC}",
        ),
        (
            "/kubelet.slice/kubelet-kubepods.slice/kubelet-kubepods-burstable.slice/kubelet-kubepods-burstable-pod{U_I_D}.slice/cri-containerd-{ID}.scope",
            "KubernetesPod {SHORT} unit=cri-containerd-{ID}.scope slice=kubelet-kubepods-burstable-pod{U_I_D}.slice container=Containerd:{ID} pod=burstable:{UID}",
        ),
        (
            "/kubepods.slice/kubepods-pod{U_I_D}.slice",
            "KubernetesPod {UID} slice=kubepods-pod{U_I_D}.slice pod=guaranteed:{UID}",
        ),
        (
            "/kubepods/besteffort/pod{UID}/{ID}",
            "KubernetesPod {SHORT} container=Unknown:{ID} pod=besteffort:{UID}",
        ),
        (
            "/kubepods/burstable/pod{UID}/{ID}/sub",
            "KubernetesPod {SHORT} container=Unknown:{ID} pod=burstable:{UID}",
        ),
        (
            "/kubepods/pod{UID}/{ID}",
            "KubernetesPod {SHORT} container=Unknown:{ID} pod=guaranteed:{UID}",
        ),
        (
            "/kubepods/burstable/pod{UID}/crio-{ID}",
            "KubernetesPod {SHORT} container=Crio:{ID} pod=burstable:{UID}",
        ),
        (
            "/kubepods/burstable/pod{UID}/crio-conmon-{ID}",
            "KubernetesPod {SHORT} container=Crio:{ID} pod=burstable:{UID}",
        ),
        (
            "/kubepods/burstable/pod{UID}",
            "KubernetesPod {UID} pod=burstable:{UID}",
        ),
        (
            "/kubepods-burstable-pod{U_I_D}.slice:cri-containerd:{ID}",
            "KubernetesPod {SHORT} container=Containerd:{ID} pod=burstable:{UID}",
        ),
        (
            "/system.slice/k3s.service/kubepods/burstable/pod{UID}/{ID}",
            "KubernetesPod {SHORT} unit=k3s.service slice=system.slice container=Unknown:{ID} pod=burstable:{UID}",
        ),
        (
            "/kubepods.slice/kubepods-burstable.slice",
            "Cgroup kubepods-burstable.slice slice=kubepods-burstable.slice",
        ),
        ("/kubepods/podcast", "Cgroup /kubepods/podcast"),
        (
            "/kubepods.slice/kubepods-pod1234.slice",
            "Cgroup kubepods-pod1234.slice slice=kubepods-pod1234.slice",
        ),
    ]);
}

#[test]
fn machines() {
    check(&[
        (
            r"/machine.slice/machine-qemu\x2d1\x2dweb\x2d01.scope",
            r"VirtualMachine web-01 unit=machine-qemu\x2d1\x2dweb\x2d01.scope slice=machine.slice machine=web-01",
        ),
        (
            r"/machine.slice/machine-qemu\x2d12\x2ddb.scope/libvirt/vcpu0",
            r"VirtualMachine db unit=machine-qemu\x2d12\x2ddb.scope slice=machine.slice machine=db",
        ),
        (
            r"/machine.slice/machine-qemu\x2d12\x2ddb.scope/libvirt/emulator",
            r"VirtualMachine db unit=machine-qemu\x2d12\x2ddb.scope slice=machine.slice machine=db",
        ),
        (
            r"/machine.slice/machine-lxc\x2d4711\x2dci.scope",
            r"Lxc ci unit=machine-lxc\x2d4711\x2dci.scope slice=machine.slice machine=ci",
        ),
        (
            r"/user.slice/user-1000.slice/user@1000.service/machine.slice/machine-qemu\x2dada\x2d1\x2dweb\x2d01.scope",
            r"VirtualMachine web-01 unit=machine-qemu\x2dada\x2d1\x2dweb\x2d01.scope slice=machine.slice user=1000 machine=web-01",
        ),
        (
            r"/machine.slice/machine-qemu\x2dtools.scope",
            r"Nspawn qemu-tools unit=machine-qemu\x2dtools.scope slice=machine.slice machine=qemu-tools",
        ),
        (
            "/machine/qemu-3-web.libvirt-qemu/emulator",
            "VirtualMachine web machine=web",
        ),
        (
            "/machine/web.libvirt-qemu/vcpu1",
            "VirtualMachine web machine=web",
        ),
        (
            "/machine.slice/machine-debian.scope/payload/init.scope",
            "Nspawn debian unit=machine-debian.scope slice=machine.slice machine=debian",
        ),
        (
            r"/machine.slice/systemd-nspawn@my\x2dbox.service/payload/system.slice/ssh.service",
            r"Nspawn my-box unit=systemd-nspawn@my\x2dbox.service slice=machine.slice machine=my-box",
        ),
        (
            "/lxc.payload.web/system.slice/nginx.service",
            "Lxc web machine=web",
        ),
        ("/lxc.monitor.web", "Lxc web machine=web"),
        (
            "/lxc/101/ns/system.slice/ssh.service",
            "Lxc 101 machine=101",
        ),
        ("/lxc.payload/old", "Lxc old machine=old"),
        ("/lxc/_", "Lxc _ machine=_"),
        (
            "/lxc.payload.k3s/kubepods/burstable/pod{UID}/{ID}",
            "Lxc k3s machine=k3s",
        ),
        (
            "/user.slice/user-1000.slice/user@1000.service/user.slice/lxc.payload.mine",
            "Lxc mine unit=user@1000.service slice=user.slice user=1000 machine=mine",
        ),
    ]);
}

#[test]
fn plain_and_nested() {
    check(&[
        ("/batch", "Cgroup /batch"),
        ("/batch/job-17", "Cgroup /batch/job-17"),
        (
            "/system.slice/plain",
            "Cgroup /system.slice/plain slice=system.slice",
        ),
        ("/batch/a.service/", "SystemdUnit a.service unit=a.service"),
        // A host that is itself in a cgroup of another: directories before the
        // first thing that has a name of its own are passed over.
        (
            "/process_api/515d7aad/system.slice/nginx.service",
            "SystemdUnit nginx.service unit=nginx.service slice=system.slice",
        ),
        (
            "/../../system.slice/nginx.service",
            "SystemdUnit nginx.service unit=nginx.service slice=system.slice",
        ),
        (
            "/host-7/machine.slice/libpod-{ID}.scope",
            "Container {SHORT} unit=libpod-{ID}.scope slice=machine.slice container=Podman:{ID}",
        ),
        (
            "/host-7/libpod_parent/libpod-{ID}",
            "Container {SHORT} container=Podman:{ID}",
        ),
        ("no leading slash", "Cgroup no leading slash"),
        ("/tab\there", "Cgroup /tab\\there"),
    ]);
}

#[test]
fn a_name_that_the_state_told_is_preferred() {
    let mut pod = parse(&fill("/kubepods/pod{UID}/{ID}"));
    pod.container.as_mut().unwrap().name = Some("app".into());
    assert_eq!(short_name(&pod), "app");
    let known = pod.pod.as_mut().unwrap();
    known.namespace = Some("shop".into());
    known.name = Some("web-0".into());
    assert_eq!(short_name(&pod), "shop/web-0");
}

proptest! {
    #[test]
    fn never_panics_and_invents_no_container(path in "\\PC{0,120}") {
        faithful(&path);
    }

    #[test]
    fn shapes_in_any_order_are_faithful(
        parts in prop::collection::vec(prop::sample::select(vec![
            "system.slice", "user@7.service", "user-7.slice", "a.service", "docker", "default",
            "kubepods", "burstable", "pod{UID}", "kubepods-pod{U_I_D}.slice", "{ID}",
            "docker-{ID}.scope", "libpod-{ID}", "crio-conmon-{ID}.scope", "a.slice:x:{ID}",
            "machine-qemu\\x2d1\\x2da.scope", "lxc", "lxc.payload.a", "machine", "..", "", "_", ":",
            "\\x", "runc-.scope", "pod", ".slice", "libpod_parent", "é.service", "kubepods-",
            "machine-.scope", "systemd-nspawn@.service", ".libvirt-qemu",
        ]), 0..8),
    ) {
        faithful(&fill(&format!("/{}", parts.join("/"))));
    }
}

/// What holds of every path.
fn faithful(path: &str) {
    let workload = parse(path);
    assert!(!workload.name.is_empty());
    assert!(!workload.name.chars().any(char::is_control));
    assert_ne!(workload.kind, WorkloadKind::Unknown);
    if let Some(container) = &workload.container {
        assert!(!container.id.is_empty() && path.contains(&container.id));
    }
    for part in [&workload.unit, &workload.slice].into_iter().flatten() {
        assert!(path.contains(part.as_str()));
    }
    assert_eq!(
        workload.pod.is_some(),
        workload.kind == WorkloadKind::KubernetesPod,
        "a pod is a pod wherever it is"
    );
}
