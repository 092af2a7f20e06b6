//! Which resolver a program asks: `resolv.conf` and `nsswitch.conf` of its own.

use std::{fs, net::IpAddr, path::PathBuf};

use anyhow::{Context, Result};

use crate::run::Run;

/// The C library's configuration of host lookups, as files of a run.
#[derive(Clone, Debug)]
pub struct Lookup {
    resolv: PathBuf,
    switch: PathBuf,
}

impl Lookup {
    /// Asks these resolvers, in this order, and nothing else (resolv.conf(5),
    /// nsswitch.conf(5)).
    ///
    /// # Errors
    /// The files cannot be written.
    pub fn at(run: &Run, resolvers: &[IpAddr]) -> Result<Self> {
        let names: Vec<String> = resolvers.iter().map(IpAddr::to_string).collect();
        let file = |kind: &str| {
            let name = format!("{kind}-{}.conf", names.join("-"));
            run.directory().join(name)
        };
        let lookup = Self {
            resolv: file("resolv"),
            switch: file("nsswitch"),
        };
        let servers: String = names
            .iter()
            .map(|name| format!("nameserver {name}\n"))
            .collect();
        for (path, text) in [
            (&lookup.resolv, servers.as_str()),
            (&lookup.switch, "hosts: dns\n"),
        ] {
            fs::write(path, text).with_context(|| format!("write {}", path.display()))?;
        }
        Ok(lookup)
    }

    /// Arguments of `weir-traffic exec`.
    pub(crate) fn binds(&self) -> [String; 2] {
        [
            format!("--bind={}=/etc/resolv.conf", self.resolv.display()),
            format!("--bind={}=/etc/nsswitch.conf", self.switch.display()),
        ]
    }
}
