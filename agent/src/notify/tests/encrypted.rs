//! Over TLS: only to the host that is meant.

use std::{fs, path::Path, process::Command, sync::Arc, thread};

use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject as _},
};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};
use tokio_rustls::TlsAcceptor;

use super::{opened, page};
use crate::{
    kernel::Clock,
    notify::{
        Settings, Undelivered,
        notice::{Message, What},
        syslog, webhook,
    },
};

/// A certificate for a name, which vouches for itself alone.
fn certificate(directory: &Path, name: &str) {
    let made = Command::new("openssl")
        .args(["req", "-x509", "-newkey", "ec", "-pkeyopt"])
        .args(["ec_paramgen_curve:prime256v1", "-noenc", "-days", "2"])
        .args(["-subj", "/CN=Weir test peer", "-addext"])
        .arg(format!("subjectAltName=DNS:{name}"))
        .args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout"])
        .arg(directory.join("key.pem"))
        .arg("-out")
        .arg(directory.join("ca.pem"))
        .output()
        .unwrap();
    assert!(made.status.success(), "{made:?}");
}

/// Serves one connection after the other: what each says until it ends, or until a blank line
/// if it is HTTP, which is answered.
fn serve(directory: &Path) -> (u16, std::sync::mpsc::Receiver<String>) {
    let certificate = CertificateDer::from_pem_file(directory.join("ca.pem")).unwrap();
    let key = PrivateKeyDer::from_pem_file(directory.join("key.pem")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let (said, heard) = std::sync::mpsc::channel();
    let (at, port) = std::sync::mpsc::channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
            at.send(listener.local_addr().unwrap().port()).unwrap();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let Ok(mut stream) = acceptor.accept(stream).await else {
                    continue;
                };
                let mut text = Vec::new();
                while let Ok(count @ 1..) = stream.read_buf(&mut text).await {
                    let _ = count;
                    if text.starts_with(b"POST ") && text.ends_with(b"}") {
                        let answer = b"HTTP/1.1 204 X\r\n\r\n";
                        stream.write_all(answer).await.unwrap();
                        break;
                    }
                }
                let _ = stream.shutdown().await;
                if said.send(String::from_utf8(text).unwrap()).is_err() {
                    return;
                }
            }
        });
    });
    (port.recv().unwrap(), heard)
}

fn settings(text: &str) -> Settings {
    toml::from_str(text).unwrap()
}

#[tokio::test]
async fn a_webhook_is_told_only_if_it_is_the_host_that_is_meant() {
    let directory = tempfile::tempdir().unwrap();
    certificate(directory.path(), "localhost");
    fs::write(directory.path().join("secret"), "s").unwrap();
    let (port, heard) = serve(directory.path());
    let hook = |host: &str, more: &str| {
        let at = directory.path().display();
        settings(&format!(
            "[[webhook]]\nname = \"a\"\nurl = \"https://{host}:{port}/x\"\n\
             secret_file = \"{at}/secret\"\n{more}"
        ))
        .webhook
        .remove(0)
    };
    let notice = page(opened(1, 1));
    let message = Message::new(What::Opened, &notice, "n");
    let now = Clock::read().unwrap().now();
    let ca = format!("ca_file = \"{}/ca.pem\"\n", directory.path().display());
    webhook::deliver(&hook("localhost", &ca), &message, now)
        .await
        .unwrap();
    let request = heard.recv().unwrap();
    assert!(
        request.starts_with(&format!("POST /x HTTP/1.1\r\nhost: localhost:{port}\r\n")),
        "{request}"
    );
    assert!(request.ends_with(&message.body().unwrap()), "{request}");

    // Another host, and one that no authority of the system vouches for.
    for (host, more) in [("127.0.0.1", ca.as_str()), ("localhost", "")] {
        let refused = webhook::deliver(&hook(host, more), &message, now).await;
        let Err(Undelivered::Failed { why, .. }) = refused else {
            unreachable!("{refused:?}");
        };
        let expected = format!("{host}:{port} does not prove to be that host");
        let none = "this system has no file of authorities";
        assert!(why.starts_with(&expected) || why.starts_with(none), "{why}");
    }
}

#[tokio::test]
async fn syslog_over_tls_has_its_length_before_it() {
    let directory = tempfile::tempdir().unwrap();
    certificate(directory.path(), "localhost");
    let (port, heard) = serve(directory.path());
    let to = settings(&format!(
        "[[syslog]]\nname = \"a\"\naddress = \"tls:localhost:{port}\"\nca_file = \"{}/ca.pem\"\n",
        directory.path().display()
    ))
    .syslog
    .remove(0);
    let notice = page(opened(1, 1));
    let message = Message::new(What::Opened, &notice, "n");
    syslog::deliver(&to, &message).await.unwrap();
    let frame = heard.recv().unwrap();
    let (length, text) = frame.split_once(' ').unwrap();
    assert_eq!(length.parse::<usize>().unwrap(), text.len());
    assert!(
        text.starts_with("<25>1 2026-01-02T03:04:05.000000Z "),
        "{text}"
    );
    assert!(
        text.ends_with("] page: no entry of p1 declares it"),
        "{text}"
    );
}
