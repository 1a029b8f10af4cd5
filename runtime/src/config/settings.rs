//! The one table of what can be set. Flags, variables, the file's keys, `--print-config` and the table in
//! the documentation are all made from it.

use super::value::{choice, line, lines, list, number, operators, quoted, secret, single, switch, word};
use super::{Config, LogFormat};
use crate::transport::Vanishing;
use parlor_protocol::Identity;
use std::sync::Arc;

/// One thing that can be set.
#[derive(Debug)]
pub struct Setting {
    /// The key in the file. The flag is the same with `--` and hyphens, the variable with `PARLOR_` and in
    /// capitals.
    pub name: &'static str,
    /// What it is part of.
    pub topic: Topic,
    /// The form of its value, as in `--lang zh|en`.
    pub value: &'static str,
    /// What it means and, where it is a limit, what happens there.
    pub about: &'static str,
    /// How many values it takes.
    pub takes: Takes,
    /// What the flag means when it stands alone.
    pub alone: Option<&'static str>,
    /// Its value in a configuration, as TOML.
    pub get: fn(&Config) -> String,
    /// Sets it from text; the error says what is wrong with the text.
    pub set: fn(&mut Config, &[String]) -> Result<(), String>,
}

/// How many values a setting takes: its flag may be there several times, in the file it is an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Takes {
    /// Any number of lines; in a variable of the environment, each ends with a line end.
    Lines,
    /// One.
    One,
    /// Any number of words; in a variable of the environment, blanks separate them.
    Words,
}

/// What a setting is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// How the room behaves.
    Room,
    /// What IRC clients are told, and who may do what with a password.
    Irc,
    /// What is bounded for each connection.
    Connection,
    /// What is bounded for the whole server.
    Server,
    /// What is bounded in the shared state.
    World,
    /// What whoever runs the server reads.
    Logs,
}

impl Topic {
    /// The heading over its settings.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Room => "The room",
            Self::Irc => "IRC",
            Self::Connection => "Limits of a connection",
            Self::Server => "Limits of the server",
            Self::World => "Limits of what is shared",
            Self::Logs => "Logs",
        }
    }
}

impl Setting {
    /// The flag and its value, as they are written.
    #[must_use]
    pub fn usage(&self) -> String {
        match self.alone {
            Some(_) => format!("{}[={}]", self.flag(), self.value),
            None => format!("{} {}", self.flag(), self.value),
        }
    }

    /// The flag of the command line.
    #[must_use]
    pub fn flag(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }

    /// The variable of the environment.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("{}{}", super::ENV_PREFIX, self.name.to_ascii_uppercase())
    }
}

/// A setting that takes one value.
macro_rules! one {
    ($name:literal, $topic:ident, $value:literal, $about:literal, $get:expr, $set:expr) => {
        Setting {
            name: $name,
            topic: Topic::$topic,
            value: $value,
            about: $about,
            takes: Takes::One,
            alone: None,
            get: $get,
            set: |config, values| {
                let set: fn(&mut Config, &str) -> Result<(), String> = $set;
                set(config, single(values)?)
            },
        }
    };
}

/// A whole number somewhere in the configuration.
macro_rules! number {
    ($name:literal, $topic:ident, $value:literal, $about:literal, $($field:ident).+) => {
        one!($name, $topic, $value, $about,
            |config| config.$($field).+.to_string(),
            |config, text| number(text, &mut config.$($field).+))
    };
}

/// A text in what the server says of itself.
macro_rules! said {
    ($name:literal, $value:literal, $about:literal, $field:ident, $check:ident) => {
        one!($name, Irc, $value, $about, |config| quoted(&config.options.identity.$field), |config, text| {
            identity(config).$field = $check(text)?.to_owned();
            Ok(())
        })
    };
}

/// Lines in what the server says of itself.
macro_rules! said_in_lines {
    ($name:literal, $value:literal, $about:literal, $field:ident, $max:ident) => {
        Setting {
            name: $name,
            topic: Topic::Irc,
            value: $value,
            about: $about,
            takes: Takes::Lines,
            alone: None,
            get: |config| list(&config.options.identity.$field),
            set: |config, values| {
                identity(config).$field = lines(values, $max)?;
                Ok(())
            },
        }
    };
}

/// Lines of the greeting: as many as fit into what a client may be owed.
const MOTD_LINES_MAX: usize = 100;

/// Lines about who runs the server: IRC has a number for each of them.
const ADMIN_LINES_MAX: usize = 3;

/// Everything that can be set, topic by topic.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "listen",
        topic: Topic::Room,
        value: "URL",
        about: "Listen there: auto://HOST:PORT, with /ROOM for another room than lobby, with /- for none until the \
                client joins one; plain:// and irc:// fix the dialect. Repeatable",
        takes: Takes::Words,
        alone: None,
        get: |config| list(&config.listen),
        set: |config, values| {
            let urls = values.iter().map(|url| url.parse().map_err(|error| format!("{url}: {error}")));
            config.listen = urls.collect::<Result<_, String>>()?;
            if config.listen.is_empty() {
                Err("name at least one place to listen".to_owned())
            } else {
                Ok(())
            }
        },
    },
    one!(
        "lang",
        Room,
        "zh|en",
        "The language of those who have not chosen one with /lang, and of the console; where it is not set, that \
         of LC_ALL, LC_MESSAGES or LANG",
        |config| quoted(config.options.language),
        |config, text| text
            .parse()
            .map(|it| config.options.language = it)
            .map_err(|error| format!("{error}"))
    ),
    one!(
        "greeting",
        Room,
        "on|off",
        "A newcomer reads a note with its name, its room and how to get help",
        |config| config.options.greeting.to_string(),
        |config, text| switch(text, &mut config.options.greeting)
    ),
    Setting {
        alone: Some("on"),
        ..one!(
            "echo",
            Room,
            "on|off",
            "Whoever says something hears it too",
            |config| config.options.echo.to_string(),
            |config, text| switch(text, &mut config.options.echo)
        )
    },
    one!(
        "relay",
        Room,
        "named|raw",
        "raw: what is said is heard without names, and nobody is announced",
        |config| quoted(if config.options.raw { "raw" } else { "named" }),
        |config, text| choice(text, &[("named", false), ("raw", true)], &mut config.options.raw)
    ),
    said!(
        "server_name",
        "NAME",
        "The server's name, in the form of a host's: what IRC clients see before all that the server says",
        name,
        word
    ),
    said!(
        "server_description",
        "TEXT",
        "What the server is, in a few words, for WHOIS, LINKS and VERSION",
        description,
        line
    ),
    said!("network", "NAME", "The name that IRC clients show for the server", network, word),
    said_in_lines!(
        "motd",
        "LINE",
        "What IRC clients are greeted with, a line each, at most 100. Repeatable",
        motd,
        MOTD_LINES_MAX
    ),
    said_in_lines!(
        "admin",
        "LINE",
        "Where the server is, who runs it, and how to write to them: at most three lines. Repeatable",
        admin,
        ADMIN_LINES_MAX
    ),
    one!(
        "password",
        Irc,
        "HASH",
        "What `parlor hash-password` makes of the password that whoever enters has to know. IRC clients give it when \
         they connect (PASS); without it, or with a wrong one, they read the reason and are closed, as is everybody \
         who speaks the plain dialect, which has no passwords",
        |config| secret(config.passwords.server.is_some()),
        |config, text| {
            config.passwords.server = match text {
                "" => None,
                text => Some(text.parse().map_err(|error| format!("{error}"))?),
            };
            identity(config).has_password = config.passwords.server.is_some();
            Ok(())
        }
    ),
    Setting {
        name: "operators",
        topic: Topic::Irc,
        value: "NAME:HASH",
        about: "Who may become an operator of the server with /oper NAME PASSWORD, and what `parlor hash-password` \
                makes of the password. With a wrong one, nothing happens but that this is said. Repeatable",
        takes: Takes::Words,
        alone: None,
        get: |config| {
            let shown = config.passwords.operators.iter().map(|operator| format!("{}:(set)", operator.name));
            list(shown)
        },
        set: |config, values| {
            config.passwords.operators = operators(values)?;
            Ok(())
        },
    },
    number!(
        "line_bytes_max",
        Connection,
        "BYTES",
        "A line, its end not counted. The rest of a longer one is dropped, its first part is delivered, and its \
         writer reads a note",
        limits.line_bytes_max
    ),
    number!(
        "rate_lines",
        Connection,
        "LINES",
        "Lines a second in the long run; 0 for any number. Over it, reading pauses; nothing is lost",
        limits.rate.lines
    ),
    number!(
        "rate_burst",
        Connection,
        "LINES",
        "Lines at once after a silence. Over it, reading pauses; nothing is lost",
        limits.rate.burst
    ),
    number!(
        "backlog_bytes_max",
        Connection,
        "BYTES",
        "What one slow reader may be owed. Over it, the reader gets the rest of the line under way and the reason, \
         and is closed",
        limits.backlog_bytes_max
    ),
    number!(
        "reply_bytes_max",
        Connection,
        "BYTES",
        "One reply that lists something (/who, /rooms, /history). What has no place is counted, of history only \
         the latest is shown",
        limits.reply_bytes_max
    ),
    number!(
        "pending_commands_max",
        Connection,
        "LINES",
        "Chat lines that may wait for the log. The next one waits unread",
        limits.pending_commands_max
    ),
    number!(
        "read_bytes_max",
        Connection,
        "BYTES",
        "One read from a socket. The rest stays in the kernel until the next tick",
        limits.read_bytes_max
    ),
    number!(
        "detect_ms",
        Connection,
        "MS",
        "How long a client at an auto:// listener may be silent before it is taken for plain. If a line of IRC comes \
         later, its member leaves and begins again as IRC",
        limits.detect_ms
    ),
    number!(
        "registration_ms",
        Connection,
        "MS",
        "How long an IRC client has to say who it is. Then it reads the reason and is closed",
        limits.registration_ms
    ),
    number!(
        "ping_ms",
        Connection,
        "MS",
        "How long an IRC client may be silent. Then it is asked whether it is there",
        limits.ping_ms
    ),
    number!(
        "pong_ms",
        Connection,
        "MS",
        "How long it has to answer that. Then it reads the reason and is closed",
        limits.pong_ms
    ),
    number!(
        "targets_max",
        Connection,
        "COUNT",
        "Rooms or names that one line of IRC may be about. A line with more is answered with an error, and does nothing. MONITOR and ISON take as many as a line holds",
        limits.targets_max
    ),
    number!(
        "monitored_max",
        Connection,
        "COUNT",
        "Names that one IRC client may watch (MONITOR). One more is refused",
        limits.monitored_max
    ),
    number!(
        "drain_ms",
        Connection,
        "MS",
        "How long a closing connection may take for its last bytes. Then it is cut off",
        limits.drain_ms
    ),
    one!(
        "vanish_ms",
        Connection,
        "MS",
        "How long a host may be silent to the kernel's probes, or leave data unacknowledged. Then its connection is \
         broken, and its member leaves. From 2000 to 65534000",
        |config| config.vanish_ms.to_string(),
        |config, text| {
            number(text, &mut config.vanish_ms)?;
            let (least, most) = (*Vanishing::RANGE_MS.start(), *Vanishing::RANGE_MS.end());
            if Vanishing::RANGE_MS.contains(&config.vanish_ms) {
                Ok(())
            } else {
                Err(format!("{text} is not from {least} to {most}"))
            }
        }
    ),
    number!(
        "connections_max",
        Server,
        "COUNT",
        "Connections at once; where it is not set, what the limit of open files leaves room for. One more reads the \
         reason and is closed",
        limits.connections_max
    ),
    number!(
        "connections_per_ip_max",
        Server,
        "COUNT",
        "Connections from one address (IPv6: one /64), loopback exempt. One more reads the reason and is closed",
        limits.connections_per_ip_max
    ),
    number!(
        "refusals_max",
        Server,
        "COUNT",
        "Connections over these limits that are being told so at once. Over it, accepting pauses until one of \
         them is gone",
        limits.refusals_max
    ),
    number!(
        "outbox_bytes_max",
        Server,
        "BYTES",
        "What all slow readers together may be owed, what several are owed counted once. Over it, the one that is \
         owed most is closed",
        limits.outbox_bytes_max
    ),
    number!(
        "tick_bytes_max",
        Server,
        "BYTES",
        "What is read in one tick. The rest has its turn in the next one",
        limits.tick_bytes_max
    ),
    number!(
        "flush_writes_max",
        Server,
        "COUNT",
        "Writes to sockets in a row. Whoever was not reached has its turn after new input was looked at",
        limits.flush_writes_max
    ),
    number!(
        "accept_retry_ms",
        Server,
        "MS",
        "How long accepting pauses when no file descriptor is left. Those who wait are let in afterwards",
        driver.accept_retry_ms
    ),
    number!(
        "shutdown_ms",
        Server,
        "MS",
        "How long a server that was told to stop waits for its connections to take their last bytes. Then they are \
         cut off",
        driver.shutdown_ms
    ),
    number!(
        "rooms_max",
        World,
        "COUNT",
        "Rooms at once. A /join that would begin one more is refused",
        limits.world.rooms_max
    ),
    number!(
        "rooms_per_member_max",
        World,
        "COUNT",
        "Rooms that one member is in at once. One more is refused",
        limits.world.rooms_per_member_max
    ),
    number!(
        "topic_bytes_max",
        World,
        "BYTES",
        "A room's topic. A longer one is refused",
        limits.world.topic_bytes_max
    ),
    number!(
        "history_lines_max",
        World,
        "LINES",
        "Lines that a room remembers for /history. The oldest is forgotten",
        limits.world.history_lines_max
    ),
    number!(
        "history_bytes_max",
        World,
        "BYTES",
        "Bytes that a room remembers for /history. The oldest line is forgotten",
        limits.world.history_bytes_max
    ),
    number!(
        "masks_max",
        World,
        "COUNT",
        "Bans and exceptions that a room keeps, all together. One more is refused",
        limits.world.masks_max
    ),
    number!(
        "invitations_max",
        World,
        "COUNT",
        "Invitations that one member has at once. The oldest is forgotten",
        limits.world.invitations_max
    ),
    number!(
        "departed_max",
        World,
        "COUNT",
        "Members that have left, or have another name now, and can still be asked about (WHOWAS). The oldest is \
         forgotten",
        limits.world.departed_max
    ),
    one!(
        "log_format",
        Logs,
        "human|json",
        "The form of the logs on standard error",
        |config| quoted(match config.log_format {
            LogFormat::Human => "human",
            LogFormat::Json => "json",
        }),
        |config, text| {
            choice(text, &[("human", LogFormat::Human), ("json", LogFormat::Json)], &mut config.log_format)
        }
    ),
    one!(
        "log_level",
        Logs,
        "off|error|warn|info|debug|trace",
        "The least important records that are logged",
        |config| quoted(config.log_level),
        |config, text| {
            text.parse()
                .map(|it| config.log_level = it)
                .map_err(|_| format!("{text} is none of off, error, warn, info, debug, trace"))
        }
    ),
];

/// What the server says of itself, to be changed.
fn identity(config: &mut Config) -> &mut Identity {
    Arc::make_mut(&mut config.options.identity)
}
