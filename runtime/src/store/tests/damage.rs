//! Damaged files. A start recovers what is provably right, or says what is damaged; it never begins a new log in silence.

use super::*;
use parlor_protocol::Command;

const PAGE: usize = 4_096;
const FRAME: usize = 24 + PAGE;

impl Scratch {
    fn read(&self, file: &str) -> Vec<u8> {
        fs::read(self.0.join(file)).unwrap()
    }

    fn write(&self, file: &str, bytes: &[u8]) {
        fs::write(self.0.join(file), bytes).unwrap();
    }

    /// Asserts that a start is refused with this text, and changes nothing.
    fn is_refused(&self, expected: &str) {
        let before = ["log.db", "log.db-wal"].map(|file| fs::read(self.0.join(file)).ok());
        let error = error(self.open());
        assert!(error.contains(expected), "{error}");
        let after = ["log.db", "log.db-wal"].map(|file| fs::read(self.0.join(file)).ok());
        assert!(after[0] == before[0], "log.db was not changed");
        assert!(after[1] == before[1] || before[1].is_none(), "log.db-wal was not changed");
    }
}

/// Returns a log that was closed, with its entries.
fn closed(lines: u64) -> (Scratch, Vec<LogEntry>) {
    let scratch = Scratch::new();
    let mut opened = scratch.open().unwrap();
    let entries = append(&mut opened.log, &proposals(7, None, lines), 50);
    close(opened.log);
    (scratch, entries)
}

/// Returns the files of a process that was killed after this number of lines, each in a commit of its own, and the entries.
fn killed(lines: u64, recorded: &str) -> (Scratch, Vec<LogEntry>) {
    let scratch = Scratch::new();
    let mut opened = scratch.open().unwrap();
    let entries: Vec<LogEntry> = proposals(7, None, lines)
        .iter()
        .flat_map(|proposal| append(&mut opened.log, std::slice::from_ref(proposal), 1))
        .collect();
    let copy = scratch.killed();
    copy.write("lock", format!("123\n{recorded}\n").as_bytes());
    close(opened.log);
    (copy, entries)
}

#[test]
fn a_process_that_was_killed_leaves_a_whole_log() {
    let (scratch, entries) = killed(30, "31");
    let opened = scratch.open().unwrap();
    assert_eq!((opened.replayed, opened.lost, opened.damaged_snapshots), (31, None, vec![]));
    assert_eq!(opened.world.digest(), World::replay(&entries).digest());
    close(opened.log);
}

#[test]
fn a_damaged_write_ahead_log_that_was_on_the_disk_is_refused() {
    for at in [0, 9, 18, 33, 32 + 8, 32 + FRAME + 100, 32 + 20 * FRAME + 20] {
        let (scratch, _) = killed(30, "31");
        let mut journal = scratch.read("log.db-wal");
        journal[at] ^= 0x10;
        scratch.write("log.db-wal", &journal);
        scratch.is_refused(
            " to 31 are missing, though they were on the disk: log.db or log.db-wal is damaged, or a copy of it was older than the other \
             files. Nothing was changed. Restore a copy of the whole directory, or delete the file `lock` in it to go on without them",
        );
    }
    let (scratch, _) = killed(30, "31");
    fs::remove_file(scratch.0.join("log.db-wal")).unwrap();
    scratch.is_refused("entries 1 to 31 are missing, though they were on the disk: ");
    // As the message says.
    fs::remove_file(scratch.0.join("lock")).unwrap();
    assert_eq!(scratch.open().unwrap().world.digest(), World::new().digest());
}

#[test]
fn what_a_power_cut_took_is_told_and_the_rest_is_right() {
    for at in [0, 9, 18, 32 + FRAME + 100, 32 + 20 * FRAME + 20, 32 + 30 * FRAME + 400] {
        let (scratch, entries) = killed(30, "");
        let mut journal = scratch.read("log.db-wal");
        journal[at] ^= 0x10;
        scratch.write("log.db-wal", &journal);
        let mut opened = scratch.open().unwrap();
        let lost = opened.lost.unwrap();
        let left = usize::try_from(lost.first.0).unwrap() - 1;
        assert!(lost.last.is_none_or(|last| last == Seq(31)), "{lost:?}");
        assert_eq!(opened.world.digest(), World::replay(&entries[..left]).digest());
        // The log goes on from there.
        let more = append(&mut opened.log, &proposals(8, (left > 0).then_some(7), 3), 1);
        assert_eq!(more[0].seq, lost.first);
        close(opened.log);
        assert_eq!(scratch.open().unwrap().lost, None);
    }
}

#[test]
fn a_log_that_is_missing_or_empty_is_missed() {
    let (scratch, _) = closed(10);
    scratch.write("log.db", b"");
    let expected = "/log.db: it is missing or empty, and this directory had a log. Restore a copy, or delete the file `lock` beside it to \
                    begin a new log";
    assert!(error(scratch.open()).ends_with(expected));
    fs::remove_file(scratch.0.join("log.db")).unwrap();
    assert!(error(scratch.open()).ends_with(expected));
    fs::remove_file(scratch.0.join("lock")).unwrap();
    scratch.open().unwrap();
}

#[test]
fn each_damaged_page_is_found_or_needs_not_be_read() {
    let (scratch, entries) = closed(400);
    let (whole, lock) = (scratch.read("log.db"), scratch.read("lock"));
    let expected = World::replay(&entries).digest();
    let (mut refused, mut recovered, mut unread) = (0, 0, 0);
    for page in 0..whole.len() / PAGE {
        for (at, length, fill) in [
            (0, 8, 0),
            (0, 1, 0x0D),
            (2, 4, 0),
            (3, 2, 0xFF),
            (12, 500, 0xA5),
            (2_000, 64, 0),
            (4_000, 96, 0xFF),
        ] {
            let mut damaged = whole.clone();
            damaged[page * PAGE + at..][..length].fill(fill);
            for rest in ["log.db-wal", "log.db-shm"] {
                fs::remove_file(scratch.0.join(rest)).ok();
            }
            scratch.write("log.db", &damaged);
            scratch.write("lock", &lock);
            let lock = Lock::take(&scratch.0).unwrap();
            let loaded = StoreFile::open(&scratch.0.join("log.db"), lock).and_then(|mut file| file.load());
            match loaded {
                Ok(contents) => {
                    assert_eq!(contents.world.digest(), expected, "page {page}, {at}, {length}, {fill}");
                    let count =
                        if contents.damaged_snapshots.is_empty() { &mut unread } else { &mut recovered };
                    *count += 1;
                }
                Err(FileError::Sqlite(error)) => panic!("page {page}: {error}"),
                Err(_) => refused += 1,
            }
        }
    }
    assert!(refused > 5 && recovered > 3, "{refused} refused, {recovered} recovered, {unread} not read");

    // Without snapshots, every entry is read.
    scratch.write("log.db", &whole);
    scratch.file().execute_batch("DELETE FROM snapshots").unwrap();
    let whole = scratch.read("log.db");
    let text = b"canary 200";
    let at = whole.windows(text.len()).position(|bytes| bytes == text).unwrap();
    for (at, entry) in [(at, "at entry 202: "), (at / PAGE * PAGE, "at entry ")] {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x40;
        scratch.write("log.db", &damaged);
        scratch.is_refused(entry);
    }
}

#[test]
fn the_time_of_an_entry_and_a_clock_that_jumps_a_year() {
    const YEAR_MS: u64 = 365 * 24 * 3_600 * 1_000;
    let (scratch, mut entries) = closed(10);
    for (life, shift) in [(8_u64, 3 * YEAR_MS), (9, YEAR_MS), (10, 0)] {
        let mut opened = scratch.open().unwrap();
        assert_eq!(opened.world.digest(), World::replay(&entries).digest());
        let mut later = proposals(life, Some(life - 1), 5);
        later.iter_mut().for_each(|proposal| proposal.at_unix_ms = proposal.at_unix_ms - YEAR_MS + shift);
        assert!(matches!(later[0].command, Command::Started { .. }));
        entries.append(&mut append(&mut opened.log, &later, 2));
        close(opened.log);
    }
    let set = "UPDATE entries SET at_unix_ms = at_unix_ms + 1 WHERE seq = 20";
    scratch.file().execute_batch("DELETE FROM snapshots").unwrap();
    let opened = scratch.open().unwrap();
    assert_eq!(opened.world.digest(), World::replay(&entries).digest());
    close(opened.log);
    assert_eq!(scratch.file().execute(set, []), Ok(1));
    scratch.file().execute_batch("DELETE FROM snapshots").unwrap();
    assert!(error(scratch.open()).contains("at entry 20: its time is another one"));
}
