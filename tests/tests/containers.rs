//! Real podman containers in network namespaces of their own.

#![expect(clippy::unwrap_used, reason = "tests")]

use std::{collections::BTreeMap, fs, net::SocketAddr};

use weir_tests::{
    container::{Container, Image, Storage},
    scenario::Says,
    stage::{self, Stage},
    traffic::Protocol::{self, Tcp, Udp},
};

const VIDEO: Option<&str> = Some("video-generation");
/// Addresses of the host in whose namespace the container runs.
const POD: [&str; 2] = ["10.77.0.11", "2001:db8:77::11"];

fn container(stage: &Stage, image: &Image, name: &str) -> Container {
    let pod = stage
        .world
        .host("pod", &POD.map(|address| address.parse().unwrap()))
        .unwrap();
    image.start(&stage.slice, &pod, name).unwrap()
}

#[test]
fn a_container_gets_its_verdicts_to_the_byte() {
    let stage = Stage::new().unwrap();
    let image = Image::import(&stage.run, &stage.slice, Storage::Host).unwrap();
    let agent = stage.agent().unwrap();
    let mut container = container(&stage, &image, "video-generation-1");
    let rows: [(&str, &str, Protocol, Says); 6] = [
        (
            "tcp --bytes 4096 --reply 30000",
            "198.51.100.129:443",
            Tcp,
            Says {
                product: VIDEO,
                verdict: "declared",
                rule: Some("video-provider"),
                country: Some("NO"),
            },
        ),
        (
            "udp --bytes 500 --echo --count 4",
            "198.51.100.129:53",
            Udp,
            Says {
                product: VIDEO,
                verdict: "declared",
                rule: Some("video-datagrams"),
                country: Some("NO"),
            },
        ),
        (
            "tcp --bytes 4096 --reply 300",
            "203.0.113.9:443",
            Tcp,
            Says {
                product: VIDEO,
                verdict: "undeclared",
                rule: None,
                country: Some("US"),
            },
        ),
        (
            "tcp --bytes 4096 --reply 300",
            "[2001:db8:2::9]:443",
            Tcp,
            Says {
                product: VIDEO,
                verdict: "undeclared",
                rule: None,
                country: Some("US"),
            },
        ),
        (
            "udp --bytes 90 --echo --call sendto",
            "[2001:db8:2::9]:53",
            Udp,
            Says {
                product: VIDEO,
                verdict: "undeclared",
                rule: None,
                country: Some("US"),
            },
        ),
        (
            "tcp --bytes 4096 --reply 300",
            "10.77.0.20:8080",
            Tcp,
            Says {
                product: VIDEO,
                verdict: "internal",
                rule: None,
                country: None,
            },
        ),
    ];
    let mut played = Vec::new();
    for (traffic, to, protocol, says) in rows {
        container.traffic(&format!("{traffic} --to {to}")).unwrap();
        let to: SocketAddr = to.parse().unwrap();
        let local = POD[usize::from(to.is_ipv6())].parse().unwrap();
        let wire = stage
            .wire
            .exchange(SocketAddr::new(local, 0), to, protocol)
            .unwrap();
        played.push((to, protocol, says, wire));
    }
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    let (path, id) = (container.cgroup_path(), container.id().to_owned());
    let ended = agent.stop().unwrap();
    stage::ended_well(&ended).unwrap();
    for (to, protocol, says, wire) in played {
        let flow = ended.only(&path, to, protocol.label()).unwrap();
        says.of(flow).unwrap();
        stage::balances(flow, &wire).unwrap();
        let seen = flow.workload.container.as_ref().unwrap();
        assert_eq!(flow.workload.kind, "container");
        assert_eq!(
            (seen.id.as_str(), seen.runtime.as_str()),
            (id.as_str(), "podman")
        );
        assert_eq!(seen.name.as_deref(), Some("video-generation-1"));
        assert_eq!(seen.image.as_deref(), Some(image.name().as_str()));
        let labels = BTreeMap::from([("weir-run".to_owned(), stage.run.name().to_owned())]);
        assert_eq!(seen.labels.known, labels);
        assert_eq!(seen.labels.incomplete, None);
        assert_eq!(flow.workload.name, "video-generation-1");
        assert_eq!(flow.workload.host.as_deref(), Some(host.trim_end()));
    }
}

#[test]
fn a_container_without_a_readable_name_is_known_by_its_id() {
    let stage = Stage::new().unwrap();
    let image = Image::import(&stage.run, &stage.slice, Storage::Temporary).unwrap();
    let agent = stage.agent().unwrap();
    let mut container = container(&stage, &image, "video-generation-2");
    container.traffic("udp --to 203.0.113.9:53 --echo").unwrap();
    let ended = agent.stop().unwrap();
    let to = "203.0.113.9:53".parse().unwrap();
    let flow = ended.only(&container.cgroup_path(), to, "udp").unwrap();
    let seen = flow.workload.container.as_ref().unwrap();
    assert_eq!(seen.id, container.id());
    assert_eq!(seen.name, None);
    assert!(container.id().starts_with(&flow.workload.name), "{flow}");
}
