//! One operator.

use std::{fmt, sync::Arc};

use ipnetwork::IpNetwork;
use jiff::civil::Date;
use serde::Serialize;

use super::name_pattern::NamePattern;
use crate::jurisdiction::{CountryCode, Freshness};

/// What a provider offers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKind {
    /// Computing and storage of every kind, worldwide.
    Hyperscaler,
    /// Content delivery.
    Cdn,
    /// Servers, virtual or not.
    Hosting,
    /// Answers of language models and the like.
    AiInference,
    /// Images, video and sound made by models.
    MediaGeneration,
    /// Electronic mail.
    Mail,
    /// Names: resolvers and authoritative service.
    Dns,
    /// Certificates, and their state of revocation.
    CertificateAuthority,
    /// Software: package mirrors, container registries.
    Packages,
    /// Logs, metrics, traces, alerts.
    Observability,
    /// Sign-in and directories.
    Identity,
    /// Payments.
    Payments,
    /// Code hosting, chat, documents.
    Collaboration,
    /// Transit and access.
    Network,
    /// None of these.
    Other,
}

impl ProviderKind {
    /// Every kind, in the order in which they are listed.
    pub const ALL: [Self; 15] = [
        Self::Hyperscaler,
        Self::Cdn,
        Self::Hosting,
        Self::AiInference,
        Self::MediaGeneration,
        Self::Mail,
        Self::Dns,
        Self::CertificateAuthority,
        Self::Packages,
        Self::Observability,
        Self::Identity,
        Self::Payments,
        Self::Collaboration,
        Self::Network,
        Self::Other,
    ];

    /// As it is written.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Hyperscaler => "hyperscaler",
            Self::Cdn => "cdn",
            Self::Hosting => "hosting",
            Self::AiInference => "ai_inference",
            Self::MediaGeneration => "media_generation",
            Self::Mail => "mail",
            Self::Dns => "dns",
            Self::CertificateAuthority => "certificate_authority",
            Self::Packages => "packages",
            Self::Observability => "observability",
            Self::Identity => "identity",
            Self::Payments => "payments",
            Self::Collaboration => "collaboration",
            Self::Network => "network",
            Self::Other => "other",
        }
    }
}

impl fmt::Display for ProviderKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.label())
    }
}

/// Whether somebody compared what is said of a provider with its sources.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Review {
    /// On this day, the last time.
    Reviewed(Date),
    /// Never, for this reason.
    Unreviewed(String),
}

/// Why the domicile that the table names does not count.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomicileError {
    /// Nobody has compared it with a public source, for this reason.
    #[error("its domicile is unreviewed: {0}")]
    Unreviewed(String),
    /// Somebody has, but too long ago.
    #[error("its domicile was last reviewed on {reviewed}, which counts for {fresh_for}")]
    Stale {
        /// The day of the last review.
        reviewed: Date,
        /// For how long a review counts.
        fresh_for: Freshness,
    },
}

/// An organisation that operates destinations.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Provider {
    /// Name in entries and records; unique in the table.
    pub id: Arc<str>,
    /// Name for people.
    pub title: String,
    /// What it offers; at least one.
    pub kinds: Vec<ProviderKind>,
    /// Numbers of its autonomous systems.
    pub asn: Vec<u32>,
    /// Networks that it publishes as its own.
    pub ranges: Vec<IpNetwork>,
    /// Names of its services.
    pub names: Vec<NamePattern>,
    /// Host names of its encrypted DNS service (DoH, DoT, DoQ), in lower case.
    pub doh: Vec<Arc<str>>,
    /// Whether one address of it is served from many places; `None` when the
    /// table does not say.
    pub anycast: Option<bool>,
    /// The legal entity that customers have a contract with.
    pub legal_entity: Arc<str>,
    /// The ultimate parent of that entity; itself when nobody controls it.
    pub parent: Arc<str>,
    /// Legal home of the ultimate parent, as the table says. What may count is
    /// [`Provider::domicile_on`].
    pub domicile: CountryCode,
    /// What says so; empty only where nobody has reviewed it.
    pub source: Vec<String>,
    /// Whether somebody has compared the above with it.
    #[serde(flatten)]
    pub review: Review,
    /// For how long a review counts.
    #[serde(rename = "fresh_for_days")]
    pub fresh_for: Freshness,
}

impl Provider {
    /// The domicile that counts on a day.
    ///
    /// # Errors
    /// If it was never reviewed, or its review is too old on that day.
    pub fn domicile_on(&self, day: Date) -> Result<CountryCode, DomicileError> {
        match &self.review {
            Review::Unreviewed(reason) => Err(DomicileError::Unreviewed(reason.clone())),
            Review::Reviewed(reviewed) if self.fresh_for.covers(*reviewed, day) => {
                Ok(self.domicile)
            }
            Review::Reviewed(reviewed) => Err(DomicileError::Stale {
                reviewed: *reviewed,
                fresh_for: self.fresh_for,
            }),
        }
    }
}
