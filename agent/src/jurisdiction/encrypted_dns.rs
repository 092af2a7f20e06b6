//! DNS that cannot be read on the way: an egress like any other, and one that takes
//! the names of others with it.

use std::{fmt, sync::Arc};

use serde::{Deserialize, Serialize};

use super::{Domicile, MatchedBy, ProviderKind, Providers};
use crate::{
    naming::{Name, Names, Source},
    record::{Direction, FlowRecord, Protocol},
};

/// Port of DNS over TLS (RFC 7858, section 3.1) and over QUIC (RFC 9250, section 4.1).
const DOT: u16 = 853;
/// Port of HTTPS (RFC 9110, section 4.2.2).
const HTTPS: u16 = 443;

/// How it is encrypted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Encryption {
    /// DNS over TLS (RFC 7858).
    Tls,
    /// DNS over QUIC (RFC 9250).
    Quic,
    /// DNS over HTTPS (RFC 8484).
    Https,
}

/// A destination that answers DNS.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct EncryptedDns {
    /// How it is encrypted.
    pub over: Encryption,
    /// Id of the provider whose service it is known to be; `None` where the port alone
    /// says so.
    pub provider: Option<Arc<str>>,
}

impl fmt::Display for EncryptedDns {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.over {
            Encryption::Tls => "encrypted DNS over TLS",
            Encryption::Quic => "encrypted DNS over QUIC",
            Encryption::Https => "encrypted DNS over HTTPS",
        })?;
        match &self.provider {
            Some(provider) => write!(f, " of {provider}"),
            None => Ok(()),
        }
    }
}

/// Whether a flow goes to a service of encrypted DNS: by its port, by the protocol that
/// the workload asked for, or by what the table of providers knows of names and
/// addresses.
pub(super) fn of(
    record: &FlowRecord,
    names: &Names,
    domicile: &Domicile,
    providers: &Providers,
) -> Option<EncryptedDns> {
    if record.direction != Direction::Outbound
        || !matches!(record.protocol, Protocol::TCP | Protocol::UDP)
    {
        return None;
    }
    let over = match record.protocol {
        _ if record.port == HTTPS => Encryption::Https,
        Protocol::UDP => Encryption::Quic,
        _ => Encryption::Tls,
    };
    let asks = record.port == DOT || names.presented().any(asks_for_dns);
    if !asks && record.port != HTTPS {
        return None;
    }
    let named = names
        .names
        .iter()
        .flat_map(Name::all)
        .find_map(|name| providers.is_encrypted_dns(name))
        .map(|provider| Arc::clone(&provider.id));
    let by_address = || {
        let id = domicile.provider.as_ref()?;
        if !matches!(domicile.matched_by, Some(MatchedBy::Range(_))) {
            return None;
        }
        let resolver = providers.get(id)?.kinds == [ProviderKind::Dns];
        resolver.then(|| Arc::clone(id))
    };
    let provider = named.or_else(by_address);
    (asks || provider.is_some()).then_some(EncryptedDns { over, provider })
}

/// Whether the workload offered a protocol of DNS (IANA, TLS ALPN protocol ids).
fn asks_for_dns(name: &Name) -> bool {
    match &name.source {
        Source::Tls { alpn, .. } | Source::Quic { alpn, .. } => {
            alpn.iter().any(|id| id == "dot" || id == "doq")
        }
        Source::Dns { .. } => false,
    }
}
