//! Names, and what they are worth.

use weir_tests::named_stage as names;

use super::{NO_ENTRY, NO_NAME, Played, SAID, TIME, TOO_OLD, decided};

pub(super) fn a_declared_name_through_an_alias(played: &Played) {
    let page = played.page("chain", &format!("{}:443", names::CDN));
    page.assert(
        "NAMES",
        &[
            "  answered            api.provider.example",
            "                      alias of edge.cdn.example",
            "                      answered by 10.77.0.53 over UDP",
            TIME,
            SAID,
            "                      said in a TLS ClientHello; ALPN h2, http/1.1; no ECH",
            TIME,
        ],
    );
    page.assert(
        "PLACE",
        &[
            "hosted in      DE (unanimous, 1 of 3 sources); inside EEA",
            "  test         DE; for 198.51.100.0/25",
            NO_ENTRY,
            TOO_OLD,
            "registered in  unknown: no database tells the country of registration",
            "operator       AS64496 Example Content Network GmbH (unanimous, 1 of 1 sources)",
            "  systems      AS64496 Example Content Network GmbH; for 198.51.100.0/25",
            "anycast        unknown: no database tells whether it is announced from several",
            "               places",
        ],
    );
    page.assert(
        "OPERATOR'S HOME",
        &[
            "provider       example-content-network by AS64496",
            "legal entity   Example Content Network GmbH",
            "parent         Example Holdings Inc.",
            "domicile       US (reviewed 2099-01-01)",
        ],
    );
    decided(
        &page,
        &[
            "verdict        declared",
            "entry          image-api of image-generation",
            "  purpose      the provider's service, behind a content network",
            "  owner        team-test",
            "  expires      2099-12-31",
            "because        entry image-api of image-generation declares api.provider.example",
            "               at 198.51.100.20:443/tcp outbound (hosted in DE, inside EEA)",
        ],
    );
}

pub(super) fn a_forged_answer(played: &Played) {
    let page = played.page("forged", &format!("{}:443", names::ROGUE_ADDRESS));
    page.assert(
        "NAMES",
        &[
            "  answered_untrusted  api.provider.example",
            "                      answered by 203.0.113.54 over UDP",
            TIME,
            "                      in doubt: 203.0.113.54 is not a trusted resolver",
            SAID,
            "                      said in a TLS ClientHello; no ALPN; no ECH",
            TIME,
        ],
    );
    page.assert(
        "PLACE",
        &[
            "hosted in      US (unanimous, 1 of 3 sources); outside EEA",
            "  test         US; for 203.0.113.0/25",
            NO_ENTRY,
            TOO_OLD,
            "registered in  unknown: no database tells the country of registration",
            "operator       AS64498 Example Overseas Inc. (unanimous, 1 of 1 sources)",
            "  systems      AS64498 Example Overseas Inc.; for 203.0.113.0/25",
            "anycast        unknown: no database tells whether it is announced from several",
            "               places",
        ],
    );
    page.assert(
        "OPERATOR'S HOME",
        &[
            "provider       example-overseas by AS64498",
            "legal entity   Example Overseas Inc.",
            "parent         Example Overseas Inc.",
            "domicile       unknown: its domicile is unreviewed: nobody has looked it up; the",
            "               table says US, which does not count",
        ],
    );
    decided(
        &page,
        &[
            "verdict        undeclared",
            "entry          none",
            "because        entry image-api of image-generation declares api.provider.example",
            "               at 203.0.113.90:443/tcp outbound only when its name is answered,",
            "               and it is answered_untrusted: 203.0.113.54 is not a trusted",
            "               resolver (hosted in US, outside EEA)",
        ],
    );
}

pub(super) fn two_names_of_one_address(played: &Played) {
    let page = played.page("both", &format!("{}:443", names::CDN));
    let of = |name: &str| {
        [
            format!("  answered            {name}"),
            "                      alias of edge.cdn.example".to_owned(),
            "                      answered by 10.77.0.53 over UDP".to_owned(),
            TIME.to_owned(),
            format!("  presented           {name}"),
            "                      said in a TLS ClientHello; ALPN h2, http/1.1; no ECH".to_owned(),
            TIME.to_owned(),
        ]
    };
    let lines = [of(names::API), of(names::STRANGER)].concat();
    let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
    page.assert("NAMES", &lines);
    decided(
        &page,
        &[
            "verdict        undeclared",
            "entry          none",
            "because        no entry of image-generation declares www.stranger.example at",
            "               198.51.100.20:443/tcp outbound (hosted in DE, inside EEA)",
        ],
    );
}

/// One in segments of 7 bytes, one with GREASE in place of an encrypted hello.
pub(super) fn hellos_cut_and_greased(played: &Played) {
    let whole = ["                      said in a TLS ClientHello; ALPN h2, http/1.1; no ECH"];
    let greased = [
        "                      said in a TLS ClientHello; ALPN h2, http/1.1; ECH: it may",
        "                      hide another name",
    ];
    for (case, said) in [("split", &whole[..]), ("grease", &greased)] {
        let page = played.page(case, &format!("{}:8443", names::CDN));
        page.assert("NAMES", &[&[SAID], said, &[TIME]].concat());
        decided(
            &page,
            &[
                "verdict        undeclared",
                "entry          none",
                "because        entry image-api of image-generation declares api.provider.example",
                "               at 198.51.100.20:8443/tcp outbound only when its name is",
                "               answered, and it is presented: no answer gave it (hosted in DE,",
                "               inside EEA)",
            ],
        );
    }
}

pub(super) fn encrypted_dns(played: &Played) {
    let page = played.page("dot", &format!("{}:853", names::FOREIGN_RESOLVER));
    page.assert("NAMES", &[NO_NAME]);
    page.assert(
        "ENCRYPTED DNS",
        &["encrypted DNS over TLS: what is asked and answered there cannot be read"],
    );
    decided(
        &page,
        &[
            "verdict        undeclared",
            "entry          none",
            "because        no entry of image-generation declares 203.0.113.53:853/tcp",
            "               outbound (encrypted DNS over TLS, hosted in US, outside EEA)",
        ],
    );
}
