//! The status of a running server.

use super::TIMEOUT;
use super::listener::Server;
use crate::clock::Clock;
use crate::driver::Control;
use crate::store::{self, StoreError};
use parlor_protocol::Language;
use serde_json::{Value, json};
use tokio::time::timeout;

/// Returns the status as an object: `version`, `uptime_s`, `connections`, `members`, `rooms`, `position` (of the last entry of the log),
/// `synced` (the position up to which the log is known to be on the disk, or null), `bytes` (of the file and of its write-ahead log) and
/// `snapshot` (the position of the newest one, or null). The error is a text.
pub(super) async fn of(server: &Server) -> Result<Value, String> {
    let mut counts = server.counts.clone();
    counts.mark_unchanged();
    let asked = server.controls.try_send(Control::Measure).is_ok();
    if !asked || !matches!(timeout(TIMEOUT, counts.changed()).await, Ok(Ok(()))) {
        return Err("the server does not answer".to_owned());
    }
    let counts = *counts.borrow();
    let store = store::status(&server.directory);
    let store = store.map_err(|error: StoreError| error.in_language(Language::En))?;
    Ok(json!({
        "version": env!("CARGO_PKG_VERSION"),
        "uptime_s": server.clock.now().mono.as_micros() / 1_000_000,
        "connections": counts.map(|counts| counts.connections),
        "members": counts.map(|counts| counts.members),
        "rooms": counts.map(|counts| counts.rooms),
        "position": store.position.0,
        "synced": store.synced.map(|seq| seq.0),
        "bytes": store.bytes,
        "snapshot": store.snapshot.map(|seq| seq.0),
    }))
}
