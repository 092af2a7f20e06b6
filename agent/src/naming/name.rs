//! A destination's names, and what each is worth.

use std::{fmt, net::IpAddr, sync::Arc};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{DomainName, Ech};
use crate::attribution::Attributed;

/// What a name is worth, the least first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Grade {
    /// The workload said it to the destination; nobody else vouches for it.
    Presented,
    /// The workload was told so, by a resolver that is not trusted or in a way that
    /// leaves a doubt.
    AnsweredUntrusted,
    /// The workload asked for it and was told this address by a resolver that the
    /// configuration trusts.
    Answered,
}

impl Grade {
    /// As it is written in allowlists and output.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Presented => "presented",
            Self::AnsweredUntrusted => "answered_untrusted",
            Self::Answered => "answered",
        }
    }
}

impl fmt::Display for Grade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

/// How a DNS message travelled (RFC 1035, section 4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Transport {
    /// In a datagram.
    Udp,
    /// In a stream.
    Tcp,
}

/// Where a name comes from.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Source {
    /// An answer to the workload's own question, or to one that a resolver of this
    /// host asked for it.
    Dns {
        /// Address that answered.
        resolver: IpAddr,
        /// How.
        transport: Transport,
        /// Systemd unit that answered, where that is a socket of this host.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        served_by: Option<Arc<str>>,
        /// Systemd unit that asked, where that is a trusted resolver of this host and
        /// not the workload.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        asked_by: Option<Arc<str>>,
    },
    /// A TLS `ClientHello` that the workload sent (RFC 8446, section 4.1.2).
    Tls {
        /// Protocols that it offered (RFC 7301).
        alpn: Vec<String>,
        /// Whether it may hide another name.
        ech: Ech,
    },
    /// The same within a QUIC Initial packet (RFC 9001, section 4).
    Quic {
        /// Protocols that it offered.
        alpn: Vec<String>,
        /// Whether it may hide another name.
        ech: Ech,
    },
}

/// A name under which the workload may know the destination.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Name {
    /// The name: of an answer, the one that was asked for.
    pub name: DomainName,
    /// What it is worth.
    pub grade: Grade,
    /// Of an answer, the canonical names that led to the address (RFC 1034,
    /// section 3.6.2), in their order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub aliases: Vec<DomainName>,
    /// Where it comes from.
    pub source: Source,
    /// When it was last answered or presented.
    pub time: Timestamp,
    /// Why an answer is worth less than one from a trusted resolver.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub doubt: Option<String>,
}

impl Name {
    /// The name and the canonical names it stands for.
    pub fn all(&self) -> impl Iterator<Item = &DomainName> {
        std::iter::once(&self.name).chain(&self.aliases)
    }

    /// Whether it was said in a hello that may hide another name (RFC 9849).
    pub fn hides(&self) -> bool {
        match &self.source {
            Source::Tls { ech, .. } | Source::Quic { ech, .. } => *ech == Ech::Outer,
            Source::Dns { .. } => false,
        }
    }

    /// Whether it was told to a resolver of this host and not to the workload.
    pub fn is_relayed(&self) -> bool {
        matches!(
            &self.source,
            Source::Dns {
                asked_by: Some(_),
                ..
            }
        )
    }

    /// Whether it was answered, by whomever.
    pub fn is_answered(&self) -> bool {
        self.grade != Grade::Presented
    }
}

/// Why no name is known, or not every one.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// The workload has asked for none that led there, as far as is recorded, and
    /// presented none.
    NoneSeen,
    /// The process is older than the recording of names, so that it may have asked
    /// before.
    OlderProcess,
    /// Copies of what workloads said were lost, so that the name may be among them.
    Lost,
    /// There were too many names, and older ones were forgotten.
    Forgotten,
    /// Names are not looked for: nothing asked for the other side, which came by
    /// itself, or the record has no destination.
    NotSought,
}

impl Missing {
    /// Whether a name may be missing that would have made a difference.
    pub const fn leaves_doubt(&self) -> bool {
        matches!(self, Self::OlderProcess | Self::Lost | Self::Forgotten)
    }

    /// In words.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::NoneSeen => "it asked for no name that led there, and presented none",
            Self::OlderProcess => {
                "its process is older than the recording of names, and may have asked before"
            }
            Self::Lost => "copies of what it said were lost, and the name may be among them",
            Self::Forgotten => "it asked for more names than are remembered",
            Self::NotSought => "the other side came by itself, or is not known",
        }
    }
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.reason())
    }
}

/// Every name of a destination, as its workload knows it.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Names {
    /// Sorted by name, grade and source.
    pub names: Vec<Name>,
    /// Why there are none, or may be more.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub missing: Option<Missing>,
}

impl Names {
    /// No name, and why.
    pub const fn none(missing: Missing) -> Self {
        Self {
            names: Vec::new(),
            missing: Some(missing),
        }
    }

    /// Names that the workload was told.
    pub fn answered(&self) -> impl Iterator<Item = &Name> {
        self.names.iter().filter(|name| name.is_answered())
    }

    /// Names that it said to the destination.
    pub fn presented(&self) -> impl Iterator<Item = &Name> {
        self.names.iter().filter(|name| !name.is_answered())
    }

    /// A presented name that is none of those that the workload was told: the
    /// first, with what it was told. One that may hide another is none: it is not what
    /// was meant.
    pub fn contradiction(&self) -> Option<Contradiction<'_>> {
        self.answered().next()?;
        let presented = self.presented().filter(|said| !said.hides()).find(|said| {
            !self
                .answered()
                .any(|told| told.all().any(|n| *n == said.name))
        })?;
        Some(Contradiction {
            presented,
            names: self,
        })
    }
}

/// What the workload said differs from what it was told.
#[derive(Clone, Copy, Debug)]
pub struct Contradiction<'n> {
    /// What it said.
    pub presented: &'n Name,
    names: &'n Names,
}

impl fmt::Display for Contradiction<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "it presented {}, but had asked for", self.presented.name)?;
        // Sorted by name: what two resolvers answered stands together.
        let mut before = None;
        for name in self.names.answered().map(|told| &told.name) {
            if before != Some(name) {
                let comma = if before.is_some() { "," } else { "" };
                write!(f, "{comma} {name}")?;
            }
            before = Some(name);
        }
        Ok(())
    }
}

/// An attributed flow with its names.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Named {
    /// The flow with its workload.
    pub flow: Attributed,
    /// Its names, graded.
    pub names: Names,
}
