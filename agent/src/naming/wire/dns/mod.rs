//! DNS messages (RFC 1035): what was asked, and what of the answer is an answer
//! to that.

mod framed;
mod service;
#[cfg(test)]
mod tests;

use std::net::IpAddr;

use domain::{
    base::{
        Message, ParsedName, ParsedRecord,
        iana::{Class, Opcode, Rtype},
        wire::ParseError,
    },
    rdata::{A, Aaaa, Cname},
};

pub use self::{
    framed::{Framed, framed},
    service::SvcHint,
};
use super::super::DomainName;

/// Records of an answer that are looked at.
pub const MAX_RECORDS: usize = 64;
/// Names in a chain, beyond the one that was asked for.
pub const MAX_CHAIN: usize = 16;
/// Addresses kept of an answer, and as many of its hints.
pub const MAX_ADDRESSES: usize = 64;

/// What was asked.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Question {
    /// By which the asker finds the answer that belongs to it.
    pub id: u16,
    /// The name.
    pub name: DomainName,
    /// Type of the records wanted, such as 1 for A and 28 for AAAA.
    pub qtype: u16,
}

/// What was answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The question, as the answer repeats it.
    pub question: Question,
    /// Response code of the header: 0 no error, 3 no such name. The upper bits
    /// that EDNS has for it are not read.
    pub rcode: u8,
    /// TC: the resolver left records out, and the asker asks again over TCP.
    pub truncated: bool,
    /// AD: the resolver says that it validated the answer with DNSSEC.
    pub authentic: bool,
    /// Whether every answer record was read: false where the bytes ended before
    /// the records did, or a bound of this module was reached.
    pub complete: bool,
    /// The names that the question's name leads to, in order, itself excluded:
    /// by CNAME, also such as stand for a DNAME, and by HTTPS or SVCB records in
    /// AliasMode.
    pub chain: Vec<DomainName>,
    /// A and AAAA records of the question's name or of one of the chain, each
    /// with the seconds for which it holds: the least TTL from the question to it.
    /// Records of other names answer nothing that was asked, and are not here.
    pub addresses: Vec<(IpAddr, u32)>,
    /// HTTPS and SVCB records in ServiceMode, of the same names.
    pub service: Vec<SvcHint>,
}

/// Why a message says nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DnsFault {
    /// The bytes end before the question does.
    #[error("the message ends before its question does")]
    Short,
    /// A response, where a query was looked for.
    #[error("the message is a response, not a query")]
    NotAQuery,
    /// A query, where a response was looked for.
    #[error("the message is a query, not a response")]
    NotAResponse,
    /// Another operation than QUERY: notify, update, ….
    #[error("the message's opcode is {0}, not QUERY")]
    Opcode(u8),
    /// Not exactly one question (RFC 9619).
    #[error("the message has {0} questions, not one")]
    Questions(u16),
    /// Another class than IN.
    #[error("the question's class is {0}, not IN")]
    Class(u16),
    /// A name or a record breaks the format.
    #[error("the message is malformed: {0}")]
    Malformed(String),
}

impl From<ParseError> for DnsFault {
    fn from(error: ParseError) -> Self {
        Self::Malformed(error.to_string())
    }
}

/// What the query in `message` asks for.
///
/// # Errors
/// When it is no query for one name of the class IN.
pub fn query(message: &[u8]) -> Result<Question, DnsFault> {
    let message = Message::from_slice(message).map_err(|_| DnsFault::Short)?;
    if message.header().qr() {
        return Err(DnsFault::NotAQuery);
    }
    question(message)
}

/// What the response in `message` answers.
///
/// Bytes may be missing at its end: the records that are whole count. The
/// authority and additional sections are not read, for they answer nothing.
///
/// # Errors
/// When it is no response to a question for one name of the class IN, or
/// something in it breaks the format.
pub fn answer(message: &[u8]) -> Result<Answer, DnsFault> {
    let message = Message::from_slice(message).map_err(|_| DnsFault::Short)?;
    let header = message.header();
    if !header.qr() {
        return Err(DnsFault::NotAResponse);
    }
    let question = question(message)?;
    let (records, mut complete) = records(message)?;
    let path = Path::follow(&question.name, &records);
    complete &= !path.cut;

    let mut addresses = Vec::new();
    let mut service: Vec<SvcHint> = Vec::new();
    let mut hints = MAX_ADDRESSES;
    for record in &records {
        let Some((place, ttl)) = path.place(&record.owner) else {
            continue;
        };
        let ttl = ttl.min(record.ttl);
        match &record.data {
            Data::Address(address) => addresses.push((*address, ttl)),
            Data::Service(hint) if !path.aliased.contains(&place) => {
                let mut hint = hint.clone();
                hint.ttl = ttl;
                complete &= hint.addresses.len() <= hints;
                hint.addresses.truncate(hints);
                hints -= hint.addresses.len();
                service.push(hint);
            }
            Data::Service(_) | Data::Alias(_) | Data::Cname(_) => {}
        }
    }
    Ok(Answer {
        question,
        rcode: header.rcode().to_int(),
        truncated: header.tc(),
        authentic: header.ad(),
        complete,
        chain: path.names.into_iter().skip(1).collect(),
        addresses,
        service,
    })
}

fn question(message: &Message<[u8]>) -> Result<Question, DnsFault> {
    let header = message.header();
    if header.opcode() != Opcode::QUERY {
        return Err(DnsFault::Opcode(header.opcode().to_int()));
    }
    let count = message.header_counts().qdcount();
    if count != 1 {
        return Err(DnsFault::Questions(count));
    }
    let question = message.question().next().ok_or(DnsFault::Questions(0))?;
    let question = question.map_err(|error| match error {
        ParseError::ShortInput => DnsFault::Short,
        ParseError::Form(_) => error.into(),
    })?;
    if question.qclass() != Class::IN {
        return Err(DnsFault::Class(question.qclass().to_int()));
    }
    Ok(Question {
        id: header.id(),
        name: name(question.qname())?,
        qtype: question.qtype().to_int(),
    })
}

/// An answer record of a type that counts.
struct Record {
    owner: DomainName,
    ttl: u32,
    data: Data,
}

enum Data {
    Address(IpAddr),
    Cname(DomainName),
    Alias(DomainName),
    Service(SvcHint),
}

/// The answer records that count, and whether these are all there are.
fn records(message: &Message<[u8]>) -> Result<(Vec<Record>, bool), DnsFault> {
    let mut records = Vec::new();
    let mut complete = usize::from(message.header_counts().ancount()) <= MAX_RECORDS;
    for record in message.answer()?.take(MAX_RECORDS) {
        match record {
            Ok(record) => records.extend(read(&record, &mut complete)?),
            Err(ParseError::ShortInput) => complete = false,
            Err(error @ ParseError::Form(_)) => return Err(error.into()),
        }
    }
    Ok((records, complete))
}

fn read(record: &ParsedRecord<'_, [u8]>, complete: &mut bool) -> Result<Option<Record>, DnsFault> {
    if record.class() != Class::IN {
        return Ok(None);
    }
    let data = match record.rtype() {
        Rtype::A => record
            .to_record::<A>()?
            .map(|record| Data::Address(record.data().addr().into())),
        Rtype::AAAA => record
            .to_record::<Aaaa>()?
            .map(|record| Data::Address(record.data().addr().into())),
        Rtype::CNAME => record
            .to_record::<Cname<ParsedName<&[u8]>>>()?
            .map(|record| name(record.data().cname()).map(Data::Cname))
            .transpose()?,
        Rtype::HTTPS | Rtype::SVCB => service::read(record, complete)?,
        _ => None,
    };
    let Some(data) = data else {
        return Ok(None);
    };
    let ttl = record.ttl().as_secs();
    Ok(Some(Record {
        owner: name(&record.owner())?,
        // RFC 2181, 8: with the highest bit set it is zero.
        ttl: if ttl > i32::MAX.unsigned_abs() {
            0
        } else {
            ttl
        },
        data,
    }))
}

fn name(name: &ParsedName<&[u8]>) -> Result<DomainName, DnsFault> {
    let labels = name.iter().filter(|label| !label.is_root());
    DomainName::from_labels(labels.map(|label| label.as_slice()))
        .map_err(|fault| DnsFault::Malformed(fault.to_string()))
}

/// Where the question's name leads.
struct Path {
    /// The question's name first.
    names: Vec<DomainName>,
    /// The least TTL on the way to each.
    ttls: Vec<u32>,
    /// Places left by AliasMode, whose ServiceMode records do not count (RFC
    /// 9460, 2.4.1).
    aliased: Vec<usize>,
    /// Whether it went on beyond the bound.
    cut: bool,
}

impl Path {
    fn follow(start: &DomainName, records: &[Record]) -> Self {
        let mut path = Self {
            names: vec![start.clone()],
            ttls: vec![u32::MAX],
            aliased: Vec::new(),
            cut: false,
        };
        let mut owner = start;
        let mut least = u32::MAX;
        while let Some((target, ttl, alias)) = step(owner, records) {
            if alias {
                path.aliased.push(path.names.len() - 1);
            }
            // It leads back to where it has been.
            if path.names.contains(target) {
                break;
            }
            if path.names.len() > MAX_CHAIN {
                path.cut = true;
                break;
            }
            least = least.min(ttl);
            path.names.push(target.clone());
            path.ttls.push(least);
            owner = target;
        }
        path
    }

    fn place(&self, name: &DomainName) -> Option<(usize, u32)> {
        let place = self.names.iter().position(|known| known == name)?;
        Some((place, *self.ttls.get(place)?))
    }
}

/// Where one name leads, by which TTL, and whether by AliasMode. A CNAME goes
/// before everything else that a name may have.
fn step<'r>(owner: &DomainName, records: &'r [Record]) -> Option<(&'r DomainName, u32, bool)> {
    let mut own = records.iter().filter(|record| record.owner == *owner);
    own.clone()
        .find_map(|record| match &record.data {
            Data::Cname(target) => Some((target, record.ttl, false)),
            _ => None,
        })
        .or_else(|| {
            own.find_map(|record| match &record.data {
                Data::Alias(target) => Some((target, record.ttl, true)),
                _ => None,
            })
        })
}
