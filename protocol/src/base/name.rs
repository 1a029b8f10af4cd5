//! Names of members and rooms, with one grammar and one case folding for every dialect.
//!
//! A name is valid by construction. Two names are equal if their folded forms are: `Zoë` and `ZOË` are one name, as
//! are `ſ` and `S`.

use crate::base::text::is_invisible;
use alloc::string::String;
use alloc::sync::Arc;
use core::cmp::Ordering;
use core::fmt;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The characters that a name may contain besides letters, digits and combining marks.
const NAME_PUNCTUATION: &str = "-_[]{}|^\\`";

/// The reason why a text is not a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// A character that is not allowed, or not at its position.
    Character(char),
    /// The text is empty.
    Empty,
    /// The text has the form of the names that the server assigns: `54321`, `54321-2`.
    Reserved,
    /// The text has too many characters or bytes.
    TooLong,
}

impl fmt::Display for NameError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character(character) => write!(f, "a name cannot contain {character:?}"),
            Self::Empty => f.write_str("a name cannot be empty"),
            Self::Reserved => f.write_str("a name cannot be all digits"),
            Self::TooLong => f.write_str("the name is too long"),
        }
    }
}

impl core::error::Error for NameError {}

/// A name and its folded form, by which it is compared.
#[derive(Clone)]
struct FoldedName {
    text: Arc<str>,
    key: Arc<str>,
}

impl FoldedName {
    fn new(text: &str) -> Self {
        let key = if text.is_ascii() {
            // ASCII is its own normal form, and is folded to lower case.
            text.to_ascii_lowercase()
        } else {
            fold_all(text.chars())
        };
        Self::of_parts(text, &key)
    }

    /// Creates a name from its parts.
    fn of_parts(text: &str, key: &str) -> Self {
        let text: Arc<str> = text.into();
        let key = if *key == *text { Arc::clone(&text) } else { key.into() };
        Self { text, key }
    }
}

/// The factor by which the folded form of a name may be longer, in bytes: `Ⱥ` has two, and `ⱥ` three.
pub(crate) const KEY_FACTOR: usize = 2;

macro_rules! folded_name {
    ($name:ident, $about:literal) => {
        impl $name {
            #[doc = $about]
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0.text
            }

            /// Returns the folded form of the name.
            #[must_use]
            pub fn key(&self) -> &str {
                &self.0.key
            }

            /// Returns the folded form, shared. A map that needs only this part of its names is smaller with these keys.
            pub(crate) fn shared_key(&self) -> Arc<str> {
                Arc::clone(&self.0.key)
            }

            /// Creates a name that was stored, with the folded form that it had then: folded again, with other Unicode tables,
            /// it could be another one. Returns `None` if it is too long, or could not be rendered.
            pub(crate) fn stored(text: &str, key: &str) -> Option<Self> {
                let fits = text.len() <= Self::BYTES_MAX
                    && text.chars().count() <= Self::CHARS_MAX
                    && key.len() <= KEY_FACTOR * Self::BYTES_MAX;
                let is_valid = fits && [text, key].into_iter().all(Self::may_be_stored);
                is_valid.then(|| Self(FoldedName::of_parts(text, key)))
            }
        }

        impl PartialEq for $name {
            fn eq(&self, other: &Self) -> bool {
                self.key() == other.key()
            }
        }

        impl Eq for $name {}

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                self.key().cmp(other.key())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self.as_str())
            }
        }
    };
}

/// A member's name.
#[derive(Clone)]
pub struct Name(FoldedName);

folded_name!(Name, "Returns the name as it was written, in NFC.");

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Name {
    /// Maximum number of bytes of a name.
    pub const BYTES_MAX: usize = 90;
    /// Maximum number of characters of a name.
    pub const CHARS_MAX: usize = 30;

    /// Parses a name that a member asks for.
    ///
    /// After normalisation to NFC, a name consists of letters and digits of any script, combining marks, and
    /// ``-_[]{}|^\` ``. The letter `说` (says) is not allowed: it stands after the name in messages as Chinese readers
    /// see them.
    ///
    /// # Errors
    /// Returns an error if the text is not a name, or has the form of the names that the server assigns.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let name = Self::parse_any(text)?;
        // The server assigns a port, or a port and a number: `54321-2`.
        let (port, number) = name.as_str().split_once('-').unwrap_or((name.as_str(), "0"));
        if [port, number].iter().all(|part| !part.is_empty() && part.chars().all(char::is_numeric)) {
            return Err(NameError::Reserved);
        }
        Ok(name)
    }

    /// Parses a name that a member may have, including those that the server assigns.
    ///
    /// # Errors
    /// Returns an error if the text is not a name.
    pub fn parse_any(text: &str) -> Result<Self, NameError> {
        let text = normalize(text, Self::CHARS_MAX, Self::BYTES_MAX)?;
        check_alphabet(&text)?;
        if text.contains('说') {
            return Err(NameError::Character('说'));
        }
        Ok(Self(FoldedName::new(&text)))
    }

    /// Returns whether a name may contain the character.
    pub(crate) fn may_have(character: char) -> bool {
        let in_alphabet = character.is_alphanumeric()
            || NAME_PUNCTUATION.contains(character)
            || !character.is_ascii() && is_combining_mark(character);
        in_alphabet && !is_misleading(character) && character != '说'
    }

    /// Returns whether the text has the characters that names have always had. Letters beyond ASCII are not looked up: tables that
    /// are older than the name do not have them all.
    fn may_be_stored(text: &str) -> bool {
        let may_have = |it: char| match it.is_ascii() {
            true => it.is_ascii_alphanumeric() || NAME_PUNCTUATION.contains(it),
            false => !it.is_control(),
        };
        !text.is_empty() && text.chars().all(may_have)
    }

    /// Returns whether the name has the form of those that the server assigns, which nobody may ask for.
    pub(crate) fn is_assigned(&self) -> bool {
        let (port, number) = self.as_str().split_once('-').unwrap_or((self.as_str(), "0"));
        [port, number].iter().all(|it| !it.is_empty() && it.bytes().all(|byte| byte.is_ascii_digit()))
    }

    /// Returns the name that the server assigns to a member with this TCP port: `54321`, or `54321-2` for the second
    /// one. When sixteen such members are there, the number of the next is its log position.
    #[must_use]
    pub fn for_port(port: u16, nth: u64) -> Self {
        Self(FoldedName::new(&match nth {
            0 | 1 => alloc::format!("{port}"),
            _ => alloc::format!("{port}-{nth}"),
        }))
    }
}

/// A room's name.
#[derive(Clone)]
pub struct RoomName(FoldedName);

folded_name!(RoomName, "Returns the name as it was written, in NFC, without the `#` of IRC.");

impl fmt::Display for RoomName {
    /// Formats the name for [`RoomName::parse`]: with a `#` before it only where it is ambiguous without one. `{:#}`
    /// always writes the `#`, as IRC does.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.as_str();
        let is_unambiguous = !name.is_empty() && !name.starts_with('#');
        if f.alternate() || !is_unambiguous {
            f.write_str("#")?;
        }
        f.write_str(name)
    }
}

impl RoomName {
    /// Maximum number of bytes of a room's name.
    pub const BYTES_MAX: usize = 150;
    /// Maximum number of characters of a room's name.
    pub const CHARS_MAX: usize = 50;

    /// Parses a room's name, with or without the `#` of IRC: `tea` and `#tea` are the same room.
    ///
    /// A name that itself begins with `#` needs a second one (`##c`), and `#` alone is the empty name.
    ///
    /// The Modern IRC Client Protocol ("Channels") forbids spaces, commas and BEL. Characters that would mislead a reader
    /// are not allowed either: white space, control characters and invisible characters. Those that join emoji are
    /// allowed between emoji, and do not distinguish two names.
    ///
    /// # Errors
    /// Returns an error if the text is not a room's name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let name = text.strip_prefix('#').unwrap_or(text);
        if name.is_empty() && !text.is_empty() {
            return Ok(Self(FoldedName::new("")));
        }
        let name = normalize(name, Self::CHARS_MAX, Self::BYTES_MAX)?;
        check_room_alphabet(&name)?;
        Ok(Self(FoldedName::new(&name)))
    }

    /// Returns whether the text has no characters that names of rooms have never had.
    fn may_be_stored(text: &str) -> bool {
        !text.contains(|it: char| it.is_control() || it == ' ' || it == ',')
    }

    /// Returns the name of the room that always exists: `lobby`.
    #[must_use]
    pub fn lobby() -> Self {
        Self(FoldedName::new("lobby"))
    }
}

fn normalize(text: &str, chars_max: usize, bytes_max: usize) -> Result<String, NameError> {
    // A long text is not normalised as a whole: one character over the limit suffices to refuse it.
    let text: String = if text.is_ascii() {
        text.chars().take(chars_max + 1).collect()
    } else {
        text.nfc().take(chars_max + 1).collect()
    };
    if text.is_empty() {
        return Err(NameError::Empty);
    }
    if text.len() > bytes_max || text.chars().count() > chars_max {
        return Err(NameError::TooLong);
    }
    Ok(text)
}

fn check_alphabet(text: &str) -> Result<(), NameError> {
    let mut after_letter = false;
    for character in text.chars() {
        // Some combining marks are alphabetic and some are not; Devanagari words need both kinds. Each needs a
        // letter before it.
        let mark = !character.is_ascii() && is_combining_mark(character);
        let allowed =
            if mark { after_letter && !is_misleading(character) } else { Name::may_have(character) };
        if !allowed {
            return Err(NameError::Character(character));
        }
        after_letter = mark || character.is_alphanumeric();
    }
    Ok(())
}

fn check_room_alphabet(text: &str) -> Result<(), NameError> {
    let mut before = None;
    let mut rest = text.chars();
    while let Some(character) = rest.next() {
        let follows_emoji = before.is_some_and(|before| is_pictograph(before) || is_selector(before));
        let follows_keycap = before.is_some_and(|before| before.is_ascii_digit() || "#*".contains(before));
        let allowed = match character {
            ZERO_WIDTH_JOINER => follows_emoji && rest.clone().next().is_some_and(is_pictograph),
            _ if is_selector(character) => follows_emoji || follows_keycap,
            // A combining mark at the beginning would combine with the `#` of IRC.
            _ if !character.is_ascii() && is_combining_mark(character) => {
                before.is_some() && !is_misleading(character)
            }
            _ => {
                character != ','
                    && !character.is_whitespace()
                    && !character.is_control()
                    && !is_misleading(character)
            }
        };
        if !allowed {
            return Err(NameError::Character(character));
        }
        before = Some(character);
    }
    Ok(())
}

/// Joins emoji into one: 👩 and 💻 to 👩‍💻.
const ZERO_WIDTH_JOINER: char = '\u{200D}';

/// Returns whether the character selects the coloured or the textual form of the character before it.
const fn is_selector(character: char) -> bool {
    matches!(character, '\u{FE0E}' | '\u{FE0F}')
}

/// Returns whether the character is in a block that contains emoji (Unicode Technical Standard 51).
const fn is_pictograph(character: char) -> bool {
    matches!(character, '©' | '®' | '‼' | '⁉' | '™' | 'ℹ' | '〰' | '〽' | '㊗' | '㊙')
        || matches!(character, '\u{2190}'..='\u{21FF}' | '\u{2300}'..='\u{23FF}' | '\u{2460}'..='\u{24FF}')
        || matches!(character, '\u{25A0}'..='\u{27BF}' | '\u{2900}'..='\u{297F}' | '\u{2B00}'..='\u{2BFF}')
        || matches!(character, '\u{1F000}'..='\u{1FAFF}')
}

/// Returns whether a character is invisible, or changes how others are displayed. With such characters, two names
/// could look alike, and one could look empty.
///
/// Besides those that are invisible in any text, these are the other characters of the category `Cf`, the separators of
/// lines and paragraphs, and two that are blank: the filler of the Khitan script and the null notehead of music.
const fn is_misleading(character: char) -> bool {
    // Nearly every character of a name is ASCII.
    !character.is_ascii()
        && (is_invisible(character)
            || matches!(
                character,
                '\u{600}'..='\u{605}' | '\u{6DD}' | '\u{70F}' | '\u{890}' | '\u{891}' | '\u{8E2}' | '\u{2028}'
                    | '\u{2029}' | '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1343F}' | '\u{16FE4}' | '\u{1D159}'
            ))
}

/// Folds a text that may not be a name, as names are folded.
pub(crate) fn folded(text: &str) -> String {
    fold_all(text.nfc())
}

/// Folds a text in NFC. Characters that only join emoji, or select their form, are dropped.
fn fold_all(text: impl Iterator<Item = char>) -> String {
    text.filter(|&it| it != ZERO_WIDTH_JOINER && !is_selector(it)).map(fold).nfc().collect()
}

/// Returns the simple case folding of a character (Unicode Standard, section 5.18): the lower case of its upper
/// case, by the simple mappings. It differs from `CaseFolding.txt` in one letter: `ı` is folded to `i`.
pub(crate) fn fold(character: char) -> char {
    let upper = only(character.to_uppercase()).unwrap_or(character);
    only(upper.to_lowercase()).unwrap_or(upper)
}

/// Returns the character that a mapping consists of, if it is a single one.
fn only(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let first = mapped.next();
    if mapped.next().is_some() { None } else { first }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn letters_and_digits_of_any_script_are_names() {
        for name in [
            "alice",
            "小明",
            "Zoë",
            "हिन्दी",
            "x",
            "[a]{b}|c^d_e-f",
            "al\\ice",
            "alice`",
            "\\`",
            "ü1",
            "７a",
            "عمر",
        ] {
            assert_eq!(Name::parse(name).unwrap().as_str(), name);
        }
    }

    #[test]
    fn ascii_is_folded_like_any_other_text() {
        for character in (0..=127_u8).map(char::from) {
            assert_eq!(fold(character), character.to_ascii_lowercase());
            assert_eq!(character.to_string().nfc().collect::<String>(), character.to_string());
            assert!(!is_combining_mark(character));
        }
        assert_eq!(Name::parse("Alice").unwrap().key(), "alice");
    }

    #[test]
    fn a_decomposed_name_is_composed_before_its_length_is_checked() {
        let composed = "\u{ac01}".repeat(Name::CHARS_MAX);
        let decomposed: String = composed.nfd().collect();
        assert_eq!(decomposed.len(), 3 * composed.len());
        assert_eq!(Name::parse(&decomposed).unwrap().as_str(), composed);
        assert_eq!(Name::parse(&alloc::format!("{decomposed}a")).unwrap_err(), NameError::TooLong);
    }

    #[test]
    fn an_error_says_what_is_wrong_with_a_name() {
        assert_eq!(NameError::Character(':').to_string(), "a name cannot contain ':'");
        assert_eq!(NameError::TooLong.to_string(), "the name is too long");
    }

    #[test]
    fn a_name_has_no_characters_that_mislead_a_reader() {
        for (text, error) in [
            ("", NameError::Empty),
            ("a b", NameError::Character(' ')),
            ("* a", NameError::Character('*')),
            ("a:b", NameError::Character(':')),
            ("我说", NameError::Character('说')),
            ("a\u{202e}b", NameError::Character('\u{202e}')),
            ("a\u{200d}b", NameError::Character('\u{200d}')),
            ("a\u{7}", NameError::Character('\u{7}')),
            ("\u{301}a", NameError::Character('\u{301}')),
            ("a\u{3164}", NameError::Character('\u{3164}')),
            ("a*", NameError::Character('*')),
            ("#a", NameError::Character('#')),
            ("12345", NameError::Reserved),
            ("٣٤", NameError::Reserved),
            ("a.b", NameError::Character('.')),
        ] {
            assert_eq!(Name::parse(text).unwrap_err(), error, "{text:?}");
        }
    }

    #[test]
    fn names_have_a_maximum_length() {
        assert!(Name::parse(&"a".repeat(30)).is_ok());
        assert_eq!(Name::parse(&"a".repeat(31)).unwrap_err(), NameError::TooLong);
        assert!(Name::parse(&"字".repeat(30)).is_ok(), "90 bytes");
        assert_eq!(Name::parse(&"𠀀".repeat(23)).unwrap_err(), NameError::TooLong, "92 bytes");
        assert!(RoomName::parse(&"a".repeat(50)).is_ok());
        assert_eq!(RoomName::parse(&"a".repeat(51)).unwrap_err(), NameError::TooLong);
        assert!(RoomName::parse("v1.2").is_ok());
        assert!(RoomName::parse("2026").is_ok(), "a room may be a number");
    }

    #[test]
    fn the_name_of_a_room_may_contain_any_visible_character() {
        for (irc, people) in [
            ("#tea", "tea"),
            ("#c++", "c++"),
            ("#c#", "c#"),
            ("#a/b", "a/b"),
            ("#it's", "it's"),
            ("#a:b!c@d?e*f<g>", "a:b!c@d?e*f<g>"),
            ("##c", "##c"),
            ("###", "###"),
            ("#", "#"),
            ("#😀", "😀"),
            ("#❤\u{fe0f}", "❤\u{fe0f}"),
            ("#👩\u{200d}💻", "👩\u{200d}💻"),
            ("#👩🏽\u{200d}❤\u{fe0f}\u{200d}👩", "👩🏽\u{200d}❤\u{fe0f}\u{200d}👩"),
            ("#1\u{fe0f}\u{20e3}", "1\u{fe0f}\u{20e3}"),
            ("#हिन्दी", "हिन्दी"),
        ] {
            let room = RoomName::parse(irc).unwrap();
            assert_eq!((alloc::format!("{room:#}").as_str(), room.to_string().as_str()), (irc, people));
            assert_eq!(RoomName::parse(people).unwrap(), room, "{people}");
        }
        assert_ne!(RoomName::parse("##c").unwrap(), RoomName::parse("#c").unwrap());
        assert_ne!(RoomName::parse("#").unwrap(), RoomName::lobby());
    }

    #[test]
    fn the_name_of_a_room_contains_no_invisible_characters() {
        for (text, error) in [
            ("", NameError::Empty),
            ("a b", NameError::Character(' ')),
            ("a,b", NameError::Character(',')),
            ("a\u{7}", NameError::Character('\u{7}')),
            ("a\u{a0}b", NameError::Character('\u{a0}')),
            ("a\u{3000}b", NameError::Character('\u{3000}')),
            ("a\u{2800}b", NameError::Character('\u{2800}')),
            ("a\u{202e}b", NameError::Character('\u{202e}')),
            ("a\u{200b}", NameError::Character('\u{200b}')),
            ("a\u{200d}b", NameError::Character('\u{200d}')),
            ("😀\u{200d}", NameError::Character('\u{200d}')),
            ("a\u{fe0f}", NameError::Character('\u{fe0f}')),
            ("\u{fe0f}", NameError::Character('\u{fe0f}')),
            ("\u{301}a", NameError::Character('\u{301}')),
            ("#\u{338}", NameError::Character('\u{338}')),
            ("a\u{e0041}", NameError::Character('\u{e0041}')),
            ("\u{3164}", NameError::Character('\u{3164}')),
        ] {
            assert_eq!(RoomName::parse(text).unwrap_err(), error, "{text:?}");
        }
    }

    #[test]
    fn joiners_and_selectors_of_emoji_do_not_distinguish_rooms() {
        for (one, other) in [("❤\u{fe0f}", "❤"), ("👩\u{200d}💻", "👩💻"), ("1\u{fe0f}\u{20e3}", "1\u{20e3}")]
        {
            assert_eq!(RoomName::parse(one).unwrap(), RoomName::parse(other).unwrap());
        }
    }

    #[test]
    fn names_are_equal_regardless_of_case_and_normal_form() {
        for (one, other) in [
            ("Alice", "aLICE"),
            ("ΣΊΣΥΦΟΣ", "σίσυφος"),
            ("Zoe\u{308}", "ZOË"),
            ("\u{212a}elvin", "kelvin"),
            ("ſ", "S"),
        ] {
            assert_eq!(Name::parse(one).unwrap(), Name::parse(other).unwrap(), "{one} {other}");
        }
        assert_ne!(Name::parse("strasse").unwrap(), Name::parse("straße").unwrap());
    }

    #[test]
    fn folding_is_idempotent_and_equal_for_both_cases() {
        for character in (0..=0x0010_FFFF).filter_map(char::from_u32) {
            let folded = fold(character);
            assert_eq!(fold(folded), folded, "{character:?}");
            if let Some(upper) = only(character.to_uppercase()) {
                assert_eq!(fold(upper), folded, "{character:?}");
            }
        }
    }

    #[test]
    fn a_stored_name_keeps_its_folded_form() {
        let name = Name::stored("Zoë", "zöe").unwrap();
        assert_eq!((name.as_str(), name.key()), ("Zoë", "zöe"));
        assert_ne!(name, Name::parse("Zoë").unwrap());
        // A letter that no version of Unicode has yet.
        assert!(Name::stored("a\u{378}", "a\u{378}").is_some());
        assert!(RoomName::stored("", "").is_some(), "the room `#`");
        let longest = ["a".repeat(Name::CHARS_MAX), "a".repeat(2 * Name::BYTES_MAX)];
        assert!(Name::stored(&longest[0], &longest[1]).is_some());
        for (text, key) in [
            ("", "a"),
            ("a", ""),
            ("a b", "a"),
            ("a", "a!b"),
            ("a\n", "a"),
            ("a\u{85}", "a"),
            (&*alloc::format!("{}a", longest[0]), "a"),
            ("a", &*alloc::format!("{}a", longest[1])),
        ] {
            assert!(Name::stored(text, key).is_none(), "{text:?} {key:?}");
        }
        for (text, key) in [("a,b", "a"), ("a", "a b"), ("a\r", "a"), (&*"a".repeat(51), "a")] {
            assert!(RoomName::stored(text, key).is_none(), "{text:?} {key:?}");
        }
    }

    #[test]
    fn a_folded_form_is_at_most_twice_as_long() {
        for character in (0..=0x0010_FFFF).filter_map(char::from_u32) {
            let text: String = core::iter::once(character).nfc().collect();
            assert!(folded(&text).len() <= KEY_FACTOR * text.len(), "{character:?}");
        }
    }

    #[test]
    fn names_of_ports_are_reserved() {
        assert_eq!(Name::for_port(54321, 1).to_string(), "54321");
        assert_eq!(Name::for_port(54321, 2).to_string(), "54321-2");
        assert_eq!(Name::parse("54321").unwrap_err(), NameError::Reserved);
    }
}
