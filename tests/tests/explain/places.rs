//! Places, and what databases say of them.

use weir_tests::stage;

use super::{NO_ENTRY, NO_NAME, Played, TOO_OLD, decided};

pub(super) fn databases_that_disagree(played: &Played) {
    let page = played.page("disputed", &format!("{}:443", stage::GERMANY));
    page.assert("NAMES", &[NO_NAME]);
    page.assert(
        "PLACE",
        &[
            "hosted in      disputed: the sources disagree: `test` says DE, `second` says NO",
            "  test         DE; for 198.51.100.0/25",
            "  second       NO; for 198.51.100.9/32",
            TOO_OLD,
            "registered in  unknown: no database tells the country of registration",
            "operator       AS64496 Example Content Network GmbH (unanimous, 1 of 1 sources)",
            "  systems      AS64496 Example Content Network GmbH; for 198.51.100.0/25",
            "anycast        unknown: no database tells whether it is announced from several",
            "               places",
        ],
    );
    decided(
        &page,
        &[
            "verdict        indeterminate",
            "entry          image-germany of image-generation",
            "  purpose      hosted in Germany, about which two databases disagree",
            "  owner        team-test",
            "  expires      2099-12-31",
            "because        entry image-germany of image-generation declares",
            "               198.51.100.9:443/tcp outbound only when hosted in DE, which",
            "               cannot be told (place disputed: test says DE, second says NO, old",
            "               says nothing)",
        ],
    );
}

pub(super) fn an_expired_database(played: &Played) {
    let page = played.page("expired", &format!("{}:443", stage::NORWAY));
    page.assert("NAMES", &[NO_NAME]);
    page.assert(
        "PLACE",
        &[
            "hosted in      unknown: `old`: built 2026-01-01, older than its limit of 30 days",
            "  test         no entry",
            NO_ENTRY,
            "  old          (NO); for 198.51.100.128/25; built 2026-01-01, older than its",
            "               limit of 30 days",
            "registered in  unknown: no database tells the country of registration",
            "operator       AS64497 Example Nordic AS (unanimous, 1 of 1 sources)",
            "  systems      AS64497 Example Nordic AS; for 198.51.100.128/25",
            "anycast        unknown: no database tells whether it is announced from several",
            "               places",
        ],
    );
    page.assert(
        "OPERATOR'S HOME",
        &["provider       none: no listed provider has the address or AS64497"],
    );
    decided(
        &page,
        &[
            "verdict        indeterminate",
            "entry          image-norway of image-generation",
            "  purpose      hosted in Norway, by a database that is too old",
            "  owner        team-test",
            "  expires      2099-12-31",
            "because        entry image-norway of image-generation declares",
            "               198.51.100.129:443/tcp outbound only when hosted in NO, which",
            "               cannot be told (place unknown: `old`: built 2026-01-01, older",
            "               than its limit of 30 days)",
        ],
    );
}
