//! QUIC, version 1 (RFC 9000), by quinn: a server under every name, and a client.

use std::{
    io::{copy, sink},
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
};

use anyhow::{Context, Result};
use quinn::{
    ClientConfig, Endpoint, Incoming, ServerConfig,
    crypto::rustls::{HandshakeData, QuicClientConfig, QuicServerConfig},
};

use super::{Hello, Listen, identity};
use crate::traffic::Report;

/// Protocols that the server speaks, if only their names.
const ALPN: [&str; 2] = ["h3", "hq-interop"];
/// Longest answer.
const MOST: usize = 65_536;

pub(super) fn send(to: SocketAddr, hello: &Hello) -> Result<Report> {
    runtime()?.block_on(exchange(to, hello))
}

async fn exchange(to: SocketAddr, hello: &Hello) -> Result<Report> {
    let any: SocketAddr = match to {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let endpoint = Endpoint::client(any)?;
    let crypto = QuicClientConfig::try_from(hello.config(false)?)?;
    let config = ClientConfig::new(Arc::new(crypto));
    let connection = endpoint
        .connect_with(config, to, &hello.sni)?
        .await
        .with_context(|| format!("connect to {to}"))?;
    let (mut send, mut receive) = connection.open_bi().await?;
    let request = b"GET /\r\n";
    send.write_all(request).await?;
    send.finish()?;
    let answer = receive.read_to_end(MOST).await.context("answer")?;
    connection.close(0_u8.into(), b"");
    let local = endpoint.local_addr()?;
    endpoint.wait_idle().await;
    Ok(Report {
        local: Some(local),
        sent: request.len() as u64,
        received: answer.len() as u64,
        units: 1,
        answers: vec![String::from_utf8(answer)?],
        ..Report::default()
    })
}

pub(super) fn serve(listen: &Listen) -> Result<()> {
    let alpn = ALPN.map(|name| name.as_bytes().to_vec()).to_vec();
    let crypto = QuicServerConfig::try_from(identity::server(listen, alpn)?)?;
    let config = ServerConfig::with_crypto(Arc::new(crypto));
    runtime()?.block_on(async {
        for place in listen.places() {
            let endpoint = Endpoint::server(config.clone(), place)
                .with_context(|| format!("bind UDP {place}"))?;
            tokio::spawn(accept(endpoint));
        }
        println!("ready");
        // A thread of the runtime's, so that connections go on.
        tokio::task::spawn_blocking(|| copy(&mut std::io::stdin(), &mut sink()))
            .await?
            .context("standard input")?;
        Ok(())
    })
}

async fn accept(endpoint: Endpoint) {
    while let Some(incoming) = endpoint.accept().await {
        tokio::spawn(async {
            if let Err(error) = answer(incoming).await {
                eprintln!("weir-traffic: quic-serve: {error:#}");
            }
        });
    }
}

async fn answer(incoming: Incoming) -> Result<()> {
    let connection = incoming.await.context("handshake")?;
    let heard = connection
        .handshake_data()
        .and_then(|data| data.downcast::<HandshakeData>().ok())
        .context("no handshake data")?;
    let body = super::heard(heard.server_name.as_deref(), heard.protocol.as_deref());
    let (mut send, mut receive) = connection.accept_bi().await.context("request")?;
    receive.read_to_end(MOST).await?;
    send.write_all(body.as_bytes()).await?;
    send.finish()?;
    connection.closed().await;
    Ok(())
}

fn runtime() -> Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .context("runtime")
}
