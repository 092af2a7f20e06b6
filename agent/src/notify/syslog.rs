//! Syslog messages (RFC 5424), and the ways that they go.

use std::{io, path::Path, time::Duration};

use tokio::{
    io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _},
    net::UnixDatagram,
    time::timeout,
};

use super::{
    Undelivered, dial, journal,
    notice::{Message, What},
    settings::Syslog,
    values::{Address, Facility},
};
use crate::finding::{Finding, Severity};

/// Bytes of a datagram that every receiver should take (RFC 5426, section 3.2).
const MOST_OF_DATAGRAM: usize = 2048;

/// Bytes that receivers take at least, over a stream (RFC 5425, section 4.3.1).
const MOST_OF_FRAME: usize = 8192;

/// How long a receiver may take to close its side, once it was told that this is all. One that
/// does not close has taken the bytes as far as the system knows.
const CLOSING: Duration = Duration::from_secs(2);

/// Number for examples (RFC 5612): Weir has none of its own.
const ENTERPRISE: &str = "weir@32473";

/// Sends a notice.
///
/// # Errors
/// It was not taken, as far as the way tells.
pub(super) async fn deliver(to: &Syslog, message: &Message<'_>) -> Result<(), Undelivered> {
    let facility = to.facility.unwrap_or_default();
    let text = |most| format(message, facility, &host_name(), std::process::id(), most);
    let sent = match &to.address {
        Address::Unix(path) => datagram(path, text(MOST_OF_FRAME).as_bytes()).await,
        Address::Journal(path) => {
            let fields = journal::fields(message, priority(message), facility.0);
            datagram(path, &fields).await
        }
        Address::Udp(at) => {
            let socket = dial::udp(at).await.map_err(Undelivered::failed)?;
            let text = text(MOST_OF_DATAGRAM);
            let sent = socket.send(text.as_bytes()).await;
            // A host that answers at once that nobody listens there.
            sent.and_then(|_| socket.take_error()?.map_or(Ok(()), Err))
                .map_err(|error| format!("{at} does not take it ({error})"))
        }
        Address::Tcp(at) => {
            let stream = dial::tcp(at).await.map_err(Undelivered::failed)?;
            framed(stream, &text(MOST_OF_FRAME)).await
        }
        Address::Tls(at) => {
            let stream = dial::tcp(at).await.map_err(Undelivered::failed)?;
            let stream = dial::tls(at, to.ca_file.as_deref(), stream).await;
            let stream = stream.map_err(Undelivered::failed)?;
            framed(stream, &text(MOST_OF_FRAME)).await
        }
    };
    sent.map_err(Undelivered::failed)
}

async fn datagram(path: &Path, bytes: &[u8]) -> Result<(), String> {
    let sent = async {
        let socket = UnixDatagram::unbound()?;
        socket.connect(path)?;
        socket.send(bytes).await
    };
    sent.await
        .map(drop)
        .map_err(|error| format!("{} does not take it ({error})", path.display()))
}

/// With its length before it (RFC 6587, section 3.4.1), and nothing after it: the receiver
/// closes once it has read all.
async fn framed(mut stream: impl AsyncRead + AsyncWrite + Unpin, text: &str) -> Result<(), String> {
    let exchange = async {
        let frame = format!("{} {text}", text.len());
        stream.write_all(frame.as_bytes()).await?;
        stream.shutdown().await?;
        let mut answer = [0; 64];
        let closed = async {
            while stream.read(&mut answer).await? > 0 {}
            io::Result::Ok(())
        };
        match timeout(CLOSING, closed).await {
            // Without a word of farewell over TLS, as many servers do it.
            Ok(Err(error)) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(()),
            Ok(closed) => closed,
            Err(_) => Ok(()),
        }
    };
    let sent: io::Result<()> = exchange.await;
    sent.map_err(|error| format!("the receiver broke off ({error})"))
}

/// The host's name, as the kernel has it.
pub(super) fn host_name() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    name.trim().to_owned()
}

/// Severity of RFC 5424, section 6.2.1: a page that is open is an alert, a ticket a warning,
/// the rest a notice.
fn priority(message: &Message<'_>) -> u8 {
    match (message.what, message.notice.severity()) {
        (What::Opened | What::Worsened, Severity::Page) => 1,
        (What::Opened | What::Worsened, Severity::Ticket) => 4,
        (What::Closed | What::Acknowledged | What::Test, _) => 5,
    }
}

/// Names and values of what a notice says, in the order in which they are sent.
pub(super) fn parameters(message: &Message<'_>) -> Vec<(&'static str, String)> {
    let notice = message.notice;
    let mut found = vec![
        ("delivery", message.id.clone()),
        ("severity", notice.severity().label().to_owned()),
    ];
    if notice.seq > 0 {
        found.push(("entry", notice.seq.to_string()));
    }
    if let Some(id) = notice.finding_id() {
        found.push(("finding", id.to_string()));
    }
    if let Some(finding) = notice.finding() {
        found.extend(of_finding(finding));
    }
    found
}

fn of_finding(finding: &Finding) -> impl Iterator<Item = (&'static str, String)> {
    let key = &finding.key;
    let known = [
        ("kind", Some(key.kind.label().to_owned())),
        ("product", key.product.clone()),
        (
            "workload",
            key.workload.as_ref().map(|one| one.name.clone()),
        ),
        (
            "destination",
            key.destination.as_ref().map(ToString::to_string),
        ),
        ("jurisdiction", key.jurisdiction.map(|one| one.to_string())),
        ("rule", key.rule.clone()),
        ("flows", Some(finding.flows.to_string())),
        ("egress_bytes", Some(finding.egress_bytes.to_string())),
    ];
    known
        .into_iter()
        .filter_map(|(name, value)| Some((name, value?)))
}

/// A message of RFC 5424; its text is cut where it would be longer than `most` bytes.
fn format(message: &Message<'_>, facility: Facility, host: &str, pid: u32, most: usize) -> String {
    let mut line = format!(
        "<{}>1 {:.6} {} weir {pid} {} [{ENTERPRISE}",
        u32::from(facility.0) * 8 + u32::from(priority(message)),
        message.notice.time,
        header(host),
        message.what.label(),
    );
    for (name, value) in parameters(message) {
        line.push_str(&format!(" {name}=\"{}\"", escaped(&value)));
    }
    line.push_str("] ");
    let text = one_line(&message.text());
    if !text.is_ascii() {
        line.push('\u{feff}');
    }
    let room = most.saturating_sub(line.len());
    let end = (0..=room.min(text.len()))
        .rev()
        .find(|end| text.is_char_boundary(*end));
    line.push_str(text.get(..end.unwrap_or_default()).unwrap_or_default());
    line
}

/// A field of the header: printable, without blanks; `-` where there is nothing.
fn header(text: &str) -> String {
    let field: String = text
        .chars()
        .filter(char::is_ascii_graphic)
        .take(255)
        .collect();
    match field.is_empty() {
        true => "-".to_owned(),
        false => field,
    }
}

/// A value of structured data (RFC 5424, section 6.3.3), on one line.
fn escaped(text: &str) -> String {
    let mut value = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        if matches!(c, '"' | '\\' | ']') {
            value.push('\\');
        }
        value.push(c);
    }
    value
}

/// Names come from workloads: nobody writes a line of their own by one.
fn one_line(text: &str) -> String {
    text.chars()
        .map(|c| if c.is_control() { ' ' } else { c })
        .collect()
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;
    use crate::notify::tests::{acknowledged, closed, opened, page};

    fn line(what: What, notice: &crate::notify::notice::Notice, most: usize) -> String {
        let message = Message::new(what, notice, "weir.example/n1");
        format(&message, Facility::default(), "host-1", 7, most)
    }

    #[test]
    fn a_message_is_that_of_the_standard() {
        let notice = page(opened(17, 1));
        let id = Message::new(What::Opened, &notice, "weir.example/n1").id;
        let finding = notice.finding_id().unwrap();
        assert_eq!(
            line(What::Opened, &notice, MOST_OF_FRAME),
            format!(
                "<25>1 2026-01-02T03:04:05.000000Z host-1 weir 7 finding_opened \
                 [weir@32473 delivery=\"{id}\" severity=\"page\" entry=\"17\" \
                 finding=\"{finding}\" kind=\"undeclared\" product=\"p1\" \
                 workload=\"w\\\"\\\\\\].service\" destination=\"AS64500\" jurisdiction=\"US\" \
                 flows=\"1\" egress_bytes=\"100\"] page: no entry of p1 declares it"
            )
        );
    }

    #[test]
    fn the_severity_is_that_of_what_happened() {
        let priority =
            |what, notice: &_| line(what, notice, 99).split_once('>').unwrap().0.to_owned();
        assert_eq!(priority(What::Opened, &opened(1, 1)), "<28");
        assert_eq!(priority(What::Worsened, &page(opened(1, 1))), "<25");
        assert_eq!(priority(What::Closed, &page(closed(1, 1))), "<29");
        assert_eq!(priority(What::Acknowledged, &acknowledged(1, 1)), "<29");
    }

    #[test]
    fn a_text_is_cut_between_characters_and_stays_on_its_line() {
        let mut notice = opened(1, 1);
        if let crate::notify::notice::About::Opened(one) = &mut notice.about {
            one.detail = "a\n<0>1 ä".to_owned() + &"ä".repeat(2000);
        }
        let whole = line(What::Opened, &notice, MOST_OF_FRAME);
        assert!(whole.contains("] \u{feff}ticket: a <0>1 ää"), "{whole}");
        let cut = line(What::Opened, &notice, MOST_OF_DATAGRAM);
        assert!((MOST_OF_DATAGRAM - 1..=MOST_OF_DATAGRAM).contains(&cut.len()));
        assert!(whole.starts_with(&cut));
        assert_eq!(header(" "), "-");
    }
}
