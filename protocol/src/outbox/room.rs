//! The subscribers of a room, and its chunks in the current tick.

use super::tick::{ChunkBuilder, Mark, Ordinal};
use crate::dialect::wire_class::WireClass;
use crate::world::Event;
use alloc::vec::Vec;

/// The subscribers of a room.
#[derive(Debug, Default)]
pub(super) struct RoomSubscribers {
    pub(super) classes: Vec<ClassSubscribers>,
    /// The chunks of this tick. Between ticks the list has no allocation.
    pub(super) chunks: Vec<RoomChunk>,
    /// Whether the room is in `touched`.
    pub(super) touched: bool,
}

/// A chunk of a room in this tick, for all classes that have read the same bytes so far.
#[derive(Debug)]
pub(super) struct RoomChunk {
    pub(super) builder: ChunkBuilder,
    /// The index of the frozen chunk in the sources of the flush.
    pub(super) source: Option<usize>,
}

/// The subscribers of a room that have the same wire class.
#[derive(Debug)]
pub(super) struct ClassSubscribers {
    pub(super) class: WireClass,
    /// The slots of the subscribers.
    pub(super) members: Vec<u32>,
    /// The index of the chunk of this class; `None` before its first event in this tick.
    pub(super) chunk: Option<usize>,
}

/// The rendering of an event for classes that see the same bytes, in a chunk of a room.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rendering {
    /// The class without the choices that make no difference to the event.
    pub(super) class: WireClass,
    /// The chunk of these classes before the event; `None` if they had no event in this tick.
    pub(super) before: Option<usize>,
    /// The chunk of these classes from this event on.
    pub(super) chunk: usize,
    /// The range of the event in the chunk. It is empty if the classes do not see the event.
    pub(super) start: usize,
    pub(super) end: usize,
}

impl Rendering {
    pub(super) const fn is_empty(&self) -> bool {
        self.start == self.end
    }
}

impl RoomSubscribers {
    /// Returns the number of members.
    pub(super) fn members(&self) -> usize {
        self.classes.iter().map(|class| class.members.len()).sum()
    }

    /// Returns the subscribers of a class. Creates an empty list if there is none.
    pub(super) fn class_mut(&mut self, class: WireClass) -> &mut ClassSubscribers {
        let index = self.classes.iter().position(|it| it.class == class).unwrap_or_else(|| {
            // Nearly every room has one class, and a first `push` would allocate space for four.
            self.classes.reserve_exact(1);
            self.classes.push(ClassSubscribers { class, members: Vec::new(), chunk: None });
            self.classes.len() - 1
        });
        &mut self.classes[index]
    }

    /// Appends an event, rendered for `class`, to the chunk `before`. If another rendering of the same event was
    /// already appended to that chunk, the classes part here: the event is appended to a copy of the chunk without it.
    /// `renderings` are the previous renderings of the event.
    ///
    /// Returns the rendering, and the number of bytes that were copied: of the chunk and of its marks.
    pub(super) fn put(
        &mut self,
        renderings: &[Rendering],
        before: Option<usize>,
        class: WireClass,
        event: &Event,
        ordinal: Ordinal,
        spare: &mut Vec<ChunkBuilder>,
    ) -> (Rendering, usize) {
        let other = renderings.iter().find(|it| Some(it.chunk) == before);
        let chunk = match (before, other) {
            (Some(chunk), None) => chunk,
            _ => {
                self.chunks.push(RoomChunk { builder: spare.pop().unwrap_or_default(), source: None });
                self.chunks.len() - 1
            }
        };
        let mut copied = 0;
        if let Some(other) = other
            && let Ok([from, to]) = self.chunks.get_disjoint_mut([other.chunk, chunk])
        {
            copied = other.start;
            to.builder.copy(&from.builder, 0..other.start);
            let marks = from.builder.marks.partition_point(|mark| mark.ordinal < ordinal);
            to.builder.marks.extend_from_slice(&from.builder.marks[..marks]);
            copied += marks * size_of::<Mark>();
        }
        let start = self.chunks[chunk].builder.bytes.len();
        // Another chunk may contain the same rendering. Copying it is cheaper than rendering it again.
        let same = renderings.iter().find(|it| it.class == class && it.chunk != chunk);
        match same.and_then(|same| Some((same, self.chunks.get_disjoint_mut([same.chunk, chunk]).ok()?))) {
            Some((same, [from, to])) => to.builder.copy(&from.builder, same.start..same.end),
            None => class.render(event, &mut self.chunks[chunk].builder.bytes),
        }
        let builder = &mut self.chunks[chunk].builder;
        let end = builder.bytes.len();
        if end > start {
            builder.marks.push(Mark { ordinal, start });
        }
        (Rendering { class, before, chunk, start, end }, copied)
    }

    /// Returns the index of the source with the events for a class; `None` if it sees none in this tick.
    pub(super) fn source(&self, class: WireClass) -> Option<usize> {
        let subscribers = self.classes.iter().find(|it| it.class == class)?;
        self.chunks.get(subscribers.chunk?)?.source
    }
}
