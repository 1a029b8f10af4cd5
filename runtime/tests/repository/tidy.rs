//! Rules for every file of the repository.

use crate::{files, read, root};

/// Lines of a file. A longer one has two subjects. (Tests may be long lists.)
const LINES_MAX: usize = 600;

pub(crate) fn is_test(path: &str) -> bool {
    path.contains("/tests/") || path.ends_with("/tests.rs")
}

pub(crate) fn rust_files() -> impl Iterator<Item = String> {
    files().into_iter().filter(|path| path.ends_with(".rs"))
}

#[test]
fn no_file_has_two_subjects() {
    let long: Vec<String> = rust_files()
        .filter(|path| !is_test(path))
        .filter_map(|path| {
            let lines = read(&path).lines().count();
            (lines > LINES_MAX).then(|| format!("{path}: {lines} lines"))
        })
        .collect();
    assert!(long.is_empty(), "over {LINES_MAX} lines: {long:#?}");
}

#[test]
fn nothing_is_left_to_do_in_the_code() {
    // Put together here, so that this file does not contain them.
    let marks = ["TO", "FIX", "XX", "HA"].iter().zip(["DO", "ME", "X", "CK"]);
    let marks: Vec<String> = marks.map(|(one, other)| format!("{one}{other}")).collect();
    for path in files().iter().filter(|path| {
        let endings = [".rs", ".toml", ".md", ".js", ".py", ".sh"];
        endings.iter().any(|ending| path.ends_with(ending)) || path.starts_with(".ci/")
    }) {
        for (number, line) in read(path).lines().enumerate() {
            let words = || line.split(|character: char| !character.is_alphanumeric());
            let left = marks.iter().find(|mark| words().any(|word| word == **mark));
            assert_eq!(left, None, "{path}:{}: {line}", number + 1);
        }
    }
}

#[test]
fn links_of_the_documents_lead_somewhere() {
    for path in files().iter().filter(|path| path.ends_with(".md")) {
        let directory = root().join(path).parent().unwrap().to_owned();
        let text = read(path);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split_once(')')).map(|(link, _)| link) {
            let (file, anchor) = link.split_once('#').unwrap_or((link, ""));
            if file.contains("://") {
                continue;
            }
            let target = if file.is_empty() { root().join(path) } else { directory.join(file) };
            assert!(target.exists(), "{path} links to {link}, which is not there");
            if !anchor.is_empty() {
                let text = std::fs::read_to_string(&target).unwrap();
                let found =
                    text.lines().filter(|line| line.starts_with('#')).any(|line| slug(line) == anchor);
                assert!(found, "{path} links to {link}, and there is no such heading");
            }
        }
    }
}

/// Returns the anchor of a heading.
fn slug(heading: &str) -> String {
    let text = heading.trim_start_matches('#').trim().to_lowercase();
    let kept = text.chars().filter(|it| it.is_alphanumeric() || *it == ' ' || *it == '-' || *it == '_');
    kept.collect::<String>().replace(' ', "-")
}

#[test]
fn the_repository_stands_alone() {
    // Only tests and CI may refer to files outside the repository: the ancestors' programs.
    for path in files().iter().filter(|path| !is_test(path) && !path.starts_with(".ci/")) {
        let Ok(text) = std::fs::read_to_string(root().join(path)) else { continue };
        assert!(!text.contains(concat!("../", "shared")), "{path} refers outside of the repository");
    }
}

/// Returns every text in the source that contains Chinese characters, with its first line. A placeholder of a format counts as
/// a Chinese character, because it may become one.
fn chinese_texts(source: &str) -> Vec<(usize, String)> {
    // Tests may quote members.
    let source = source.split("#[cfg(test)]").next().unwrap();
    let mut texts = Vec::new();
    let mut characters = source.chars().peekable();
    let (mut line, mut text, mut began) = (1, None::<String>, 1);
    while let Some(character) = characters.next() {
        line += usize::from(character == '\n');
        match (&mut text, character) {
            (None, '/') if characters.peek() == Some(&'/') => {
                characters.by_ref().find(|it| *it == '\n');
                line += 1;
            }
            (None, '\'') => {
                // A character or a lifetime; neither begins a text.
                if characters.next() == Some('\\') {
                    characters.next();
                }
            }
            (None, '"') => (text, began) = (Some(String::new()), line),
            (None, _) => {}
            (Some(_), '"') => texts.extend(text.take().map(|text| (began, text))),
            (Some(text), '\\') => {
                let escaped = characters.next();
                line += usize::from(escaped == Some('\n'));
                text.push(' ');
            }
            (Some(text), '{') => {
                characters.by_ref().find(|it| *it == '}');
                text.push('某');
            }
            (Some(text), character) => text.push(character),
        }
    }
    texts.retain(|(_, text)| text.chars().any(|it| is_chinese(it) && it != '某'));
    texts
}

fn is_chinese(character: char) -> bool {
    ('\u{4E00}'..='\u{9FFF}').contains(&character)
}

/// Returns the first half-width punctuation mark beside a Chinese character, except in URLs.
fn half_width_mark(text: &str) -> Option<char> {
    let text = text.replace("://", " ");
    let characters: Vec<char> = text.chars().collect();
    let is_beside = |index: usize| {
        let neighbours = [index.checked_sub(1), Some(index + 1)];
        neighbours.into_iter().flatten().any(|at| characters.get(at).copied().is_some_and(is_chinese))
    };
    characters
        .iter()
        .enumerate()
        .find(|(index, it)| ",;:!?()".contains(**it) && is_beside(*index))
        .map(|(_, it)| *it)
}

#[test]
fn chinese_texts_have_full_width_punctuation() {
    assert_eq!(half_width_mark("无法监听:端口"), Some(':'));
    assert_eq!(half_width_mark("auto://HOST:PORT，或 (a, b) 和 /join"), None);
    assert_eq!(chinese_texts("f('\"', \"a\"); // \"中\"\ng(\"一\\n{x}:\")"), [(2, "一 某:".to_owned())]);
    let mut count = 0;
    for path in
        rust_files().filter(|path| path.starts_with("protocol/src/") || path.starts_with("runtime/src/"))
    {
        for (line, text) in chinese_texts(&read(&path)) {
            count += 1;
            assert_eq!(half_width_mark(&text), None, "{path}:{line}: {text}");
        }
    }
    assert!(count > 100, "{count} Chinese texts were found");
}

/// A longer function does not fit on a screen.
const FUNCTION_LINES_MAX: usize = 70;

/// The functions and macros of a source that are longer, and how long each is. Those of its test module do not count.
fn long_functions(source: &str) -> Vec<(String, usize)> {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let lines: Vec<&str> = code.lines().collect();
    let mut long = Vec::new();
    for (start, line) in lines.iter().enumerate() {
        let indent = &line[..line.len() - line.trim_start().len()];
        let words: Vec<&str> = line.trim_start().split([' ', '(', '<']).collect();
        let is_definition = |word: &&str| ["fn", "macro_rules!"].contains(word);
        let Some(at) = words.iter().position(is_definition) else { continue };
        let is_function = words[..at].iter().all(|word| {
            ["pub", "const", "async", "unsafe", "extern", "\"C\"", "crate)", "super)", "in"].contains(word)
                || word.ends_with(')')
        });
        // A method of a trait that is only declared has no length.
        if !is_function || line.ends_with(';') {
            continue;
        }
        let end = |line: &&str| **line == format!("{indent}}}") || line.starts_with(&format!("{indent}fn "));
        let length = lines[start + 1..].iter().position(end).map_or(1, |length| length + 2);
        if length > FUNCTION_LINES_MAX {
            long.push((words[at + 1].to_owned(), length));
        }
    }
    long
}

#[test]
fn no_function_is_longer_than_a_screen() {
    let source = |lines| format!("    pub(crate) fn long(\n{}    }}\n", "        x();\n".repeat(lines));
    assert_eq!(long_functions(&source(FUNCTION_LINES_MAX - 2)), []);
    assert_eq!(
        long_functions(&source(FUNCTION_LINES_MAX - 1)),
        [("long".to_owned(), FUNCTION_LINES_MAX + 1)]
    );
    let macros = source(FUNCTION_LINES_MAX - 1).replace("pub(crate) fn long(", "macro_rules! long {");
    assert_eq!(long_functions(&macros), [("long".to_owned(), FUNCTION_LINES_MAX + 1)]);
    for path in rust_files().filter(|path| !is_test(path)) {
        let long = long_functions(&read(&path));
        assert!(long.is_empty(), "{path}: over {FUNCTION_LINES_MAX} lines: {long:?}");
    }
}

/// Other tests read a source up to its test module.
#[test]
fn nothing_follows_the_test_module_of_a_file() {
    for path in rust_files() {
        let source = read(&path);
        let Some((_, tests)) = source.split_once("#[cfg(test)]\nmod tests {\n") else { continue };
        let after = tests.split_once("\n}\n").map(|(_, after)| after);
        assert_eq!(after, Some(""), "{path}: the test module is the last item");
    }
}
