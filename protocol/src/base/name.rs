//! Names of members and rooms: one grammar and one case fold for every dialect.
//!
//! A name is parsed once and valid ever after. Two names are equal when their folds are: `Zoë` and `ZOË`
//! are one name, as are `ſ` and `S`.

use crate::base::text::is_invisible;
use alloc::string::String;
use alloc::sync::Arc;
use core::cmp::Ordering;
use core::fmt;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

/// The characters beside letters, digits and the marks on them that a name may have.
const NAME_PUNCTUATION: &str = "-_[]{}|^\\`";

/// What a text lacks to be a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NameError {
    /// This character is not in the alphabet, or not in this place.
    Character(char),
    /// The text is empty.
    Empty,
    /// Names of digits alone are the server's to give.
    Reserved,
    /// More characters or bytes than the limit.
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

/// A text and the fold by which it is compared.
#[derive(Clone)]
struct Folded {
    text: Arc<str>,
    key: Arc<str>,
}

impl Folded {
    fn new(text: &str) -> Self {
        let key = if text.is_ascii() {
            // It is its own normal form, and its fold is its lower case.
            text.to_ascii_lowercase()
        } else {
            fold_all(text.chars())
        };
        let text: Arc<str> = text.into();
        let key = if *key == *text { Arc::clone(&text) } else { key.into() };
        Self { text, key }
    }
}

macro_rules! folded_name {
    ($name:ident, $about:literal) => {
        impl $name {
            #[doc = $about]
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0.text
            }

            /// The fold that decides whether two names are one.
            #[must_use]
            pub fn key(&self) -> &str {
                &self.0.key
            }

            /// The fold, shared: a map that needs to know nothing else of its names is smaller with these as its keys.
            pub(crate) fn shared_key(&self) -> Arc<str> {
                Arc::clone(&self.0.key)
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
pub struct Name(Folded);

folded_name!(Name, "As it was written, in NFC.");

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Name {
    /// Bytes that a name has at most.
    pub const BYTES_MAX: usize = 90;
    /// Characters that a name has at most.
    pub const CHARS_MAX: usize = 30;

    /// Parses a name that somebody wishes for: letters and digits of any script, the marks on them, and
    /// ``-_[]{}|^\` ``, after normalisation to NFC. `说` is not in the alphabet, for it ends the name in what
    /// Chinese readers see.
    ///
    /// # Errors
    /// What the text lacks to be a name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let name = Self::parse_any(text)?;
        // What the server gives is a port, or a port and a number: `54321-2`.
        let (port, number) = name.as_str().split_once('-').unwrap_or((name.as_str(), "0"));
        if [port, number].iter().all(|part| !part.is_empty() && part.chars().all(char::is_numeric)) {
            return Err(NameError::Reserved);
        }
        Ok(name)
    }

    /// Parses a name that somebody may have: one that can be wished for, or one that the server gave.
    ///
    /// # Errors
    /// What the text lacks to be a name.
    pub fn parse_any(text: &str) -> Result<Self, NameError> {
        let text = normalize(text, Self::CHARS_MAX, Self::BYTES_MAX)?;
        check_alphabet(&text)?;
        if text.contains('说') {
            return Err(NameError::Character('说'));
        }
        Ok(Self(Folded::new(&text)))
    }

    /// Whether some name has that character.
    pub(crate) fn may_have(character: char) -> bool {
        let in_alphabet = character.is_alphanumeric()
            || NAME_PUNCTUATION.contains(character)
            || !character.is_ascii() && is_combining_mark(character);
        in_alphabet && !is_misleading(character) && character != '说'
    }

    /// The name that the server gives for a TCP port: `54321`, or `54321-2` for the second such member; where
    /// sixteen of them are there, the next has its position in the log for a number.
    #[must_use]
    pub fn for_port(port: u16, nth: u64) -> Self {
        Self(Folded::new(&match nth {
            0 | 1 => alloc::format!("{port}"),
            _ => alloc::format!("{port}-{nth}"),
        }))
    }
}

/// A room's name.
#[derive(Clone)]
pub struct RoomName(Folded);

folded_name!(RoomName, "As it was written, in NFC, without the `#` that IRC writes before it.");

impl fmt::Display for RoomName {
    /// The name as people write it and [`RoomName::parse`] reads it: with a `#` before it only where it could not
    /// be told from another name without one. With `{:#}` always with the `#`, as IRC writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.as_str();
        let is_clear = !name.is_empty() && !name.starts_with('#');
        if f.alternate() || !is_clear {
            f.write_str("#")?;
        }
        f.write_str(name)
    }
}

impl RoomName {
    /// Bytes that a room's name has at most.
    pub const BYTES_MAX: usize = 150;
    /// Characters that a room's name has at most.
    pub const CHARS_MAX: usize = 50;

    /// Parses a room's name, with or without the `#` that IRC writes before it: `tea` and `#tea` are one room. A
    /// name that begins with `#` itself needs the other one before it: `##c`, and `#` alone is the empty name.
    ///
    /// The alphabet is that of the Modern IRC Client Protocol ("Channels"), which forbids spaces, commas and BEL,
    /// without what would mislead a reader: blanks, controls, and characters that cannot be seen. Those that make
    /// one emoji of several are allowed between emoji, and do not tell two names apart.
    ///
    /// # Errors
    /// What the text lacks to be a room's name.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        let name = text.strip_prefix('#').unwrap_or(text);
        if name.is_empty() && !text.is_empty() {
            return Ok(Self(Folded::new("")));
        }
        let name = normalize(name, Self::CHARS_MAX, Self::BYTES_MAX)?;
        check_room_alphabet(&name)?;
        Ok(Self(Folded::new(&name)))
    }

    /// The room that always is: `lobby`.
    #[must_use]
    pub fn lobby() -> Self {
        Self(Folded::new("lobby"))
    }
}

fn normalize(text: &str, chars_max: usize, bytes_max: usize) -> Result<String, NameError> {
    // One character over the limit is enough to refuse a text.
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
        // Some marks count as alphabetic and some do not; Devanagari words need both kinds. None of them
        // stands without a letter before it.
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
            // A mark stands on what is before it, and would change the `#` of IRC.
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

/// What joins emoji to one: 👩 and 💻 to 👩‍💻.
const ZERO_WIDTH_JOINER: char = '\u{200D}';

/// What chooses between the coloured form of a character and the one of text.
const fn is_selector(character: char) -> bool {
    matches!(character, '\u{FE0E}' | '\u{FE0F}')
}

/// The blocks that emoji are in (Unicode Technical Standard 51), and what else is there.
const fn is_pictograph(character: char) -> bool {
    matches!(character, '©' | '®' | '‼' | '⁉' | '™' | 'ℹ' | '〰' | '〽' | '㊗' | '㊙')
        || matches!(character, '\u{2190}'..='\u{21FF}' | '\u{2300}'..='\u{23FF}' | '\u{2460}'..='\u{24FF}')
        || matches!(character, '\u{25A0}'..='\u{27BF}' | '\u{2900}'..='\u{297F}' | '\u{2B00}'..='\u{2BFF}')
        || matches!(character, '\u{1F000}'..='\u{1FAFF}')
}

/// Whether a character shows as nothing, or changes how others are read: with it two names could look alike, and one
/// could look empty. Besides those that are invisible in any text, these are the other characters of the category `Cf`,
/// the separators of lines and paragraphs, and two that are blank: the filler of the Khitan script and music's empty
/// notehead.
const fn is_misleading(character: char) -> bool {
    // Nearly every character of a name is of ASCII.
    !character.is_ascii()
        && (is_invisible(character)
            || matches!(
                character,
                '\u{600}'..='\u{605}' | '\u{6DD}' | '\u{70F}' | '\u{890}' | '\u{891}' | '\u{8E2}' | '\u{2028}'
                    | '\u{2029}' | '\u{110BD}' | '\u{110CD}' | '\u{13430}'..='\u{1343F}' | '\u{16FE4}' | '\u{1D159}'
            ))
}

/// A text by which two are compared that may be no names: as names are, by their normalised fold.
pub(crate) fn folded(text: &str) -> String {
    fold_all(text.nfc())
}

/// The fold of a text in NFC. What only joins emoji, or chooses their form, tells no two texts apart.
fn fold_all(text: impl Iterator<Item = char>) -> String {
    text.filter(|&it| it != ZERO_WIDTH_JOINER && !is_selector(it)).map(fold).nfc().collect()
}

/// The simple case fold of a character (Unicode Standard, section 5.18), made of the simple upper-case and
/// lower-case mappings: what is one letter in any case is one letter here. It is coarser than
/// `CaseFolding.txt` in one letter: `ı` is `i`.
pub(crate) fn fold(character: char) -> char {
    let upper = only(character.to_uppercase()).unwrap_or(character);
    only(upper.to_lowercase()).unwrap_or(upper)
}

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
    fn ascii_takes_the_short_way_to_the_same_place() {
        for character in (0..=127_u8).map(char::from) {
            assert_eq!(fold(character), character.to_ascii_lowercase());
            assert_eq!(character.to_string().nfc().collect::<String>(), character.to_string());
            assert!(!is_combining_mark(character));
        }
        assert_eq!(Name::parse("Alice").unwrap().key(), "alice");
    }

    #[test]
    fn a_name_may_come_decomposed() {
        let composed = "\u{ac01}".repeat(Name::CHARS_MAX);
        let decomposed: String = composed.nfd().collect();
        assert_eq!(decomposed.len(), 3 * composed.len());
        assert_eq!(Name::parse(&decomposed).unwrap().as_str(), composed);
        assert_eq!(Name::parse(&alloc::format!("{decomposed}a")).unwrap_err(), NameError::TooLong);
    }

    #[test]
    fn an_error_says_what_a_name_may_be() {
        assert_eq!(NameError::Character(':').to_string(), "a name cannot contain ':'");
        assert_eq!(NameError::TooLong.to_string(), "the name is too long");
    }

    #[test]
    fn what_could_mislead_a_reader_is_no_name() {
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
    fn names_end_at_their_limits() {
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
    fn a_room_is_named_by_all_that_a_reader_can_see() {
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
    fn what_a_reader_cannot_see_names_no_room() {
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
    fn rooms_whose_emoji_look_alike_are_one() {
        for (one, other) in [("❤\u{fe0f}", "❤"), ("👩\u{200d}💻", "👩💻"), ("1\u{fe0f}\u{20e3}", "1\u{20e3}")]
        {
            assert_eq!(RoomName::parse(one).unwrap(), RoomName::parse(other).unwrap());
        }
    }

    #[test]
    fn names_are_equal_without_regard_to_case_and_form() {
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
    fn the_fold_is_stable_and_equal_for_both_cases() {
        for character in (0..=0x0010_FFFF).filter_map(char::from_u32) {
            let folded = fold(character);
            assert_eq!(fold(folded), folded, "{character:?}");
            if let Some(upper) = only(character.to_uppercase()) {
                assert_eq!(fold(upper), folded, "{character:?}");
            }
        }
    }

    #[test]
    fn ports_become_names_that_nobody_can_wish_for() {
        assert_eq!(Name::for_port(54321, 1).to_string(), "54321");
        assert_eq!(Name::for_port(54321, 2).to_string(), "54321-2");
        assert_eq!(Name::parse("54321").unwrap_err(), NameError::Reserved);
    }
}
