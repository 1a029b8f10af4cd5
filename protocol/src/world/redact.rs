//! Removing lines.

use super::{EventKind, EventRoom, Outcome, Refusal, World};
use crate::base::id::{MemberId, RoomId, Seq};
use crate::base::text::Text;
use crate::planted;
use alloc::vec::Vec;

impl World {
    /// Removes a line from a room: one's own, or as an operator that of another member. The room may have ended since it was proposed.
    pub(super) fn redact(
        &mut self,
        id: MemberId,
        room: RoomId,
        (line, author): (Seq, MemberId),
        message: Option<&Text>,
        outcomes: &mut Vec<Outcome>,
    ) -> Result<(), Refusal> {
        let Some(there) = self.rooms.get(&room) else { return Ok(()) };
        if there.statuses(id).is_none() {
            return Err(Refusal::NotIn(there.name.clone()));
        }
        let event_room = EventRoom { id: room, name: there.name.clone() };
        if !planted::may_redact(author == id) {
            self.check_room_operator(id, room)?;
        }
        // Otherwise a silenced member could speak by giving a reason.
        let message = message.filter(|_| !self.silenced_in(id, room)).cloned();
        self.happened(id, EventKind::Redacted { room: event_room, line, author, message }, outcomes);
        Ok(())
    }
}
