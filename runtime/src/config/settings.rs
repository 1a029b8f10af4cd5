//! The one table of what can be set. Flags, variables, the file's keys, `--print-config` and the table in
//! the documentation are all made from it.

use super::value::{
    choice, line, lines, list, names, number, operators, quoted, secret, single, switch, word,
};
use super::{Config, ListenUrlError, LogFormat};
use crate::help;
use crate::locale::{Bilingual, both};
use crate::password::NotAHash;
use crate::transport::Vanishing;
use parlor_protocol::{Identity, Language, UnknownLanguage};
use std::sync::Arc;
use tracing::level_filters::LevelFilter;

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
    /// What it means and, where it is a limit, what happens there; in English. In Chinese, [`about`](Self::about) has
    /// it.
    pub about: &'static str,
    /// How many values it takes.
    pub takes: Takes,
    /// What the flag means when it stands alone.
    pub alone: Option<&'static str>,
    /// Its value in a configuration, as TOML.
    pub get: fn(&Config) -> String,
    /// Sets it from text; the error says what is wrong with the text.
    pub set: fn(&mut Config, &[String]) -> Result<(), Bilingual>,
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
    /// Settings of the room.
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
    pub const fn title(self, language: Language) -> &'static str {
        match (language, self) {
            (Language::En, Self::Room) => "The room",
            (Language::En, Self::Irc) => "IRC",
            (Language::En, Self::Connection) => "Limits of a connection",
            (Language::En, Self::Server) => "Limits of the server",
            (Language::En, Self::World) => "Limits of rooms and members",
            (Language::En, Self::Logs) => "Logs",
            (Language::Zh, Self::Room) => "房间",
            (Language::Zh, Self::Irc) => "IRC",
            (Language::Zh, Self::Connection) => "每个连接的限制",
            (Language::Zh, Self::Server) => "服务器的限制",
            (Language::Zh, Self::World) => "房间和成员的限制",
            (Language::Zh, Self::Logs) => "日志",
        }
    }
}

impl Setting {
    /// What it means, in that language.
    #[must_use]
    pub fn about(&self, language: Language) -> &'static str {
        match language {
            Language::En => self.about,
            Language::Zh => help::setting(self.name).unwrap_or(self.about),
        }
    }

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
                let set: fn(&mut Config, &str) -> Result<(), Bilingual> = $set;
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
        about: "Address to listen on: auto://HOST:PORT. Add /ROOM to put plain clients into a room \
                other than lobby, or /- to put them into none. plain:// and irc:// accept one dialect only. \
                Repeatable",
        takes: Takes::Words,
        alone: None,
        get: |config| list(&config.listen),
        set: |config, values| {
            let urls =
                values.iter().map(|url| url.parse().map_err(|error: ListenUrlError| error.text().after(url)));
            config.listen = urls.collect::<Result<_, Bilingual>>()?;
            if config.listen.is_empty() {
                Err(both!("must name at least one address", "至少要有一个地址"))
            } else {
                Ok(())
            }
        },
    },
    one!(
        "lang",
        Room,
        "zh|en",
        "Language of the console and of clients that have not chosen one with /lang; by default that of \
         LC_ALL, LC_MESSAGES or LANG",
        |config| quoted(config.options.language),
        |config, text| text
            .parse()
            .map(|it| config.options.language = it)
            .map_err(|_: UnknownLanguage| both!("must be zh or en", "必须是 zh 或 en"))
    ),
    one!(
        "greeting",
        Room,
        "on|off",
        "Greet newcomers with a note: their name, their room, and how to get help",
        |config| config.options.greeting.to_string(),
        |config, text| switch(text, &mut config.options.greeting)
    ),
    Setting {
        alone: Some("on"),
        ..one!(
            "echo",
            Room,
            "on|off",
            "Send plain clients their own lines as well",
            |config| config.options.echo.to_string(),
            |config, text| switch(text, &mut config.options.echo)
        )
    },
    one!(
        "relay",
        Room,
        "named|raw",
        "raw: plain clients get only what is said, without names and announcements",
        |config| quoted(if config.options.raw { "raw" } else { "named" }),
        |config, text| choice(text, &[("named", false), ("raw", true)], &mut config.options.raw)
    ),
    Setting {
        name: "reserved_names",
        topic: Topic::Room,
        value: "NAMES",
        about: "Names that nobody may take, with commas between them; empty for none. A private message to one of them \
                reaches nobody, and its sender is told so. By default, the names of services and of the server. Repeatable",
        takes: Takes::Words,
        alone: None,
        get: |config| list(&config.options.identity.reserved_names),
        set: |config, values| {
            identity(config).reserved_names = names(values)?;
            Ok(())
        },
    },
    said!(
        "server_name",
        "NAME",
        "Name of the server, in the form of a host name: the source of its messages to IRC clients",
        name,
        word
    ),
    said!(
        "server_description",
        "TEXT",
        "Description of the server in a few words, for WHOIS, LINKS and VERSION",
        description,
        line
    ),
    said!("network", "NAME", "Network name that IRC clients show", network, word),
    said_in_lines!(
        "motd",
        "LINE",
        "A line of the greeting for IRC clients; at most 100. Repeatable",
        motd,
        MOTD_LINES_MAX
    ),
    said_in_lines!(
        "admin",
        "LINE",
        "A line on where the server is, who runs it, and how to reach them; at most 3. Repeatable",
        admin,
        ADMIN_LINES_MAX
    ),
    one!(
        "password",
        Irc,
        "HASH",
        "Hash of the password that is required to enter, made by `parlor hash-password`. IRC clients send \
         the password when they connect (PASS). A client without the right password is told the reason and \
         disconnected; so is every plain client, because plain clients cannot send a password",
        |config| secret(config.passwords.server.is_some()),
        |config, text| {
            config.passwords.server = match text {
                "" => None,
                text => Some(text.parse().map_err(NotAHash::text)?),
            };
            identity(config).has_password = config.passwords.server.is_some();
            Ok(())
        }
    ),
    Setting {
        name: "operators",
        topic: Topic::Irc,
        value: "NAME:HASH",
        about: "Name of a server operator and hash of their password, made by `parlor hash-password`. They \
                log in with /oper NAME PASSWORD. Repeatable",
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
        "Length of a line, without its end. The rest of a longer line is dropped, and its sender is told",
        limits.line_bytes_max
    ),
    number!(
        "rate_lines",
        Connection,
        "LINES",
        "Lines a second in the long run; 0 for no limit. Over it, the server reads more slowly; nothing is \
         lost",
        limits.rate.lines
    ),
    number!(
        "rate_burst",
        Connection,
        "LINES",
        "Lines that may be sent at once after a silence. Over it, the server reads more slowly; nothing is lost",
        limits.rate.burst
    ),
    number!(
        "backlog_bytes_max",
        Connection,
        "BYTES",
        "Output that waits for one slow client. Over it, the client gets the rest of the current line and \
         the reason, and is disconnected",
        limits.backlog_bytes_max
    ),
    number!(
        "reply_bytes_max",
        Connection,
        "BYTES",
        "Length of one reply that lists something (/who, /rooms, /history). What does not fit is counted; of \
         the history, the latest lines are shown",
        limits.reply_bytes_max
    ),
    number!(
        "pending_commands_max",
        Connection,
        "LINES",
        "Chat lines that may wait to be written to the log. No more are read until one has been written",
        limits.pending_commands_max
    ),
    number!(
        "read_bytes_max",
        Connection,
        "BYTES",
        "Bytes of one read from a socket. The rest stays in the kernel until the next tick",
        limits.read_bytes_max
    ),
    number!(
        "detect_ms",
        Connection,
        "MS",
        "How long a client of an auto:// listener may be silent before it is taken for a plain one. If it \
         speaks IRC later, its member leaves and it starts over as IRC",
        limits.detect_ms
    ),
    number!(
        "registration_ms",
        Connection,
        "MS",
        "How long an IRC client may take to register. Then it is told the reason and disconnected",
        limits.registration_ms
    ),
    number!(
        "ping_ms",
        Connection,
        "MS",
        "How long an IRC client may be silent. Then it is sent a PING",
        limits.ping_ms
    ),
    number!(
        "pong_ms",
        Connection,
        "MS",
        "How long an IRC client may take to answer a PING. Then it is told the reason and disconnected",
        limits.pong_ms
    ),
    number!(
        "targets_max",
        Connection,
        "COUNT",
        "Rooms or names in one IRC command. A command with more is refused with an error; MONITOR and ISON \
         take as many as fit into a line",
        limits.targets_max
    ),
    number!(
        "monitored_max",
        Connection,
        "COUNT",
        "Names that one IRC client may watch (MONITOR). More are refused",
        limits.monitored_max
    ),
    number!(
        "drain_ms",
        Connection,
        "MS",
        "How long a closing connection may take to receive its last bytes. Then it is cut off",
        limits.close_timeout_ms
    ),
    one!(
        "vanish_ms",
        Connection,
        "MS",
        "How long a host may leave the kernel's probes or sent data unanswered. Then its connection counts \
         as lost, and its member leaves. From 2000 to 65534000",
        |config| config.vanish_ms.to_string(),
        |config, text| {
            number(text, &mut config.vanish_ms)?;
            let (least, most) = (*Vanishing::RANGE_MS.start(), *Vanishing::RANGE_MS.end());
            if Vanishing::RANGE_MS.contains(&config.vanish_ms) {
                Ok(())
            } else {
                Err(both!("must be from {least} to {most}", "必须在 {least} 到 {most} 之间"))
            }
        }
    ),
    number!(
        "connections_max",
        Server,
        "COUNT",
        "Connections at the same time; by default as many as the limit of open files allows. One more is told \
         the reason and disconnected",
        limits.connections_max
    ),
    number!(
        "connections_per_ip_max",
        Server,
        "COUNT",
        "Connections from one address (IPv6: one /64), loopback exempt. One more is told the reason and \
         disconnected",
        limits.connections_per_ip_max
    ),
    number!(
        "refusals_max",
        Server,
        "COUNT",
        "Refused connections that may be told the reason at the same time. Over it, accepting pauses until one \
         of them is gone",
        limits.refusals_max
    ),
    number!(
        "outbox_bytes_max",
        Server,
        "BYTES",
        "Output that waits for all slow clients together; what several wait for counts once. Over it, the \
         client with the most is disconnected",
        limits.outbox_bytes_max
    ),
    number!(
        "tick_bytes_max",
        Server,
        "BYTES",
        "Bytes read in one tick. The rest is read in the next one",
        limits.tick_bytes_max
    ),
    number!(
        "flush_writes_max",
        Server,
        "COUNT",
        "Writes to sockets in a row. The other clients are written to after new input has been handled",
        limits.flush_writes_max
    ),
    number!(
        "accept_retry_ms",
        Server,
        "MS",
        "How long accepting pauses when no file descriptor is left. Waiting clients are accepted afterwards",
        driver.accept_retry_ms
    ),
    number!(
        "shutdown_ms",
        Server,
        "MS",
        "How long a stopping server waits for its connections to receive their last bytes. Then they are cut \
         off",
        driver.shutdown_ms
    ),
    number!(
        "rooms_max",
        World,
        "COUNT",
        "Rooms at the same time. A /join that would create one more is refused",
        limits.world.rooms_max
    ),
    number!(
        "rooms_per_member_max",
        World,
        "COUNT",
        "Rooms that one member may be in. One more is refused",
        limits.world.rooms_per_member_max
    ),
    number!(
        "topic_bytes_max",
        World,
        "BYTES",
        "Length of a room's topic. A longer one is refused",
        limits.world.topic_bytes_max
    ),
    number!(
        "history_lines_max",
        World,
        "LINES",
        "Lines that a room keeps for /history. The oldest is forgotten",
        limits.world.history_lines_max
    ),
    number!(
        "history_bytes_max",
        World,
        "BYTES",
        "Bytes that a room keeps for /history. The oldest line is forgotten",
        limits.world.history_bytes_max
    ),
    number!(
        "masks_max",
        World,
        "COUNT",
        "Bans and exceptions of one room, all lists together. One more is refused",
        limits.world.masks_max
    ),
    number!(
        "invitations_max",
        World,
        "COUNT",
        "Invitations that one member may have. The oldest is forgotten",
        limits.world.invitations_max
    ),
    number!(
        "departed_max",
        World,
        "COUNT",
        "Former names that can still be asked about (WHOWAS). The oldest is forgotten",
        limits.world.departed_max
    ),
    one!(
        "log_format",
        Logs,
        "human|json",
        "Format of the logs on standard error",
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
        "Lowest level that is logged",
        |config| quoted(config.log_level),
        |config, text| { choice(text, &LOG_LEVELS, &mut config.log_level) }
    ),
];

const LOG_LEVELS: [(&str, LevelFilter); 6] = [
    ("off", LevelFilter::OFF),
    ("error", LevelFilter::ERROR),
    ("warn", LevelFilter::WARN),
    ("info", LevelFilter::INFO),
    ("debug", LevelFilter::DEBUG),
    ("trace", LevelFilter::TRACE),
];

/// What the server says of itself, to be changed.
fn identity(config: &mut Config) -> &mut Identity {
    Arc::make_mut(&mut config.options.identity)
}
