//! Every verdict with its exact rule and reason.

use jiff::civil::{Date, date};

use super::{sample::sample, *};
use crate::verdict::Verdict;

const TODAY: Date = date(2026, 11, 1);

/// Product, verdict, rule and reason.
#[track_caller]
#[expect(
    clippy::needless_pass_by_value,
    reason = "every caller builds the flow in place"
)]
fn expect(
    flow: Located,
    product: Option<&str>,
    verdict: Verdict,
    rule: Option<&str>,
    reason: &str,
) {
    let judged = judge(flow.clone(), &sample(), TODAY);
    assert_eq!(judged.reason, reason);
    assert_eq!(judged.product.as_deref(), product);
    assert_eq!(judged.verdict, verdict);
    assert_eq!(judged.rule.as_deref(), rule);
    assert_eq!(judged.flow, flow, "the flow goes through unchanged");
}

fn image(address: &str) -> Located {
    flow("image-1.service", address)
}

/// Both its cgroup and its peer's address are the canary's own.
#[test]
fn of_the_canary() {
    let canary = |path: &str, address| {
        let mut located = flow("canary", address);
        let mut workload = located.flow.flow.workload.as_ref().clone();
        workload.cgroup_path = Some(path.into());
        located.flow.flow.workload = Arc::new(workload);
        judge(located, &sample(), TODAY)
    };
    let own = canary("/weir-canary-7", "192.0.2.11");
    assert_eq!(own.verdict, Verdict::Internal);
    assert_eq!(
        own.reason,
        "192.0.2.11 is the peer of the agent's canary, which sends to prove that it is recorded"
    );
    for (path, address) in [
        ("/weir-canary-7", "192.0.3.11"),
        ("/system.slice/weir-canary-7", "192.0.2.11"),
    ] {
        assert_eq!(
            canary(path, address).verdict,
            Verdict::Unattributed,
            "{path}"
        );
    }
}

#[test]
fn declared() {
    expect(
        image("198.51.100.9"),
        Some("image"),
        Verdict::Declared,
        Some("provider"),
        "entry provider of image declares 198.51.100.9:443/tcp outbound (hosted in DE, inside EEA)",
    );
    expect(
        with_record(image("2001:db8:a::9"), |r| r.port = 8100),
        Some("image"),
        Verdict::Declared,
        Some("provider"),
        "entry provider of image declares [2001:db8:a::9]:8100/tcp outbound \
         (hosted in DE, inside EEA)",
    );
    expect(
        with_record(hosted(image("203.0.113.200"), "SE"), |r| r.port = 9443),
        Some("image"),
        Verdict::Declared,
        Some("anywhere-in-sweden"),
        "entry anywhere-in-sweden of image declares 203.0.113.200:9443/tcp outbound \
         (hosted in SE, inside EEA)",
    );
    // The last day counts.
    expect(
        image("203.0.113.8"),
        Some("image"),
        Verdict::Declared,
        Some("last-day"),
        "entry last-day of image declares 203.0.113.8:443/tcp outbound (hosted in DE, inside EEA)",
    );
    let icmp = |flow, protocol| {
        with_record(flow, |r| {
            r.port = 0;
            r.protocol = protocol;
        })
    };
    expect(
        icmp(image("2001:db8:a::9"), Protocol::ICMPV6),
        Some("image"),
        Verdict::Declared,
        Some("ping"),
        "entry ping of image declares 2001:db8:a::9/icmpv6 outbound (hosted in DE, inside EEA)",
    );
}

#[test]
fn declared_by_the_platform_for_every_product() {
    let video = with_workload(flow("v.service", "192.0.2.123"), |w| {
        w.slice = Some("video.slice".into());
    });
    let video = with_record(video, |r| {
        r.port = 123;
        r.protocol = Protocol::UDP;
    });
    expect(
        unlocated(video),
        Some("video"),
        Verdict::Declared,
        Some("shared-time"),
        "entry shared-time of the platform declares 192.0.2.123:123/udp outbound \
         (place unknown: no database holds it)",
    );
}

#[test]
fn inbound_is_not_outbound() {
    let client = |flow| with_record(flow, |r| r.direction = Direction::Inbound);
    expect(
        client(hosted(image("203.0.113.9"), "US")),
        Some("image"),
        Verdict::Declared,
        Some("clients"),
        "entry clients of image declares 203.0.113.9 to port 443/tcp inbound \
         (hosted in US, outside EEA)",
    );
    expect(
        client(image("198.51.100.9")),
        Some("image"),
        Verdict::Undeclared,
        None,
        "no entry of image declares 198.51.100.9 to port 443/tcp inbound \
         (hosted in DE, inside EEA)",
    );
}

#[test]
fn undeclared() {
    expect(
        hosted(image("203.0.113.9"), "US"),
        Some("image"),
        Verdict::Undeclared,
        None,
        "no entry of image declares 203.0.113.9:443/tcp outbound (hosted in US, outside EEA)",
    );
    // The right network and the wrong port, or protocol.
    for wrong in [
        with_record(image("198.51.100.9"), |r| r.port = 8101),
        with_record(image("198.51.100.9"), |r| r.protocol = Protocol::UDP),
    ] {
        assert_eq!(judge(wrong, &sample(), TODAY).verdict, Verdict::Undeclared);
    }
    // Another country than the one that is all an entry names.
    let elsewhere = with_record(hosted(image("203.0.113.200"), "NO"), |r| r.port = 9443);
    assert_eq!(
        judge(elsewhere, &sample(), TODAY).verdict,
        Verdict::Undeclared
    );
}

#[test]
fn out_of_jurisdiction() {
    expect(
        hosted(image("198.51.100.9"), "US"),
        Some("image"),
        Verdict::OutOfJurisdiction,
        Some("provider"),
        "entry provider of image declares 198.51.100.9:443/tcp outbound only when hosted in EEA \
         (hosted in US, outside EEA)",
    );
}

#[test]
fn expired() {
    expect(
        image("203.0.113.7"),
        Some("image"),
        Verdict::Expired,
        Some("old"),
        "entry old of image declared 203.0.113.7:443/tcp outbound until 2026-10-31 \
         and has expired (hosted in DE, inside EEA)",
    );
    // Better than the entry in force that does not admit the place, since the
    // expired one would have declared it.
    let both = with_record(image("203.0.113.7"), |r| r.port = 8443);
    assert_eq!(
        judge(both.clone(), &sample(), TODAY).rule.as_deref(),
        Some("old")
    );
    // And not where the entry in force declares it.
    let declared = judge(hosted(both, "NO"), &sample(), TODAY);
    assert_eq!(declared.rule.as_deref(), Some("old-in-norway"));
    assert_eq!(declared.verdict, Verdict::Declared);
    // Before it expired, it declared.
    let before = judge(image("203.0.113.7"), &sample(), date(2026, 10, 31));
    assert_eq!(before.verdict, Verdict::Declared);
}

#[test]
fn indeterminate_place() {
    expect(
        disputed(image("198.51.100.9")),
        Some("image"),
        Verdict::Indeterminate,
        Some("provider"),
        "entry provider of image declares 198.51.100.9:443/tcp outbound only when hosted in EEA, \
         which cannot be told (place disputed: geo-a says DE, geo-b says US, geo-c says US, but was \
         built 2026-01-01, older than its limit of 45 days)",
    );
    expect(
        with_record(unlocated(image("203.0.113.200")), |r| r.port = 9443),
        Some("image"),
        Verdict::Indeterminate,
        Some("anywhere-in-sweden"),
        "entry anywhere-in-sweden of image declares 203.0.113.200:9443/tcp outbound only when \
         hosted in SE, which cannot be told (place unknown: no database holds it)",
    );
    // Hosted in Germany by every source, and elsewhere too.
    expect(
        anycast(image("198.51.100.9")),
        Some("image"),
        Verdict::Indeterminate,
        Some("provider"),
        "entry provider of image declares 198.51.100.9:443/tcp outbound only when hosted in EEA, \
         which cannot be told (place unknown: 198.51.100.9 is announced from several places \
         (anycast) according to geo-a and geo-c)",
    );
    // A day for which the set says nothing.
    let judged = judge(image("198.51.100.9"), &sample(), date(2019, 1, 1));
    assert_eq!(judged.verdict, Verdict::Indeterminate);
    assert_eq!(
        judged.reason,
        "entry provider of image declares 198.51.100.9:443/tcp outbound only when hosted in EEA, \
         which cannot be told (hosted in DE; EEA has no members dated 2019-01-01)"
    );
}

#[test]
fn indeterminate_without_a_destination() {
    for scope in [Scope::Folded, Scope::Sink] {
        expect(
            with_record(image("0.0.0.0"), |r| r.scope = scope),
            Some("image"),
            Verdict::Indeterminate,
            None,
            "the destination is not known: the kernel had no room to keep it apart",
        );
    }
}

#[test]
fn indeterminate_claim() {
    let contested = with_workload(image("203.0.113.9"), |w| {
        w.slice = Some("video.slice".into());
    });
    expect(
        contested,
        None,
        Verdict::Indeterminate,
        None,
        "workload image-1.service is claimed by image and video",
    );
    let nameless = with_workload(flow("x.scope", "203.0.113.9"), |w| {
        w.container = Some(container(None, Some("registry.internal/image/worker:1")));
    });
    expect(
        nameless,
        None,
        Verdict::Indeterminate,
        None,
        "workload x.scope may be of image, but its container is not known",
    );
}

#[test]
fn unattributed() {
    expect(
        hosted(flow("stray.service", "203.0.113.9"), "US"),
        None,
        Verdict::Unattributed,
        None,
        "no product claims workload stray.service; it reached 203.0.113.9:443/tcp outbound \
         (hosted in US, outside EEA)",
    );
    let pathless = with_workload(flow("cgroup 7", "203.0.113.9"), |w| {
        w.kind = WorkloadKind::Unknown;
        w.cgroup_path = None;
        w.unit = None;
        w.slice = None;
        w.unknown = Some("its cgroup was gone".into());
    });
    expect(
        pathless,
        None,
        Verdict::Unattributed,
        None,
        "no product claims workload cgroup 7 (its cgroup was gone); \
         it reached 203.0.113.9:443/tcp outbound (hosted in DE, inside EEA)",
    );
}

#[test]
fn internal_whoever_calls() {
    expect(
        unlocated(flow("stray.service", "10.9.1.2")),
        None,
        Verdict::Internal,
        None,
        "10.9.1.2 is in 10.9.0.0/16, a network of the platform (storage)",
    );
    expect(
        image("::1"),
        Some("image"),
        Verdict::Internal,
        None,
        "::1 is this host",
    );
    expect(
        image("127.0.0.53"),
        Some("image"),
        Verdict::Internal,
        None,
        "127.0.0.53 is this host",
    );
}

/// No database, of whatever opinion, contradicts the platform about its own.
#[test]
fn internal_whatever_databases_say() {
    let own = || image("10.9.1.2");
    for flow in [
        hosted(own(), "US"),
        disputed(own()),
        anycast(own()),
        unlocated(own()),
    ] {
        expect(
            flow,
            Some("image"),
            Verdict::Internal,
            None,
            "10.9.1.2 is in 10.9.0.0/16, a network of the platform (storage)",
        );
    }
}

#[test]
fn workloads_of_every_kind() {
    let place = "198.51.100.9";
    let stray = || flow("stray.scope", place);
    let claimed = [
        with_workload(stray(), |w| {
            w.container = Some(container(Some("image-1"), Some("registry.internal/a/b")));
        }),
        with_workload(stray(), |w| {
            w.pod = Some(pod(Some("image"), Some("worker-1")));
        }),
        with_workload(stray(), |w| w.machine = Some("render-1".into())),
        with_workload(stray(), |w| {
            w.cgroup_path = Some("/image.slice/a/b.service".into());
        }),
        {
            let mut flow = with_record(stray(), |r| {
                r.process = Some(Process {
                    pid: 1,
                    uid: 990,
                    comm: "x".into(),
                    start_ns: 1,
                });
            });
            flow.flow.flow.executable = Executable::Path("/opt/image/bin/worker".into());
            flow
        },
    ];
    for flow in claimed {
        assert_eq!(
            judge(flow.clone(), &sample(), TODAY).product.as_deref(),
            Some("image"),
            "{flow:?}"
        );
    }
    let strangers = [
        stray(),
        with_workload(stray(), |w| {
            w.container = Some(container(Some("image-1"), Some("elsewhere.example/a/b")));
        }),
        with_workload(stray(), |w| {
            w.pod = Some(pod(Some("image"), Some("worker-10")));
        }),
        // A user's own unit is not the system's unit of that name.
        with_workload(flow("image-1.service", place), |w| {
            w.kind = WorkloadKind::SystemdUserUnit;
            w.user = Some(1000);
        }),
    ];
    for flow in strangers {
        assert_eq!(
            judge(flow.clone(), &sample(), TODAY).verdict,
            Verdict::Unattributed,
            "{flow:?}"
        );
    }
}

/// A short-lived process whose program is not known is still its unit's.
#[test]
fn unknown_program_does_not_undo_a_certain_claim() {
    let mut flow = image("198.51.100.9");
    flow.flow.flow.executable = Executable::Unknown("gone".into());
    flow.flow.flow.record.process = None;
    assert_eq!(judge(flow, &sample(), TODAY).verdict, Verdict::Declared);
}
