//! The language of this program's own texts.
//!
//! `--lang` takes precedence over `PARLOR_LANG`, and that over the locale.

use parlor_protocol::Language;

/// The environment variable that takes precedence over the locale.
const VARIABLE: &str = "PARLOR_LANG";

/// Returns the language of a process with these arguments and this environment. An unknown language is ignored here;
/// whatever reads the settings reports it.
fn language(
    arguments: impl IntoIterator<Item = String>,
    variable: impl Fn(&str) -> Option<String>,
) -> Language {
    let flag = flag(arguments).and_then(|code| code.parse().ok());
    let chosen = || variable(VARIABLE)?.parse().ok();
    let locale = || locale_variable(&variable)?.1;
    flag.or_else(chosen).or_else(locale).unwrap_or_default()
}

/// Returns the language of this process.
#[must_use]
pub fn process_language() -> Language {
    let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    language(arguments, |name| std::env::var(name).ok())
}

/// Returns the value of `--lang`. It is needed before the command line is parsed, because help and errors are in that
/// language.
fn flag(arguments: impl IntoIterator<Item = String>) -> Option<String> {
    let mut arguments = arguments.into_iter().take_while(|argument| argument != "--");
    let mut code = None;
    while let Some(argument) = arguments.next() {
        match argument.strip_prefix("--lang") {
            Some("") => code = arguments.next(),
            Some(value) => code = value.strip_prefix('=').map(str::to_owned).or(code),
            None => {}
        }
    }
    code
}

/// Returns the locale variable in force (POSIX, chapter 8: the first of these that is set and not empty) and its
/// language, if Parlor has texts in it.
pub(crate) fn locale_variable(
    variable: impl Fn(&str) -> Option<String>,
) -> Option<(&'static str, Option<Language>)> {
    let set = |name| variable(name).filter(|value| !value.is_empty()).map(|value| (name, value));
    let (name, value) = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set)?;
    Some((name, Language::from_locale(&value)))
}

/// A text in every language, for a reader whose language is not known yet.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bilingual {
    en: String,
    zh: String,
}

impl Bilingual {
    /// Creates a text from its English and its Chinese form.
    pub(crate) fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { en: en.into(), zh: zh.into() }
    }

    /// Returns the text in that language.
    #[must_use]
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Zh => &self.zh,
        }
    }

    /// Returns the text behind a prefix and a colon; the prefix is the same in each language.
    pub(crate) fn with_prefix(&self, prefix: &str) -> Self {
        Self::new(format!("{prefix}: {}", self.en), format!("{prefix}：{}", self.zh))
    }
}

/// A constant text in every language.
#[derive(Clone, Copy, Debug)]
pub struct Localized {
    /// The English text.
    pub en: &'static str,
    /// The Chinese text.
    pub zh: &'static str,
}

impl Localized {
    /// Returns the text in that language.
    #[must_use]
    pub const fn get(self, language: Language) -> &'static str {
        match language {
            Language::En => self.en,
            Language::Zh => self.zh,
        }
    }
}

/// Formats a text in one language, as a `String`.
macro_rules! text {
    ($language:expr, $en:literal, $zh:literal) => {
        match $language {
            Language::En => format!($en),
            Language::Zh => format!($zh),
        }
    };
}

/// Formats a text in each language, as a [`Bilingual`].
macro_rules! both {
    ($en:literal, $zh:literal) => {
        $crate::locale::Bilingual::new(format!($en), format!($zh))
    };
}
pub(crate) use {both, text};

#[cfg(test)]
mod tests {
    use super::*;

    fn chosen(arguments: &[&str], environment: &[(&str, &str)]) -> Language {
        let variable =
            |name: &str| environment.iter().find(|(it, _)| *it == name).map(|(_, value)| (*value).to_owned());
        language(arguments.iter().map(|it| (*it).to_owned()), variable)
    }

    #[test]
    fn the_flag_precedes_the_variable_which_precedes_the_locale() {
        let locale = ("LC_ALL", "zh_CN.UTF-8");
        assert_eq!(chosen(&[], &[]), Language::En);
        assert_eq!(chosen(&[], &[locale]), Language::Zh);
        assert_eq!(chosen(&[], &[locale, ("PARLOR_LANG", "en")]), Language::En);
        assert_eq!(chosen(&["serve", "--lang", "zh"], &[("PARLOR_LANG", "en")]), Language::Zh);
        assert_eq!(chosen(&["--lang=en", "--help"], &[locale]), Language::En);
        assert_eq!(chosen(&["--lang", "en", "--lang=zh"], &[]), Language::Zh);
    }

    #[test]
    fn an_unknown_language_is_ignored() {
        assert_eq!(chosen(&["--lang", "fr"], &[("PARLOR_LANG", "zh")]), Language::Zh);
        assert_eq!(chosen(&["--lang"], &[("PARLOR_LANG", "")]), Language::En);
        assert_eq!(chosen(&["--language", "zh", "--langs=zh", "--", "--lang=zh"], &[]), Language::En);
    }
}
