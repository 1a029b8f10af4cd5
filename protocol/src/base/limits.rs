//! The limits of the core, in one struct, and the relations between them.

#[macro_use]
mod relation;
mod told;

use crate::base::digest::Digest;
use crate::base::name::Name;
use crate::base::rate::Rate;
use alloc::vec::Vec;
use core::fmt;
pub use relation::LimitError;
use relation::Relation;

/// Declares a struct of limits, with a row for each: its field, its type and its default. The name of its setting is that of the
/// field, except for the rows of `others`, which list their settings.
macro_rules! limits {
    (
        $(#[$about:meta])*
        $struct:ident {
            $($(#[$doc:meta])* $field:ident: $type:ty = $default:expr;)*
        }
        others {
            $($(#[$other_doc:meta])* $other:ident: $other_type:ty = $other_default:expr, as [$($name:literal: $($path:ident).+),*];)*
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub struct $struct {
            $($(#[$doc])* pub $field: $type,)*
            $($(#[$other_doc])* pub $other: $other_type,)*
        }

        impl Default for $struct {
            fn default() -> Self {
                Self { $($field: $default,)* $($other: $other_default,)* }
            }
        }

        impl $struct {
            /// Calls `each` with the name and the value of every limit.
            fn visit(&mut self, each: &mut dyn FnMut(&'static str, &mut dyn Value)) {
                $(each(stringify!($field), &mut self.$field);)*
                $($(each($name, &mut self.$($path).+);)*)*
            }
        }
    };
}

limits! {
    /// The limits of a server. The defaults work for a machine of any size; [`Limits::check`] checks that the limits
    /// are consistent.
    Limits {
        /// The size of the budget that all connections of an address share, in budgets of one connection.
        address_factor: u32 = 4;
        /// Maximum number of bytes waiting for one slow reader. If there are more, the connection is closed.
        backlog_bytes_max: usize = 1 << 20;
        /// Maximum number of addresses without connections whose debts are remembered. If there are more, newcomers share one
        /// budget until some are repaid.
        budgets_max: usize = 65_536;
        /// Maximum number of bytes that a connection may still send while it is closing; they are dropped. If it sends more, it is
        /// cut off.
        closing_bytes_max: u32 = 1 << 20;
        /// Maximum number of connections from one address (IPv6: one /64, and sixteen times as many from one /48).
        connections_per_ip_max: u32 = 64;
        /// Maximum number of connections.
        connections_max: u32 = 10_000;
        /// Maximum number of former names (of members that left or were renamed) that `WHOWAS` finds.
        departed_max: usize = 1_000;
        /// Milliseconds of silence after which a connection whose dialect is unknown is taken for plain.
        ///
        /// IRC clients that act once a second, as eggdrop does, send their `NICK` up to a second after they connect. The
        /// default is longer, so that they do not enter as a plain member first.
        detect_ms: u64 = 1_500;
        /// Maximum number of writes to sockets in one part of a flush, before new input is read.
        flush_writes_max: usize = 1_024;
        /// Maximum number of bytes of text in a room's history.
        history_bytes_max: usize = 64 << 10;
        /// Maximum number of lines in a room's history.
        history_lines_max: usize = 100;
        /// Maximum number of bytes of text in the histories of all rooms together. If there are more, the oldest half of the
        /// longest history is dropped.
        histories_bytes_max: usize = 64 << 20;
        /// Milliseconds for which an address may not connect again after an operator of the server disconnected one of its
        /// members.
        kill_wait_ms: u64 = 10_000;
        /// Maximum number of bytes of a line, without its line end. The rest of a longer line is dropped.
        line_bytes_max: usize = 4_096;
        /// Maximum number of names that one IRC connection may watch (`MONITOR`).
        monitored_max: usize = 100;
        /// Maximum number of bytes waiting for all slow readers together; bytes that several of them share are counted
        /// once. If there are more, the connection with the largest backlog is closed.
        outbox_bytes_max: usize = 256 << 20;
        /// Maximum number of messages of one connection that wait for the log. The next line stays unread.
        pending_commands_max: u32 = 10;
        /// Milliseconds of silence after which an IRC connection is sent a `PING`.
        ping_ms: u64 = 90_000;
        /// Milliseconds that an IRC connection has to answer a `PING` before it is closed.
        pong_ms: u64 = 60_000;
        /// Maximum number of proposals of all connections together that wait for the log. Further lines and entrances wait until
        /// some are committed. Members that leave are not counted, because there is one such proposal for each at most.
        proposals_max: u32 = 4_096;
        /// Milliseconds that a proxy has to send the header that names its client, before the connection is closed.
        proxy_ms: u64 = 5_000;
        /// Maximum number of bytes of one read from a socket.
        read_bytes_max: usize = 16 << 10;
        /// Maximum number of read markers of one IRC connection (`MARKREAD`).
        read_markers_max: usize = 200;
        /// Maximum number of refused connections that are being sent the reason. If all are in use, accepting pauses.
        refusals_max: u32 = 16;
        /// Milliseconds that an IRC connection has to register before it is closed.
        registration_ms: u64 = 60_000;
        /// Maximum number of bytes of one reply that lists something. Items that do not fit are counted and not listed.
        reply_bytes_max: usize = 16 << 10;
        /// Size of the kernel's receive buffer of a connection: bytes that its client has sent and that were not read yet.
        socket_receive_bytes: usize = 64 << 10;
        /// Size of the kernel's send buffer of a connection: bytes that were written and that its client has not received
        /// yet. What the kernel does not take waits in the backlog.
        socket_send_bytes: usize = 128 << 10;
        /// Maximum number of bytes in the send buffer that were not sent yet, for example because the client does not read.
        socket_unsent_bytes: usize = 64 << 10;
        /// Maximum number of rooms or names in one line of IRC. More are an error.
        targets_max: usize = 20;
        /// Maximum number of bytes read in one tick. Then the tick ends with a flush.
        tick_bytes_max: usize = 256 << 10;
        /// Maximum work of one connection before all others have had their turns, in lines or what costs as much as so many
        /// lines. What is left is done in its next turn.
        turn_lines_max: u32 = 20;
    }
    others {
        /// Milliseconds that a closing connection has to read its last bytes and to close. The setting is `drain_ms`.
        close_timeout_ms: u64 = 5_000, as ["drain_ms": close_timeout_ms];
        /// The rate at which lines of one connection are read. If a client sends faster, reading from it pauses. Without
        /// this limit, addresses have none either.
        rate: Rate = Rate { lines: 10, burst: 60 }, as ["rate_burst": rate.burst, "rate_lines": rate.lines];
        /// The limits of the shared state.
        world: WorldLimits = WorldLimits::default(), as [];
    }
}

limits! {
    /// The limits of the shared state. They are in the log, so that a replay does not depend on a configuration file. Their
    /// types have the same size on every machine, because the entries of a log may be stored and read on another one.
    WorldLimits {
        /// Milliseconds for which the messages of a room can be read again; 0 if they cannot.
        history_keep_ms: u64 = 604_800_000;
        /// Maximum number of invitations of one member. A further one replaces the oldest.
        invitations_max: u32 = 20;
        /// Maximum number of masks of one room: bans and exceptions together.
        masks_max: u32 = 100;
        /// Milliseconds for which a room without members is kept, if nothing restricts who may enter it; 0 if none is kept.
        room_keep_ms: u64 = 86_400_000;
        /// Maximum number of operators that a room remembers when they leave it. A further one replaces the oldest.
        room_operators_max: u32 = 16;
        /// Milliseconds within which an operator of a room that was empty in the meantime has to return to be its operator again.
        room_return_ms: u64 = 3_600_000;
        /// Maximum number of rooms. If there are as many, those without members end first.
        rooms_max: u32 = 10_000;
        /// Maximum number of rooms that were begun by members with the same host: from the same address, unless an operator has
        /// set the host. If there are as many, those without members end first.
        rooms_per_host_max: u32 = 100;
        /// Maximum number of rooms that one member is in.
        rooms_per_member_max: u32 = 20;
        /// Maximum number of bans from the server.
        server_bans_max: u32 = 1_000;
        /// Maximum number of bytes of a room's topic. A longer one is refused.
        topic_bytes_max: u32 = 390;
    }
    others {}
}

/// The value of a limit, whatever its type.
trait Value {
    fn get(&self) -> u64;

    /// Sets the value. One that is too large for the type becomes its maximum.
    fn set(&mut self, value: u64);
}

macro_rules! values {
    ($($type:ty)*) => {
        $(impl Value for $type {
            fn get(&self) -> u64 {
                *self as u64
            }

            fn set(&mut self, value: u64) {
                *self = value.try_into().unwrap_or(<$type>::MAX);
            }
        })*
    };
}

values!(u32 u64 usize);

impl WorldLimits {
    pub(crate) fn digest(mut self, digest: &mut Digest) {
        self.visit(&mut |name, value| {
            // The first logs did not have these limits, and their worlds keep their digests.
            let is_left_out = value.get() == 0 && Self::ADDED.contains(&name);
            if !is_left_out {
                digest.number(value.get());
            }
        });
    }

    /// The limits that the first version of the log did not have. In the entries of that version, they are 0.
    const ADDED: [&'static str; 4] =
        ["history_keep_ms", "room_keep_ms", "room_operators_max", "room_return_ms"];
}

/// The error for a name that no limit has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UnknownLimit;

impl fmt::Display for UnknownLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("unknown limit")
    }
}

impl core::error::Error for UnknownLimit {}

/// Minimum number of bytes of text in each piece but the last, in a dialect that splits long texts.
///
/// The IRC dialect asserts that it satisfies this bound and the following two.
pub(crate) const PIECE_TEXT_BYTES_MIN: usize = 162;

/// The number of bytes around the text of a message, or of each piece of a long one: names, and the words of the protocol.
pub(crate) const PIECE_OVERHEAD_BYTES: usize = 64;

/// Maximum number of bytes of a piece, including source, target and tags.
pub(crate) const PIECE_BYTES_MAX: usize = 600;

/// Maximum number of bytes of all pieces of a line that came with client-only tags.
pub(crate) const TAGGED_LINE_BYTES_MAX: usize = 6_496;

impl Limits {
    /// Returns all limits: the names of their settings, and their values.
    #[must_use]
    pub fn named(mut self) -> Vec<(&'static str, u64)> {
        let mut all = Vec::new();
        self.visit(&mut |name, value| all.push((name, value.get())));
        self.world.visit(&mut |name, value| all.push((name, value.get())));
        all
    }

    /// Sets the limit with this name. A `value` that is too large for its type becomes the maximum of the type.
    ///
    /// # Errors
    /// Returns an error if no limit has the name.
    pub fn set(&mut self, name: &str, value: u64) -> Result<(), UnknownLimit> {
        let mut is_known = false;
        let mut set = |each: &'static str, limit: &mut dyn Value| {
            if each == name {
                limit.set(value);
                is_known = true;
            }
        };
        self.visit(&mut set);
        self.world.visit(&mut set);
        is_known.then_some(()).ok_or(UnknownLimit)
    }

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

    /// Returns the maximum number of connections that have a slot: those that are open or closing, and as many that are closed and
    /// whose members have yet to leave, because the log has not answered.
    #[must_use]
    pub const fn slots_max(&self) -> u32 {
        self.connections_max.saturating_mul(2).saturating_add(self.refusals_max)
    }

    /// Returns the number of bytes of a room's chunk at which it is flushed.
    ///
    /// It is half of the maximum backlog: together with the output of one more input, the chunk still fits in the
    /// backlog of a reader that had none.
    #[must_use]
    pub const fn chunk_bytes_max(&self) -> usize {
        self.backlog_bytes_max / 2
    }

    /// Returns the maximum number of bytes that wait for all connections together, in both directions: in the kernel, which
    /// may use twice the size of a buffer, and in the backlogs.
    #[must_use]
    pub const fn buffer_bytes_max(&self) -> u64 {
        let connections = self.connections_max as u64 + self.refusals_max as u64;
        let kernel = 2 * (self.socket_receive_bytes as u64 + self.socket_send_bytes as u64);
        let backlogs = connections.saturating_mul(self.backlog_bytes_max as u64);
        let together = self.outbox_bytes_max as u64;
        connections.saturating_mul(kernel).saturating_add(if backlogs < together {
            backlogs
        } else {
            together
        })
    }

    /// Returns the conditions that the limits must satisfy, and whether these limits satisfy them.
    #[must_use]
    pub const fn relations(&self) -> [Relation; 32] {
        let Self { line_bytes_max: line, reply_bytes_max: reply, backlog_bytes_max: backlog, .. } = *self;
        [
            Relation {
                en: "line_bytes_max must be from 128 to 1048576",
                zh: "line_bytes_max 必须在 128 到 1048576 之间",
                holds: line >= 128 && line <= 1 << 20,
            },
            at_most!(topic_bytes_max, line_bytes_max, self.world.topic_bytes_max as usize <= line),
            at_least!(pending_commands_max, self.pending_commands_max, 1),
            Relation {
                en: "backlog_bytes_max must be at least twice the largest size of a line as others receive it (line_bytes_max × 3, in \
                     pieces of 162 bytes that take 600 bytes each; at least 6496)",
                zh: "backlog_bytes_max 必须至少为一行可能变成的字节数（line_bytes_max × 3，按每 162 字节一段、每段 600 字节计，\
                     至少 6496）的两倍",
                holds: self.rendered_line_bytes_max() <= self.chunk_bytes_max(),
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
            socket_bytes!(socket_receive_bytes, self.socket_receive_bytes),
            socket_bytes!(socket_send_bytes, self.socket_send_bytes),
            at_least!(socket_unsent_bytes, self.socket_unsent_bytes, 4096),
            at_most!(
                socket_unsent_bytes,
                socket_send_bytes,
                self.socket_unsent_bytes <= self.socket_send_bytes
            ),
            at_least!(rate_burst, self.rate.burst, 1),
            at_least!(address_factor, self.address_factor, 1),
            at_least!(budgets_max, self.budgets_max, 1),
            at_least!(connections_max, self.connections_max, 1),
            at_least!(connections_per_ip_max, self.connections_per_ip_max, 1),
            at_least!(refusals_max, self.refusals_max, 1),
            at_most!(detect_ms, registration_ms, self.detect_ms <= self.registration_ms),
            at_least!(registration_ms, self.registration_ms, 1000),
            at_least!(ping_ms, self.ping_ms, 1000),
            at_least!(pong_ms, self.pong_ms, 1000),
            at_least!(proposals_max, self.proposals_max, 1),
            at_least!(proxy_ms, self.proxy_ms, 1),
            at_least!(targets_max, self.targets_max, 1),
            at_least!(turn_lines_max, self.turn_lines_max, 1),
            at_least!(flush_writes_max, self.flush_writes_max, 1),
            at_least!(rooms_max, self.world.rooms_max, 1),
            at_least!(rooms_per_host_max, self.world.rooms_per_host_max, 1),
            at_most!(
                history_bytes_max,
                histories_bytes_max,
                self.history_bytes_max <= self.histories_bytes_max
            ),
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
    use crate::base::language::Language;
    use alloc::string::ToString;

    #[test]
    fn the_defaults_are_valid() {
        assert_eq!(Limits::default().check(), Ok(()));
    }

    #[test]
    fn a_limit_is_set_by_its_name_alone() {
        let names: Vec<&str> = Limits::default().named().into_iter().map(|(name, _)| name).collect();
        for &name in &names {
            let mut limits = Limits::default();
            limits.set(name, 7).unwrap();
            let changed = |(one, other): ((&'static str, u64), _)| (one != other).then_some(one);
            let changes: Vec<_> =
                limits.named().into_iter().zip(Limits::default().named()).filter_map(changed).collect();
            assert_eq!(changes, [(name, 7)]);
        }
        assert_eq!(Limits::default().set("close_timeout_ms", 1), Err(UnknownLimit));
        let mut limits = Limits::default();
        limits.set("connections_max", u64::MAX).unwrap();
        assert_eq!(limits.connections_max, u32::MAX);
    }

    #[test]
    fn a_rendered_line_has_the_documented_maximum_size() {
        for (line_bytes_max, bytes) in [(128, 6_496), (1_000, 19 * 600), (4_096, 76 * 600)] {
            let limits = Limits { line_bytes_max, ..Limits::default() };
            assert_eq!(limits.rendered_line_bytes_max(), bytes, "{line_bytes_max}");
        }
    }

    #[test]
    fn the_buffers_of_all_connections_have_a_maximum_size() {
        let mut limits = Limits {
            connections_max: 90,
            refusals_max: 10,
            socket_receive_bytes: 1_000,
            socket_send_bytes: 2_000,
            backlog_bytes_max: 5_000,
            outbox_bytes_max: 500_001,
            ..Limits::default()
        };
        assert_eq!(limits.buffer_bytes_max(), 100 * (2 * 3_000 + 5_000));
        limits.outbox_bytes_max = 7_000;
        assert_eq!(
            limits.buffer_bytes_max(),
            100 * 2 * 3_000 + 7_000,
            "all backlogs together are limited, too"
        );
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
            socket_send_bytes: 100_000,
            ..Limits::default()
        };
        type Set = fn(&mut Limits, u32);
        let small: Set = |limits, bytes| {
            // A topic is at most as long as a line.
            (limits.line_bytes_max, limits.world.topic_bytes_max) = (bytes as usize, bytes.min(100));
            limits.backlog_bytes_max = 1 << 28;
            limits.outbox_bytes_max = 1 << 28;
        };
        let relations: [(&str, Set, u32, u32); 35] = [
            ("line_bytes_max must be from 128", small, 128, 127),
            ("line_bytes_max must be from 128", small, 1 << 20, (1 << 20) + 1),
            (
                "topic_bytes_max must be at most",
                |limits, bytes| limits.world.topic_bytes_max = bytes,
                1_000,
                1_001,
            ),
            ("pending_commands_max must be", |limits, count| limits.pending_commands_max = count, 1, 0),
            (
                "backlog_bytes_max must be at least",
                |limits, bytes| limits.backlog_bytes_max = bytes as usize,
                22_800,
                22_798,
            ),
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
            (
                "socket_receive_bytes must be from",
                |limits, bytes| limits.socket_receive_bytes = bytes as usize,
                4_096,
                4_095,
            ),
            (
                "socket_receive_bytes must be from",
                |limits, bytes| limits.socket_receive_bytes = bytes as usize,
                (1 << 30) - 1,
                1 << 30,
            ),
            (
                "socket_send_bytes must be from",
                |limits, bytes| {
                    let bytes = bytes as usize;
                    // No more of them are unsent.
                    (limits.socket_send_bytes, limits.socket_unsent_bytes) = (bytes, bytes.max(4_096));
                },
                4_096,
                4_095,
            ),
            (
                "socket_send_bytes must be from",
                |limits, bytes| limits.socket_send_bytes = bytes as usize,
                (1 << 30) - 1,
                1 << 30,
            ),
            (
                "socket_unsent_bytes must be at least",
                |limits, bytes| limits.socket_unsent_bytes = bytes as usize,
                4_096,
                4_095,
            ),
            (
                "socket_unsent_bytes must be at most",
                |limits, bytes| limits.socket_unsent_bytes = bytes as usize,
                100_000,
                100_001,
            ),
            ("rate_burst", |limits, burst| limits.rate.burst = burst, 1, 0),
            ("address_factor", |limits, factor| limits.address_factor = factor, 1, 0),
            ("budgets_max", |limits, count| limits.budgets_max = count as usize, 1, 0),
            ("connections_max", |limits, count| limits.connections_max = count, 1, 0),
            ("connections_per_ip_max", |limits, count| limits.connections_per_ip_max = count, 1, 0),
            ("refusals_max", |limits, count| limits.refusals_max = count, 1, 0),
            ("detect_ms", |limits, ms| limits.detect_ms = ms.into(), 60_000, 60_001),
            ("registration_ms", |limits, ms| limits.registration_ms = ms.into(), 1_000, 999),
            ("ping_ms", |limits, ms| limits.ping_ms = ms.into(), 1_000, 999),
            ("pong_ms", |limits, ms| limits.pong_ms = ms.into(), 1_000, 999),
            ("proxy_ms", |limits, ms| limits.proxy_ms = ms.into(), 1, 0),
            ("targets_max", |limits, count| limits.targets_max = count as usize, 1, 0),
            ("turn_lines_max", |limits, count| limits.turn_lines_max = count, 1, 0),
            ("flush_writes_max", |limits, count| limits.flush_writes_max = count as usize, 1, 0),
            ("rooms_max", |limits, count| limits.world.rooms_max = count, 1, 0),
            ("rooms_per_host_max", |limits, count| limits.world.rooms_per_host_max = count, 1, 0),
            (
                "history_bytes_max must be at most",
                |limits, bytes| limits.history_bytes_max = bytes as usize,
                64 << 20,
                (64 << 20) + 1,
            ),
            ("rooms_per_member_max", |limits, count| limits.world.rooms_per_member_max = count, 1, 0),
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
