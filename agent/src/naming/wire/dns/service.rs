//! HTTPS and SVCB records (RFC 9460).

use std::net::IpAddr;

use domain::{
    base::{ParsedName, ParsedRecord, iana::Rtype},
    rdata::svcb::{
        Https, SvcParams, Svcb,
        value::{Alpn, Ech, Ipv4Hint, Ipv6Hint, Port},
    },
};

use super::{super::super::DomainName, Data, DnsFault, MAX_ADDRESSES, name};

/// Protocols kept of one record.
pub(super) const MAX_ALPN: usize = 16;

/// Where a service is, by one HTTPS or SVCB record in ServiceMode.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SvcHint {
    /// The lower, the earlier a client tries it. Never 0.
    pub priority: u16,
    /// Name of the host that serves, which is the record's owner where the record
    /// says `.`.
    pub target: DomainName,
    /// Ids of the protocols it speaks, such as `h3`; odd octets as `\xNN`.
    pub alpn: Vec<String>,
    /// Port, where it is another than the usual.
    pub port: Option<u16>,
    /// Addresses that a client may use before it has asked for those of `target`.
    pub addresses: Vec<IpAddr>,
    /// Seconds for which all this holds: the least TTL from the question to it.
    pub ttl: u32,
    /// Whether it has a configuration for Encrypted Client Hello, so that a
    /// client may hide the server's name.
    pub ech: bool,
}

pub(super) fn read(
    record: &ParsedRecord<'_, [u8]>,
    complete: &mut bool,
) -> Result<Option<Data>, DnsFault> {
    let owner = record.owner();
    if record.rtype() == Rtype::HTTPS {
        let Some(record) = record.to_record::<Https<&[u8], ParsedName<&[u8]>>>()? else {
            return Ok(None);
        };
        let data = record.data();
        data_of(
            &owner,
            data.priority(),
            data.target(),
            data.params(),
            complete,
        )
    } else {
        let Some(record) = record.to_record::<Svcb<&[u8], ParsedName<&[u8]>>>()? else {
            return Ok(None);
        };
        let data = record.data();
        data_of(
            &owner,
            data.priority(),
            data.target(),
            data.params(),
            complete,
        )
    }
}

fn data_of(
    owner: &ParsedName<&[u8]>,
    priority: u16,
    target: &ParsedName<&[u8]>,
    params: &SvcParams<&[u8]>,
    complete: &mut bool,
) -> Result<Option<Data>, DnsFault> {
    let target = name(target)?;
    if priority == 0 {
        // The root says that there is no such service (2.5.1).
        return Ok((!target.is_root()).then_some(Data::Alias(target)));
    }
    let mut hint = SvcHint {
        priority,
        target: if target.is_root() {
            name(owner)?
        } else {
            target
        },
        alpn: Vec::new(),
        port: None,
        addresses: Vec::new(),
        ttl: 0,
        ech: false,
    };
    if let Some(alpn) = params.iter::<Alpn<_>>().next().transpose()? {
        let mut ids = alpn.iter();
        hint.alpn = (&mut ids)
            .take(MAX_ALPN)
            .map(|id| id.escape_ascii().to_string())
            .collect();
        *complete &= ids.next().is_none();
    }
    if let Some(port) = params.iter::<Port>().next().transpose()? {
        hint.port = Some(port.port());
    }
    if let Some(hints) = params.iter::<Ipv4Hint<_>>().next().transpose()? {
        fill(
            &mut hint.addresses,
            hints.iter().map(IpAddr::from),
            complete,
        );
    }
    if let Some(hints) = params.iter::<Ipv6Hint<_>>().next().transpose()? {
        fill(
            &mut hint.addresses,
            hints.iter().map(IpAddr::from),
            complete,
        );
    }
    hint.ech = params.iter::<Ech<_>>().next().transpose()?.is_some();
    Ok(Some(Data::Service(hint)))
}

fn fill(to: &mut Vec<IpAddr>, mut from: impl Iterator<Item = IpAddr>, complete: &mut bool) {
    let room = MAX_ADDRESSES.saturating_sub(to.len());
    to.extend(from.by_ref().take(room));
    *complete &= from.next().is_none();
}
