//! The ways out that are told one notice after the other.

use std::time::Duration;

use super::{
    TIMEOUT, Undelivered, command,
    notice::Message,
    settings::{Command, Settings, Syslog, Webhook},
    syslog, webhook,
};
use crate::{finding::Severity, kernel::Clock};

/// Beyond the time that a command may take: for its start and its end.
const BESIDE: Duration = Duration::from_secs(5);

/// One of them.
#[derive(Clone, Debug)]
pub(super) enum Way {
    Webhook(Webhook),
    Syslog(Syslog),
    Command(Command),
}

impl Way {
    /// All that there are.
    pub(super) fn all(settings: &Settings) -> Vec<Self> {
        let webhook = settings.webhook.iter().cloned().map(Self::Webhook);
        let syslog = settings.syslog.iter().cloned().map(Self::Syslog);
        let command = settings.command.iter().cloned().map(Self::Command);
        webhook.chain(syslog).chain(command).collect()
    }

    /// What logs, metrics and files call it.
    pub(super) fn name(&self) -> &str {
        match self {
            Self::Webhook(one) => one.name.as_str(),
            Self::Syslog(one) => one.name.as_str(),
            Self::Command(one) => one.name.as_str(),
        }
    }

    /// Which findings it is told of; all if `None`.
    pub(super) fn severities(&self) -> Option<&Vec<Severity>> {
        match self {
            Self::Webhook(one) => one.severities.as_ref(),
            Self::Syslog(one) => one.severities.as_ref(),
            Self::Command(one) => one.severities.as_ref(),
        }
    }

    /// How long a delivery may take.
    pub(super) fn timeout(&self) -> Duration {
        match self {
            Self::Command(one) => command::most(one).saturating_add(BESIDE),
            _ => TIMEOUT,
        }
    }

    /// Tells it.
    ///
    /// # Errors
    /// It has not taken it.
    pub(super) async fn deliver(&self, message: &Message<'_>) -> Result<(), Undelivered> {
        match self {
            Self::Webhook(to) => {
                let clock = Clock::read().map_err(Undelivered::failed)?;
                webhook::deliver(to, message, clock.now()).await
            }
            Self::Syslog(to) => syslog::deliver(to, message).await,
            Self::Command(to) => command::deliver(to, message).await,
        }
    }
}
