//! In which language this program speaks to whoever runs it.
//!
//! One choice for everything: `--lang`, else `PARLOR_LANG`, else the locale.

use parlor_protocol::Language;

/// The environment variable that chooses the language before the locale does.
const VARIABLE: &str = "PARLOR_LANG";

/// The language of a process with these arguments and that environment. A language that there is not chooses nothing
/// here; what reads the settings refuses it.
pub(crate) fn language(
    arguments: impl IntoIterator<Item = String>,
    variable: impl Fn(&str) -> Option<String>,
) -> Language {
    let flag = flag(arguments).and_then(|code| code.parse().ok());
    let chosen = || variable(VARIABLE)?.parse().ok();
    let locale = || asked_for(&variable)?.1;
    flag.or_else(chosen).or_else(locale).unwrap_or_default()
}

/// The language of this process.
#[must_use]
pub fn of_this_process() -> Language {
    let arguments = std::env::args_os().skip(1).map(|argument| argument.to_string_lossy().into_owned());
    language(arguments, |name| std::env::var(name).ok())
}

/// What `--lang` says, before anything else is known of the command line: its help is in that language, too.
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

/// The locale variable that decides (POSIX, chapter 8: the first of these that is set and not empty), and the
/// language that it asks for, if Parlor has texts in it.
pub(crate) fn asked_for(
    variable: impl Fn(&str) -> Option<String>,
) -> Option<(&'static str, Option<Language>)> {
    let set = |name| variable(name).filter(|value| !value.is_empty()).map(|value| (name, value));
    let (name, value) = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set)?;
    Some((name, Language::from_locale(&value)))
}

/// A text in every language that there is, where it is not known yet in which it will be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bilingual {
    en: String,
    zh: String,
}

impl Bilingual {
    /// A text by its two forms.
    pub(crate) fn new(en: impl Into<String>, zh: impl Into<String>) -> Self {
        Self { en: en.into(), zh: zh.into() }
    }

    /// The text for readers of that language.
    #[must_use]
    pub fn in_language(&self, language: Language) -> &str {
        match language {
            Language::En => &self.en,
            Language::Zh => &self.zh,
        }
    }

    /// The text after another one that is the same in each language.
    pub(crate) fn after(&self, before: &str) -> Self {
        Self::new(format!("{before}: {}", self.en), format!("{before}：{}", self.zh))
    }
}

/// The text in the language at hand.
macro_rules! text {
    ($language:expr, $en:literal, $zh:literal) => {
        match $language {
            Language::En => format!($en),
            Language::Zh => format!($zh),
        }
    };
}

/// The text in each language.
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
    fn the_flag_goes_before_the_variable_and_that_before_the_locale() {
        let locale = ("LC_ALL", "zh_CN.UTF-8");
        assert_eq!(chosen(&[], &[]), Language::En);
        assert_eq!(chosen(&[], &[locale]), Language::Zh);
        assert_eq!(chosen(&[], &[locale, ("PARLOR_LANG", "en")]), Language::En);
        assert_eq!(chosen(&["serve", "--lang", "zh"], &[("PARLOR_LANG", "en")]), Language::Zh);
        assert_eq!(chosen(&["--lang=en", "--help"], &[locale]), Language::En);
        assert_eq!(chosen(&["--lang", "en", "--lang=zh"], &[]), Language::Zh);
    }

    #[test]
    fn what_is_no_language_chooses_none() {
        assert_eq!(chosen(&["--lang", "fr"], &[("PARLOR_LANG", "zh")]), Language::Zh);
        assert_eq!(chosen(&["--lang"], &[("PARLOR_LANG", "")]), Language::En);
        assert_eq!(chosen(&["--language", "zh", "--langs=zh", "--", "--lang=zh"], &[]), Language::En);
    }
}
