//! The modules that those of the core may depend on.

use crate::{files, read};
use std::collections::{BTreeMap, BTreeSet};

/// The layers of the core: a module may depend on its own layer and on those before it.
const LAYERS: [&str; 12] = [
    "base", "planted", "log", "codec", "world", "views", "framing", "dialect", "session", "hub", "outbox",
    "server",
];

/// Layers that know no dialect by its name.
const BLIND: [&str; 7] = ["log", "codec", "world", "views", "hub", "outbox", "server"];

/// Words that only a dialect may use.
const DIALECT_WORDS: [&str; 7] = ["irc", "plain", "numeric", "capabilities", "capability", "rpl", "isupport"];

/// The modules of the core: the path of each, as `hub::timers`, and its code without comments and tests.
fn modules() -> BTreeMap<String, String> {
    let files = files();
    let sources = files.iter().filter_map(|path| Some((path, path.strip_prefix("protocol/src/")?)));
    let sources = sources.filter_map(|(path, module)| Some((path, module.strip_suffix(".rs")?)));
    let sources =
        sources.filter(|(_, module)| *module != "lib" && module.split('/').all(|part| part != "tests"));
    sources.map(|(path, module)| (module.replace('/', "::"), code(&read(path)))).collect()
}

/// A source without comments, texts and tests.
fn code(source: &str) -> String {
    let code = source.split("#[cfg(test)]\nmod tests {").next().unwrap();
    code.lines().map(|line| line.split("//").next().unwrap()).map(|line| format!("{line}\n")).collect()
}

/// The modules that the code of one names in its paths: `crate::a::b`, `super::c`, and in braces.
fn named(module: &str, code: &str, modules: &BTreeMap<String, String>) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for statement in code.split(';') {
        let Some(at) = statement.find("use ") else { continue };
        expand("", statement[at + "use ".len()..].trim(), &mut |path| {
            found.extend(resolved(module, path, modules));
        });
    }
    for start in ["crate::", "super::", "self::"] {
        for (at, _) in code.match_indices(start) {
            // The rest of a longer path, as `super::super::a` has it.
            if code[..at].ends_with(|it: char| it.is_alphanumeric() || "_:".contains(it)) {
                continue;
            }
            let path = &code[at..];
            let end = path.find(|it: char| !it.is_alphanumeric() && !"_:".contains(it));
            found.extend(resolved(module, &path[..end.unwrap_or(path.len())], modules));
        }
    }
    found.remove(module);
    found
}

/// Calls `each` with every path of a `use`, whose braces may be nested.
fn expand(before: &str, rest: &str, each: &mut impl FnMut(&str)) {
    let Some((head, braces)) = rest.split_once('{') else {
        return each(&format!("{before}{}", rest.split(" as ").next().unwrap().trim()));
    };
    let inside = braces.trim_end().strip_suffix('}').unwrap_or(braces);
    let (mut depth, mut start) = (0, 0);
    for (at, character) in inside.char_indices().chain([(inside.len(), ',')]) {
        match character {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                expand(&format!("{before}{}", head.trim()), inside[start..at].trim(), each);
                start = at + 1;
            }
            _ => {}
        }
    }
}

/// The module that a path in another one leads into, if it is one of the core.
fn resolved(module: &str, path: &str, modules: &BTreeMap<String, String>) -> Option<String> {
    let mut from: Vec<&str> = module.split("::").collect();
    let mut parts: Vec<&str> = path.split("::").collect();
    match parts.first() {
        Some(&"crate") => {
            from.clear();
            parts.remove(0);
        }
        Some(&"super" | &"self") => {}
        // A child of the module itself.
        _ => {}
    }
    while let Some(&first) = parts.first().filter(|first| ["super", "self"].contains(*first)) {
        if first == "super" {
            from.pop();
        }
        parts.remove(0);
    }
    let mut whole: Vec<&str> = from.into_iter().chain(parts).collect();
    while !whole.is_empty() {
        let name = whole.join("::");
        if modules.contains_key(&name) {
            return Some(name);
        }
        whole.pop();
    }
    None
}

fn is_within(module: &str, other: &str) -> bool {
    module.strip_prefix(other).is_some_and(|rest| rest.starts_with("::"))
}

/// Every module, and those that it depends on; what a module shares with those that lie in it is left out.
fn dependencies(modules: &BTreeMap<String, String>) -> BTreeMap<&str, BTreeSet<String>> {
    let each = modules.iter().map(|(module, code)| {
        let mut others = named(module, code, modules);
        others.retain(|other| !is_within(module, other));
        (&**module, others)
    });
    each.collect()
}

/// A way from a module back to itself, if there is one.
fn circle<'a>(dependencies: &'a BTreeMap<&'a str, BTreeSet<String>>, start: &'a str) -> Option<Vec<&'a str>> {
    let mut ways = vec![vec![start]];
    let mut seen = BTreeSet::new();
    while let Some(way) = ways.pop() {
        for next in dependencies.get(way.last().unwrap()).into_iter().flatten() {
            if next == start {
                return Some(way);
            }
            if seen.insert(next) {
                ways.push([&way[..], &[next]].concat());
            }
        }
    }
    None
}

#[test]
fn no_modules_of_the_core_depend_on_each_other_in_a_circle() {
    let modules = modules();
    assert!(modules.len() > 50, "the core is found");
    let dependencies = dependencies(&modules);
    let edges: usize = dependencies.values().map(BTreeSet::len).sum();
    assert!(edges > 200, "what modules depend on is found");
    for module in modules.keys() {
        assert_eq!(circle(&dependencies, module), None, "a circle of modules");
    }
}

/// A module that takes a name from the list in `lib.rs` depends on its module, and the tests above and below do not see it.
#[test]
fn no_module_of_the_core_uses_its_public_face() {
    let modules = modules();
    for (module, code) in &modules {
        let mut first = Vec::new();
        for part in code.split("crate::").skip(1) {
            match part.strip_prefix('{') {
                None => first.push(part),
                Some(_) => {
                    let statement = part.split(';').next().unwrap();
                    expand("", statement, &mut |path| first.push(&part[part.find(path).unwrap()..]));
                }
            }
        }
        for part in first {
            let name = part.split(|it: char| !it.is_alphanumeric() && it != '_').next().unwrap();
            assert!(modules.contains_key(name), "{module} names crate::{name} without its module");
        }
    }
}

#[test]
fn dialects_do_not_know_each_other() {
    let modules = modules();
    let dialect = |module: &str| {
        let mut parts = module.split("::");
        let name = parts.next().filter(|layer| *layer == "dialect").and(parts.next());
        name.filter(|name| ["irc", "plain"].contains(name)).map(str::to_owned)
    };
    for (module, others) in dependencies(&modules) {
        let Some(own) = dialect(module) else { continue };
        let other = others.iter().find(|other| dialect(other).is_some_and(|other| other != own));
        assert_eq!(other, None, "{module} depends on another dialect");
    }
}

#[test]
fn the_layers_of_the_core_depend_on_those_before_them() {
    let modules = modules();
    let layer = |module: &str| {
        let first = module.split("::").next().unwrap();
        LAYERS.iter().position(|layer| *layer == first).unwrap_or_else(|| panic!("{module} is in no layer"))
    };
    for (module, others) in dependencies(&modules) {
        let upward = others.iter().find(|other| layer(other) > layer(module));
        assert_eq!(upward, None, "{module} depends on a later layer");
    }
}

#[test]
fn only_dialects_and_sessions_know_a_dialect_by_its_name() {
    for (module, code) in modules() {
        if !BLIND.contains(&module.split("::").next().unwrap()) {
            continue;
        }
        for line in code.lines() {
            // Texts do not count: they are seen by people.
            let line: String = line.split('"').step_by(2).collect();
            let words = line.split(|it: char| !it.is_alphanumeric()).flat_map(camel_words);
            let is_known = |word: &String| DIALECT_WORDS.contains(&&**word) || word.starts_with("irc");
            let known: Vec<String> = words.filter(is_known).collect();
            assert!(known.is_empty(), "{module} knows of {known:?}: {line}");
        }
    }
}

/// A layer that is blind writes nothing in a dialect: no command (`PING`) and no line end.
#[test]
fn only_dialects_have_texts_for_the_wire() {
    // The texts of the reasons are sentences.
    let is_blind =
        |module: &str| BLIND.contains(&module.split("::").next().unwrap()) && module != "log::close_reason";
    for (module, code) in modules().iter().filter(|(module, _)| is_blind(module)) {
        for text in code.lines().flat_map(|line| line.split('"').skip(1).step_by(2)) {
            let mut words = text.split(|it: char| !it.is_alphabetic());
            let command = words.find(|it| it.len() > 2 && it.chars().all(char::is_uppercase));
            assert_eq!(command, None, "{module} has a command of a dialect: {text}");
            assert!(!text.contains(r"\r") && !text.contains(r"\n"), "{module} has a line end: {text}");
        }
    }
}

/// The words of an identifier in lower case: `WireClass` has two.
pub(crate) fn camel_words(identifier: &str) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut was_lower = false;
    for character in identifier.chars() {
        if words.is_empty() || character.is_uppercase() && was_lower {
            words.push(String::new());
        }
        was_lower = character.is_lowercase();
        words.last_mut().unwrap().extend(character.to_lowercase());
    }
    words
}

#[test]
fn what_modules_name_is_found() {
    let names = ["a", "a::b", "a::b::c", "d"];
    let modules: BTreeMap<String, String> =
        names.iter().map(|name| ((*name).to_owned(), String::new())).collect();
    let found = |code| named("a::b", code, &modules).into_iter().collect::<Vec<_>>();
    assert_eq!(found("use crate::d::{X, Y};\nuse super::Z;\nuse c::W;"), ["a", "a::b::c", "d"]);
    assert_eq!(found("use crate::{a::b::c::{self, V}, d};"), ["a::b::c", "d"]);
    assert_eq!(found("fn f() -> crate::d::X {}"), ["d"]);
    assert_eq!(found("fn f() -> super::super::d::X { self::c::y() }"), ["a::b::c", "d"]);
    assert_eq!(camel_words("ParsedIrcLine"), ["parsed", "irc", "line"]);
    let circular: BTreeMap<&str, BTreeSet<String>> =
        [("a", BTreeSet::from(["d".to_owned()])), ("d", BTreeSet::from(["a".to_owned()]))].into();
    assert_eq!(circle(&circular, "a"), Some(vec!["a", "d"]));
}

#[test]
fn a_dialect_fits_into_one_folder() {
    let files = files();
    let lines: usize = files
        .iter()
        .filter(|path| path.starts_with("protocol/tests/json_dialect/"))
        .map(|path| read(path).lines().count())
        .sum();
    assert!((1..250).contains(&lines), "{lines} lines for a dialect of one's own");
}
