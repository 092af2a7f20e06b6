//! A recording that outlives the agent. Needs root; never skips itself.
#![expect(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::{fs, net::UdpSocket, path::PathBuf, time::Duration};

use aya::{
    Ebpf,
    maps::{Array, Map, MapData},
};
use weir::{
    kernel::{
        Capture, CaptureOptions, CgroupDirectory, Clock, Found, Pins, UplinkHook, find_cgroup_root,
    },
    record::{Change, IdlePolicy, Seen, Sweeper},
};
use weir_common::{ABI_VERSION, Meta};

const OPTIONS: CaptureOptions = CaptureOptions {
    max_flows: 511,
    program_stats: false,
    uplink_hook: UplinkHook::Tcx,
};

const PORT: u16 = 20_000;

/// A directory for pins, removed with all programs at the end.
struct Place(Pins);

impl Place {
    fn new(name: &str) -> Self {
        // Mounts the filesystem where there is none.
        Pins::find().unwrap();
        let name = format!("weir-test-{name}-{}", std::process::id());
        Self(Pins::at(PathBuf::from("/sys/fs/bpf").join(name)))
    }

    fn start(&self) -> Capture {
        let root = CgroupDirectory::open(&find_cgroup_root().unwrap()).unwrap();
        Capture::start(&root, OPTIONS, Some(&self.0)).unwrap()
    }

    fn adopt(&self) -> Capture {
        match Capture::find(&self.0, OPTIONS).unwrap() {
            Found::Same(capture) => capture,
            Found::Nothing => panic!("nothing"),
            Found::Other(_, why) | Found::Foreign(why) => panic!("{why}"),
        }
    }

    fn foreign(&self) -> String {
        match Capture::find(&self.0, OPTIONS).unwrap() {
            Found::Foreign(why) => why,
            _ => panic!("not foreign"),
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.0.remove().unwrap();
    }
}

/// Sends one datagram of 100 bytes to a port of this host.
fn send(socket: &UdpSocket) {
    while socket.send_to(&[0; 100], ("127.0.0.1", PORT)).is_err() {}
}

/// Slot and egress packets of the flow to [`PORT`].
fn flow(capture: &Capture) -> Option<(u32, u64)> {
    let used = 0..capture.used_slots().unwrap();
    used.filter(|slot| capture.slots().is_live(*slot))
        .find(|slot| capture.slots().identity(*slot).unwrap().0.port == PORT)
        .map(|slot| (slot, capture.slots().counts(slot).unwrap().egress_packets))
}

#[test]
fn counts_go_on_in_the_same_slot() {
    let place = Place::new("adopt");
    assert!(matches!(
        Capture::find(&place.0, OPTIONS).unwrap(),
        Found::Nothing
    ));
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let first = place.start();
    send(&socket);
    let (slot, packets) = flow(&first).unwrap();
    assert_eq!(packets, 1);
    let recording = first.incarnation();
    drop(first);
    send(&socket);
    let second = place.adopt();
    assert_eq!(second.incarnation(), recording);
    send(&socket);
    assert_eq!(flow(&second), Some((slot, 3)));
    for (kind, count) in second.losses().unwrap() {
        assert_eq!(count, 0, "{}", kind.label());
    }
}

#[test]
fn detaching_leaves_nothing() {
    let place = Place::new("detach");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut capture = place.start();
    send(&socket);
    capture.detach().unwrap();
    send(&socket);
    assert_eq!(flow(&capture).unwrap().1, 1);
    assert!(!place.0.exist());
}

#[test]
fn a_slot_that_was_retired_before_a_crash_is_closed_after_it() {
    let place = Place::new("retired");
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let mut first = place.start();
    send(&socket);
    let (slot, _) = flow(&first).unwrap();
    let (key, ..) = first.slots().identity(slot).unwrap();
    first.retire(slot, &key);
    drop(first);

    let mut second = place.adopt();
    let mut sweeper = Sweeper::default();
    let clock = Clock::read().unwrap();
    let found = sweeper.adopt(&second, &clock).unwrap();
    assert_eq!(found.len(), 1);
    let Seen::Flow(record) = &found[0].seen else {
        panic!("{found:?}");
    };
    assert_eq!(record.counters.egress_packets, 1);
    let never = IdlePolicy {
        released: Duration::MAX,
        open: Duration::MAX,
    };
    let closed = sweeper.close_idle(&mut second, &clock, never).unwrap();
    assert_eq!(closed.len(), 1);
    assert_eq!((closed[0].slot, closed[0].change), (slot, Change::Closed));
    sweeper.give_back(&mut second).unwrap();
    // The socket finds a slot again: the one that was given back.
    send(&socket);
    assert_eq!(flow(&second), Some((slot, 1)));
}

#[test]
fn another_interface_is_not_read() {
    let place = Place::new("abi");
    drop(place.start());
    let pin = place.0.current().join("META");
    let data = MapData::from_pin(&pin).unwrap();
    let mut map: Array<_, Meta> = Map::from_map_data(data).unwrap().try_into().unwrap();
    let meta = map.get(&0, 0).unwrap();
    let later = Meta {
        abi_version: ABI_VERSION + 1,
        ..meta
    };
    // Nobody may write it any more, so another takes its place.
    map.set(0, later, 0).unwrap_err();
    let object = aya::include_bytes_aligned!(env!("XTASK_BPF_OBJECT_PATH"));
    let mut other = Ebpf::load(object).unwrap();
    let map = other.take_map("META").unwrap();
    let mut map: Array<_, Meta> = map.try_into().unwrap();
    map.set(0, later, 0).unwrap();
    fs::remove_file(&pin).unwrap();
    map.pin(&pin).unwrap();
    assert_eq!(
        place.foreign(),
        format!(
            "it has version {} of the kernel interface, this agent {ABI_VERSION}",
            ABI_VERSION + 1
        )
    );
}

#[test]
fn a_recording_with_a_missing_part_is_not_read() {
    let place = Place::new("part");
    drop(place.start());
    fs::remove_file(place.0.current().join("FLOWS")).unwrap();
    let why = place.foreign();
    assert!(why.starts_with("map `FLOWS`: "), "{why}");
}
