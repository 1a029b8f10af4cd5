//! The bytes of a part of a history in a recording.

use super::record::{Encode, InvalidRecord, array};
use minicbor::Decoder;
use parlor_protocol::codec::{self, SALT_BYTES};
use parlor_protocol::{
    Command, Event, EventKind, EventPlace, HistoryPage, Life, NodeId, Origin, Proposal, Readers, RoomId, Seq,
    Stamp,
};
use std::convert::Infallible;
use std::sync::Arc;

/// Number of values of a page.
pub(super) const VALUES: u64 = 4;

/// Writes the values of a page.
pub(super) fn encode(page: &HistoryPage, to: &mut Encode<'_>) {
    let HistoryPage { events, is_last, rows, is_failed } = page;
    let written = (|| {
        to.0.bool(*is_last)?.u64(*rows as u64)?.bool(*is_failed)?.array(events.len() as u64)?;
        for event in events {
            let Stamp { log_unix_ms, seq: Seq(seq), at_unix_ms } = event.stamp;
            let room = event.remembered_in().map_or(0, |room| room.id.0.0);
            to.0.array(7)?.u64(log_unix_ms)?.u64(seq)?.u64(at_unix_ms)?.u64(room)?;
            to.0.bool(event.readers == Readers::Members)?;
            to.0.bytes(&event.to_stored().unwrap_or_default())?.bytes(&entry_of(event))?;
        }
        Ok::<_, minicbor::encode::Error<Infallible>>(())
    })();
    debug_assert!(written.is_ok(), "a vector takes all bytes");
}

/// Returns an entry that has the message of an event.
fn entry_of(event: &Event) -> Vec<u8> {
    let EventKind::Said { room, status, message } = &event.kind else { return Vec::new() };
    let (member, room, status) = (event.member, room.name.clone(), *status);
    let command = Command::Say { member, room, status, message: message.clone() };
    let origin = Origin { node: NodeId(0), life: Life(0), number: 0 };
    codec::encode(&Proposal { at_unix_ms: 0, origin, command }, &mut || [0; SALT_BYTES])
}

/// Reads the values of a page.
pub(super) fn decode(from: &mut Decoder<'_>) -> Result<HistoryPage, InvalidRecord> {
    let (is_last, rows, is_failed) = (from.bool()?, from.u64()?, from.bool()?);
    let rows = usize::try_from(rows).map_err(|_| InvalidRecord)?;
    // The length is not trusted: each event takes bytes, and is read before the next one.
    let mut events = Vec::new();
    for _ in 0..from.array()?.ok_or(InvalidRecord)? {
        array(from, 7)?;
        let stamp = Stamp { log_unix_ms: from.u64()?, seq: Seq(from.u64()?), at_unix_ms: from.u64()? };
        let room = RoomId(Seq(from.u64()?));
        let readers = if from.bool()? { Readers::Members } else { Readers::Witnesses };
        let (about, entry) = (from.bytes()?, from.bytes()?);
        let entry = codec::decode(entry).map_err(|_| InvalidRecord)?;
        let place = EventPlace { room, stamp, readers };
        let event = Event::from_stored(about, place, &entry.proposal.command).map_err(|_| InvalidRecord)?;
        events.push(Arc::new(event));
    }
    Ok(HistoryPage { events, is_last, rows, is_failed })
}
