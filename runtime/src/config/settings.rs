//! The settings: one row of a table for each.
//!
//! Flags, environment variables, the file's keys, `--print-config`, `--help`, what a reload changes and the table in
//! the documentation are all derived from the rows.

#[macro_use]
mod row;
mod gateway;
mod moderation;
mod share;
mod socket;
mod store;
mod table;

use super::{Config, ENV_PREFIX};
use crate::locale::{Bilingual, Localized};
use parlor_protocol::Language;
pub use table::SETTINGS;

/// One setting.
#[derive(Debug)]
pub struct Setting {
    /// The key in the file. The flag is the same with `--` and hyphens, the variable with `PARLOR_` and in capitals.
    pub name: &'static str,
    /// The group that lists it.
    pub topic: Topic,
    /// The form of its value, as in `--lang zh|en`.
    pub value: &'static str,
    /// The meaning and, for a limit, what happens when it is reached.
    pub about: Localized,
    /// The number of values it takes.
    pub arity: Arity,
    /// The value of the flag given without one; `None` if the flag requires a value.
    pub bare_value: Option<&'static str>,
    /// Copies it from a configuration that was loaded again into the one in force; `None` if it takes effect only at
    /// the next start.
    pub reload: Option<fn(from: &Config, to: &mut Config)>,
    /// Returns its value in a configuration, as TOML.
    pub get: fn(&Config) -> String,
    /// Sets it from text. The error says what is wrong with the text.
    pub set: fn(&mut Config, &[String]) -> Result<(), Bilingual>,
}

/// The number of values a setting takes. If there may be several, the flag is repeatable and the file has an array.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arity {
    /// Any number of lines; in an environment variable, separated by line ends.
    Lines,
    /// One.
    One,
    /// Any number of words; in an environment variable, separated by blanks.
    Words,
}

/// A group of settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Topic {
    /// Rooms: where to listen, the language, what members read.
    Room,
    /// The server's identity as IRC clients see it, and its passwords.
    Irc,
    /// Limits of one connection.
    Connection,
    /// Limits of the whole server.
    Server,
    /// Limits of the shared state.
    World,
    /// The data that survives the process.
    Store,
    /// The logs.
    Logs,
}

impl Topic {
    /// Returns the heading above its settings.
    #[must_use]
    pub const fn title(self, language: Language) -> &'static str {
        match (language, self) {
            (Language::En, Self::Room) => "The room",
            (Language::En, Self::Irc) => "IRC",
            (Language::En, Self::Connection) => "Limits of a connection",
            (Language::En, Self::Server) => "Limits of the server",
            (Language::En, Self::World) => "Limits of rooms and members",
            (Language::En, Self::Store) => "What is kept",
            (Language::En, Self::Logs) => "Logs",
            (Language::Zh, Self::Room) => "房间",
            (Language::Zh, Self::Irc) => "IRC",
            (Language::Zh, Self::Connection) => "每个连接的限制",
            (Language::Zh, Self::Server) => "服务器的限制",
            (Language::Zh, Self::World) => "房间和成员的限制",
            (Language::Zh, Self::Store) => "保存的数据",
            (Language::Zh, Self::Logs) => "日志",
        }
    }
}

impl Setting {
    /// Returns the flag and its value, as on the command line: `--echo[=on|off]`.
    #[must_use]
    pub fn usage(&self) -> String {
        match self.bare_value {
            Some(_) => format!("{}[={}]", self.flag(), self.value),
            None => format!("{} {}", self.flag(), self.value),
        }
    }

    /// Returns the command line's flag.
    #[must_use]
    pub fn flag(&self) -> String {
        format!("--{}", self.name.replace('_', "-"))
    }

    /// Returns the name of the environment variable.
    #[must_use]
    pub fn variable(&self) -> String {
        format!("{ENV_PREFIX}{}", self.name.to_ascii_uppercase())
    }
}

/// Returns the names of the settings that a reload changes, in the order of the table.
pub fn reloadable_names() -> impl Iterator<Item = &'static str> {
    SETTINGS.iter().filter(|setting| setting.reload.is_some()).map(|setting| setting.name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$P3OLBQw3O3GiY9hpX8wpK8qO6gQccIdDXnlkdzKceqU";

    #[test]
    fn a_reload_copies_its_own_setting_and_no_other() {
        let shown = |config: &Config| -> Vec<(&str, String)> {
            SETTINGS.iter().map(|setting| (setting.name, (setting.get)(config))).collect()
        };
        for setting in SETTINGS {
            let Some(reload) = setting.reload else { continue };
            let value = match setting.name {
                "operators" => format!("alice:{HASH}"),
                "password" | "webirc_password" => HASH.to_owned(),
                _ => "new".to_owned(),
            };
            let (mut from, mut to) = (Config::default(), Config::default());
            (setting.set)(&mut from, &[value]).unwrap();
            let expected = shown(&from);
            assert_ne!(shown(&to), expected, "{}", setting.name);
            // Other settings that differ are not copied.
            for other in SETTINGS.iter().filter(|other| other.reload.is_some() && other.name != setting.name)
            {
                let other_value =
                    if other.name == "operators" { format!("bob:{HASH}") } else { HASH.to_owned() };
                (other.set)(&mut from, &[other_value]).ok();
            }
            reload(&from, &mut to);
            assert_eq!(shown(&to), expected, "{}", setting.name);
            assert_eq!(to.options.identity.has_password, to.passwords.server.is_some(), "{}", setting.name);
        }
    }
}
