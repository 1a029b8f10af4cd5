//! The one table of what can be set. Flags, variables, the file's keys, `--print-config` and the table in
//! the documentation are all made from it.

use super::{Config, LogFormat};
use crate::transport::Vanishing;
use std::fmt;
use std::str::FromStr;

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
    /// Whether it takes a list.
    pub repeats: bool,
    /// What the flag means when it stands alone.
    pub alone: Option<&'static str>,
    /// Its value in a configuration, as TOML.
    pub get: fn(&Config) -> String,
    /// Sets it from text; the error says what is wrong with the text.
    pub set: fn(&mut Config, &[String]) -> Result<(), String>,
}

/// What a setting is part of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// How the room behaves.
    Room,
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
            repeats: false,
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

/// Everything that can be set, topic by topic.
pub const SETTINGS: &[Setting] = &[
    Setting {
        name: "listen",
        topic: Topic::Room,
        value: "URL",
        about: "Listen there: auto://HOST:PORT, with /ROOM for another room than lobby, with /- for none until the \
                client joins one; plain:// and irc:// fix the dialect. Repeatable",
        repeats: true,
        alone: None,
        get: |config| {
            let urls: Vec<String> = config.listen.iter().map(quoted).collect();
            format!("[{}]", urls.join(", "))
        },
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

fn single(values: &[String]) -> Result<&str, String> {
    match values {
        [value] => Ok(value),
        values => Err(format!("takes one value, not {}", values.len())),
    }
}

/// The value in quotes, as TOML writes a text.
fn quoted(value: impl fmt::Display) -> String {
    let escaped: String = value
        .to_string()
        .chars()
        .map(|it| match it {
            '"' | '\\' => format!("\\{it}"),
            it if it.is_control() => format!("\\u{:04X}", u32::from(it)),
            it => it.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

/// The bounds of a number, for its error.
trait Bounded: FromStr {
    const LARGEST: u64;
}

impl Bounded for u32 {
    const LARGEST: u64 = Self::MAX as u64;
}

impl Bounded for u64 {
    const LARGEST: u64 = Self::MAX;
}

impl Bounded for usize {
    const LARGEST: u64 = Self::MAX as u64;
}

fn number<N: Bounded>(text: &str, to: &mut N) -> Result<(), String> {
    // As in Rust and TOML, an underscore may stand between digits.
    *to = text
        .replace('_', "")
        .parse()
        .map_err(|_| format!("{text} is not a whole number from 0 to {}", N::LARGEST))?;
    Ok(())
}

fn switch(text: &str, to: &mut bool) -> Result<(), String> {
    choice(text, &[("on", true), ("off", false), ("true", true), ("false", false)], to)
}

fn choice<T: Copy>(text: &str, choices: &[(&str, T)], to: &mut T) -> Result<(), String> {
    let Some(&(_, value)) = choices.iter().find(|(word, _)| *word == text) else {
        let words: Vec<&str> = choices.iter().map(|&(word, _)| word).collect();
        return Err(format!("{text} is none of {}", words.join(", ")));
    };
    *to = value;
    Ok(())
}
