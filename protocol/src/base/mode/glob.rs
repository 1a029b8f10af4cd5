//! Patterns, and the texts that they are matched against.

use crate::base::name::folded;
use crate::base::person::Person;
use alloc::vec::Vec;
use core::fmt::{self, Write};
use core::iter;

/// A pattern with `*` for any characters and `?` for one. It matches regardless of case.
///
/// A `\` before a wildcard escapes it (RFC 2812, section 2.5). Before any other character it stands for itself: names
/// may contain it, and each name is a pattern that matches exactly that name. Only before a wildcard is it escaped
/// itself: `\\*` matches a `\` followed by anything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob(Vec<Token>);

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    /// `*`
    Any,
    /// A character, folded.
    Literal(char),
    /// `?`
    One,
}

/// A folded text, which patterns are matched against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Folded(Vec<char>);

impl Folded {
    /// Folds a text.
    #[must_use]
    pub fn new(text: &str) -> Self {
        Self(folded(text).chars().collect())
    }

    /// Folds a person's `name!user@host`.
    #[must_use]
    pub fn of(person: &Person) -> Self {
        let Person { name, profile } = person;
        Self::new(&alloc::format!("{}!{}@{}", name.key(), profile.user(), profile.host()))
    }
}

impl Glob {
    /// Compiles a pattern. Every text is one.
    #[must_use]
    pub fn new(pattern: &str) -> Self {
        Self::of_folded(&folded(pattern))
    }

    /// Compiles a pattern that is folded already.
    pub(super) fn of_folded(pattern: &str) -> Self {
        let mut tokens = Vec::new();
        let mut escapes = 0;
        let literal =
            |tokens: &mut Vec<Token>, it, count| tokens.extend(iter::repeat_n(Token::Literal(it), count));
        for character in pattern.chars() {
            match character {
                '\\' => {
                    escapes += 1;
                    continue;
                }
                '*' | '?' => {
                    literal(&mut tokens, '\\', escapes / 2);
                    match character {
                        _ if escapes % 2 == 1 => tokens.push(Token::Literal(character)),
                        '*' if tokens.last() == Some(&Token::Any) => {}
                        '*' => tokens.push(Token::Any),
                        // `*?` becomes `?*`, so that patterns that match the same texts are equal.
                        _ if tokens.last() == Some(&Token::Any) => {
                            tokens.insert(tokens.len() - 1, Token::One);
                        }
                        _ => tokens.push(Token::One),
                    }
                }
                _ => {
                    literal(&mut tokens, '\\', escapes);
                    tokens.push(Token::Literal(character));
                }
            }
            escapes = 0;
        }
        literal(&mut tokens, '\\', escapes);
        Self(tokens)
    }

    /// Returns the characters that stand for themselves.
    pub(super) fn literals(&self) -> impl Iterator<Item = char> {
        self.0.iter().filter_map(|token| match token {
            Token::Literal(character) => Some(*character),
            Token::Any | Token::One => None,
        })
    }

    /// Returns whether the pattern matches the whole text, in time of at most the product of their lengths.
    #[must_use]
    pub fn matches(&self, text: &Folded) -> bool {
        let (Self(pattern), Folded(text)) = (self, text);
        // Patterns of hosts begin with `*`, and most of them differ from a text in what follows their last one.
        let mut tail = pattern.iter().rev().take_while(|&&token| token != Token::Any).zip(text.iter().rev());
        if tail.any(|(&token, &it)| token != Token::One && token != Token::Literal(it)) {
            return false;
        }
        let (mut text_at, mut pattern_at) = (0, 0);
        // The last `*`, and the position in the text from which the tokens behind it were tried. Only the last one is
        // ever tried again: where it fails everywhere, a longer match of an earlier one fails, too.
        let mut last_star: Option<(usize, usize)> = None;
        while text_at < text.len() {
            match pattern.get(pattern_at) {
                Some(Token::Any) => {
                    last_star = Some((pattern_at, text_at));
                    pattern_at += 1;
                }
                Some(&token) if token == Token::One || token == Token::Literal(text[text_at]) => {
                    pattern_at += 1;
                    text_at += 1;
                }
                _ => {
                    let Some((star_at, tried_at)) = last_star else { return false };
                    last_star = Some((star_at, tried_at + 1));
                    pattern_at = star_at + 1;
                    text_at = tried_at + 1;
                }
            }
        }
        pattern[pattern_at..].iter().all(|&token| token == Token::Any)
    }
}

impl fmt::Display for Glob {
    /// Formats the folded pattern. It is compiled to the same one, although it may be written differently: `a**` is `a*`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The number of `\` that stand for themselves before a token. Before a wildcard, each is written twice.
        let mut slashes = 0;
        for &token in &self.0 {
            let wildcard = match token {
                Token::Any => Some('*'),
                Token::Literal('*' | '?') => None,
                Token::Literal(character) => {
                    f.write_char(character)?;
                    slashes = if character == '\\' { slashes + 1 } else { 0 };
                    continue;
                }
                Token::One => Some('?'),
            };
            // One more escapes a wildcard that stands for itself.
            let more = slashes + usize::from(wildcard.is_none());
            (0..more).try_for_each(|_| f.write_char('\\'))?;
            match (wildcard, token) {
                (Some(wildcard), _) | (None, Token::Literal(wildcard)) => f.write_char(wildcard)?,
                (None, _) => {}
            }
            slashes = 0;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;

    #[test]
    fn a_pattern_is_compiled_again_from_its_folded_text() {
        for (pattern, text) in [
            ("", ""),
            ("A*b?", "a*b?"),
            ("a**", "a*"),
            ("*?", "?*"),
            (r"a\*", r"a\*"),
            (r"a\\*", r"a\\*"),
            (r"a\\\*", r"a\\\*"),
            (r"a\\\\?", r"a\\\\?"),
            (r"a\b\\", r"a\b\\"),
            (r"\*\\", r"\*\\"),
            (r"\?\\b*", r"\?\\b*"),
        ] {
            let glob = Glob::new(pattern);
            assert_eq!(glob.to_string(), text, "{pattern}");
            assert_eq!(Glob::of_folded(text), glob, "{pattern}");
        }
    }

    #[test]
    fn a_star_matches_any_text_and_a_question_mark_one_character() {
        for (pattern, text, matches) in [
            ("", "", true),
            ("*", "", true),
            ("?", "", false),
            ("a*b*c", "aXbYbZc", true),
            ("a*b*c", "aXbYbZ", false),
            ("*ab", "aab", true),
            ("a?c", "aéc", true),
            ("A", "a", true),
            ("**a**", "xay", true),
            ("a", "ab", false),
            (r"a\*", "a*", true),
            (r"a\*", "ab", false),
            (r"a\?", "a?", true),
            (r"a\?", "ab", false),
            (r"a\\*", r"a\b", true),
            (r"a\\*", "ab", false),
            (r"a\\\*", r"a\*", true),
            (r"a\\\*", r"a\b", false),
            (r"a\b\", r"A\B\", true),
            ("*?", "", false),
            ("*?", "a", true),
            ("?*?", "a", false),
        ] {
            assert_eq!(Glob::new(pattern).matches(&Folded::new(text)), matches, "{pattern} {text}");
        }
        let text = Folded::new(&"a".repeat(59));
        assert!(!Glob::new(&"*a".repeat(60)).matches(&text), "in little time");
    }
}
