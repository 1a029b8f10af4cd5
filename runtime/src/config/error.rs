//! Errors of the configuration.

use super::{Config, SETTINGS};
use crate::locale::{Bilingual, text};
use parlor_protocol::{Language, LimitError};
use std::fmt;
use std::path::PathBuf;

/// The error of a configuration that cannot be used.
#[derive(Debug, PartialEq, Eq)]
pub enum ConfigError {
    /// A value is not one that the setting takes.
    Bad {
        /// The place of the value in its source, such as `--rate-lines`.
        place: String,
        /// The message.
        error: Bilingual,
    },
    /// The file does not exist, cannot be read, or is not TOML.
    File {
        /// Its path.
        path: PathBuf,
        /// The message.
        error: Bilingual,
    },
    /// The limits contradict each other.
    Limits {
        /// The relation between limits that does not hold.
        error: LimitError,
        /// The flags of the limits in that relation, with the values in force.
        in_force: String,
    },
    /// A key in the file is not a setting.
    UnknownKey {
        /// The file's path.
        path: PathBuf,
        /// The key.
        key: String,
    },
}

impl ConfigError {
    /// Creates an error for limits that contradict each other.
    pub(super) fn limits(error: LimitError, config: &Config) -> Self {
        let named = SETTINGS.iter().filter(|setting| error.names(setting.name));
        let in_force = named.map(|setting| format!("{} {}", setting.flag(), (setting.get)(config)));
        Self::Limits { error, in_force: in_force.collect::<Vec<_>>().join(" ") }
    }

    /// Returns the message in that language.
    #[must_use]
    pub fn in_language(&self, language: Language) -> String {
        match self {
            Self::Bad { place, error } => error.with_prefix(place).in_language(language).to_owned(),
            Self::File { path, error } => {
                error.with_prefix(&path.display().to_string()).in_language(language).to_owned()
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

/// Returns the message that a setting does not exist, with a suggestion if another name is similar. `written` is the name as
/// it was written; `write` writes the suggested name in the same form.
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

/// Returns the setting with the most similar name, if one is similar enough.
fn nearest(name: &str) -> Option<&'static str> {
    let name = name.to_ascii_lowercase().replace('-', "_");
    // One letter in three may differ.
    let most = (name.chars().count() / 3).max(1);
    let distances = SETTINGS.iter().map(|setting| (distance(&name, setting.name), setting.name));
    distances.filter(|(distance, _)| *distance <= most).min().map(|(_, name)| name)
}

/// Returns the Levenshtein distance between two words.
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
    fn the_most_similar_setting_is_suggested_if_one_is_similar() {
        assert_eq!(nearest("lingo"), None);
        assert_eq!(nearest("rate_line"), Some("rate_lines"));
        assert_eq!(nearest("Rate-Lines"), Some("rate_lines"));
        assert_eq!(nearest("password_hash"), None);
        assert_eq!(nearest("passwrod"), Some("password"));
        assert_eq!(nearest("connection_max"), Some("connections_max"));
        assert_eq!(nearest(""), None);
    }

    #[test]
    fn a_distance_counts_the_letters_that_differ() {
        for (one, other, letters) in
            [("", "", 0), ("tea", "tea", 0), ("tea", "", 3), ("", "tea", 3), ("kitten", "sitting", 3)]
        {
            assert_eq!(distance(one, other), letters, "{one} and {other}");
        }
    }
}
