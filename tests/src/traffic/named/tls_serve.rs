//! A TLS server that serves under every name and agrees to every protocol. Its
//! answer says what the hello said.

use std::{
    io::{Read as _, Write as _, copy, sink},
    net::{Shutdown, TcpListener, TcpStream},
    sync::Arc,
    thread,
    time::Duration,
};

use anyhow::{Context, Result};
use rustls::server::Acceptor;

use super::{Listen, identity};

pub(super) fn serve(listen: &Listen) -> Result<()> {
    // Says what is wrong with the certificate before anyone connects.
    identity::server(listen, Vec::new())?;
    for place in listen.places() {
        let listener = TcpListener::bind(place).with_context(|| format!("listen on {place}"))?;
        let listen = listen.clone();
        thread::spawn(move || accept(&listener, &listen));
    }
    println!("ready");
    copy(&mut std::io::stdin(), &mut sink()).context("standard input")?;
    Ok(())
}

fn accept(listener: &TcpListener, listen: &Listen) {
    for stream in listener.incoming() {
        let Ok(stream) = stream else {
            thread::sleep(Duration::from_millis(10));
            continue;
        };
        let listen = listen.clone();
        thread::spawn(move || {
            // A client that does not trust the certificate is none of ours.
            if let Err(error) = answer(stream, &listen) {
                eprintln!("weir-traffic: tls-serve: {error:#}");
            }
        });
    }
}

fn answer(mut stream: TcpStream, listen: &Listen) -> Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(10)))?;
    let mut acceptor = Acceptor::default();
    let accepted = loop {
        acceptor.read_tls(&mut stream).context("read the hello")?;
        match acceptor.accept() {
            Ok(Some(accepted)) => break accepted,
            Ok(None) => {}
            Err((error, mut alert)) => {
                alert.write_all(&mut stream)?;
                return Err(error).context("hello");
            }
        }
    };
    let hello = accepted.client_hello();
    let offered: Vec<Vec<u8>> = hello
        .alpn()
        .map(|names| names.map(<[u8]>::to_vec).collect())
        .unwrap_or_default();
    let body = super::heard(hello.server_name(), offered.iter().map(Vec::as_slice));
    let alpn = choice(&offered).map(<[u8]>::to_vec).into_iter().collect();
    let config = Arc::new(identity::server(listen, alpn)?);
    let mut tls = accepted
        .into_connection(config)
        .map_err(|(error, _)| error)
        .context("handshake")?;
    let mut session = rustls::Stream::new(&mut tls, &mut stream);
    let mut request = Vec::new();
    let mut byte = [0];
    while !request.ends_with(b"\r\n\r\n") {
        session.read_exact(&mut byte).context("request")?;
        request.extend(byte);
    }
    write!(
        session,
        "HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}",
        body.len()
    )?;
    session.conn.send_close_notify();
    session.flush()?;
    stream.shutdown(Shutdown::Write)?;
    // Until the client has closed too, so that nothing of it is reset.
    copy(&mut stream, &mut sink()).ok();
    Ok(())
}

/// What it speaks, if the client does too; else what the client wants most, by
/// name.
fn choice(offered: &[Vec<u8>]) -> Option<&[u8]> {
    let spoken = offered.iter().find(|name| *name == b"http/1.1");
    spoken.or(offered.first()).map(Vec::as_slice)
}
