//! Why a configuration cannot be used.

use super::{Config, SETTINGS};
use crate::locale::{Bilingual, text};
use parlor_protocol::{Language, LimitError};
use std::fmt;
use std::path::PathBuf;

/// The configuration cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// A value is none of those that the setting takes.
    Bad {
        /// Where it stands, in the words of its source.
        place: String,
        /// What is wrong with it.
        error: Bilingual,
    },
    /// The file is not there, cannot be read, or is no TOML.
    File {
        /// Its path.
        path: PathBuf,
        /// The mistake itself.
        error: Bilingual,
    },
    /// The limits contradict each other.
    Limits {
        /// The relation between limits that does not hold.
        error: LimitError,
        /// The flags of these limits, with the values in force.
        in_force: String,
    },
    /// The file has a key that is no setting.
    UnknownKey {
        /// The file's path.
        path: PathBuf,
        /// The key.
        key: String,
    },
}

impl ConfigError {
    /// Limits contradict each other.
    pub(super) fn limits(error: LimitError, config: &Config) -> Self {
        let named = SETTINGS.iter().filter(|setting| error.names(setting.name));
        let in_force = named.map(|setting| format!("{} {}", setting.flag(), (setting.get)(config)));
        Self::Limits { error, in_force: in_force.collect::<Vec<_>>().join(" ") }
    }

    /// What is wrong, in that language.
    #[must_use]
    pub fn in_language(&self, language: Language) -> String {
        match self {
            Self::Bad { place, error } => error.after(place).in_language(language).to_owned(),
            Self::File { path, error } => {
                error.after(&path.display().to_string()).in_language(language).to_owned()
            }
            Self::Limits { error, in_force } => {
                let relation = error.relation(language);
                text!(language, "invalid limits: {in_force}: {relation}", "限制无效：{in_force}：{relation}")
            }
            Self::UnknownKey { path, key } => {
                let path = path.display();
                let unknown = unknown_setting(key, key, str::to_owned);
                let unknown = unknown.in_language(language);
                text!(
                    language,
                    "{path}: {unknown}; `parlor serve --print-config` lists all settings",
                    "{path}：{unknown}；用 `parlor serve --print-config` 查看所有设置"
                )
            }
        }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.in_language(Language::En))
    }
}

impl std::error::Error for ConfigError {}

/// That there is no such setting, as it was written, and which one may have been meant, as it would have to be written.
pub(super) fn unknown_setting(written: &str, name: &str, write: impl Fn(&str) -> String) -> Bilingual {
    match nearest(name) {
        Some(nearest) => {
            let nearest = write(nearest);
            Bilingual::new(
                format!("unknown setting {written}, did you mean {nearest}?"),
                format!("没有设置 {written}，您是不是要写 {nearest}？"),
            )
        }
        None => Bilingual::new(format!("unknown setting {written}"), format!("没有设置 {written}")),
    }
}

/// The setting whose name is nearest to that one, if one is near.
fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase().replace('-', "_");
    // One letter in three may be wrong.
    let most = (name.chars().count() / 3).max(1);
    let distances = SETTINGS.iter().map(|setting| (distance(&name, setting.name), setting.name));
    distances.filter(|(distance, _)| *distance <= most).min().map(|(_, name)| name)
}

/// How many letters have to be put in, taken out or exchanged to make one word of the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let other: Vec<char> = other.chars().collect();
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (index, letter) in one.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = index + 1;
        for (at, other) in other.iter().enumerate() {
            let kept = diagonal + usize::from(letter != *other);
            diagonal = row[at + 1];
            row[at + 1] = kept.min(row[at] + 1).min(diagonal + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_nearest_setting_is_named_if_one_is_near() {
        assert_eq!(nearest("lingo"), None);
        assert_eq!(nearest("rate_line"), Some("rate_lines"));
        assert_eq!(nearest("Rate-Lines"), Some("rate_lines"));
        assert_eq!(nearest("password_hash"), None);
        assert_eq!(nearest("passwrod"), Some("password"));
        assert_eq!(nearest("connection_max"), Some("connections_max"));
        assert_eq!(nearest(""), None);
    }

    #[test]
    fn a_distance_is_the_letters_that_differ() {
        for (one, other, letters) in
            [("", "", 0), ("tea", "tea", 0), ("tea", "", 3), ("", "tea", 3), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(one, other), letters, "{one} and {other}");
        }
    }
}
