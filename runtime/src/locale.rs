//! In which language this program speaks to whoever runs it.

use parlor_protocol::Language;

/// The locale variable that decides (POSIX, chapter 8: the first of these that is set and not empty), and the
/// language that it asks for, if Parlor has texts in it.
pub(crate) fn asked_for(
    variable: impl Fn(&str) -> Option<String>,
) -> Option<(&'static str, Option<Language>)> {
    let set = |name| variable(name).filter(|value| !value.is_empty()).map(|value| (name, value));
    let (name, value) = ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().find_map(set)?;
    Some((name, Language::from_locale(&value)))
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
pub(crate) use text;
