//! Debian's syslog daemon, by each of its ways in.

use std::fs;

use weir_tests::{
    stage::{Stage, ended_well},
    syslogd::Syslogd,
};

use crate::{deviate, metric, settings, to_tell, wait};

#[test]
fn a_syslog_daemon_reads_what_it_is_sent() {
    let stage = Stage::new().unwrap();
    let syslogd = Syslogd::start(&stage).unwrap();
    let way = |name: &str, address: String| {
        format!(
            "[[notify.syslog]]\nname = \"{name}\"\naddress = \"{address}\"\nfacility = \"local4\"\n"
        )
    };
    let ways = [
        way("unix", format!("unix:{}", syslogd.socket.display())),
        way("udp", format!("udp:{}", syslogd.udp)),
        way("tcp", format!("tcp:{}", syslogd.tcp)),
        way("tls", format!("tls:{}", syslogd.tls))
            + &format!("ca_file = \"{}\"\n", syslogd.authority.display()),
    ];
    let settings = settings(&stage, &ways.concat());
    let agent = stage.agent_with(&settings).unwrap();
    let finding = deviate(&stage, &agent);
    let host = fs::read_to_string("/proc/sys/kernel/hostname").unwrap();
    for (sink, input) in [
        ("unix", "imuxsock"),
        ("udp", "imudp"),
        ("tcp", "imtcp"),
        ("tls", "over-tls"),
    ] {
        let own = format!("finding=\"{}\"", finding.id);
        // What was found before it is told before it.
        let messages = || syslogd.wait(input, 1).unwrap();
        wait("it is told", || {
            messages().iter().any(|one| one.data.contains(&own))
        });
        let messages = messages();
        let message = messages.iter().find(|one| one.data.contains(&own)).unwrap();
        assert_eq!(message.priority, "local4.alert", "{input}");
        assert_eq!(message.host, host.trim());
        assert_eq!(message.id, "finding_opened");
        assert_eq!(message.text, format!("page: {}", finding.detail), "{input}");
        let parts = [
            "[weir@32473 delivery=\"",
            " severity=\"page\" entry=\"",
            " kind=\"undeclared\" product=\"image-generation\" workload=\"image-generation.service\"",
            " destination=\"203.0.113.0/24\" jurisdiction=\"US\" flows=\"1\"",
        ];
        for part in parts {
            assert!(message.data.contains(part), "{part} {message:?}");
        }
        wait("all is sent", || metric(&agent, "waiting", sink) == 0);
        let sent = metric(&agent, "delivered_total", sink);
        let read = syslogd.wait(input, usize::try_from(sent).unwrap()).unwrap();
        assert_eq!(read.len() as u64, sent);
        let entry = |one: &weir_tests::syslogd::Message| -> u64 {
            let rest = one.data.split("entry=\"").nth(1).unwrap();
            rest.split('"').next().unwrap().parse().unwrap()
        };
        let entries: Vec<u64> = read.iter().map(entry).collect();
        let wanted: Vec<u64> = to_tell(&settings).into_iter().map(|one| one.0).collect();
        assert_eq!(entries, wanted[..entries.len()], "{input}");
    }
    ended_well(&agent.stop().unwrap()).unwrap();
}
