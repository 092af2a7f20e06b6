//! A marked test through a way out, and what came back.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use tokio::time::timeout;

use super::{
    TIMEOUT, Undelivered, alertmanager,
    alerts::Alert,
    notice::{Message, Notice, What},
    settings::{Alertmanager, Settings},
    syslog::host_name,
    way::Way,
};

/// How long a test alert fires.
const FIRES: SignedDuration = SignedDuration::from_secs(60);

/// What came of a test.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct Tested {
    /// Name of the way out.
    pub sink: String,
    /// Its type.
    #[serde(rename = "type")]
    pub kind: &'static str,
    /// Id of the delivery.
    pub delivery: Option<String>,
    /// Why it was not taken; `None` if it was.
    pub error: Option<String>,
}

/// Sends a test through each way out, or through one.
///
/// # Errors
/// The system refuses what every program needs.
pub fn test(
    settings: &Settings,
    sink: Option<&str>,
    node: &str,
    now: Timestamp,
) -> std::io::Result<Vec<Tested>> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    let tested = runtime.block_on(all(settings, sink, node, now));
    runtime.shutdown_background();
    Ok(tested)
}

async fn all(settings: &Settings, sink: Option<&str>, node: &str, now: Timestamp) -> Vec<Tested> {
    let wanted = |name: &str| sink.is_none_or(|sink| sink == name);
    let kinds: BTreeMap<_, _> = settings.names().into_iter().collect();
    let mut tested = Vec::new();
    for to in settings.alertmanager.iter().filter(|to| wanted(to.name())) {
        let sent = timeout(TIMEOUT, alertmanager::send(to, &[alert(to, now)])).await;
        tested.push(Tested {
            sink: to.name().to_owned(),
            kind: "alertmanager",
            delivery: None,
            error: why(sent.unwrap_or_else(|_| Err(Undelivered::too_long()))),
        });
    }
    let notice = Notice::test(now);
    let message = Message::new(What::Test, &notice, node);
    for way in Way::all(settings).iter().filter(|way| wanted(way.name())) {
        let sent = timeout(way.timeout(), way.deliver(&message)).await;
        tested.push(Tested {
            sink: way.name().to_owned(),
            kind: kinds.get(way.name()).copied().unwrap_or_default(),
            delivery: Some(message.id.clone()),
            error: why(sent.unwrap_or_else(|_| Err(Undelivered::too_long()))),
        });
    }
    tested
}

fn why(sent: Result<(), Undelivered>) -> Option<String> {
    match sent {
        Ok(()) => None,
        Err(Undelivered::Failed { why, .. }) => Some(why),
        Err(Undelivered::Refused(why)) => Some(format!("refused: {why}")),
    }
}

/// An alert that says that it is a test, and ends by itself.
fn alert(to: &Alertmanager, now: Timestamp) -> Alert {
    let ends = now.checked_add(FIRES).unwrap_or(Timestamp::MAX);
    Alert::test(to, &host_name(), (now, ends))
}
