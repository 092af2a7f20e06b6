//! What is sent, to the byte.

use super::{acknowledged, closed, opened, page};
use crate::notify::notice::{About, Message, Notice, What};

const NODE: &str = "weir.example/n1";

fn body(what: What, notice: &Notice) -> String {
    Message::new(what, notice, NODE).body().unwrap()
}

const FINDING: &str = "{\"id\":\"FINDING\",\"kind\":\"undeclared\",\"product\":\"p1\",\
    \"workload\":{\"kind\":\"systemd_unit\",\"name\":\"w\\\"\\\\].service\"},\
    \"destination\":{\"system\":64500},\"jurisdiction\":\"US\",\"rule\":null,\
    \"severity\":\"SEVERITY\",\"first_seen\":\"2026-01-02T03:04:05Z\",\
    \"last_seen\":\"2026-01-02T03:04:05Z\",\"flows\":1,\"egress_bytes\":100,\
    \"detail\":\"no entry of p1 declares it\",\"detail_seen\":\"2026-01-02T03:04:05Z\"}";

fn expected(what: &str, notice: &Notice, id: &str, text: &str) -> String {
    let severity = notice.severity().label();
    let finding = notice.finding_id().unwrap().to_string();
    let own = FINDING
        .replace("FINDING", &finding)
        .replace("SEVERITY", severity);
    format!(
        "{{\"version\":1,\"id\":\"{id}\",\"type\":\"{what}\",\"time\":\"2026-01-02T03:04:05Z\",\
         \"node\":\"weir.example/n1\",\"entry\":{},\"severity\":\"{severity}\",\
         \"text\":\"{text}\",\"finding_id\":\"{finding}\",\"finding\":{own}}}",
        notice.seq
    )
}

#[test]
fn a_finding_that_is_opened_worsens_and_is_closed() {
    let notice = opened(17, 1);
    // printf of the parts, each after its length, through sha256sum: the version of the id,
    // the node, 17, nanoseconds since 1970, finding_opened and the finding.
    let id = Message::new(What::Opened, &notice, NODE).id;
    assert_eq!(id.len(), 32);
    assert_eq!(
        body(What::Opened, &notice),
        expected(
            "finding_opened",
            &notice,
            &id,
            "ticket: no entry of p1 declares it"
        )
    );
    let About::Opened(one) = page(opened(18, 1)).about else {
        unreachable!("it is opened");
    };
    let worse = super::notice(18, About::Page(one));
    let other = Message::new(What::Worsened, &worse, NODE).id;
    assert_ne!(other, id);
    assert_eq!(
        body(What::Worsened, &worse),
        expected(
            "finding_worsened",
            &worse,
            &other,
            "now a page: no entry of p1 declares it"
        )
    );
    let notice = page(closed(19, 1));
    let id = Message::new(What::Closed, &notice, NODE).id;
    assert_eq!(
        body(What::Closed, &notice),
        expected(
            "finding_closed",
            &notice,
            &id,
            "closed: no entry of p1 declares it"
        )
    );
}

#[test]
fn an_acknowledgement_and_a_test() {
    let notice = acknowledged(20, 1);
    let finding = notice.finding_id().unwrap();
    let id = Message::new(What::Acknowledged, &notice, NODE).id;
    assert_eq!(
        body(What::Acknowledged, &notice),
        format!(
            "{{\"version\":1,\"id\":\"{id}\",\"type\":\"finding_acknowledged\",\
             \"time\":\"2026-01-02T03:04:05Z\",\"node\":\"weir.example/n1\",\"entry\":20,\
             \"severity\":\"ticket\",\"text\":\"acknowledged by on call until 2026-02-03: \
             TICKET-1: \\\"known\\\"\",\"finding_id\":\"{finding}\",\
             \"acknowledgement\":{{\"finding\":\"{finding}\",\"severity\":\"ticket\",\
             \"reason\":\"TICKET-1: \\\"known\\\"\",\"until\":\"2026-02-03\",\
             \"by\":\"on call\",\"uid\":1000}}}}"
        )
    );
    let notice = Notice::test("2026-01-02T03:04:05Z".parse().unwrap());
    let id = Message::new(What::Test, &notice, NODE).id;
    assert_eq!(
        body(What::Test, &notice),
        format!(
            "{{\"version\":1,\"id\":\"{id}\",\"type\":\"test\",\"time\":\"2026-01-02T03:04:05Z\",\
             \"node\":\"weir.example/n1\",\"entry\":null,\"severity\":\"ticket\",\
             \"text\":\"this is a test of a way out: nothing was found\",\"finding_id\":null}}"
        )
    );
}

/// The same entry gives the same id in each agent; another node, entry, time or event another.
#[test]
fn an_id_is_that_of_its_entry() {
    let id = |what, notice: &Notice, node| Message::new(what, notice, node).id;
    let first = id(What::Opened, &opened(1, 1), "a");
    assert_eq!(first, id(What::Opened, &opened(1, 1), "a"));
    let mut later = opened(1, 1);
    later.time = "2026-01-02T03:04:06Z".parse().unwrap();
    for other in [
        id(What::Opened, &opened(1, 1), "b"),
        id(What::Opened, &opened(2, 1), "a"),
        id(What::Opened, &opened(1, 2), "a"),
        id(What::Opened, &later, "a"),
        id(What::Closed, &closed(1, 1), "a"),
    ] {
        assert_ne!(other, first);
    }
}
