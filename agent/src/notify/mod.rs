//! Ways out for findings.

use std::path::PathBuf;

use crate::{
    config::{Size, Time},
    finding::Severity,
};

/// `[notify]`: ways out for findings. None by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How much of what waits is kept on disk, for all sinks; 64 MiB unless given.
    #[schemars(example = &"64 MiB")]
    pub queue_size: Option<Size>,
    /// Alertmanagers.
    pub alertmanager: Vec<Alertmanager>,
    /// HTTP endpoints.
    pub webhook: Vec<Webhook>,
    /// Syslog receivers and the journal.
    pub syslog: Vec<Syslog>,
    /// Commands.
    pub command: Vec<Command>,
}

/// An Alertmanager.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Alertmanager {
    /// What logs and metrics call it.
    #[schemars(example = &"alertmanager-a")]
    pub name: Option<String>,
    /// Where its API is: `https://alertmanager.example:9093`.
    #[schemars(extend("x-weir-secret" = true))]
    #[schemars(example = &"https://alertmanager.example:9093")]
    pub url: String,
    /// PEM file with the authorities that its certificate may be of.
    #[schemars(example = &"/etc/weir/ca.pem")]
    pub ca_file: Option<PathBuf>,
    /// File with the bearer token to send.
    #[schemars(example = &"/etc/weir/alertmanager.token")]
    pub bearer_token_file: Option<PathBuf>,
    /// How often to say again what is still open; 1m unless given.
    #[schemars(example = &"1m")]
    pub resend: Option<Time>,
}

/// An HTTP endpoint.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// What logs and metrics call it.
    #[schemars(example = &"chat")]
    pub name: String,
    /// Where to post.
    #[schemars(extend("x-weir-secret" = true))]
    #[schemars(example = &"https://hooks.example/weir")]
    pub url: String,
    /// File with the secret that signs each post (HMAC-SHA256).
    #[schemars(example = &"/etc/weir/webhook.secret")]
    pub secret_file: PathBuf,
    /// PEM file with the authorities that its certificate may be of.
    #[schemars(example = &"/etc/weir/ca.pem")]
    pub ca_file: Option<PathBuf>,
    /// Which findings; all unless given.
    #[schemars(example = ["page"])]
    pub severities: Option<Vec<Severity>>,
}

/// A syslog receiver, or the journal.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Syslog {
    /// What logs and metrics call it.
    #[schemars(example = &"journal")]
    pub name: String,
    /// `unix:/dev/log`, `udp:HOST:PORT`, `tcp:HOST:PORT`, `tls:HOST:PORT` or `journald`.
    #[schemars(example = &"journald")]
    pub address: String,
    /// Facility, such as `daemon`.
    #[schemars(example = &"daemon")]
    pub facility: Option<String>,
}

/// A command that is run for each notification.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// What logs and metrics call it.
    #[schemars(example = &"pager")]
    pub name: String,
    /// The program by its absolute path, and its arguments.
    #[schemars(example = ["/usr/local/bin/page", "--urgent"])]
    pub command: Vec<String>,
    /// How long it may take; 10s unless given.
    #[schemars(example = &"10s")]
    pub timeout: Option<Time>,
    /// Which findings; all unless given.
    #[schemars(example = ["page"])]
    pub severities: Option<Vec<Severity>>,
}
