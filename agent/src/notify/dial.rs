//! Connections: by name or address, with and without TLS. No proxy, whatever the environment
//! says.

use std::{io, net::SocketAddr, path::Path, sync::Arc};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject as _},
};
use tokio::net::{TcpStream, UdpSocket, lookup_host};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::values::Endpoint;

/// Where distributions keep the authorities that the system trusts.
const SYSTEM: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Every address of an endpoint.
async fn addresses(to: &Endpoint) -> Result<Vec<SocketAddr>, String> {
    let found = lookup_host((to.host.as_str(), to.port)).await;
    let found: Vec<SocketAddr> = found
        .map_err(|error| format!("the name {} is not found ({error})", to.host))?
        .collect();
    match found.is_empty() {
        true => Err(format!("the name {} has no address", to.host)),
        false => Ok(found),
    }
}

/// Connects to the first address that answers.
///
/// # Errors
/// None does; the last one's error.
pub(super) async fn tcp(to: &Endpoint) -> Result<TcpStream, String> {
    let mut failed = String::new();
    for address in addresses(to).await? {
        match TcpStream::connect(address).await {
            Ok(stream) => return Ok(stream),
            Err(error) => failed = format!("{address} does not take a connection ({error})"),
        }
    }
    Err(failed)
}

/// A socket that sends to the first address.
///
/// # Errors
/// The name has no address, or the system has no way there.
pub(super) async fn udp(to: &Endpoint) -> Result<UdpSocket, String> {
    let addresses = addresses(to).await?;
    let address = addresses.first().ok_or("no address")?;
    let any: SocketAddr = match address {
        SocketAddr::V4(_) => ([0; 4], 0).into(),
        SocketAddr::V6(_) => ([0_u16; 8], 0).into(),
    };
    let refused = |error: io::Error| format!("{address} cannot be sent to ({error})");
    let socket = UdpSocket::bind(any).await.map_err(refused)?;
    socket.connect(address).await.map_err(refused)?;
    Ok(socket)
}

/// Makes a connection one over TLS, to the host that it is meant for.
///
/// # Errors
/// The authorities cannot be read, or the other side is not that host.
pub(super) async fn tls(
    to: &Endpoint,
    ca_file: Option<&Path>,
    stream: TcpStream,
) -> Result<TlsStream<TcpStream>, String> {
    let config = trusting(ca_file)?;
    let name = ServerName::try_from(to.host.clone())
        .map_err(|_| format!("{} is no name that a certificate can have", to.host))?;
    let connected = TlsConnector::from(Arc::new(config))
        .connect(name, stream)
        .await;
    connected.map_err(|error| {
        format!("{to} does not prove to be that host ({error}): name its authority in `ca_file`")
    })
}

/// Read anew for each connection: what waits is rare, and certificates are renewed.
fn trusting(ca_file: Option<&Path>) -> Result<ClientConfig, String> {
    let usual = || SYSTEM.iter().map(Path::new).find(|path| path.is_file());
    let path = ca_file
        .or_else(usual)
        .ok_or("this system has no file of authorities: name one in `ca_file`")?;
    let wrong = |error: &dyn std::fmt::Display| {
        format!(
            "the authorities in {} cannot be used ({error}): name a PEM file in `ca_file`",
            path.display()
        )
    };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|error| wrong(&error))? {
        let certificate = certificate.map_err(|error| wrong(&error))?;
        // The system's file may have some that nobody needs and that are not well made.
        if let Err(error) = roots.add(certificate)
            && ca_file.is_some()
        {
            return Err(wrong(&error));
        }
    }
    if roots.is_empty() {
        return Err(wrong(&"it has none"));
    }
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| wrong(&error))?;
    Ok(config.with_root_certificates(roots).with_no_client_auth())
}
