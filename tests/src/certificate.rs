//! A certificate that the servers of a run show and its clients trust.

use std::{net::IpAddr, path::PathBuf};

use anyhow::Result;

use crate::{run::Run, tool::tool};

/// A self-made certificate and its key, as PEM files of a run.
#[derive(Clone, Debug)]
pub struct Certificate {
    /// The certificate.
    pub certificate: PathBuf,
    /// Its private key.
    pub key: PathBuf,
}

impl Certificate {
    /// Makes one for these names and addresses, by OpenSSL.
    ///
    /// # Errors
    /// `openssl` is missing or fails.
    pub fn new(run: &Run, names: &[&str], addresses: &[IpAddr]) -> Result<Self> {
        let made = Self {
            certificate: run.directory().join("certificate.pem"),
            key: run.directory().join("key.pem"),
        };
        let names = names.iter().map(|name| format!("DNS:{name}"));
        let addresses = addresses.iter().map(|address| format!("IP:{address}"));
        let holders: Vec<String> = names.chain(addresses).collect();
        let holders = format!("subjectAltName={}", holders.join(","));
        let (key, certificate) = (
            made.key.to_string_lossy(),
            made.certificate.to_string_lossy(),
        );
        tool(
            "openssl",
            &[
                "req",
                "-x509",
                "-newkey",
                "ec",
                "-pkeyopt",
                "ec_paramgen_curve:prime256v1",
                "-noenc",
                "-days",
                "2",
                "-subj",
                "/CN=Weir test peers",
                "-addext",
                &holders,
                // It vouches for itself and for nothing else.
                "-addext",
                "basicConstraints=critical,CA:FALSE",
                "-keyout",
                &key,
                "-out",
                &certificate,
            ],
        )?;
        Ok(made)
    }
}
