//! The model's own case folding of names.

use unicode_normalization::UnicodeNormalization as _;

/// A text without regard to case and to how it is composed: each character's only capital's only small letter, where there are such.
pub(super) fn folded(text: &str) -> String {
    fn only(mut mapped: impl Iterator<Item = char>) -> Option<char> {
        mapped.next().filter(|_| mapped.next().is_none())
    }
    let upper = |it: char| only(it.to_uppercase()).unwrap_or(it);
    // What joins emoji to one, or chooses their form, is not seen.
    let is_seen = |it: &char| !matches!(it, '\u{200d}' | '\u{fe0e}' | '\u{fe0f}');
    text.nfc().filter(is_seen).map(upper).map(|it| only(it.to_lowercase()).unwrap_or(it)).nfc().collect()
}
