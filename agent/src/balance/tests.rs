#![expect(clippy::unwrap_used, reason = "tests")]
use proptest::prelude::*;

use super::*;

const TO: (IpAddr, Protocol) = (
    IpAddr::V4(std::net::Ipv4Addr::new(203, 0, 113, 9)),
    Protocol::UDP,
);

fn moved(bytes: u64) -> Moved {
    Moved { bytes, packets: 1 }
}

fn of(cgroup: u64) -> Owner {
    Owner {
        cgroup,
        from: 0,
        port: 53,
    }
}

fn behind(from: u32) -> Owner {
    Owner {
        cgroup: 0,
        from,
        port: 53,
    }
}

/// What is unseen once all is quiet.
fn settled(balance: &mut Balance) -> Vec<Unseen> {
    (0..QUIET)
        .flat_map(|_| balance.look(false))
        .map(|(_, unseen)| unseen)
        .collect()
}

#[test]
fn what_sockets_sent_balances() {
    let mut balance = Balance::default();
    balance.socket(TO, 7, moved(100));
    balance.uplink(TO, of(7), Via::Uplink, moved(100));
    assert_eq!(settled(&mut balance), []);
    let sums = Sums {
        uplink_bytes: 100,
        ..Sums::default()
    };
    assert_eq!(balance.sums(), sums);
}

#[test]
fn what_passes_the_sockets_is_its_cgroups() {
    let mut balance = Balance::default();
    balance.socket(TO, 7, moved(100));
    balance.uplink(TO, of(7), Via::Uplink, moved(100));
    balance.uplink(TO, of(8), Via::Uplink, moved(60));
    let unseen = Unseen {
        owner: of(8),
        moved: moved(60),
    };
    assert_eq!(settled(&mut balance), [unseen]);
    // Told once, and again only when there is more.
    assert_eq!(settled(&mut balance), []);
    balance.uplink(TO, of(8), Via::Uplink, moved(1));
    assert_eq!(settled(&mut balance)[0].moved.bytes, 61);
}

#[test]
fn what_a_container_sent_through_a_bridge_was_seen_at_its_socket() {
    let mut balance = Balance::default();
    balance.socket(TO, 7, moved(100));
    balance.uplink(TO, behind(3), Via::Uplink, moved(100));
    assert_eq!(settled(&mut balance), []);
}

#[test]
fn what_a_guest_sent_was_seen_at_no_socket() {
    let mut balance = Balance::default();
    balance.uplink(TO, behind(4), Via::Uplink, moved(500));
    let unseen = Unseen {
        owner: behind(4),
        moved: moved(500),
    };
    assert_eq!(settled(&mut balance), [unseen]);
}

#[test]
fn what_never_reached_an_uplink_is_set_apart() {
    let mut balance = Balance::default();
    balance.socket(TO, 7, moved(100));
    assert_eq!(settled(&mut balance), []);
    assert_eq!(balance.sums(), Sums::default());
    balance.uplink(TO, of(7), Via::Uplink, moved(40));
    assert_eq!(balance.sums().missing_bytes, 60);
}

/// 100 bytes in a tunnel to port 53, as they leave in its name.
fn wrapped(balance: &mut Balance, times: u64) {
    balance.tunnel(53);
    for _ in 0..times {
        balance.uplink(TO, behind(3), Via::Uplink, moved(100 + 20 + 8 + 8 + 14));
    }
}

#[test]
fn what_a_tunnel_wraps_is_not_unseen() {
    const INNER: (IpAddr, Protocol) = (
        IpAddr::V4(std::net::Ipv4Addr::new(10, 5, 0, 2)),
        Protocol::TCP,
    );
    let mut balance = Balance::default();
    wrapped(&mut balance, 2);
    balance.socket(INNER, 7, moved(200));
    let two = Moved {
        bytes: 200,
        packets: 2,
    };
    balance.uplink(INNER, of(7), Via::Tunnel(53), two);
    assert_eq!(settled(&mut balance), []);
    let sums = Sums {
        uplink_bytes: 300,
        wrapped_bytes: 300,
        ..Sums::default()
    };
    assert_eq!(balance.sums(), sums);
}

#[test]
fn what_leaves_as_if_wrapped_and_never_went_in_is_unseen() {
    let mut balance = Balance::default();
    wrapped(&mut balance, 1);
    let found = settled(&mut balance);
    assert_eq!(found.len(), 1);
    assert_eq!(found[0].moved.bytes, 150);
    assert_eq!(balance.sums().unseen_bytes, 150);
}

#[test]
fn a_residual_is_told_beyond_the_tolerance_and_when_it_doubles() {
    let mut balance = Balance::default();
    let of_sockets = |balance: &mut Balance, bytes| {
        balance.socket(TO, 7, moved(bytes));
        settled(balance);
        let told = balance.residuals(false);
        told.first().map(|(_, residual)| residual.missing.bytes)
    };
    assert_eq!(
        of_sockets(&mut balance, 50_000),
        None,
        "reached by no uplink"
    );
    balance.uplink(TO, of(7), Via::Uplink, moved(50_000));
    assert_eq!(of_sockets(&mut balance, 6_000), None);
    assert_eq!(of_sockets(&mut balance, 1), Some(6_001));
    assert_eq!(of_sockets(&mut balance, 6_001), None);
    assert_eq!(of_sockets(&mut balance, 1), Some(12_003));
}

/// However many destinations there are, those that are compared go.
#[test]
fn memory_is_bounded_and_sums_stay() {
    let mut balance = Balance::default();
    let count = u32::try_from(MOST_DESTINATIONS).unwrap() + 1;
    for number in 0..count {
        let to = (IpAddr::V4(number.into()), Protocol::UDP);
        balance.uplink(to, of(7), Via::Uplink, moved(1));
    }
    let told = settled(&mut balance).len();
    assert_eq!(told, MOST_DESTINATIONS + 1);
    assert!(balance.forgotten().is_empty());
    balance.look(false);
    assert_eq!(balance.forgotten().len(), MOST_DESTINATIONS + 1);
    assert!(balance.destinations.is_empty());
    assert_eq!(balance.sums().unseen_bytes, u64::from(count));
}

proptest! {
    /// All that left is either accounted for by sockets or given to an owner.
    #[test]
    fn nothing_that_left_is_unaccounted(
        sockets in proptest::collection::vec((0u64..4, 1u64..1000), 0..8),
        uplinks in proptest::collection::vec((0u64..4, 0u32..3, 1u64..1000), 1..8),
    ) {
        let mut balance = Balance::default();
        for (cgroup, bytes) in &sockets {
            balance.socket(TO, *cgroup, moved(*bytes));
        }
        for (cgroup, from, bytes) in &uplinks {
            let owner = Owner { cgroup: *cgroup, from: *from, port: 53 };
            balance.uplink(TO, owner, Via::Uplink, moved(*bytes));
        }
        let told: u64 = balance.look(true).iter().map(|(_, one)| one.moved.bytes).sum();
        let left: u64 = uplinks.iter().map(|(.., bytes)| bytes).sum();
        let sent: u64 = sockets.iter().map(|(_, bytes)| bytes).sum();
        let sums = balance.sums();
        prop_assert_eq!(sums.uplink_bytes, left);
        prop_assert_eq!(sums.unseen_bytes, left.saturating_sub(sent));
        prop_assert!(told <= sums.unseen_bytes);
        prop_assert_eq!(left + sums.missing_bytes, sent + sums.unseen_bytes);
    }
}
