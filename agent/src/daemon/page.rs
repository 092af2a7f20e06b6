//! The page: its listener before anything is attached, its task after.

use std::{
    fs,
    io::{self, ErrorKind},
    os::unix::{
        fs::{FileTypeExt as _, PermissionsExt as _, chown},
        net::UnixListener as StdListener,
    },
    path::Path,
    sync::Arc,
};

use tokio::{
    net::{TcpListener, UnixListener},
    sync::mpsc,
};

use super::{Failure, Options};
use crate::{
    control::{Gate, Request},
    page::{Basis, ClaimsNow, Known, Listen, Settings, serve},
};

/// A listener, and where it listens.
pub(super) struct Bound {
    listener: Listener,
    /// As it may be asked for.
    pub(super) address: String,
}

enum Listener {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Bound {
    /// Binds where the page is to be served, if it is.
    pub(super) async fn of(page: Option<&Settings>, gate: Gate) -> Result<Option<Self>, Failure> {
        let Some(page) = page else {
            return Ok(None);
        };
        let refused = |error| Failure::Page(page.listen.to_string(), error);
        Ok(Some(match &page.listen {
            Listen::Tcp(address) => {
                let listener = TcpListener::bind(address).await.map_err(refused)?;
                Self {
                    address: listener.local_addr().map_err(refused)?.to_string(),
                    listener: Listener::Tcp(listener),
                }
            }
            Listen::Unix(path) => Self {
                listener: Listener::Unix(bind(path, gate).map_err(refused)?),
                address: page.listen.to_string(),
            },
        }))
    }

    /// Serves it beside the recording.
    pub(super) fn serve(self, options: &Options, ask: mpsc::Sender<Request>) {
        let claims = ClaimsNow::new(options.store.clone(), options.allowlists.clone());
        let hosts = options.page.as_ref().map(|page| page.hosts.clone());
        let basis = Basis {
            known: Arc::new(Known::new(ask, Arc::new(claims))),
            hosts: hosts.unwrap_or_default(),
        };
        let ended = |outcome: io::Result<()>| {
            if let Err(error) = outcome {
                tracing::error!(%error, "the page is not served any more");
            }
        };
        match self.listener {
            Listener::Tcp(listener) => {
                tokio::spawn(async move { ended(serve(listener, basis).await) });
            }
            Listener::Unix(listener) => {
                tokio::spawn(async move { ended(serve(listener, basis).await) });
            }
        }
    }
}

/// A socket for root and the control group. One that an earlier agent left is taken away,
/// and nothing else is.
fn bind(path: &Path, gate: Gate) -> io::Result<UnixListener> {
    match fs::symlink_metadata(path) {
        Ok(there) if there.file_type().is_socket() => fs::remove_file(path)?,
        Ok(_) => return Err(ErrorKind::AlreadyExists.into()),
        Err(error) if error.kind() == ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    let listener = StdListener::bind(path)?;
    let mode = if gate.group.is_some() { 0o660 } else { 0o600 };
    fs::set_permissions(path, fs::Permissions::from_mode(mode))?;
    if let Some(group) = gate.group {
        chown(path, None, Some(group.as_raw()))?;
    }
    listener.set_nonblocking(true)?;
    UnixListener::from_std(listener)
}
