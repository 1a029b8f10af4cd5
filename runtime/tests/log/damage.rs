//! Finding damage, and recovering what can be used.

use super::{Folder, error, lines, run, serve, stop};
use std::fs;
use std::path::{Path, PathBuf};

/// The bytes of a page of the file.
const PAGE: usize = 4_096;

/// A log that a server has closed, with the number of its entries.
struct Log {
    folder: Folder,
    data: PathBuf,
    entries: usize,
}

impl Log {
    fn new(name: &str, count: usize) -> Self {
        let folder = Folder::new(name);
        let data = folder.file("data");
        let server = serve(&data);
        let mut alice = server.enter();
        alice.send("/nick alice\n/topic kept\n");
        for nth in 0..count {
            alice.send(format!("canary {nth}\n"));
        }
        alice.send("/nick carol\n");
        while alice.line() != "* you are now carol" {}
        drop(alice);
        stop(server);
        let entries = lines(&data, &["export"]).len();
        Self { folder, data, entries }
    }

    fn change(&self, statements: &str) {
        let file = rusqlite::Connection::open(self.data.join("log.db")).unwrap();
        file.execute_batch(statements).unwrap();
    }

    /// Checks the log, which is damaged, and returns what is printed.
    fn check(&self) -> Vec<String> {
        let output = run(&self.data, &["check"]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect()
    }

    /// Recovers the log, which is damaged, and returns the new directory and what is printed.
    fn recover(&self) -> (PathBuf, Vec<String>) {
        let into = self.folder.file("recovered");
        let output = run(&self.data, &["recover", into.to_str().unwrap()]);
        assert_eq!(output.status.code(), Some(1), "{output:?}");
        (into, String::from_utf8(output.stdout).unwrap().lines().map(str::to_owned).collect())
    }
}

/// Asserts that a server starts from a log, with the topic of the lobby, and stops.
fn goes_on(data: &Path) {
    let server = serve(data);
    let mut bob = server.enter();
    bob.send("/topic\n");
    assert!(bob.line().contains("kept"));
    drop(bob);
    stop(server);
}

const STARTS: &str =
    "a server still starts from it, for a later snapshot is whole. Back it up, and look at the disk";
const STARTS_NOT: &str = "a server does not start from it. Restore a backup, or copy what can be used with `parlor log recover INTO`";

#[test]
fn a_whole_log_is_whole() {
    let log = Log::new("whole", 20);
    let count = log.entries;
    let whole = [format!("the log is whole: {count} entries up to {count}, 1 snapshots")];
    assert_eq!(lines(&log.data, &["check"]), whole);
    let into = log.folder.file("copy");
    let copied = lines(&log.data, &["recover", into.to_str().unwrap()]);
    let directory = into.display();
    assert_eq!(
        copied,
        [format!("copied {count} entries; the log in {directory} goes on after entry {count}")]
    );
    assert_eq!(lines(&into, &["check"]), whole);
    assert!(lines(&into, &["export"]) == lines(&log.data, &["export"]));
    assert!(
        error(&log.data, &["recover", into.to_str().unwrap()], 2)
            .contains("exists, and nothing is overwritten")
    );
    // Beside a server, too.
    let server = serve(&into);
    let _alice = server.enter();
    assert!(lines(&into, &["check"])[0].starts_with("the log is whole: "));
}

#[test]
fn each_kind_of_damage_is_found_at_its_place() {
    let log = Log::new("kinds", 20);
    let whole = fs::read(log.data.join("log.db")).unwrap();
    let last = log.entries;
    for (change, finding, starts) in [
        ("UPDATE entries SET bytes = zeroblob(9) WHERE seq = 9", "entry 9 is damaged: ".to_owned(), true),
        (
            "UPDATE entries SET link = zeroblob(32) WHERE seq = 9",
            "entry 9 is damaged: it does not follow from the entries before it".to_owned(),
            true,
        ),
        (
            "UPDATE entries SET at_unix_ms = 5 WHERE seq = 9",
            "entry 9 is damaged: its time is another one".to_owned(),
            true,
        ),
        ("DELETE FROM entries WHERE seq IN (9, 10)", "entries 9 to 10 are missing".to_owned(), true),
        (
            "UPDATE snapshots SET bytes = zeroblob(20)",
            format!("the snapshot at entry {last} is damaged: "),
            true,
        ),
        (
            "DELETE FROM snapshots; UPDATE entries SET bytes = zeroblob(9) WHERE seq = 9",
            "entry 9 is damaged: ".to_owned(),
            false,
        ),
        (
            "DELETE FROM snapshots; DELETE FROM entries WHERE seq > 20",
            format!("entries 21 to {last} are missing"),
            false,
        ),
    ] {
        fs::write(log.data.join("log.db"), &whole).unwrap();
        log.change(change);
        let found = log.check();
        assert!(found[0].starts_with(&finding), "{change}: {found:?}");
        assert!(found.iter().any(|line| line.starts_with("the log is damaged: ")), "{found:?}");
        assert_eq!(found.last().unwrap(), if starts { STARTS } else { STARTS_NOT }, "{change}");
    }
}

#[test]
fn a_snapshot_is_compared_with_what_the_entries_result_in() {
    // The snapshot of another log with as many entries.
    let (log, other) = (Log::new("compare", 20), Log::new("other", 20));
    log.change(&format!(
        "ATTACH '{}' AS other; UPDATE snapshots SET bytes = (SELECT bytes FROM other.snapshots)",
        other.data.join("log.db").display()
    ));
    let found = log.check();
    let expected = "is damaged: it is not the state in which the entries result";
    assert!(found[0].ends_with(expected), "{found:?}");
}

#[test]
fn what_precedes_the_damage_is_recovered() {
    let log = Log::new("precedes", 20);
    log.change("DELETE FROM snapshots; UPDATE entries SET bytes = zeroblob(9) WHERE seq = 12");
    let (into, told) = log.recover();
    assert!(told[0].starts_with("copied 11 entries; ") && told[0].ends_with(" goes on after entry 11"));
    assert_eq!(told[1..], [format!("entries 12 to {} are lost", log.entries)]);
    let all = lines(&into, &["export"]);
    assert!(all.len() == 11 && all[10].contains("\"text\":\"canary "), "{all:?}");
    goes_on(&into);
    assert!(lines(&into, &["check"])[0].starts_with("the log is whole: "));
}

#[test]
fn a_whole_snapshot_after_the_damage_saves_what_follows() {
    let log = Log::new("follows", 20);
    log.change("UPDATE entries SET bytes = zeroblob(9) WHERE seq = 3");
    let (into, told) = log.recover();
    let (copied, last) = (log.entries - 1, log.entries);
    assert!(told[0].starts_with(&format!("copied {copied} entries; ")), "{told:?}");
    let snapshot = format!("in the snapshot at entry {last}");
    assert!(told[1].starts_with("entries 3 to 3 are lost; ") && told[1].ends_with(&snapshot), "{told:?}");
    assert_eq!(told.len(), 2);
    goes_on(&into);
}

#[test]
fn whatever_page_is_damaged_what_is_recovered_starts() {
    let log = Log::new("pages", 300);
    log.change("DELETE FROM snapshots; VACUUM");
    let whole = fs::read(log.data.join("log.db")).unwrap();
    let (mut refused, mut found, mut recovered) = (0, 0, 0);
    for page in 0..whole.len() / PAGE {
        let mut damaged = whole.clone();
        damaged[page * PAGE..][..PAGE].fill(0xA5);
        for file in ["log.db-wal", "log.db-shm"] {
            fs::remove_file(log.data.join(file)).ok();
        }
        fs::write(log.data.join("log.db"), &damaged).unwrap();
        match run(&log.data, &["check"]).status.code() {
            Some(1) => found += 1,
            Some(2) => refused += 1,
            code => panic!("page {page}: {code:?}"),
        }
        assert!(fs::read(log.data.join("log.db")).unwrap() == damaged, "nothing was changed");
        let into = log.folder.file(&format!("recovered-{page}"));
        let output = run(&log.data, &["recover", into.to_str().unwrap()]);
        // Nothing is lost if the page has no entries.
        if output.status.code() != Some(2) {
            recovered += 1;
            assert!(!output.stdout.is_empty(), "page {page}: {output:?}");
            stop(serve(&into));
            assert!(lines(&into, &["check"])[0].starts_with("the log is whole: "));
        }
    }
    assert!(refused >= 1 && found > 10 && recovered >= found - 1, "{refused} {found} {recovered}");
    println!("{refused} refused, {found} found, {recovered} recovered");
}
