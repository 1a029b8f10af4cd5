//! No file and no declaration is left that nothing uses.

use crate::tidy::{is_test, rust_files};
use crate::{files, read};
use std::collections::BTreeMap;

/// Declarations that only tests use, and the reasons to keep them.
const KEPT: [(&str, &str); 0] = [];

/// Attributes of functions that are called from outside of the sources.
const CALLED: [&str; 4] = ["test", "bench", "no_mangle", "global_allocator"];

#[test]
fn no_file_is_dead() {
    let files = files();
    for path in files.iter().filter(|path| path.ends_with(".rs")) {
        let (directory, name) = path.rsplit_once('/').unwrap();
        let stem = name.strip_suffix(".rs").unwrap();
        let is_build_script = stem == "build" && !path.contains("/src/");
        let is_root = ["lib", "main"].contains(&stem) || is_build_script || path.contains("/fuzz_targets/");
        let is_target = ["tests", "benches", "examples"].iter().any(|kind| directory.ends_with(kind));
        if is_root || is_target {
            continue;
        }
        // `a/b.rs` is declared in `a.rs`, or in `a/lib.rs` or `a/main.rs`, perhaps by its path.
        let parents =
            [format!("{directory}.rs"), format!("{directory}/lib.rs"), format!("{directory}/main.rs")];
        let declared = parents.iter().filter(|parent| files.contains(parent)).any(|parent| {
            read(parent).lines().any(|line| line.trim_end().ends_with(&format!("mod {stem};")))
        });
        assert!(declared, "{path} is declared in none of {parents:?}");
    }
}

/// A source without comments. Texts stay, because a format may use a constant.
fn without_comments(source: &str) -> String {
    source
        .lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Whether a source has only tests: they are not a use.
fn is_only_tests(path: &str) -> bool {
    is_test(path) || path.contains("/outbox/tests/")
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|it: char| !it.is_alphanumeric() && it != '_').filter(|word| !word.is_empty())
}

/// Counts each word of the sources, outside of `use` and of tests.
fn uses<'a>(sources: impl Iterator<Item = &'a String>) -> BTreeMap<&'a str, usize> {
    let mut count = BTreeMap::new();
    for source in sources {
        let mut is_use = false;
        for line in source.split("#[cfg(test)]\nmod tests {").next().unwrap().lines() {
            let code = line.trim_start().trim_start_matches("pub ").trim_start_matches("pub(crate) ");
            is_use |= code.starts_with("use ");
            for word in words(line).filter(|_| !is_use) {
                *count.entry(word).or_default() += 1;
            }
            is_use &= !line.ends_with(';');
        }
    }
    count
}

/// A line of a source that declares something.
struct Declared<'a> {
    /// Its line, among those that are no comments.
    line: usize,
    name: &'a str,
}

/// The kinds of items that a source can declare; modules are in `no_file_is_dead`.
const KINDS: [&str; 7] = ["const", "enum", "fn", "static", "struct", "trait", "type"];

/// The kind and the name of the item that a line declares.
fn item(line: &str) -> Option<(&str, &str)> {
    let parts: Vec<&str> = line.split(' ').collect();
    let is_modifier = |at: usize| {
        let is_word = ["async", "unsafe", "extern", "\"C\""].contains(&parts[at]);
        parts[at].starts_with("pub")
            || is_word
            || parts[at] == "const"
                && parts.get(at + 1).is_some_and(|next| ["fn", "unsafe", "async"].contains(next))
    };
    let at = (0..parts.len()).find(|&at| !is_modifier(at))?;
    let kind = KINDS.into_iter().find(|kind| *kind == parts[at])?;
    Some((kind, words(parts.get(at + 1)?).next()?))
}

/// The name of the field of a struct or of the variant of an enum that a line declares.
fn part(line: &str, is_variant: bool) -> Option<&str> {
    let line = match line.strip_prefix("pub") {
        Some(rest) => rest.split_once(' ')?.1,
        None => line,
    };
    let name = words(line).next().filter(|name| line.starts_with(name))?;
    let fits = is_variant || line[name.len()..].starts_with(": ");
    (fits && name.starts_with(char::is_uppercase) == is_variant).then_some(name)
}

/// The items, fields and variants that a source declares, without those that the compiler or a test harness calls, and without
/// the items of implementations of traits.
fn declared(source: &str) -> Vec<Declared<'_>> {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    let mut all = Vec::new();
    // The indentation of the block that these lines are in, if it is one of these.
    let (mut trait_impl, mut struct_body, mut enum_body) = (None, None, None);
    let mut is_called = false;
    for (number, line) in code.lines().enumerate() {
        let indent = line.len() - line.trim_start().len();
        let line = line.trim_start();
        if line.starts_with("#[") {
            is_called |= words(line).any(|word| CALLED.contains(&word));
            continue;
        }
        if line.starts_with('}') {
            for block in [&mut trait_impl, &mut struct_body, &mut enum_body] {
                block.take_if(|outer| indent <= *outer);
            }
        }
        if line.trim_start_matches("unsafe ").starts_with("impl")
            && line.contains(" for ")
            && line.ends_with('{')
        {
            trait_impl = Some(indent);
        }
        let within = |block: Option<usize>| block.is_some_and(|outer| indent == outer + 4);
        let name = match item(line) {
            Some((kind, name)) => {
                match kind {
                    "struct" if line.ends_with('{') => struct_body = Some(indent),
                    "enum" if line.ends_with('{') => enum_body = Some(indent),
                    _ => {}
                }
                Some(name).filter(|_| !is_called && trait_impl.is_none())
            }
            None if within(enum_body) => part(line, true),
            None if within(struct_body) => part(line, false),
            None => None,
        };
        all.extend(name.map(|name| Declared { line: number + 1, name }));
        is_called = false;
    }
    all
}

#[test]
fn declarations_are_found() {
    let source = "pub(crate) const A: u8 = 1;\npub const fn b(c: u8) -> u8 {\n}\nenum D {\n    E,\n    F(u8),\n    G { h: u8 },\n}\n\
                  struct I<T> {\n    pub j: T,\n}\nimpl K for I {\n    fn l() {}\n}\nimpl I {\n    async fn m() {}\n}\n\
                  #[test]\n#[ignore]\nfn n() {}\nstatic O: u8 = 1;\n";
    let names: Vec<&str> = declared(source).into_iter().map(|it| it.name).collect();
    assert_eq!(names, ["A", "b", "D", "E", "F", "G", "I", "j", "m", "O"]);
    let sources = ["use a::{\n    b,\n};\nc(d);\n".to_owned(), "d\n#[cfg(test)]\nmod tests {\nc".to_owned()];
    assert_eq!(uses(sources.iter()), [("c", 1), ("d", 2)].into());
}

#[test]
fn no_declaration_is_dead() {
    let sources: BTreeMap<String, String> = rust_files()
        .map(|path| (without_comments(&read(&path)), path))
        .map(|(code, path)| (path, code))
        .collect();
    let everywhere = uses(sources.values());
    let outside_of_tests =
        uses(sources.iter().filter(|(path, _)| !is_only_tests(path)).map(|(_, code)| code));
    let mut kept = KEPT.map(|(name, _)| name).to_vec();
    let mut count = 0;
    for (path, source) in &sources {
        for Declared { line, name } in declared(source) {
            count += 1;
            let used = if is_only_tests(path) { &everywhere } else { &outside_of_tests };
            if used.get(name).is_none_or(|&times| times <= 1) && !name.starts_with('_') {
                let length = kept.len();
                kept.retain(|one| *one != name);
                assert!(kept.len() < length, "{path}: nothing uses `{name}` (line {line} without comments)");
            }
        }
    }
    assert!(count > 3_000, "{count} declarations were found");
    assert!(kept.is_empty(), "used now, and to be taken off the list: {kept:?}");
}
