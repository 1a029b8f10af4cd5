//! The words of the code and the documents.

use crate::structure::camel_words;
use crate::tidy::rust_files;
use crate::{files, read};

/// Words with which a doc asks what it should tell, or begins a clause without its noun: "Who spoke."
const QUESTIONS: [&str; 10] =
    ["Who", "What", "Which", "Whose", "Whom", "Where", "How", "Why", "Whoever", "Whatever"];

/// The first lines of docs that begin with one of these words.
fn questions(source: &str) -> Vec<(usize, &str)> {
    let doc = |line: &&str| ["///", "//!"].into_iter().find(|mark| line.trim_start().starts_with(mark));
    let lines: Vec<&str> = source.lines().collect();
    let is_first =
        |at: usize| doc(&lines[at]).is_some_and(|mark| at == 0 || doc(&lines[at - 1]) != Some(mark));
    let first = (0..lines.len()).filter(|&at| is_first(at)).map(|at| (at + 1, lines[at].trim()));
    let is_question = |line: &str| {
        let word = line[3..].trim_start().split(|it: char| !it.is_alphabetic()).next();
        word.is_some_and(|word| QUESTIONS.contains(&word))
    };
    first.filter(|(_, line)| is_question(line)).collect()
}

#[test]
fn no_doc_begins_as_a_question() {
    let source = "//! Who spoke.\n/// What a member of a room hears.\nname: Name,\n/// The room\n/// where it was.\n\
                  // Why not: it is no doc.\n    ///Whose it is.\n/// Whether it is.\n/// However.\n";
    let found: Vec<usize> = questions(source).into_iter().map(|(line, _)| line).collect();
    assert_eq!(found, [1, 2, 7]);
    let mut found = Vec::new();
    for path in rust_files() {
        found.extend(questions(&read(&path)).into_iter().map(|(line, doc)| format!("{path}:{line}: {doc}")));
    }
    assert!(found.is_empty(), "say what it is, as in \"The member who spoke.\": {found:#?}");
}

/// Words that are nowhere, not even as a part of an identifier, and what stands in their places.
const REPLACED: [(&str, &str); 13] = [
    ("afresh", "\"again\""),
    ("disturbance", "`Override`, \"served individually\""),
    ("disturbances", "`Override`, \"served individually\""),
    ("disturbed", "\"served individually\""),
    ("entrant", "`Registration`"),
    ("fans", "`RoomSubscribers`, `ClassSubscribers`"),
    ("strand", "`Cursor`"),
    ("strands", "`Cursor`"),
    ("tellings", "`multicast_id`"),
    ("tenant", "\"connection\""),
    ("tenants", "\"connection\""),
    ("tongue", "`DialectState`"),
    ("tongues", "`DialectState`"),
];

/// Identifiers that are gone, and their successors. The same words may stand in sentences.
const RENAMED: [(&str, &str); 25] = [
    ("Asked", "TelnetRequest"),
    ("Building", "ChunkBuilder"),
    ("ClassFan", "ClassSubscribers"),
    ("Departed", "FormerName"),
    ("Given", "ConfigSources"),
    ("InForce", "LivePasswords"),
    ("Judge", "PasswordVerifier"),
    ("LOOK_BYTES", "ROW_COST_BYTES"),
    ("Loaded", "LoadedConfig"),
    ("Manner", "MessageKind"),
    ("RoomFan", "RoomSubscribers"),
    ("Speech", "Message"),
    ("StartAfresh", "SwitchToIrc"),
    ("Vanishing", "DeadPeerTimeout"),
    ("Verdict", "PasswordChecked; CheckResult in the simulator"),
    ("What", "EventKind"),
    ("Wish", "NameRequest"),
    ("building", "builder"),
    ("buildings", "builders"),
    ("disturb", "override_mut"),
    ("door", "listener"),
    ("fan", "subscribers"),
    ("leave_afresh", "switch_to_irc"),
    ("look_at_one", "count_row"),
    ("set_apart", "push_item"),
];

/// The words of a line's identifiers and sentences: whole ones, and in lower case those that they are made of.
fn whole_words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|it: char| !it.is_alphanumeric() && it != '_').filter(|word| !word.is_empty())
}

fn replaced(line: &str) -> Option<(String, &'static str)> {
    let parts = whole_words(line).flat_map(|word| word.split('_')).flat_map(camel_words);
    let known = |part: String| REPLACED.iter().find(|(word, _)| *word == part).map(|(_, name)| (part, *name));
    parts.filter_map(known).next()
}

/// Returns the first identifier of a line of code, outside of comments and texts, that was renamed.
fn renamed(line: &str) -> Option<(&'static str, &'static str)> {
    let code: String = line.split("//").next().unwrap().split('"').step_by(2).collect();
    whole_words(&code).find_map(|word| RENAMED.iter().find(|(old, _)| *old == word)).copied()
}

#[test]
fn words_that_were_replaced_do_not_come_back() {
    assert_eq!(replaced("let x = IrcTongue::new();"), Some(("tongue".to_owned(), "`DialectState`")));
    assert_eq!(replaced("/// The slot's tenant."), Some(("tenant".to_owned(), "\"connection\"")));
    assert_eq!(replaced("a fan, tenantry"), None);
    assert_eq!(renamed("use x::Judge; // Speech"), Some(("Judge", "PasswordVerifier")));
    assert_eq!(renamed("print(\"Loaded {x}\"); // Given"), None);
    let own = "runtime/tests/repository/words.rs";
    let files = files().into_iter().filter(|path| path.ends_with(".rs") || path.ends_with(".md"));
    let mut found = Vec::new();
    for path in files.filter(|path| path != own) {
        for (number, line) in read(&path).lines().enumerate() {
            let code = renamed(line).filter(|_| path.ends_with(".rs"));
            for (word, name) in
                replaced(line).into_iter().chain(code.map(|(old, name)| (old.to_owned(), name)))
            {
                found.push(format!("{path}:{}: {word} is {name} now: {line}", number + 1));
            }
        }
    }
    assert!(found.is_empty(), "{found:#?}");
}

#[test]
fn the_glossary_is_sorted_and_its_words_are_in_the_code() {
    let text = read("docs/ARCHITECTURE.md");
    let table = text.split("## Glossary\n").nth(1).unwrap().split("\n## ").next().unwrap();
    let rows = table.lines().filter_map(|line| line.strip_prefix("| ")).skip(1);
    let terms: Vec<&str> = rows.map(|row| row.split(" |").next().unwrap()).collect();
    assert!(terms.len() > 15, "the glossary is found: {terms:?}");
    assert!(terms.is_sorted(), "{terms:?}");
    let code: String = rust_files().filter(|path| path.contains("/src/")).map(|path| read(&path)).collect();
    let code = code.to_lowercase();
    for term in terms.iter().flat_map(|term| term.split(", ")) {
        let identifier = term.replace(' ', "");
        assert!(
            code.contains(&identifier) || code.contains(&term.replace(' ', "_")),
            "{term} is not in the code"
        );
    }
}
