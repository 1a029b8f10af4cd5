//! The limits of the core, in one struct, and the relations between them.

use crate::base::digest::Digest;
use crate::base::language::Language;
use crate::base::name::Name;
use crate::base::rate::Rate;
use core::fmt;

/// The limits of a server. The defaults work for a machine of any size; [`Limits::check`] checks that the limits
/// are consistent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Maximum number of bytes waiting for one slow reader. Over it, the connection is closed.
    pub backlog_bytes_max: usize,
    /// Maximum number of connections from one address (IPv6: one /64). The loopback address has no limit.
    pub connections_per_ip_max: u32,
    /// Maximum number of connections.
    pub connections_max: u32,
    /// Milliseconds that a closing connection has to read its last bytes and to close. The setting is `drain_ms`.
    pub close_timeout_ms: u64,
    /// Milliseconds of silence after which a connection whose dialect is unknown is taken for plain.
    ///
    /// IRC clients that act once a second, as eggdrop does, send their `NICK` up to a second after they connect. The
    /// default is longer, so that they do not enter as a plain member first.
    pub detect_ms: u64,
    /// Maximum number of writes to sockets in one part of a flush, before new input is read.
    pub flush_writes_max: usize,
    /// Maximum number of bytes of a line, without its line end. The rest of a longer line is dropped.
    pub line_bytes_max: usize,
    /// Maximum number of names that one IRC connection may watch (`MONITOR`).
    pub monitored_max: usize,
    /// Maximum number of bytes waiting for all slow readers together; bytes that several of them share are counted
    /// once. Over it, the connection with the largest backlog is closed.
    pub outbox_bytes_max: usize,
    /// Maximum number of messages of one connection that wait for the log. The next line stays unread.
    pub pending_commands_max: u32,
    /// Milliseconds of silence after which an IRC connection is sent a `PING`.
    pub ping_ms: u64,
    /// Milliseconds that the connection has to answer the `PING` before it is closed.
    pub pong_ms: u64,
    /// The rate at which lines of one connection are accepted. Over it, reading from the connection pauses.
    pub rate: Rate,
    /// Maximum number of bytes of one read from a socket.
    pub read_bytes_max: usize,
    /// Maximum number of connections over the limits that are being sent the reason. Over it, accepting pauses.
    pub refusals_max: u32,
    /// Milliseconds that an IRC connection has to register before it is closed.
    pub registration_ms: u64,
    /// Maximum number of bytes of one reply that lists something. The remaining items are counted, not listed.
    pub reply_bytes_max: usize,
    /// Maximum number of rooms or names in one line of IRC. More are an error.
    pub targets_max: usize,
    /// Maximum number of bytes read in one tick before it is flushed.
    pub tick_bytes_max: usize,
    /// The limits of the shared state.
    pub world: WorldLimits,
}

/// The limits of the shared state. They are in the log, so that a replay does not depend on a configuration file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WorldLimits {
    /// Maximum number of former names (of members that left or were renamed) that `WHOWAS` finds.
    pub departed_max: usize,
    /// Maximum number of bytes of text in a room's history.
    pub history_bytes_max: usize,
    /// Maximum number of lines in a room's history.
    pub history_lines_max: usize,
    /// Maximum number of invitations of one member. Over it, the oldest is dropped.
    pub invitations_max: usize,
    /// Maximum number of masks of one room: bans and exceptions together.
    pub masks_max: usize,
    /// Maximum number of rooms.
    pub rooms_max: usize,
    /// Maximum number of rooms that one member is in.
    pub rooms_per_member_max: usize,
    /// Maximum number of bytes of a room's topic. A longer one is refused.
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

/// The error for limits that violate one of their [`relations`](Limits::relations).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LimitError {
    relation: Relation,
}

/// A condition that limits must satisfy. Its text names them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Relation {
    /// The relation in English.
    pub en: &'static str,
    /// The relation in Chinese.
    pub zh: &'static str,
    /// Whether it holds.
    pub holds: bool,
}

/// The condition that a limit is at least a number.
macro_rules! at_least {
    ($name:ident, $limit:expr, $least:literal) => {
        Relation {
            en: concat!(stringify!($name), " must be at least ", $least),
            zh: concat!(stringify!($name), " 至少为 ", $least),
            holds: $limit >= $least,
        }
    };
}

/// The condition that a limit is at most another limit.
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
    /// Returns the text of the violated relation.
    #[must_use]
    pub const fn relation(&self, language: Language) -> &'static str {
        match language {
            Language::En => self.relation.en,
            Language::Zh => self.relation.zh,
        }
    }

    /// Returns whether the text of the violated relation contains the name `limit`.
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

/// Minimum number of bytes of text in each piece but the last, in a dialect that splits long texts.
///
/// The IRC dialect asserts that it satisfies this bound and the following two.
pub(crate) const PIECE_TEXT_BYTES_MIN: usize = 162;

/// Maximum number of bytes of a piece, including source, target and tags.
pub(crate) const PIECE_BYTES_MAX: usize = 600;

/// Maximum number of bytes of all pieces of a line that came with client-only tags.
pub(crate) const TAGGED_LINE_BYTES_MAX: usize = 6_496;

impl Limits {
    /// Returns the maximum number of bytes that one received line becomes in one wire class.
    ///
    /// In the plain dialect, the longest name and the words around it precede the text, and each invalid byte becomes
    /// the three bytes of U+FFFD. The IRC dialect splits the text into pieces, each with a source, a target and tags; a
    /// line may come with client-only tags, too.
    #[must_use]
    pub const fn rendered_line_bytes_max(&self) -> usize {
        let text = 3 * self.line_bytes_max;
        let plain = text + Name::BYTES_MAX + 64;
        let pieces = text.div_ceil(PIECE_TEXT_BYTES_MIN) * PIECE_BYTES_MAX;
        let longest = if pieces > TAGGED_LINE_BYTES_MAX { pieces } else { TAGGED_LINE_BYTES_MAX };
        if longest > plain { longest } else { plain }
    }

    /// Returns the number of bytes of a room's chunk at which it is flushed.
    ///
    /// It is half of the maximum backlog: together with the output of one more input, the chunk still fits in the
    /// backlog of a reader that had none.
    #[must_use]
    pub const fn chunk_bytes_max(&self) -> usize {
        self.backlog_bytes_max / 2
    }

    /// Returns the conditions that the limits must satisfy, and whether they do.
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

    /// Checks the [`relations`](Self::relations) of the limits.
    ///
    /// # Errors
    /// Returns the first relation that does not hold.
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
    fn the_defaults_are_valid() {
        assert_eq!(Limits::default().check(), Ok(()));
    }

    #[test]
    fn a_rendered_line_has_the_documented_maximum_size() {
        for (line_bytes_max, bytes) in [(128, 6_496), (1_000, 19 * 600), (4_096, 76 * 600)] {
            let limits = Limits { line_bytes_max, ..Limits::default() };
            assert_eq!(limits.rendered_line_bytes_max(), bytes, "{line_bytes_max}");
        }
    }

    /// Tests each relation with limits that just satisfy it and with limits that just violate it.
    #[test]
    fn a_violated_relation_is_reported() {
        // The values are far apart, so that one relation is violated at a time.
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
            // A topic is at most as long as a line.
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
