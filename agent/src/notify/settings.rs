//! `[notify]` of the config file.

use std::path::{Path, PathBuf};

use super::values::{Address, Argv, Facility, Label, Name, Url};
use crate::{config::Time, finding::Severity};

/// `[notify]`: ways out for findings. None by default.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// How many deliveries may wait for a way out that is down; beyond, the oldest that are
    /// no pages are left out. 10000 unless given.
    #[schemars(range(min = 1))]
    #[schemars(example = 10_000)]
    pub most_waiting: Option<u64>,
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
    /// What logs and metrics call it; `alertmanager` unless given.
    #[schemars(example = "alertmanager-a")]
    pub name: Option<Name>,
    /// Where it is: `https://alertmanager.example:9093`.
    #[schemars(extend("x-weir-secret" = true))]
    #[schemars(example = "https://alertmanager.example:9093")]
    pub url: Url,
    /// PEM file with the authorities that its certificate may be of; those of the system
    /// unless given.
    #[schemars(example = "/etc/weir/ca.pem")]
    pub ca_file: Option<PathBuf>,
    /// File with the bearer token to send.
    #[schemars(example = "/etc/weir/alertmanager.token")]
    pub bearer_token_file: Option<PathBuf>,
    /// How often to say again what is still open; 1m unless given.
    #[schemars(example = "1m")]
    pub resend: Option<Time>,
    /// The target label `cluster` that Prometheus gives this node, if it does.
    #[schemars(example = "compute-1")]
    pub cluster: Option<String>,
    /// The label `instance` under which Prometheus scrapes this node; its host name unless
    /// given.
    #[schemars(example = "node-a:9184")]
    pub instance: Option<String>,
    /// Further labels of every alert, each `NAME=VALUE`: the `external_labels` of Prometheus.
    #[schemars(example = ["region=eu"])]
    pub labels: Option<Vec<Label>>,
    /// Address of the directory of runbooks.
    #[schemars(example = "https://weir.example/weir/docs/runbooks")]
    pub runbooks: Option<String>,
}

/// An HTTP endpoint.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// What logs and metrics call it.
    #[schemars(example = &"chat")]
    pub name: Name,
    /// Where to post.
    #[schemars(extend("x-weir-secret" = true))]
    #[schemars(example = "https://hooks.example/weir")]
    pub url: Url,
    /// File with the secret that signs each post (HMAC-SHA256).
    #[schemars(example = "/etc/weir/webhook.secret")]
    pub secret_file: PathBuf,
    /// PEM file with the authorities that its certificate may be of; those of the system
    /// unless given.
    #[schemars(example = "/etc/weir/ca.pem")]
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
    pub name: Name,
    /// `unix:/dev/log`, `udp:HOST:PORT`, `tcp:HOST:PORT`, `tls:HOST:PORT` or `journald`.
    #[schemars(example = &"journald")]
    pub address: Address,
    /// Facility; `daemon` unless given.
    #[schemars(example = &"daemon")]
    pub facility: Option<Facility>,
    /// PEM file with the authorities that its certificate may be of, over TLS; those of the
    /// system unless given.
    #[schemars(example = "/etc/weir/ca.pem")]
    pub ca_file: Option<PathBuf>,
    /// Which findings; all unless given.
    #[schemars(example = ["page"])]
    pub severities: Option<Vec<Severity>>,
}

/// A command that is run for each notification.
#[derive(Clone, Debug, PartialEq, Eq, serde::Deserialize, schemars::JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Command {
    /// What logs and metrics call it.
    #[schemars(example = &"pager")]
    pub name: Name,
    /// The program by its path from the root, and its arguments.
    #[schemars(example = ["/usr/local/bin/page", "--urgent"])]
    pub command: Argv,
    /// How long it may take; 10s unless given.
    #[schemars(example = "10s")]
    pub timeout: Option<Time>,
    /// Which findings; all unless given.
    #[schemars(example = ["page"])]
    pub severities: Option<Vec<Severity>>,
}

impl Alertmanager {
    /// What logs and metrics call it.
    pub fn name(&self) -> &str {
        self.name.as_ref().map_or("alertmanager", Name::as_str)
    }
}

impl Settings {
    /// Whether there is no way out.
    pub fn is_empty(&self) -> bool {
        self.names().is_empty()
    }

    /// Files that are read at each delivery: secrets and authorities.
    pub fn files(&self) -> Vec<&Path> {
        let alertmanager = self.alertmanager.iter();
        let alertmanager = alertmanager.flat_map(|one| [&one.ca_file, &one.bearer_token_file]);
        let webhook = self.webhook.iter();
        let secrets = webhook.clone().map(|one| &one.secret_file);
        let webhook = webhook.map(|one| &one.ca_file);
        let syslog = self.syslog.iter().map(|one| &one.ca_file);
        let named = alertmanager.chain(webhook).chain(syslog).flatten();
        named.chain(secrets).map(PathBuf::as_path).collect()
    }

    /// Name and type of each way out.
    pub fn names(&self) -> Vec<(&str, &'static str)> {
        let alertmanager = self.alertmanager.iter();
        let alertmanager = alertmanager.map(|one| (one.name(), "alertmanager"));
        let webhook = self
            .webhook
            .iter()
            .map(|one| (one.name.as_str(), "webhook"));
        let syslog = self.syslog.iter().map(|one| (one.name.as_str(), "syslog"));
        let command = self
            .command
            .iter()
            .map(|one| (one.name.as_str(), "command"));
        alertmanager
            .chain(webhook)
            .chain(syslog)
            .chain(command)
            .collect()
    }

    /// What is wrong and no value shows by itself: the key, the cause and the remedy.
    pub fn problems(&self) -> Vec<(String, String, String)> {
        let mut found = Vec::new();
        let names = self.names();
        for (at, one) in self.alertmanager.iter().enumerate() {
            let key = format!("notify.alertmanager[{at}]");
            // Those that have a name are told apart by it.
            let same = names.iter().filter(|(name, _)| *name == one.name());
            if one.name.is_none() && same.count() > 1 {
                let message = "`alertmanager` is the name of two ways out".to_owned();
                let help = "an Alertmanager without a `name` is called so: give it another";
                found.push((format!("{key}.url"), message, help.to_owned()));
            }
            if one.bearer_token_file.is_some() && !one.url.tls && !one.url.endpoint.is_loopback() {
                let message = "the token could be read by anybody on the way".to_owned();
                let help = "send it over https, or leave it out";
                found.push((format!("{key}.bearer_token_file"), message, help.to_owned()));
            }
        }
        for (at, one) in self.command.iter().enumerate() {
            let program = one.command.program();
            if !program.starts_with('/') {
                let key = format!("notify.command[{at}].command[0]");
                let message = format!("`{}` is no path from the root", program.escape_debug());
                let help = "write the whole path of the program, with `/` first";
                found.push((key, message, help.to_owned()));
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn what_does_not_go_together_is_said() {
        let text = "[[alertmanager]]\nurl = \"http://am.example:9093\"\n\
                    bearer_token_file = \"/t\"\n\
                    [[alertmanager]]\nname = \"other\"\nurl = \"http://127.0.0.1:9093\"\n\
                    bearer_token_file = \"/t\"\n\
                    [[webhook]]\nname = \"alertmanager\"\nurl = \"https://h.example/\"\n\
                    secret_file = \"/s\"\n[[command]]\nname = \"c\"\ncommand = [\"page\"]\n";
        let settings: Settings = toml::from_str(text).unwrap();
        let found: Vec<String> = settings
            .problems()
            .into_iter()
            .map(|(key, message, _)| format!("{key}: {message}"))
            .collect();
        assert_eq!(
            found,
            [
                "notify.alertmanager[0].url: `alertmanager` is the name of two ways out",
                "notify.alertmanager[0].bearer_token_file: the token could be read by anybody on \
                 the way",
                "notify.command[0].command[0]: `page` is no path from the root",
            ]
        );
        assert!(Settings::default().is_empty());
        assert_eq!(Settings::default().problems(), []);
    }

    #[test]
    fn unknown_keys_are_refused() {
        for text in [
            "retries = 3",
            "[[webhook]]\nname = \"a\"\nurl = \"http://a/\"\nsecret_file = \"/s\"\nproxy = \"x\"",
        ] {
            assert!(toml::from_str::<Settings>(text).is_err(), "{text}");
        }
    }
}
