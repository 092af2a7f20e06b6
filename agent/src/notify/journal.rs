//! The journal's own protocol: <https://systemd.io/JOURNAL_NATIVE_PROTOCOL/>.

use super::{notice::Message, syslog::parameters};

/// A datagram with the fields of a notice.
pub(super) fn fields(message: &Message<'_>, priority: u8, facility: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    put(&mut bytes, "MESSAGE", &message.text());
    put(&mut bytes, "PRIORITY", &priority.to_string());
    put(&mut bytes, "SYSLOG_FACILITY", &facility.to_string());
    put(&mut bytes, "SYSLOG_IDENTIFIER", "weir");
    put(&mut bytes, "WEIR_TYPE", message.what.label());
    put(&mut bytes, "WEIR_NODE", message.node);
    for (name, value) in parameters(message) {
        let name = format!("WEIR_{}", name.to_ascii_uppercase());
        put(&mut bytes, &name, &value);
    }
    bytes
}

/// On one line, or with its length before it.
fn put(bytes: &mut Vec<u8>, name: &str, value: &str) {
    bytes.extend(name.as_bytes());
    match value.contains('\n') {
        false => bytes.push(b'='),
        true => {
            bytes.push(b'\n');
            bytes.extend((value.len() as u64).to_le_bytes());
        }
    }
    bytes.extend(value.as_bytes());
    bytes.push(b'\n');
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::notify::{
        notice::{About, What},
        tests::opened,
    };

    #[test]
    fn a_datagram_is_that_of_the_protocol() {
        let mut notice = opened(17, 1);
        if let About::Opened(one) = &mut notice.about {
            one.detail = "two\nlines".to_owned();
        }
        let message = Message::new(What::Opened, &notice, "weir.example/n1");
        let expected = format!(
            "MESSAGE\n\u{11}\0\0\0\0\0\0\0ticket: two\nlines\nPRIORITY=4\nSYSLOG_FACILITY=3\n\
             SYSLOG_IDENTIFIER=weir\nWEIR_TYPE=finding_opened\nWEIR_NODE=weir.example/n1\n\
             WEIR_DELIVERY={}\nWEIR_SEVERITY=ticket\nWEIR_ENTRY=17\nWEIR_FINDING={}\n\
             WEIR_KIND=undeclared\nWEIR_PRODUCT=p1\nWEIR_WORKLOAD=w\"\\].service\n\
             WEIR_DESTINATION=AS64500\nWEIR_JURISDICTION=US\nWEIR_FLOWS=1\n\
             WEIR_EGRESS_BYTES=100\n",
            message.id,
            notice.finding_id().unwrap(),
        );
        assert_eq!(String::from_utf8(fields(&message, 4, 3)).unwrap(), expected);
    }
}
