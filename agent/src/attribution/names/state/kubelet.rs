//! What the kubelet keeps of the pods of its node.

use std::{collections::HashMap, fs, path::Path};

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use serde::Deserialize;

use super::file::{clean, is_component, read};

/// Most pods that are looked through.
const MOST_PODS: usize = 16_384;
/// Most projected volumes of one pod that are looked through.
const MOST_VOLUMES: usize = 64;
/// Longest token that is taken for one, in bytes.
const LONGEST_TOKEN: usize = 65_536;

/// Namespace and name of each pod, by uid: the kubelet names the directories of
/// logs `<namespace>_<pod>_<uid>`.
pub(super) fn pods(logs: &Path) -> HashMap<String, (String, String)> {
    let entries = fs::read_dir(logs).ok();
    let names = entries.into_iter().flatten().flatten().take(MOST_PODS);
    names
        .filter_map(|entry| {
            let directory = entry.file_name().into_string().ok()?;
            let mut parts = directory.splitn(3, '_');
            let (namespace, name, uid) = (parts.next()?, parts.next()?, parts.next()?);
            Some((uid.to_owned(), (clean(namespace)?, clean(name)?)))
        })
        .collect()
}

/// Whose token a pod was given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Account {
    pub(super) namespace: String,
    pub(super) pod: String,
    pub(super) name: String,
}

/// The service account of a pod, from the tokens that the kubelet keeps for it below
/// its directory; `None` where there is none, or where two contradict each other.
///
/// Nothing of a token is kept but these names.
pub(super) fn account(pods: &Path, uid: &str) -> Option<Account> {
    if !is_component(uid) {
        return None;
    }
    let volumes = pods.join(uid).join("volumes/kubernetes.io~projected");
    let entries = fs::read_dir(volumes).ok()?.flatten().take(MOST_VOLUMES);
    let mut found = None;
    for entry in entries {
        // The kubelet swaps the contents of a volume by a link to a directory.
        let token = entry.path().join("..data/token");
        let Some(account) = read(&token, None).and_then(|token| of_token(token.trim(), uid)) else {
            continue;
        };
        if found.as_ref().is_some_and(|other| *other != account) {
            return None;
        }
        found = Some(account);
    }
    found
}

/// The private claims of a token that is bound to the pod: a JSON Web Token
/// (RFC 7519), of which the second part is JSON in base64url. The signature is not
/// checked: a node does not have the key.
fn of_token(token: &str, uid: &str) -> Option<Account> {
    if token.len() > LONGEST_TOKEN {
        return None;
    }
    let mut parts = token.split('.');
    let (_header, payload) = (parts.next()?, parts.next()?);
    parts.next().filter(|_| parts.next().is_none())?;
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let claims: Claims = serde_json::from_slice(&payload).ok()?;
    let claims = claims.kubernetes;
    (claims.pod.uid == uid).then_some(())?;
    Some(Account {
        namespace: clean(&claims.namespace)?,
        pod: clean(&claims.pod.name)?,
        name: clean(&claims.serviceaccount.name)?,
    })
}

#[derive(Deserialize)]
struct Claims {
    #[serde(rename = "kubernetes.io")]
    kubernetes: Bound,
}

#[derive(Deserialize)]
struct Bound {
    namespace: String,
    serviceaccount: ServiceAccount,
    pod: BoundPod,
}

#[derive(Deserialize)]
struct ServiceAccount {
    name: String,
}

#[derive(Deserialize)]
struct BoundPod {
    name: String,
    uid: String,
}
