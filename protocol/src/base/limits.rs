//! Every bound of the system, in one struct with checked relations.

use crate::base::digest::Digest;
use crate::base::language::Language;
use crate::base::name::Name;
use crate::base::rate::Rate;
use core::fmt;

/// The bounds of a server. The defaults work for a machine of any size; [`Limits::check`] tells whether a
/// set of them hangs together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes that a connection may owe to a slow reader; over it, the connection is closed.
    pub backlog_bytes_max: usize,
    /// Connections from one address (IPv6: one /64), loopback exempt; one more is refused.
    pub connections_per_ip_max: u32,
    /// Connections at once; one more is refused.
    pub connections_max: u32,
    /// Milliseconds that a closing connection has to read its last bytes and to close. The setting is `drain_ms`.
    pub close_timeout_ms: u64,
    /// Milliseconds of silence after which a connection that may be of any dialect is taken for plain. Clients of
    /// IRC that act once a second, as eggdrop does, say their name up to a second after they have connected: the
    /// default is longer, so that others do not read of a member who was none.
    pub detect_ms: u64,
    /// Writes to sockets in one slice of a flush, before new input is looked at.
    pub flush_writes_max: usize,
    /// Bytes of a line, its end not counted; the rest of a longer one is dropped.
    pub line_bytes_max: usize,
    /// Names that one IRC connection may watch.
    pub monitored_max: usize,
    /// Bytes owed to all slow readers together, what several are owed counted once; over it, the largest
    /// debtor is closed.
    pub outbox_bytes_max: usize,
    /// Chat lines of one connection that may wait for the log; the next waits unparsed.
    pub pending_commands_max: u32,
    /// Milliseconds of silence after which an IRC connection is asked whether it is there.
    pub ping_ms: u64,
    /// Milliseconds that it has to answer; then it is closed.
    pub pong_ms: u64,
    /// How fast one connection may speak; over it, reading pauses.
    pub rate: Rate,
    /// Bytes of one read from a socket.
    pub read_bytes_max: usize,
    /// Connections over the limits that are being told so; over it, accepting pauses.
    pub refusals_max: u32,
    /// Milliseconds that an IRC connection has to say who it is; then it is closed.
    pub registration_ms: u64,
    /// Bytes of one reply that lists something; the rest is counted, not listed.
    pub reply_bytes_max: usize,
    /// Rooms or names that one line of IRC may be about; more are an error.
    pub targets_max: usize,
    /// Bytes read in one tick before it is flushed.
    pub tick_bytes_max: usize,
    /// The bounds of the shared state.
    pub world: WorldLimits,
}

/// The bounds of the shared state. They are in the log, so that a replay never depends on a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorldLimits {
    /// Members that have left, or have another name, and can still be asked about.
    pub departed_max: usize,
    /// Bytes of recent history that a room keeps, counted as text.
    pub history_bytes_max: usize,
    /// Lines of recent history that a room keeps.
    pub history_lines_max: usize,
    /// Invitations that one member has; the oldest is forgotten.
    pub invitations_max: usize,
    /// Masks that one room keeps: bans and exceptions together; one more is refused.
    pub masks_max: usize,
    /// Rooms at once.
    pub rooms_max: usize,
    /// Rooms that one member is in at once.
    pub rooms_per_member_max: usize,
    /// Bytes of a room's topic; a longer one is refused.
    pub topic_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            backlog_bytes_max: 1 << 20,
            connections_per_ip_max: 64,
            connections_max: 10_000,
            detect_ms: 1_500,
            close_timeout_ms: 5_000,
            flush_writes_max: 1_024,
            line_bytes_max: 4_096,
            monitored_max: 100,
            outbox_bytes_max: 256 << 20,
            pending_commands_max: 10,
            ping_ms: 90_000,
            pong_ms: 60_000,
            rate: Rate { lines: 50, burst: 200 },
            read_bytes_max: 16 << 10,
            refusals_max: 16,
            registration_ms: 60_000,
            reply_bytes_max: 16 << 10,
            targets_max: 20,
            tick_bytes_max: 256 << 10,
            world: WorldLimits::default(),
        }
    }
}

impl Default for WorldLimits {
    fn default() -> Self {
        Self {
            departed_max: 1_000,
            history_bytes_max: 64 << 10,
            history_lines_max: 100,
            invitations_max: 20,
            masks_max: 100,
            rooms_max: 10_000,
            rooms_per_member_max: 20,
            topic_bytes_max: 390,
        }
    }
}

impl WorldLimits {
    pub(crate) fn digest(&self, digest: &mut Digest) {
        let Self {
            departed_max,
            history_bytes_max,
            history_lines_max,
            invitations_max,
            masks_max,
            rooms_max,
            rooms_per_member_max,
            topic_bytes_max,
        } = *self;
        for limit in [
            departed_max,
            history_bytes_max,
            history_lines_max,
            invitations_max,
            masks_max,
            rooms_max,
            rooms_per_member_max,
            topic_bytes_max,
        ] {
            digest.number(limit as u64);
        }
    }
}

/// Limits that do not go together.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitError {
    relation: Relation,
}

/// What must hold of some limits, which it names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The relation in English.
    pub en: &'static str,
    /// The relation in Chinese.
    pub zh: &'static str,
    /// Whether it holds.
    pub holds: bool,
}

/// The relation of one limit to a number.
macro_rules! at_least {
    ($name:ident, $limit:expr, $least:literal) => {
        Relation {
            en: concat!(stringify!($name), " must be at least ", $least),
            zh: concat!(stringify!($name), " 至少为 ", $least),
            holds: $limit >= $least,
        }
    };
}

/// The relation of one limit to another.
macro_rules! at_most {
    ($name:ident, $other:ident, $holds:expr) => {
        Relation {
            en: concat!(stringify!($name), " must be at most ", stringify!($other)),
            zh: concat!(stringify!($name), " 不能大于 ", stringify!($other)),
            holds: $holds,
        }
    };
}

impl LimitError {
    /// What must hold, and does not.
    #[must_use]
    pub const fn relation(&self, language: Language) -> &'static str {
        match language {
            Language::En => self.relation.en,
            Language::Zh => self.relation.zh,
        }
    }

    /// Whether the relation is about the limit of that name.
    #[must_use]
    pub fn names(&self, limit: &str) -> bool {
        let is_in_name = |character: char| character.is_ascii_alphanumeric() || character == '_';
        self.relation.en.split(|character| !is_in_name(character)).any(|word| word == limit)
    }
}

impl fmt::Display for LimitError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "invalid limits: {}", self.relation.en)
    }
}

impl core::error::Error for LimitError {}

/// Bytes of a text that each piece but the last carries at least, in a dialect that cuts long texts into pieces. A
/// dialect asserts where it renders that it keeps to these three.
pub(crate) const PIECE_TEXT_BYTES_MIN: usize = 162;

/// Bytes of a piece at most, with everything that the server puts around the text.
pub(crate) const PIECE_BYTES_MAX: usize = 600;

/// Bytes at most of a line that came with tags of its author's, in all its pieces.
pub(crate) const TAGGED_LINE_BYTES_MAX: usize = 6_496;

impl Limits {
    /// Bytes that one line in can become out, in one wire class.
    ///
    /// In a dialect that keeps lines whole, invalid bytes become U+FFFD, and the longest name and the words around it
    /// come before them. A dialect with short messages cuts the line into pieces, each with a source, a target and tags
    /// of its own; and one line may come with tags of its author's.
    #[must_use]
    pub const fn rendered_line_bytes_max(&self) -> usize {
        let text = 3 * self.line_bytes_max;
        let plain = text + Name::BYTES_MAX + 64;
        let pieces = text.div_ceil(PIECE_TEXT_BYTES_MIN) * PIECE_BYTES_MAX;
        let longest = if pieces > TAGGED_LINE_BYTES_MAX { pieces } else { TAGGED_LINE_BYTES_MAX };
        if longest > plain { longest } else { plain }
    }

    /// What a room's chunk may hold before it is flushed: with one more input on top of it, a reader that
    /// owed nothing before still owes no more than its backlog may be.
    #[must_use]
    pub const fn chunk_bytes_max(&self) -> usize {
        self.backlog_bytes_max / 2
    }

    /// What must hold of the limits, and whether it does.
    #[must_use]
    pub const fn relations(&self) -> [Relation; 21] {
        let Self { line_bytes_max: line, reply_bytes_max: reply, backlog_bytes_max: backlog, .. } = *self;
        let lines = self.pending_commands_max as usize;
        [
            Relation {
                en: "line_bytes_max must be from 128 to 1048576",
                zh: "line_bytes_max 必须在 128 到 1048576 之间",
                holds: line >= 128 && line <= 1 << 20,
            },
            at_most!(topic_bytes_max, line_bytes_max, self.world.topic_bytes_max <= line),
            at_least!(pending_commands_max, lines, 1),
            Relation {
                en: "pending_commands_max × the largest size of a line as others receive it (line_bytes_max × 3, in pieces of \
                     162 bytes that take 600 bytes each; at least 6496) must be at most half of backlog_bytes_max",
                zh: "pending_commands_max × 一行可能变成的字节数（line_bytes_max × 3，按每 162 字节一段、每段 600 字节计，\
                     至少 6496）不能超过 backlog_bytes_max 的一半",
                holds: lines <= self.chunk_bytes_max() / self.rendered_line_bytes_max(),
            },
            at_least!(reply_bytes_max, reply, 4096),
            Relation {
                en: "reply_bytes_max must be at most a quarter of backlog_bytes_max",
                zh: "reply_bytes_max 不能超过 backlog_bytes_max 的四分之一",
                holds: reply <= backlog / 4,
            },
            at_most!(backlog_bytes_max, outbox_bytes_max, backlog <= self.outbox_bytes_max),
            at_least!(read_bytes_max, self.read_bytes_max, 512),
            at_most!(read_bytes_max, tick_bytes_max, self.read_bytes_max <= self.tick_bytes_max),
            at_least!(rate_burst, self.rate.burst, 1),
            at_least!(connections_max, self.connections_max, 1),
            at_least!(connections_per_ip_max, self.connections_per_ip_max, 1),
            at_least!(refusals_max, self.refusals_max, 1),
            at_most!(detect_ms, registration_ms, self.detect_ms <= self.registration_ms),
            at_least!(registration_ms, self.registration_ms, 1000),
            at_least!(ping_ms, self.ping_ms, 1000),
            at_least!(pong_ms, self.pong_ms, 1000),
            at_least!(targets_max, self.targets_max, 1),
            at_least!(flush_writes_max, self.flush_writes_max, 1),
            at_least!(rooms_max, self.world.rooms_max, 1),
            at_least!(rooms_per_member_max, self.world.rooms_per_member_max, 1),
        ]
    }

    /// Checks what must hold of the limits.
    ///
    /// # Errors
    /// The first of the [`relations`](Self::relations) that does not hold.
    pub fn check(&self) -> Result<(), LimitError> {
        match self.relations().into_iter().find(|relation| !relation.holds) {
            Some(relation) => Err(LimitError { relation }),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn the_defaults_hang_together() {
        assert_eq!(Limits::default().check(), Ok(()));
    }

    #[test]
    fn a_rendered_line_is_what_the_relation_says() {
        for (line_bytes_max, bytes) in [(128, 6_496), (1_000, 19 * 600), (4_096, 76 * 600)] {
            let limits = Limits { line_bytes_max, ..Limits::default() };
            assert_eq!(limits.rendered_line_bytes_max(), bytes, "{line_bytes_max}");
        }
    }

    /// Each relation, with limits that just keep to it and others that just don't.
    #[test]
    fn a_relation_that_breaks_is_named() {
        // Wide apart, so that one relation breaks at a time.
        let base = Limits {
            detect_ms: 250,
            line_bytes_max: 1_000,
            reply_bytes_max: 4_096,
            pending_commands_max: 4,
            backlog_bytes_max: 100_000,
            outbox_bytes_max: 200_000,
            read_bytes_max: 1_000,
            tick_bytes_max: 2_000,
            ..Limits::default()
        };
        type Set = fn(&mut Limits, u32);
        let small: Set = |limits, bytes| {
            let bytes = bytes as usize;
            // Of lines that are short enough, topics are.
            (limits.line_bytes_max, limits.world.topic_bytes_max) = (bytes, bytes.min(100));
            limits.backlog_bytes_max = 1 << 28;
            limits.outbox_bytes_max = 1 << 28;
        };
        let relations: [(&str, Set, u32, u32); 23] = [
            ("line_bytes_max must be from 128", small, 128, 127),
            ("line_bytes_max must be from 128", small, 1 << 20, (1 << 20) + 1),
            (
                "topic_bytes_max must be at most",
                |limits, bytes| limits.world.topic_bytes_max = bytes as usize,
                1_000,
                1_001,
            ),
            ("pending_commands_max must be", |limits, count| limits.pending_commands_max = count, 1, 0),
            ("pending_commands_max ×", |limits, count| limits.pending_commands_max = count, 4, 5),
            (
                "reply_bytes_max must be at least",
                |limits, bytes| limits.reply_bytes_max = bytes as usize,
                4_096,
                4_095,
            ),
            (
                "reply_bytes_max must be at most",
                |limits, bytes| limits.reply_bytes_max = bytes as usize,
                25_000,
                25_001,
            ),
            (
                "backlog_bytes_max must be at",
                |limits, bytes| limits.outbox_bytes_max = bytes as usize,
                100_000,
                99_999,
            ),
            (
                "read_bytes_max must be at least",
                |limits, bytes| limits.read_bytes_max = bytes as usize,
                512,
                511,
            ),
            (
                "read_bytes_max must be at most",
                |limits, bytes| limits.read_bytes_max = bytes as usize,
                2_000,
                2_001,
            ),
            ("rate_burst", |limits, burst| limits.rate.burst = burst, 1, 0),
            ("connections_max", |limits, count| limits.connections_max = count, 1, 0),
            ("connections_per_ip_max", |limits, count| limits.connections_per_ip_max = count, 1, 0),
            ("refusals_max", |limits, count| limits.refusals_max = count, 1, 0),
            ("detect_ms", |limits, ms| limits.detect_ms = ms.into(), 60_000, 60_001),
            ("registration_ms", |limits, ms| limits.registration_ms = ms.into(), 1_000, 999),
            ("ping_ms", |limits, ms| limits.ping_ms = ms.into(), 1_000, 999),
            ("pong_ms", |limits, ms| limits.pong_ms = ms.into(), 1_000, 999),
            ("targets_max", |limits, count| limits.targets_max = count as usize, 1, 0),
            ("flush_writes_max", |limits, count| limits.flush_writes_max = count as usize, 1, 0),
            ("rooms_max", |limits, count| limits.world.rooms_max = count as usize, 1, 0),
            (
                "rooms_per_member_max",
                |limits, count| limits.world.rooms_per_member_max = count as usize,
                1,
                0,
            ),
            (
                "backlog_bytes_max must be at",
                |limits, bytes| limits.backlog_bytes_max = bytes as usize,
                200_000,
                200_001,
            ),
        ];
        assert_eq!(base.check(), Ok(()));
        for (relation, set, kept, broken) in relations {
            let mut limits = base;
            set(&mut limits, kept);
            assert_eq!(limits.check(), Ok(()), "{relation}: {kept}");
            set(&mut limits, broken);
            let error = limits.check().unwrap_err();
            assert!(
                error.relation(Language::En).starts_with(relation),
                "{relation}: {broken} breaks {error:?}"
            );
            assert!(error.to_string().contains(relation));
            // Both languages name the same limits.
            let limit = relation.split(' ').next().unwrap_or_default();
            assert!(error.names(limit) || limit.is_empty(), "{relation}");
            assert!(error.relation(Language::Zh).starts_with(limit), "{relation}: {error:?}");
        }
    }
}
