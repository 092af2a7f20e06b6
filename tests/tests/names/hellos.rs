//! Names that clients present.

use weir_tests::{
    named_stage::{self as names},
    record::Source,
};

use crate::play::{Play, UNDECLARED, answered, at, flow, presented, verdict};

#[test]
fn what_a_client_says_is_a_claim() {
    let play = Play::new();
    let (image, video) = (
        play.image("says"),
        play.stage
            .stage
            .unit("video-generation.service")
            .unwrap()
            .keep(),
    );
    for unit in [&image, &video] {
        for address in [names::CDN.to_owned(), format!("[{}]", names::CDN_V6)] {
            let line = format!("tls --to {address}:8443 --sni {} --alpn h2", names::API);
            play.traffic(unit, &line);
        }
    }
    let (_stage, ended) = play.end();
    for address in [names::CDN, names::CDN_V6] {
        for (unit, expected) in [
            (&image, UNDECLARED),
            (&video, ("declared", Some("video-provider"))),
        ] {
            let flow = flow(&ended, unit, at(address, 8443), "tcp");
            let found = presented(flow);
            assert_eq!(found.name, names::API);
            let source = Source::Tls {
                alpn: vec!["h2".to_owned()],
                ech: "absent".to_owned(),
            };
            assert_eq!(found.source, source);
            assert_eq!(verdict(flow), expected, "{flow}");
        }
    }
}

#[test]
fn a_hello_is_read_however_it_is_cut() {
    let play = Play::new();
    let hows = [
        ("split", "--split 7", "absent"),
        ("records", "--record 64", "absent"),
        ("both", "--split 1 --record 32", "absent"),
        ("large", "--post-quantum", "absent"),
        ("large-split", "--post-quantum --split 100", "absent"),
        ("grease", "--ech-grease", "outer"),
        (
            "everything",
            "--ech-grease --post-quantum --split 50",
            "outer",
        ),
    ];
    let units = hows.map(|(case, how, ech)| {
        let unit = play.image(case);
        let line = format!(
            "tls --to {}:8443 --sni {} --alpn h2,http/1.1 {how}",
            names::CDN,
            names::API
        );
        play.traffic(&unit, &line);
        (unit, how, ech)
    });
    let (_stage, ended) = play.end();
    for (unit, how, ech) in &units {
        let flow = flow(&ended, unit, at(names::CDN, 8443), "tcp");
        let found = presented(flow);
        assert_eq!(found.name, names::API, "{how}");
        let source = Source::Tls {
            alpn: vec!["h2".to_owned(), "http/1.1".to_owned()],
            ech: (*ech).to_owned(),
        };
        assert_eq!(found.source, source, "{how}");
    }
}

#[test]
fn quic_presents_a_name_too() {
    let play = Play::new();
    let units = ["", "--post-quantum"].map(|how| {
        let unit = play.image(&format!("quic{how}"));
        for address in [names::CDN.to_owned(), format!("[{}]", names::CDN_V6)] {
            let line = format!("quic --to {address}:443 --sni {} --alpn h3", names::API);
            let line = format!("{line} {how}");
            play.traffic(&unit, line.trim_end());
        }
        unit
    });
    let (_stage, ended) = play.end();
    for unit in &units {
        for address in [names::CDN, names::CDN_V6] {
            let flow = flow(&ended, unit, at(address, 443), "udp");
            let found = presented(flow);
            assert_eq!(found.name, names::API);
            let source = Source::Quic {
                alpn: vec!["h3".to_owned()],
                ech: "absent".to_owned(),
            };
            assert_eq!(found.source, source);
            assert_eq!(verdict(flow), UNDECLARED, "{flow}");
        }
    }
}

#[test]
fn a_hello_that_contradicts_the_answer_is_a_finding() {
    let play = Play::new();
    let (fronted, hidden) = (play.image("fronted"), play.image("hidden"));
    // Looks up what nobody declared and says what somebody did; and the reverse.
    for (unit, asks, says) in [
        (&fronted, names::STRANGER, names::API),
        (&hidden, names::API, names::STRANGER),
    ] {
        play.dig(unit, &format!("@{} {asks}", names::RESOLVER));
        play.traffic(unit, &format!("tls --to {}:443 --sni {says}", names::CDN));
    }
    let (_stage, ended) = play.end();
    for (unit, asks, says) in [
        (&fronted, names::STRANGER, names::API),
        (&hidden, names::API, names::STRANGER),
    ] {
        let flow = flow(&ended, unit, at(names::CDN, 443), "tcp");
        assert_eq!(answered(flow).name, asks);
        assert_eq!(presented(flow).name, says);
        let contradiction = flow.names.contradiction.as_deref().unwrap_or_default();
        assert!(
            contradiction.contains(asks) && contradiction.contains(says),
            "{:?}",
            flow.names
        );
    }
    let flow = flow(&ended, &fronted, at(names::CDN, 443), "tcp");
    assert_eq!(verdict(flow), UNDECLARED, "{flow}");
}
