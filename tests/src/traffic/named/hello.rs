//! Hellos as browsers send them: a post-quantum key share, which does not fit
//! into a packet, and an encrypted hello that means nothing.
//!
//! Neither has its cryptography: a server that does not know ML-KEM takes the
//! other share, and nobody can decrypt what GREASE has in place of a hello.

use std::sync::Arc;

use anyhow::Result;
use rustls::{
    ClientConfig, Error, NamedGroup,
    client::{EchGreaseConfig, EchMode},
    crypto::{
        ActiveKeyExchange, CryptoProvider, SharedSecret, SupportedKxGroup,
        hpke::{
            EncapsulatedSecret, Hpke, HpkeOpener, HpkePrivateKey, HpkePublicKey, HpkeSealer,
            HpkeSuite,
        },
        ring::{self, kx_group::X25519},
    },
    internal::msgs::{
        enums::{HpkeAead, HpkeKdf, HpkeKem},
        handshake::HpkeSymmetricCipherSuite,
    },
    pki_types::ServerName,
};

use super::{Hello, identity::AnyCertificate};

impl Hello {
    /// The name to connect as.
    pub(super) fn server_name(&self) -> Result<ServerName<'static>> {
        Ok(ServerName::try_from(self.sni.clone())?)
    }

    /// A client's configuration that makes such hellos.
    pub(super) fn config(&self, ech_grease: bool) -> Result<ClientConfig> {
        let mut provider = ring::default_provider();
        if self.post_quantum {
            provider.kx_groups.insert(0, &PostQuantum);
        }
        let provider = Arc::new(provider);
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let builder = if ech_grease {
            let key = HpkePublicKey(random::<32>(&provider)?.to_vec());
            builder.with_ech(EchMode::Grease(EchGreaseConfig::new(&Placeholder, key)))?
        } else {
            builder.with_safe_default_protocol_versions()?
        };
        let mut config = builder
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(AnyCertificate(provider)))
            .with_no_client_auth();
        config.alpn_protocols = self.alpn.iter().map(|name| name.clone().into()).collect();
        Ok(config)
    }
}

fn random<const N: usize>(provider: &CryptoProvider) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    provider.secure_random.fill(&mut bytes)?;
    Ok(bytes)
}

/// The group X25519MLKEM768 with a share of the right length, 1,184 bytes of an
/// encapsulation key (FIPS 203, section 8) and 32 of X25519.
#[derive(Debug)]
struct PostQuantum;

struct Share {
    bytes: Vec<u8>,
    classic: Box<dyn ActiveKeyExchange>,
}

impl SupportedKxGroup for PostQuantum {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let classic = X25519.start()?;
        let mut bytes = random::<1184>(&ring::default_provider())?.to_vec();
        bytes.extend(classic.pub_key());
        Ok(Box::new(Share { bytes, classic }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }
}

impl ActiveKeyExchange for Share {
    fn complete(self: Box<Self>, _: &[u8]) -> Result<SharedSecret, Error> {
        Err(Error::General(
            "the server knows ML-KEM, this client only its length".to_owned(),
        ))
    }

    fn hybrid_component(&self) -> Option<(NamedGroup, &[u8])> {
        Some((NamedGroup::X25519, self.classic.pub_key()))
    }

    fn complete_hybrid_component(self: Box<Self>, peer: &[u8]) -> Result<SharedSecret, Error> {
        self.classic.complete(peer)
    }

    fn pub_key(&self) -> &[u8] {
        &self.bytes
    }

    fn group(&self) -> NamedGroup {
        NamedGroup::X25519MLKEM768
    }
}

/// What GREASE needs of HPKE: a suite to name and 32 bytes that look like an
/// encapsulated key. The payload is random by itself.
#[derive(Debug)]
struct Placeholder;

const NO_HPKE: &str = "a placeholder encrypts nothing";

impl Hpke for Placeholder {
    fn seal(
        &self,
        _: &[u8],
        _: &[u8],
        _: &[u8],
        _: &HpkePublicKey,
    ) -> Result<(EncapsulatedSecret, Vec<u8>), Error> {
        Err(Error::General(NO_HPKE.to_owned()))
    }

    fn setup_sealer(
        &self,
        _: &[u8],
        _: &HpkePublicKey,
    ) -> Result<(EncapsulatedSecret, Box<dyn HpkeSealer + 'static>), Error> {
        let key = random::<32>(&ring::default_provider())?.to_vec();
        Ok((EncapsulatedSecret(key), Box::new(Self)))
    }

    fn open(
        &self,
        _: &EncapsulatedSecret,
        _: &[u8],
        _: &[u8],
        _: &[u8],
        _: &HpkePrivateKey,
    ) -> Result<Vec<u8>, Error> {
        Err(Error::General(NO_HPKE.to_owned()))
    }

    fn setup_opener(
        &self,
        _: &EncapsulatedSecret,
        _: &[u8],
        _: &HpkePrivateKey,
    ) -> Result<Box<dyn HpkeOpener + 'static>, Error> {
        Err(Error::General(NO_HPKE.to_owned()))
    }

    fn generate_key_pair(&self) -> Result<(HpkePublicKey, HpkePrivateKey), Error> {
        Err(Error::General(NO_HPKE.to_owned()))
    }

    fn suite(&self) -> HpkeSuite {
        HpkeSuite {
            kem: HpkeKem::DHKEM_X25519_HKDF_SHA256,
            sym: HpkeSymmetricCipherSuite {
                kdf_id: HpkeKdf::HKDF_SHA256,
                aead_id: HpkeAead::AES_128_GCM,
            },
        }
    }
}

impl HpkeSealer for Placeholder {
    fn seal(&mut self, _: &[u8], _: &[u8]) -> Result<Vec<u8>, Error> {
        Err(Error::General(NO_HPKE.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    #![expect(clippy::unwrap_used, reason = "tests")]

    use rustls::ClientConnection;

    use super::*;

    /// Extensions of a hello in one record, with the length of each (RFC 8446,
    /// section 4.1.2).
    fn extensions(post_quantum: bool, ech_grease: bool) -> Vec<(u16, usize)> {
        let hello = Hello {
            sni: "api.provider.example".to_owned(),
            alpn: vec!["h2".to_owned()],
            post_quantum,
        };
        let config = Arc::new(hello.config(ech_grease).unwrap());
        let mut tls = ClientConnection::new(config, hello.server_name().unwrap()).unwrap();
        let mut bytes = Vec::new();
        tls.write_tls(&mut bytes).unwrap();
        let word = |at: usize| usize::from(bytes[at]) << 8 | usize::from(bytes[at + 1]);
        // Headers of record and message, version, random; then what has a length.
        let mut at = 5 + 4 + 2 + 32;
        at += 1 + usize::from(bytes[at]);
        at += 2 + word(at);
        at += 1 + usize::from(bytes[at]);
        assert_eq!(at + 2 + word(at), bytes.len());
        at += 2;
        let mut found = Vec::new();
        while at < bytes.len() {
            found.push((u16::try_from(word(at)).unwrap(), word(at + 2)));
            at += 4 + word(at + 2);
        }
        found.sort_unstable();
        found
    }

    fn length(of: u16, extensions: &[(u16, usize)]) -> Option<usize> {
        let mut all = extensions.iter();
        all.find(|(kind, _)| *kind == of).map(|(_, length)| *length)
    }

    #[test]
    fn a_hello_has_what_was_asked_for() {
        const SERVER_NAME: u16 = 0;
        const PROTOCOLS: u16 = 16;
        const KEY_SHARE: u16 = 51;
        const ENCRYPTED_HELLO: u16 = 0xfe0d;
        let plain = extensions(false, false);
        assert_eq!(length(SERVER_NAME, &plain), Some(2 + 3 + 20));
        assert_eq!(length(PROTOCOLS, &plain), Some(2 + 3));
        assert_eq!(length(KEY_SHARE, &plain), Some(2 + 4 + 32));
        assert_eq!(length(ENCRYPTED_HELLO, &plain), None);
        let both = extensions(true, true);
        assert_eq!(length(SERVER_NAME, &both), Some(2 + 3 + 20));
        assert_eq!(length(KEY_SHARE, &both), Some(2 + 4 + 1216 + 4 + 32));
        assert!(length(ENCRYPTED_HELLO, &both).is_some_and(|length| length > 100));
    }
}
