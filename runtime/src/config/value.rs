//! Values as text: what each kind of setting takes, and how TOML writes it.

use crate::password::Operator;
use std::fmt;
use std::str::FromStr;

/// Bytes of a word in what the server says of itself: those of a host's name in IRC.
const WORD_BYTES_MAX: usize = 63;

/// Bytes of a line in what the server says of itself: with what stands before it, it fits into one message of IRC.
const LINE_BYTES_MAX: usize = 390;

/// What stands for a secret where settings are shown.
const SECRET: &str = "(set)";

/// The one value.
pub(super) fn single(values: &[String]) -> Result<&str, String> {
    match values {
        [value] => Ok(value),
        values => Err(format!("takes one value, not {}", values.len())),
    }
}

/// The value in quotes, as TOML writes a text.
pub(super) fn quoted(value: impl fmt::Display) -> String {
    let escaped: String = value
        .to_string()
        .chars()
        .map(|it| match it {
            '"' | '\\' => format!("\\{it}"),
            it if it.is_control() => format!("\\u{:04X}", u32::from(it)),
            it => it.to_string(),
        })
        .collect();
    format!("\"{escaped}\"")
}

/// The values in quotes and brackets, as TOML writes a list of texts.
pub(super) fn list(values: impl IntoIterator<Item: fmt::Display>) -> String {
    let values: Vec<String> = values.into_iter().map(quoted).collect();
    format!("[{}]", values.join(", "))
}

/// What is shown for a secret: whether there is one.
pub(super) fn secret(is_set: bool) -> String {
    quoted(if is_set { SECRET } else { "" })
}

/// A word that may stand before others in a message of IRC.
pub(super) fn word(text: &str) -> Result<&str, String> {
    let fits = (1..=WORD_BYTES_MAX).contains(&text.len()) && !text.starts_with(':');
    if !fits || text.contains(|it: char| it.is_whitespace() || it.is_control()) {
        return Err(format!(
            "takes one word of at most {WORD_BYTES_MAX} bytes, with no spaces in it and no colon before it"
        ));
    }
    Ok(text)
}

/// A text that may stand at the end of a message of IRC.
pub(super) fn line(text: &str) -> Result<&str, String> {
    if text.len() > LINE_BYTES_MAX || text.contains(['\n', '\r', '\0']) {
        return Err(format!("takes lines of at most {LINE_BYTES_MAX} bytes, without line ends in them"));
    }
    Ok(text)
}

/// At most so many lines.
pub(super) fn lines(values: &[String], lines_max: usize) -> Result<Vec<String>, String> {
    if values.len() > lines_max {
        return Err(format!("takes at most {lines_max} lines, not {}", values.len()));
    }
    values.iter().map(|text| line(text).map(str::to_owned)).collect()
}

/// Operators, each with a name of its own. What is wrong is said without showing the hash, which may be a password.
pub(super) fn operators(values: &[String]) -> Result<Vec<Operator>, String> {
    let mut operators: Vec<Operator> = Vec::new();
    for value in values {
        let (name, hash) = value.split_once(':').ok_or("takes NAME:HASH: there is no colon in it")?;
        let name = word(name).map_err(|error| format!("an operator's name {error}"))?;
        if operators.iter().any(|operator| operator.name == name) {
            return Err(format!("there are two operators with the name {name}"));
        }
        let hash = hash.parse().map_err(|error| format!("{name}: {error}"))?;
        operators.push(Operator { name: name.to_owned(), hash });
    }
    Ok(operators)
}

/// The bounds of a number, for its error.
pub(super) trait Bounded: FromStr {
    const LARGEST: u64;
}

impl Bounded for u32 {
    const LARGEST: u64 = Self::MAX as u64;
}

impl Bounded for u64 {
    const LARGEST: u64 = Self::MAX;
}

impl Bounded for usize {
    const LARGEST: u64 = Self::MAX as u64;
}

pub(super) fn number<N: Bounded>(text: &str, to: &mut N) -> Result<(), String> {
    // As in Rust and TOML, an underscore may stand between digits.
    *to = text
        .replace('_', "")
        .parse()
        .map_err(|_| format!("{text} is not a whole number from 0 to {}", N::LARGEST))?;
    Ok(())
}

pub(super) fn switch(text: &str, to: &mut bool) -> Result<(), String> {
    choice(text, &[("on", true), ("off", false), ("true", true), ("false", false)], to)
}

pub(super) fn choice<T: Copy>(text: &str, choices: &[(&str, T)], to: &mut T) -> Result<(), String> {
    let Some(&(_, value)) = choices.iter().find(|(word, _)| *word == text) else {
        let words: Vec<&str> = choices.iter().map(|&(word, _)| word).collect();
        return Err(format!("{text} is none of {}", words.join(", ")));
    };
    *to = value;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$P3OLBQw3O3GiY9hpX8wpK8qO6gQccIdDXnlkdzKceqU";

    #[test]
    fn a_word_may_stand_anywhere_in_a_message() {
        assert_eq!(word("chat.example.org"), Ok("chat.example.org"));
        assert_eq!(word("茶"), Ok("茶"));
        for none in ["", "two words", "a\u{3000}b", ":a", "a\nb", "a\0", &"x".repeat(64)] {
            assert!(word(none).is_err(), "{none:?}");
        }
    }

    #[test]
    fn a_line_has_no_end_in_it() {
        assert_eq!(line(": two words "), Ok(": two words "));
        assert_eq!(line(""), Ok(""));
        for none in ["a\nb", "a\r", "\0", &"x".repeat(391)] {
            assert!(line(none).is_err(), "{none:?}");
        }
    }

    #[test]
    fn there_are_at_most_so_many_lines() {
        let values = ["one".to_owned(), "two".to_owned()];
        assert_eq!(lines(&values, 2), Ok(values.to_vec()));
        assert_eq!(lines(&values, 1), Err("takes at most 1 lines, not 2".to_owned()));
    }

    #[test]
    fn operators_have_names_of_their_own_and_hashes() {
        let parse = |values: &[&str]| {
            let values: Vec<String> = values.iter().map(|value| value.replace("HASH", HASH)).collect();
            operators(&values).map(|them| them.into_iter().map(|it| it.name).collect::<Vec<_>>())
        };
        assert_eq!(parse(&["alice:HASH", "Alice:HASH"]), Ok(vec!["alice".to_owned(), "Alice".to_owned()]));
        assert!(parse(&["alice:HASH", "alice:HASH"]).unwrap_err().contains("two operators"));
        for none in ["alice", "HASH", ":HASH", "a b:HASH", "alice:", "alice:secret"] {
            let error = parse(&[none]).unwrap_err();
            assert!(!error.contains("secret") && !error.contains("argon2id"), "{error}");
        }
    }
}
