//! Invisible characters, by a table that is independent of the core's.

/// Ranges of characters that have no glyph and no width.
const WITHOUT_GLYPH: &[(u32, u32)] = &[
    (0x00AD, 0x00AD),   // soft hyphen
    (0x034F, 0x034F),   // combining grapheme joiner
    (0x061C, 0x061C),   // Arabic letter mark
    (0x115F, 0x1160),   // fillers of Hangul
    (0x17B4, 0x17B5),   // inherent vowels of Khmer
    (0x180B, 0x180F),   // selectors of Mongolian
    (0x200B, 0x200F),   // zero-width space and joiners, marks of direction
    (0x202A, 0x202E),   // embeddings and overrides of direction
    (0x2060, 0x206F),   // word joiner, invisible operators, isolates
    (0x2800, 0x2800),   // Braille without dots
    (0x3164, 0x3164),   // filler of Hangul
    (0xFE00, 0xFE0F),   // variation selectors
    (0xFEFF, 0xFEFF),   // byte order mark
    (0xFFA0, 0xFFA0),   // filler of Hangul, of half the width
    (0xFFF0, 0xFFFB),   // annotations
    (0x1BCA0, 0x1BCA3), // formats of shorthand
    (0x1D173, 0x1D17A), // formats of music
    (0xE0000, 0xE0FFF), // tags and more selectors
];

/// Whether a character has no glyph and no width.
pub(crate) fn has_no_glyph(character: char) -> bool {
    let code = u32::from(character);
    WITHOUT_GLYPH.iter().any(|&(first, last)| (first..=last).contains(&code))
}

/// Whether a character is invisible: a blank, or one without a glyph.
pub(crate) fn is_unseen(character: char) -> bool {
    character.is_whitespace() || has_no_glyph(character)
}

/// Returns the ASCII character for a wide one of an input method, and any other character unchanged.
pub(crate) fn narrow(character: char) -> char {
    match u32::from(character) {
        code @ 0xFF01..=0xFF5E => char::from_u32(code - 0xFF01 + 0x21).unwrap_or(character),
        _ => character,
    }
}
