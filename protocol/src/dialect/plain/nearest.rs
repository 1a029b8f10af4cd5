//! Guessing the command that the author of an unknown one may have meant.

use super::table::COMMANDS;
use alloc::vec::Vec;

/// Length of the longest word that is compared with the commands.
const CHARS_MAX: usize = 16;

/// Length of the shortest command that is found without the space before its argument: `/nickalice` is `/nick`, but too
/// many words begin like `/me` for `/meow` to be one.
const RUN_INTO_CHARS_MIN: usize = 4;

/// Returns the command that `word` was probably meant to be: the only one that begins with the word, one that lacks the
/// space before its argument, or the one with the fewest mistakes.
pub(super) fn nearest(word: &str) -> Option<&'static str> {
    if word.is_empty() {
        return None;
    }
    let spellings = || COMMANDS.iter().flat_map(|it| it.spellings().map(move |spelling| (it.name, spelling)));
    let mut begins: Vec<_> =
        spellings().filter(|(_, spelling)| spelling.starts_with(word)).map(|(name, _)| name).collect();
    begins.dedup();
    if let [only] = begins[..] {
        return Some(only);
    }
    let runs_into = |spelling: &str| spelling.len() >= RUN_INTO_CHARS_MIN && word.starts_with(spelling);
    if let Some((name, _)) = spellings().find(|(_, spelling)| runs_into(spelling)) {
        return Some(name);
    }
    let chars: Vec<char> = word.chars().take(CHARS_MAX + 1).collect();
    // One mistake in a short word, two in a longer one.
    let most = match chars.len() {
        0 | 1 => return None,
        2 | 3 => 1,
        4..=CHARS_MAX => 2,
        _ => return None,
    };
    let near = spellings().filter(|(_, spelling)| spelling.len() > 1);
    let near = near.map(|(name, spelling)| (distance(&chars, spelling), name));
    near.filter(|&(mistakes, _)| mistakes <= most).min_by_key(|&(mistakes, _)| mistakes).map(|(_, name)| name)
}

/// Returns the optimal string alignment distance: the number of characters that are wrong, missing, surplus, or swapped
/// with their neighbour.
fn distance(word: &[char], spelling: &str) -> usize {
    let spelling: Vec<char> = spelling.chars().collect();
    let first: Vec<usize> = (0..=spelling.len()).collect();
    let (mut before, mut above) = (first.clone(), first);
    for (row, &typed) in word.iter().enumerate() {
        let mut line = Vec::with_capacity(above.len());
        line.push(row + 1);
        for (column, &meant) in spelling.iter().enumerate() {
            let replaced = above[column] + usize::from(typed != meant);
            let mut least = replaced.min(above[column + 1] + 1).min(line[column] + 1);
            let is_exchanged =
                row > 0 && column > 0 && typed == spelling[column - 1] && word[row - 1] == meant;
            if is_exchanged {
                least = least.min(before[column - 1] + 1);
            }
            line.push(least);
        }
        before = core::mem::replace(&mut above, line);
    }
    above[spelling.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_distance_counts_mistakes() {
        for (word, spelling, mistakes) in [
            ("join", "join", 0),
            ("joni", "join", 1),
            ("jon", "join", 1),
            ("joinn", "join", 1),
            ("jomn", "join", 1),
            ("oijn", "join", 2),
            ("", "join", 4),
            ("topci", "topic", 1),
        ] {
            let chars: Vec<char> = word.chars().collect();
            assert_eq!(distance(&chars, spelling), mistakes, "{word}");
        }
    }

    #[test]
    fn the_intended_command_is_found() {
        for (word, meant) in [
            ("joni", Some("join")),
            ("jion", Some("join")),
            ("nikc", Some("nick")),
            ("hist", Some("history")),
            ("to", Some("topic")),
            ("nickalice", Some("nick")),
            ("exti", Some("quit")),
            ("whoo", Some("who")),
            ("dance", None),
            ("", None),
            ("z", None),
            ("joinjoinjoinjoinjoin", Some("join")),
            ("xxxxxxxxxxxxxxxxxxxxx", None),
        ] {
            assert_eq!(nearest(word), meant, "{word}");
        }
    }
}
