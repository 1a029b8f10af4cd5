//! The text form of scenarios, which people can read and edit.
//!
//! ```text
//! set clients 3
//! set line_bytes_max 130
//! +1500us client 2 connects to tea
//! +20us client 2 sends in segments of 7 "hello\n"
//! ```
//!
//! Settings that are missing are those of a calm network ([`Setup::calm`]). `connects to irc` and `connects to auto`
//! name listeners for IRC and for any dialect; anything else after `connects to` is a room. `connects by proxy to` names
//! listeners for proxies, and `connects by gateway` the one for gateways; what these say is the first thing that is sent.

use super::{Act, Scenario, Setup, Step};
use parlor_protocol::{Dialect, RoomName};
use std::fmt::{self, Write};
use std::str::FromStr;
use std::sync::Arc;

/// An error in the text of a scenario.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParseError {
    /// The number of the line, starting from 1; 0 if the error is in no single line.
    pub line: usize,
    /// A description of the error.
    pub error: String,
}

impl fmt::Display for ParseError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.error)
    }
}

impl std::error::Error for ParseError {}

/// A field of the setup that is not a limit: its name, a function that returns its value as text, and one that sets it.
struct Field {
    name: &'static str,
    get: fn(&Setup) -> String,
    set: fn(&mut Setup, &str) -> Option<()>,
}

macro_rules! fields {
    ($($name:literal: $($field:ident).+,)*) => {
        &[
            Field {
                name: "password",
                get: |setup| setup.options.identity.has_password.to_string(),
                set: |setup, text| {
                    Arc::make_mut(&mut setup.options.identity).has_password = text.parse().ok()?;
                    Some(())
                },
            },
            Field {
                name: "proxies",
                get: |setup| networks(&setup.options.proxies),
                set: |setup, text| {
                    setup.options.proxies = parsed_networks(text)?;
                    Some(())
                },
            },
            Field {
                name: "trusted",
                get: |setup| networks(&setup.options.trusted),
                set: |setup, text| {
                    setup.options.trusted = parsed_networks(text)?;
                    Some(())
                },
            },
            $(Field {
                name: $name,
                get: |setup| setup.$($field).+.to_string(),
                set: |setup, text| {
                    setup.$($field).+ = text.parse().ok()?;
                    Some(())
                },
            },)*
        ]
    };
}

const FIELDS: &[Field] = fields! {
    "clients": clients,
    "clients_per_host": clients_per_host,
    "hostile_clients": hostile_clients,
    "reader_bytes_per_ms": reader_bytes_per_ms,
    "network": network,
    "chaos_seed": chaos_seed,
    "nodes": shared.nodes,
    "deliver_us_max": shared.deliver_us_max,
    "overtake_per_mille": shared.overtake_per_mille,
    "repeat_per_mille": shared.repeat_per_mille,
    "skew_ms_max": shared.skew_ms_max,
    "commit_us_max": commit_us_max,
    "stall_at_us": stall_at_us,
    "stall_us": stall_us,
    "stall_refuses": stall_refuses,
    "stall_loses": stall_loses,
    "flush_per_mille": flush_per_mille,
    "tick_us": tick_us,
    "delay_us_max": delay_us_max,
    "window_bytes": window_bytes,
    "short_write_per_mille": short_write_per_mille,
    "short_read_per_mille": short_read_per_mille,
    "echo": options.echo,
    "greeting": options.greeting,
    "lang": options.language,
    "raw": options.raw,
    "remembers_outside": options.remembers_outside,
};

/// Returns networks as the text of a field.
fn networks(networks: &[impl ToString]) -> String {
    let networks: Vec<_> = networks.iter().map(ToString::to_string).collect();
    if networks.is_empty() { "none".to_owned() } else { networks.join(",") }
}

fn parsed_networks<Network: FromStr>(text: &str) -> Option<Arc<[Network]>> {
    text.split(',').filter(|text| *text != "none").map(|text| text.parse().ok()).collect()
}

impl fmt::Display for Setup {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.fields().into_iter().try_for_each(|(name, value)| writeln!(f, "set {name} {value}"))
    }
}

impl Setup {
    /// Returns the names of the fields, the limits among them, and their values as text.
    #[must_use]
    pub fn fields(&self) -> Vec<(&'static str, String)> {
        let limits = self.limits.named().into_iter().map(|(name, value)| (name, value.to_string()));
        FIELDS.iter().map(|field| (field.name, (field.get)(self))).chain(limits).collect()
    }

    /// Sets a field from text. The error says what is wrong.
    fn set(&mut self, name: &str, text: &str) -> Result<(), String> {
        let no_value = || format!("no value: {text}");
        if let Some(field) = FIELDS.iter().find(|field| field.name == name) {
            return (field.set)(self, text).ok_or_else(no_value);
        }
        let set = self.limits.set(name, text.parse().map_err(|_| no_value())?);
        set.map_err(|_| format!("there is no {name} to set"))
    }

    /// Returns the setup with one field as on a calm network. Returns `None` if the field already is, or cannot be.
    #[must_use]
    pub fn calmer_in(&self, field: usize) -> Option<Self> {
        let (name, calm) = Self::calm(self.clients, self.chaos_seed).fields().into_iter().nth(field)?;
        let mut calmer = self.clone();
        calmer.set(name, &calm).ok()?;
        (calmer != *self && calmer.limits.check().is_ok()).then_some(calmer)
    }
}

impl fmt::Display for Scenario {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.setup)?;
        self.steps.iter().try_for_each(|step| writeln!(f, "{step}"))
    }
}

impl fmt::Display for Step {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "+{}us client {} ", self.after_us, self.client)?;
        match &self.act {
            Act::Connect(Some(room)) => write!(f, "connects to {room}"),
            Act::Connect(None) => f.write_str("connects to no room"),
            Act::ConnectAuto => f.write_str("connects to auto"),
            Act::ConnectByGateway => f.write_str("connects by gateway"),
            Act::ConnectIrc => f.write_str("connects to irc"),
            Act::ConnectProxied { dialect: Dialect::Plain, room: Some(room) } => {
                write!(f, "connects by proxy to {room}")
            }
            Act::ConnectProxied { dialect: Dialect::Plain, room: None } => {
                f.write_str("connects by proxy to no room")
            }
            Act::ConnectProxied { dialect, .. } => write!(f, "connects by proxy to {}", dialect.name()),
            Act::Crash { down_us } => write!(f, "sees its node crash for {down_us}us"),
            Act::EndInput => f.write_str("ends input"),
            Act::Hang => f.write_str("hangs"),
            Act::Hold(us) => write!(f, "is held for {us}us"),
            Act::ReadOn => f.write_str("reads on"),
            Act::Reset => f.write_str("resets"),
            Act::Restart { down_us } => write!(f, "sees its node restart after {down_us}us"),
            Act::Send { bytes, segment: 0 } => write!(f, "sends {}", quote(bytes)),
            Act::Send { bytes, segment } => write!(f, "sends in segments of {segment} {}", quote(bytes)),
            Act::SetClock { ahead_ms } => write!(f, "sees the clock of its node {ahead_ms}ms ahead"),
            Act::StartTwice => f.write_str("sees its node start twice"),
        }
    }
}

impl FromStr for Scenario {
    type Err = ParseError;

    fn from_str(text: &str) -> Result<Self, ParseError> {
        let mut scenario = Self { setup: Setup::calm(1, 0), steps: Vec::new() };
        for (index, line) in text.lines().enumerate() {
            let error = |error: String| ParseError { line: index + 1, error };
            let line = line.trim();
            if line.is_empty() || line.starts_with('#') {
                continue;
            }
            if let Some(setting) = line.strip_prefix("set ") {
                let (name, value) = setting.split_once(' ').unwrap_or((setting, ""));
                scenario.setup.set(name, value).map_err(error)?;
            } else {
                let step = step(line).ok_or_else(|| error(format!("no step: {line}")))?;
                scenario.setup.clients = scenario.setup.clients.max(step.client + 1);
                scenario.steps.push(step);
            }
        }
        let limits = scenario.setup.limits.check();
        limits.map_err(|broken| ParseError { line: 0, error: broken.to_string() })?;
        Ok(scenario)
    }
}

fn step(line: &str) -> Option<Step> {
    let (after, rest) = line.strip_prefix('+')?.split_once("us client ")?;
    let (client, act) = rest.split_once(' ')?;
    let act = match act {
        "connects to auto" => Act::ConnectAuto,
        "connects by gateway" => Act::ConnectByGateway,
        "connects to irc" => Act::ConnectIrc,
        "connects to no room" => Act::Connect(None),
        "ends input" => Act::EndInput,
        "sees its node start twice" => Act::StartTwice,
        "hangs" => Act::Hang,
        "reads on" => Act::ReadOn,
        "resets" => Act::Reset,
        act => {
            if let Some(shared) = of_node(act) {
                shared
            } else if let Some(listener) = act.strip_prefix("connects by proxy to ") {
                let (dialect, room) = match listener {
                    "auto" => (Dialect::Auto, Some(RoomName::lobby())),
                    "irc" => (Dialect::Irc, None),
                    "no room" => (Dialect::Plain, None),
                    room => (Dialect::Plain, Some(RoomName::parse(room).ok()?)),
                };
                Act::ConnectProxied { dialect, room }
            } else if let Some(room) = act.strip_prefix("connects to ") {
                Act::Connect(Some(RoomName::parse(room).ok()?))
            } else if let Some(held) = act.strip_prefix("is held for ") {
                Act::Hold(held.strip_suffix("us")?.parse().ok()?)
            } else if let Some(rest) = act.strip_prefix("sends in segments of ") {
                let (segment, quoted) = rest.split_once(' ')?;
                Act::Send { bytes: unquote(quoted)?, segment: segment.parse().ok()? }
            } else {
                Act::Send { bytes: unquote(act.strip_prefix("sends ")?)?, segment: 0 }
            }
        }
    };
    Some(Step { after_us: after.parse().ok()?, client: client.parse().ok()?, act })
}

/// Parses an act of a node with a number.
fn of_node(act: &str) -> Option<Act> {
    let act = act.strip_prefix("sees ")?;
    if let Some(ahead) = act.strip_prefix("the clock of its node ") {
        return Some(Act::SetClock { ahead_ms: ahead.strip_suffix("ms ahead")?.parse().ok()? });
    }
    let act = act.strip_prefix("its node ")?.strip_suffix("us")?;
    if let Some(down) = act.strip_prefix("crash for ") {
        return Some(Act::Crash { down_us: down.parse().ok()? });
    }
    Some(Act::Restart { down_us: act.strip_prefix("restart after ")?.parse().ok()? })
}

/// Returns bytes in quotes: visible characters unchanged, and all others as `\n`, `\"`, `\\` or `\xff`.
fn quote(bytes: &[u8]) -> String {
    let mut quoted = String::from('"');
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '\n' => quoted += "\\n",
                '"' | '\\' => quoted.extend(['\\', character]),
                plain if plain == ' ' || plain.is_alphanumeric() || plain.is_ascii_graphic() => {
                    quoted.push(plain);
                }
                other => hex(&mut quoted, other.encode_utf8(&mut [0; 4]).as_bytes()),
            }
        }
        hex(&mut quoted, chunk.invalid());
    }
    quoted + "\""
}

fn hex(to: &mut String, bytes: &[u8]) {
    bytes.iter().for_each(|byte| write!(to, "\\x{byte:02x}").expect("a string grows"));
}

fn unquote(quoted: &str) -> Option<Vec<u8>> {
    let mut rest = quoted.strip_prefix('"')?.strip_suffix('"')?;
    let mut bytes = Vec::new();
    while let Some((plain, escaped)) = rest.split_once('\\') {
        bytes.extend_from_slice(plain.as_bytes());
        let kind = escaped.chars().next()?;
        rest = &escaped[kind.len_utf8()..];
        match kind {
            'n' => bytes.push(b'\n'),
            'x' => {
                bytes.push(u8::from_str_radix(rest.get(..2)?, 16).ok()?);
                rest = &rest[2..];
            }
            '"' | '\\' => bytes.extend_from_slice(kind.encode_utf8(&mut [0; 4]).as_bytes()),
            _ => return None,
        }
    }
    bytes.extend_from_slice(rest.as_bytes());
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_scenario_is_parsed_from_its_own_text() {
        for seed in 0..50 {
            let scenario = Scenario::of_seed(seed);
            let again: Scenario = scenario.to_string().parse().unwrap();
            assert_eq!(again.setup, scenario.setup);
            assert_eq!(again.steps, scenario.steps);
        }
    }

    #[test]
    fn an_error_names_its_line() {
        let error = "set clients 2\n+0us client 0 dances\n".parse::<Scenario>().unwrap_err();
        assert_eq!(error.to_string(), "line 2: no step: +0us client 0 dances");
        assert!("set clubs 2".parse::<Scenario>().is_err());
        assert!("set line_bytes_max 2".parse::<Scenario>().is_err());
    }
}
