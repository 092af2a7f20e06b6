//! The ClientHello: the first thing a TLS client says, in the clear.

use std::{borrow::Cow, net::Ipv4Addr};

use serde::{Deserialize, Serialize};
use tls_parser::{
    SNIType, TlsExtension, TlsExtensionType, TlsHandshakeType, TlsRecordType,
    parse_tls_extension_alpn_content, parse_tls_extension_sni_content, parse_tls_extension_unknown,
    parse_tls_handshake_client_hello, parse_tls_record_header,
};

use super::{
    super::{DomainName, NameFault},
    Progress,
};

/// Bytes of the longest ClientHello that is read, with its header. Those with
/// post-quantum key shares have about 1,800.
pub const MAX_HELLO: usize = 16 * 1024;

/// Protocols kept of the ALPN extension.
pub const MAX_ALPN: usize = 64;

/// Most content of a record before it is protected (RFC 8446, 5.1).
const MAX_RECORD: usize = 1 << 14;

/// `encrypted_client_hello` (RFC 9849).
const ECH: TlsExtensionType = TlsExtensionType(0xfe0d);

/// What a client says before anything is encrypted. All of it is a claim.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClientHello {
    /// Whom it wants to talk to.
    pub server_name: ServerName,
    /// Ids of the protocols it offers, in its order (RFC 7301), at most
    /// [`MAX_ALPN`]; odd octets as `\xNN`.
    pub alpn: Vec<String>,
    /// Whether there may be another hello inside this one.
    pub ech: Ech,
}

/// The server's name in a ClientHello (RFC 6066, 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ServerName {
    /// The client names none.
    Absent,
    /// The client asks for this host.
    Name(DomainName),
    /// The client sends something that is no host name.
    Invalid(SniFault),
}

impl ServerName {
    /// The name, where there is a valid one.
    pub fn name(&self) -> Option<&DomainName> {
        match self {
            Self::Name(name) => Some(name),
            Self::Absent | Self::Invalid(_) => None,
        }
    }
}

/// Why the `server_name` extension names no host.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SniFault {
    /// The list breaks its format, or there are two of them.
    #[error("the `server_name` extension is malformed")]
    Malformed,
    /// Not exactly one name of type `host_name`.
    #[error("the `server_name` extension has {0} host names, not one")]
    Count(usize),
    /// An address stands in the place of the name.
    #[error("the server name `{0}` is an address")]
    Address(String),
    /// What stands there is no name; odd octets as `\xNN`.
    #[error("the server name `{text}` is no host name: {fault}")]
    Name {
        /// As sent.
        text: String,
        /// What is wrong with it.
        fault: NameFault,
    },
    /// A character that host names do not have; odd octets as `\xNN`.
    #[error("the server name `{0}` has characters that host names do not have")]
    Character(String),
}

/// Encrypted Client Hello (RFC 9849).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Ech {
    /// No such extension: the server's name is the one the client means.
    Absent,
    /// An outer hello: either the name that the client means is encrypted inside,
    /// and the one outside is that of whoever decrypts it, or the extension is
    /// GREASE and means nothing. From outside these cannot be told apart; that is
    /// their purpose.
    Outer,
    /// The inner hello itself, which nobody sends in the clear.
    Inner,
}

/// Why bytes are no ClientHello.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HelloFault {
    /// The stream begins with something else than a record of the handshake.
    #[error("the stream does not begin with a TLS handshake record")]
    NotTls,
    /// The handshake begins with another message.
    #[error("the handshake begins with message {0}, not with a ClientHello")]
    NotClientHello(u8),
    /// A record without content or with too much, or another in between.
    #[error("a TLS record breaks the format")]
    Record,
    /// Longer than [`MAX_HELLO`].
    #[error("the ClientHello is longer than 16 KiB")]
    TooLong,
    /// Its content breaks the format.
    #[error("the ClientHello is malformed")]
    Malformed,
}

/// Reads the ClientHello with which a TCP stream begins, over as many records as
/// it takes (RFC 8446, 5.1).
pub fn from_stream(stream: &[u8]) -> Progress<ClientHello, HelloFault> {
    match unwrap_records(stream) {
        Progress::Complete(message) => from_handshake(&message),
        Progress::Needs(bytes) => Progress::Needs(bytes),
        Progress::Not(fault) => Progress::Not(fault),
    }
}

/// Reads the ClientHello with which a handshake begins that is not in records,
/// such as the CRYPTO data of QUIC (RFC 9001, 4).
pub fn from_handshake(handshake: &[u8]) -> Progress<ClientHello, HelloFault> {
    match length(handshake) {
        Ok(Some(length)) => match handshake.get(HEADER..length) {
            Some(body) => match read(body) {
                Ok(hello) => Progress::Complete(hello),
                Err(fault) => Progress::Not(fault),
            },
            None => Progress::Needs(length - handshake.len()),
        },
        Ok(None) => Progress::Needs(HEADER - handshake.len()),
        Err(fault) => Progress::Not(fault),
    }
}

/// Bytes before the content of a handshake message: its type and its length.
const HEADER: usize = 4;

/// Length of the ClientHello at the beginning of `handshake`, with its header,
/// where it is known.
fn length(handshake: &[u8]) -> Result<Option<usize>, HelloFault> {
    match handshake {
        [kind, ..] if TlsHandshakeType(*kind) != TlsHandshakeType::ClientHello => {
            Err(HelloFault::NotClientHello(*kind))
        }
        [_, high, middle, low, ..] => {
            let length = u32::from_be_bytes([0, *high, *middle, *low]);
            let length = usize::try_from(length).unwrap_or(usize::MAX);
            if length > MAX_HELLO - HEADER {
                return Err(HelloFault::TooLong);
            }
            Ok(Some(length + HEADER))
        }
        _ => Ok(None),
    }
}

/// Takes the first handshake message out of the records it is in.
fn unwrap_records(stream: &[u8]) -> Progress<Cow<'_, [u8]>, HelloFault> {
    let mut message: Cow<'_, [u8]> = Cow::Borrowed(&[]);
    let mut rest = stream;
    loop {
        let known = match length(&message) {
            Ok(known) => known,
            Err(fault) => return Progress::Not(fault),
        };
        if known.is_some_and(|length| message.len() >= length) {
            return Progress::Complete(message);
        }
        let missing = known.unwrap_or(HEADER) - message.len();
        let (content, after, short) = match record(rest) {
            Ok(Record::Whole(content, after)) => (content, after, 0),
            Ok(Record::Cut(content, short)) => (content, &[][..], short),
            Ok(Record::Header(bytes)) => return Progress::Needs(bytes + missing),
            Err(HelloFault::NotTls) if !message.is_empty() => {
                return Progress::Not(HelloFault::Record);
            }
            Err(fault) => return Progress::Not(fault),
        };
        if message.is_empty() {
            message = Cow::Borrowed(content);
        } else {
            message.to_mut().extend_from_slice(content);
        }
        if short > 0 {
            return cut(message, short);
        }
        rest = after;
    }
}

/// What is known when the stream ends inside a record that lacks `short` bytes.
fn cut(message: Cow<'_, [u8]>, short: usize) -> Progress<Cow<'_, [u8]>, HelloFault> {
    match length(&message) {
        Ok(Some(length)) if message.len() >= length => Progress::Complete(message),
        Ok(known) => {
            let missing = known.unwrap_or(HEADER) - message.len();
            // Beyond the end of this record there is the header of another.
            Progress::Needs(if missing > short {
                missing + RECORD_HEADER
            } else {
                missing
            })
        }
        Err(fault) => Progress::Not(fault),
    }
}

/// Bytes before the content of a record: type, version, length.
const RECORD_HEADER: usize = 5;

enum Record<'s> {
    /// The content, and what follows.
    Whole(&'s [u8], &'s [u8]),
    /// What is there of the content, and how many bytes of it are missing.
    Cut(&'s [u8], usize),
    /// The header lacks this many bytes.
    Header(usize),
}

fn record(stream: &[u8]) -> Result<Record<'_>, HelloFault> {
    let begins_well = match stream {
        [] => true,
        [kind] => TlsRecordType(*kind) == TlsRecordType::Handshake,
        [kind, major, ..] => TlsRecordType(*kind) == TlsRecordType::Handshake && *major == 3,
    };
    if !begins_well {
        return Err(HelloFault::NotTls);
    }
    let Ok((content, header)) = parse_tls_record_header(stream) else {
        return Ok(Record::Header(RECORD_HEADER - stream.len()));
    };
    let length = usize::from(header.len);
    if length == 0 || length > MAX_RECORD {
        return Err(HelloFault::Record);
    }
    Ok(match content.split_at_checked(length) {
        Some((content, after)) => Record::Whole(content, after),
        None => Record::Cut(content, length - content.len()),
    })
}

fn read(body: &[u8]) -> Result<ClientHello, HelloFault> {
    let (rest, contents) =
        parse_tls_handshake_client_hello(body).map_err(|_| HelloFault::Malformed)?;
    if !rest.is_empty() {
        return Err(HelloFault::Malformed);
    }
    let mut server_name = None;
    let mut alpn = None;
    let mut ech = None;
    // Only what is asked for is parsed: a client may send extensions that no
    // parser knows.
    let mut extensions = contents.ext.unwrap_or_default();
    while !extensions.is_empty() {
        let (rest, extension) =
            parse_tls_extension_unknown(extensions).map_err(|_| HelloFault::Malformed)?;
        extensions = rest;
        let TlsExtension::Unknown(kind, content) = extension else {
            continue;
        };
        // None may come twice (RFC 8446, 4.2).
        let twice = match kind {
            TlsExtensionType::ServerName => server_name.replace(content).is_some(),
            TlsExtensionType::ApplicationLayerProtocolNegotiation => {
                alpn.replace(content).is_some()
            }
            ECH => ech.replace(content).is_some(),
            _ => false,
        };
        if twice {
            return Err(HelloFault::Malformed);
        }
    }
    Ok(ClientHello {
        server_name: server_name.map_or(ServerName::Absent, self::server_name),
        alpn: alpn.map_or(Ok(Vec::new()), protocols)?,
        ech: match ech {
            None => Ech::Absent,
            Some([0, ..]) => Ech::Outer,
            Some([1]) => Ech::Inner,
            Some(_) => return Err(HelloFault::Malformed),
        },
    })
}

fn server_name(content: &[u8]) -> ServerName {
    match host_name(content) {
        Ok(name) => ServerName::Name(name),
        Err(fault) => ServerName::Invalid(fault),
    }
}

fn host_name(content: &[u8]) -> Result<DomainName, SniFault> {
    let Ok(([], TlsExtension::SNI(names))) = parse_tls_extension_sni_content(content) else {
        return Err(SniFault::Malformed);
    };
    // The parser stops at what it cannot read: nothing may be left.
    let read: usize = names.iter().map(|(_, name)| 3 + name.len()).sum();
    if read + 2 != content.len() {
        return Err(SniFault::Malformed);
    }
    let mut hosts = names
        .iter()
        .filter(|(kind, _)| *kind == SNIType::HostName)
        .map(|(_, name)| *name);
    let host = match (hosts.next(), hosts.count()) {
        (Some(host), 0) => host,
        (first, more) => return Err(SniFault::Count(usize::from(first.is_some()) + more)),
    };
    let shown = || host.escape_ascii().to_string();
    let known = |octet: &u8| octet.is_ascii_alphanumeric() || b"-_.".contains(octet);
    if !host.iter().all(known) {
        let address = host.contains(&b':');
        return Err(if address {
            SniFault::Address(shown())
        } else {
            SniFault::Character(shown())
        });
    }
    let text = shown();
    if text.parse::<Ipv4Addr>().is_ok() {
        return Err(SniFault::Address(text));
    }
    // Without the dot at the end, says RFC 6066, and some send it.
    text.parse().map_err(|fault| SniFault::Name { text, fault })
}

fn protocols(content: &[u8]) -> Result<Vec<String>, HelloFault> {
    let Ok(([], TlsExtension::ALPN(ids))) = parse_tls_extension_alpn_content(content) else {
        return Err(HelloFault::Malformed);
    };
    let read: usize = ids.iter().map(|id| 1 + id.len()).sum();
    if read + 2 != content.len() {
        return Err(HelloFault::Malformed);
    }
    let ids = ids.iter().take(MAX_ALPN);
    Ok(ids.map(|id| id.escape_ascii().to_string()).collect())
}

#[cfg(test)]
mod tests;
