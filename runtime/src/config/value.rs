//! Values as text: what each kind of setting takes, and how TOML writes it.

use crate::locale::{Bilingual, both};
use crate::password::{NotAHash, Operator};
use parlor_protocol::Name;
use std::fmt;
use std::str::FromStr;

/// Bytes of a word in what the server says of itself: those of a host's name in IRC.
const WORD_BYTES_MAX: usize = 63;

/// Bytes of a line in what the server says of itself: with what stands before it, it fits into one message of IRC.
const LINE_BYTES_MAX: usize = 390;

/// Names that nobody may take: each is compared with every new name and everybody who is spoken to alone.
const RESERVED_NAMES_MAX: usize = 100;

/// What stands for a secret where settings are shown.
const SECRET: &str = "(set)";

/// The one value.
pub(super) fn single(values: &[String]) -> Result<&str, Bilingual> {
    match values {
        [value] => Ok(value),
        values => {
            let count = values.len();
            Err(both!("takes one value, not {count}", "只能有一个值，而不是 {count} 个"))
        }
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
pub(super) fn word(text: &str) -> Result<&str, Bilingual> {
    let fits = (1..=WORD_BYTES_MAX).contains(&text.len()) && !text.starts_with(':');
    if !fits || text.contains(|it: char| it.is_whitespace() || it.is_control()) {
        return Err(both!(
            "must be one word of at most {WORD_BYTES_MAX} bytes that does not begin with a colon",
            "必须是一个不超过 {WORD_BYTES_MAX} 字节的词，不含空格，也不以冒号开头"
        ));
    }
    Ok(text)
}

/// A text that may stand at the end of a message of IRC.
pub(super) fn line(text: &str) -> Result<&str, Bilingual> {
    if text.len() > LINE_BYTES_MAX || text.contains(['\n', '\r', '\0']) {
        return Err(both!(
            "must be a line of at most {LINE_BYTES_MAX} bytes without line ends",
            "必须是一行不超过 {LINE_BYTES_MAX} 字节的文本，不含换行"
        ));
    }
    Ok(text)
}

/// At most so many lines.
pub(super) fn lines(values: &[String], lines_max: usize) -> Result<Vec<String>, Bilingual> {
    if values.len() > lines_max {
        let count = values.len();
        return Err(both!(
            "takes at most {lines_max} lines, not {count}",
            "最多 {lines_max} 行，而不是 {count} 行"
        ));
    }
    values.iter().map(|text| line(text).map(str::to_owned)).collect()
}

/// Operators, each with a name of its own. What is wrong is said without showing the hash, which may be a password.
pub(super) fn operators(values: &[String]) -> Result<Vec<Operator>, Bilingual> {
    let mut operators: Vec<Operator> = Vec::new();
    for value in values {
        let (name, hash) =
            value.split_once(':').ok_or_else(|| both!("must be NAME:HASH", "格式必须是 NAME:HASH"))?;
        let name = word(name).map_err(|error| error.after(name))?;
        if operators.iter().any(|operator| operator.name == name) {
            return Err(both!("two operators are named {name}", "有两个管理员都叫 {name}"));
        }
        let hash = hash.parse().map_err(|error: NotAHash| error.text().after(name))?;
        operators.push(Operator { name: name.to_owned(), hash });
    }
    Ok(operators)
}

/// Names that nobody may take, in lists with commas between them: at most [`RESERVED_NAMES_MAX`].
pub(super) fn names(values: &[String]) -> Result<Vec<Name>, Bilingual> {
    let words = values.iter().flat_map(|value| value.split(',')).map(str::trim);
    let words: Vec<&str> = words.filter(|word| !word.is_empty()).collect();
    if words.len() > RESERVED_NAMES_MAX {
        let count = words.len();
        return Err(both!(
            "takes at most {RESERVED_NAMES_MAX} names, not {count}",
            "最多 {RESERVED_NAMES_MAX} 个名字，而不是 {count} 个"
        ));
    }
    let not_a_name = |_| both!("not a valid name", "不是有效的名字");
    words.iter().map(|word| Name::parse(word).map_err(|error| not_a_name(error).after(word))).collect()
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

pub(super) fn number<N: Bounded>(text: &str, to: &mut N) -> Result<(), Bilingual> {
    // As in Rust and TOML, an underscore may stand between digits.
    *to = text.replace('_', "").parse().map_err(|_| {
        let largest = N::LARGEST;
        both!("{text} is not a whole number from 0 to {largest}", "{text} 不是 0 到 {largest} 之间的整数")
    })?;
    Ok(())
}

pub(super) fn switch(text: &str, to: &mut bool) -> Result<(), Bilingual> {
    choice(text, &[("on", true), ("off", false), ("true", true), ("false", false)], to)
}

pub(super) fn choice<T: Copy>(text: &str, choices: &[(&str, T)], to: &mut T) -> Result<(), Bilingual> {
    let Some(&(_, value)) = choices.iter().find(|(word, _)| *word == text) else {
        let words: Vec<&str> = choices.iter().map(|&(word, _)| word).collect();
        let (last, first) = words.split_last().expect("there is something to choose from");
        let first_en = first.join(", ");
        let first_zh = first.join("、");
        return Err(both!("must be {first_en} or {last}", "必须是 {first_zh} 或 {last}"));
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
        assert_eq!(lines(&values, 1), Err(both!("takes at most 1 lines, not 2", "最多 1 行，而不是 2 行")));
    }

    #[test]
    fn a_choice_says_what_there_is() {
        let error = switch("yes", &mut false).unwrap_err();
        assert_eq!(error, both!("must be on, off, true or false", "必须是 on、off、true 或 false"));
    }

    #[test]
    fn reserved_names_are_names() {
        let parse = |values: &[&str]| {
            let values: Vec<String> = values.iter().map(|&value| value.to_owned()).collect();
            names(&values).map(|them| them.iter().map(Name::to_string).collect::<Vec<_>>())
        };
        assert_eq!(parse(&["NickServ,系统", "root"]).unwrap(), ["NickServ", "系统", "root"]);
        assert_eq!(parse(&[""]).unwrap(), Vec::<String>::new());
        assert_eq!(parse(&["a,, b"]).unwrap(), ["a", "b"]);
        for none in ["NickServ,a b", "12", &["x"; 101].join(",")] {
            assert!(parse(&[none]).is_err(), "{none}");
        }
    }

    #[test]
    fn operators_have_names_of_their_own_and_hashes() {
        let parse = |values: &[&str]| {
            let values: Vec<String> = values.iter().map(|value| value.replace("HASH", HASH)).collect();
            operators(&values).map(|them| them.into_iter().map(|it| it.name).collect::<Vec<_>>())
        };
        assert_eq!(parse(&["alice:HASH", "Alice:HASH"]), Ok(vec!["alice".to_owned(), "Alice".to_owned()]));
        let twice = parse(&["alice:HASH", "alice:HASH"]).unwrap_err();
        assert_eq!(twice, both!("two operators are named alice", "有两个管理员都叫 alice"));
        for none in ["alice", "HASH", ":HASH", "a b:HASH", "alice:", "alice:secret"] {
            let error = format!("{:?}", parse(&[none]).unwrap_err());
            assert!(!error.contains("secret") && !error.contains("argon2id"), "{error}");
        }
    }
}
