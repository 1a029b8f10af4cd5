//! Law 8: after the faults stop and the links heal, every live client is sent all that is due to it within a bounded
//! time.

use super::CheckResult;
use crate::model::Model;
use parlor_protocol::Outbox;

/// Checks that nothing is left to send once there are no more events.
pub(super) fn at_rest(model: &Model, outbox: &Outbox) -> CheckResult {
    for (conn, due) in model.all_due() {
        if due.left() > 0 {
            let rest = String::from_utf8_lossy(due.rest());
            let rest: String = rest.chars().take(120).collect();
            return Err(format!("{conn} is stuck: {} bytes are still due, {rest:?}", due.left()));
        }
    }
    if outbox.held_bytes() > 0 {
        return Err(format!("{} bytes are held, but none are due", outbox.held_bytes()));
    }
    Ok(())
}
