//! Case folding of names, independent of the core's.

use unicode_normalization::UnicodeNormalization as _;

/// Returns the text by which names are compared: composed (NFC), without invisible joiners, and each character folded
/// to the lower case of its upper case where both are single characters.
pub(super) fn folded(text: &str) -> String {
    fn only(mut mapped: impl Iterator<Item = char>) -> Option<char> {
        mapped.next().filter(|_| mapped.next().is_none())
    }
    let upper = |it: char| only(it.to_uppercase()).unwrap_or(it);
    // Emoji joiners and variation selectors are invisible, so names that differ only in them are equal.
    let is_seen = |it: &char| !matches!(it, '\u{200d}' | '\u{fe0e}' | '\u{fe0f}');
    text.nfc().filter(is_seen).map(upper).map(|it| only(it.to_lowercase()).unwrap_or(it)).nfc().collect()
}
