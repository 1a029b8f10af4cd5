//! Tests of the store on real files.

mod damage;
mod messages;

use super::unwritten::Unwritten;
use super::*;
use crate::driver::Log;
use parlor_protocol::{
    Command, Life, LogEntry, LogRefusal, LogState, MemberId, NodeId, Origin, Proposal, Text,
};
use std::fs::{self, DirBuilder, Permissions};
use std::future::poll_fn;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, PermissionsExt};
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

/// A directory that is deleted at the end of a test.
struct Scratch(PathBuf);

impl Scratch {
    fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let name = format!("parlor-store-{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Self(std::env::temp_dir().join(name))
    }

    fn open(&self) -> Result<Opened, StoreError> {
        open(&self.0, Sync::Second, SystemClock::start())
    }

    /// Returns the permissions of a file in the directory, or of the directory itself.
    fn mode(&self, file: &str) -> u32 {
        fs::metadata(self.0.join(file)).unwrap().permissions().mode() & 0o777
    }

    /// Returns a copy of the files as they are, as a process that is killed now leaves them.
    fn killed(&self) -> Self {
        let copy = Self::new();
        DirBuilder::new().mode(0o700).create(&copy.0).unwrap();
        for file in ["lock", "log.db", "log.db-wal"] {
            fs::copy(self.0.join(file), copy.0.join(file)).unwrap();
        }
        copy
    }

    /// Opens the file without threads.
    fn store_file(&self) -> StoreFile {
        let lock = Lock::take(&self.0).unwrap();
        StoreFile::open(&self.0.join("log.db"), lock).unwrap()
    }

    /// Returns the position, the number of parts and the bytes of each snapshot.
    fn snapshots(&self) -> Vec<(i64, i64, i64)> {
        let file = self.file();
        let mut query = file
            .prepare("SELECT seq, count(*), sum(length(bytes)) FROM snapshots GROUP BY seq ORDER BY seq")
            .unwrap();
        let rows = query.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
        rows.map(Result::unwrap).collect()
    }

    fn file(&self) -> rusqlite::Connection {
        rusqlite::Connection::open(self.0.join("log.db")).unwrap()
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).ok();
    }
}

/// Runs a future that must end within ten seconds.
fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    runtime.block_on(async { tokio::time::timeout(Duration::from_secs(10), future).await.expect("it ends") })
}

/// Returns proposals of a life that begins after another one, and says this many lines.
fn proposals(life: u64, after: Option<u64>, lines: u64) -> Vec<Proposal> {
    let say = |nth: u64| {
        let text = Text::clean(format!("canary {nth}").as_bytes(), false);
        Command::Wallops { member: MemberId(Seq(1)), text }
    };
    let start = Command::Started { after: after.map(Life) };
    let commands = std::iter::once(start).chain((0..lines).map(say));
    let proposal = |(number, command)| {
        let origin = Origin { node: NodeId(0), life: Life(life), number };
        Proposal { at_unix_ms: 1_700_000_000_000 + number, origin, command }
    };
    (1..).zip(commands).map(proposal).collect()
}

/// Appends proposals in batches of this size, and returns their entries.
fn append(log: &mut StoreLog, proposals: &[Proposal], size: usize) -> Vec<LogEntry> {
    for batch in proposals.chunks(size) {
        batch.iter().for_each(|proposal| log.propose(proposal));
        log.submit();
    }
    let mut all = Vec::new();
    run(poll_fn(|cx| {
        assert_eq!(log.poll_state(cx), Poll::Pending);
        let mut entries = Vec::new();
        while log.take(&mut entries) {
            all.append(&mut entries);
        }
        if all.len() == proposals.len() { Poll::Ready(()) } else { Poll::Pending }
    }));
    // As the driver says when it has applied them.
    log.applied(all.last().expect("there are some").seq);
    all
}

/// Polls for entries.
fn taken(log: &mut StoreLog, cx: &mut Context<'_>) -> Poll<Vec<LogEntry>> {
    assert_eq!(log.poll_state(cx), Poll::Pending, "what is committed comes first");
    let mut entries = Vec::new();
    if log.take(&mut entries) { Poll::Ready(entries) } else { Poll::Pending }
}

fn close(mut log: StoreLog) {
    run(poll_fn(|cx| log.poll_close(cx)));
}

fn error(result: Result<Opened, StoreError>) -> String {
    result.map(|_| ()).expect_err("it cannot be opened").to_string()
}

#[test]
fn what_is_committed_is_there_at_the_next_start() {
    let scratch = Scratch::new();
    let mut opened = scratch.open().unwrap();
    assert_eq!(opened.world.digest(), World::new().digest());
    let first = append(&mut opened.log, &proposals(7, None, 100), 9);
    let positions: Vec<u64> = first.iter().map(|entry| entry.seq.0).collect();
    assert_eq!(positions, (1..=101).collect::<Vec<_>>());
    close(opened.log);

    let mut opened = scratch.open().unwrap();
    assert_eq!((opened.replayed, opened.damaged_snapshots), (0, vec![]));
    assert_eq!(opened.world.digest(), World::replay(&first).digest());
    let second = append(&mut opened.log, &proposals(8, Some(7), 3), 1);
    assert_eq!(second[0].seq, Seq(102));
    close(opened.log);
    let all: Vec<LogEntry> = first.into_iter().chain(second).collect();
    assert_eq!(scratch.open().unwrap().world.digest(), World::replay(&all).digest());
}

#[test]
fn what_is_committed_is_in_the_file_before_anybody_is_told() {
    let scratch = Scratch::new();
    let mut opened = scratch.open().unwrap();
    let entries = append(&mut opened.log, &proposals(7, None, 20), 20);
    // The log is still open: this is what a process finds after `kill -9`.
    let count = scratch.file().query_row("SELECT count(*) FROM entries", [], |row| row.get::<_, i64>(0));
    assert_eq!(count, Ok(i64::try_from(entries.len()).unwrap()));
}

#[test]
fn a_directory_has_one_process_and_others_are_told_which() {
    let scratch = Scratch::new();
    let opened = scratch.open().unwrap();
    let expected = format!(
        "the directory {} is in use by process {}: stop that process first, or name another directory",
        scratch.0.display(),
        std::process::id()
    );
    assert_eq!(error(scratch.open()), expected);
    close(opened.log);
    scratch.open().unwrap();
}

#[test]
fn nobody_else_may_read_the_directory_or_its_files() {
    let scratch = Scratch::new();
    let mut opened = scratch.open().unwrap();
    append(&mut opened.log, &proposals(7, None, 1), 1);
    assert_eq!(scratch.mode(""), 0o700);
    for file in ["lock", "log.db", "log.db-wal", "log.db-shm"] {
        assert_eq!(scratch.mode(file), 0o600, "{file}");
    }
    close(opened.log);
    // Copied back by a program that does not keep permissions.
    fs::set_permissions(scratch.0.join("log.db"), Permissions::from_mode(0o644)).unwrap();
    scratch.open().unwrap();
    assert_eq!(scratch.mode("log.db"), 0o600);
}

#[test]
fn a_directory_that_others_read_or_write_is_refused_and_not_changed() {
    let scratch = Scratch::new();
    fs::create_dir(&scratch.0).unwrap();
    for mode in [0o755, 0o750, 0o720, 0o702] {
        fs::set_permissions(&scratch.0, Permissions::from_mode(mode)).unwrap();
        let path = scratch.0.display();
        let expected = format!(
            "other users can read or write the directory {path} (mode {mode:04o}), in which the server keeps what is said: run \
             `chmod 700 {path}`, or name another directory"
        );
        assert_eq!(error(scratch.open()), expected);
        assert_eq!((scratch.mode(""), fs::read_dir(&scratch.0).unwrap().count()), (mode, 0));
    }
    // Passing through shows nothing: the files are their owner's.
    fs::set_permissions(&scratch.0, Permissions::from_mode(0o711)).unwrap();
    scratch.open().unwrap();
}

#[test]
fn a_directory_of_another_user_is_refused() {
    let scratch = Scratch::new();
    scratch.open().unwrap();
    let (owner, path) = (fs::metadata(&scratch.0).unwrap().uid(), scratch.0.display());
    directory::check_owner(&scratch.0, owner).unwrap();
    let user = owner + 1;
    let expected = format!(
        "the directory {path} belongs to user {owner}, and the server runs as user {user}: start it as its owner, run `chown -R {user} \
         {path}`, or name another directory"
    );
    assert_eq!(directory::check_owner(&scratch.0, user).unwrap_err().to_string(), expected);
}

#[test]
fn another_format_and_another_programs_file_are_refused_and_not_changed() {
    let scratch = Scratch::new();
    close(scratch.open().unwrap().log);
    let refused = |expected: &str| {
        let before = fs::read(scratch.0.join("log.db")).unwrap();
        let expected = format!("cannot use the log {}/log.db: {expected}", scratch.0.display());
        assert_eq!(error(scratch.open()), expected);
        assert_eq!(fs::read(scratch.0.join("log.db")).unwrap(), before);
    };
    scratch.file().pragma_update(None, "user_version", 3).unwrap();
    refused(
        "it has format 3, which a later version of Parlor wrote. Start that version, or name another directory",
    );
    scratch.file().pragma_update(None, "user_version", 0).unwrap();
    refused(
        "it has format 0, which this version of Parlor does not know any more. Start an older version, or name another directory",
    );
    scratch.file().pragma_update(None, "application_id", 1).unwrap();
    let foreign = "it is not a log of Parlor, or its beginning is damaged. Nothing was changed. Name another directory, or restore a copy \
                   if it was a log";
    refused(foreign);
    fs::write(scratch.0.join("log.db"), "a letter to somebody, which is no database at all").unwrap();
    refused(foreign);
    // A new file of another program's, without a mark of its own.
    fs::remove_file(scratch.0.join("log.db")).unwrap();
    scratch.file().execute_batch("CREATE TABLE recipes (name TEXT)").unwrap();
    refused(foreign);
}

#[test]
fn damage_is_named_with_its_place_and_nothing_is_changed() {
    for (damage, what) in [
        ("UPDATE entries SET bytes = zeroblob(9) WHERE seq = 40", "at entry 40: "),
        (
            "UPDATE entries SET link = zeroblob(32) WHERE seq = 40",
            "at entry 40: it does not follow from the entries before it",
        ),
        ("DELETE FROM entries WHERE seq = 40", "at entry 41: it does not follow from the entries before it"),
        (
            "UPDATE entries SET bytes = CAST(replace(hex(bytes), hex('canary 38'), hex('forged 38')) AS BLOB) WHERE seq = 40",
            "at entry 40: ",
        ),
    ] {
        let scratch = Scratch::new();
        let mut opened = scratch.open().unwrap();
        append(&mut opened.log, &proposals(7, None, 100), 50);
        close(opened.log);
        assert_eq!(scratch.file().execute(damage, []), Ok(1));
        scratch.file().execute("DELETE FROM snapshots", []).unwrap();
        let before = fs::read(scratch.0.join("log.db")).unwrap();
        let error = error(scratch.open());
        assert!(error.contains(what), "{error}");
        assert_eq!(fs::read(scratch.0.join("log.db")).unwrap(), before);
    }
}

#[test]
fn a_start_replays_only_what_follows_the_newest_snapshot_that_is_whole() {
    let scratch = Scratch::new();
    let mut opened = scratch.open().unwrap();
    let all = proposals(7, None, 25_000);
    let mut entries = append(&mut opened.log, &all[..15_000], 5_000);
    run(poll_fn(|cx| {
        cx.waker().wake_by_ref();
        if scratch.snapshots().is_empty() { Poll::Pending } else { Poll::Ready(()) }
    }));
    entries.append(&mut append(&mut opened.log, &all[15_000..], 5_000));
    close(opened.log);
    let position = |which| {
        let query = format!("SELECT {which}(seq) FROM snapshots");
        scratch.file().query_row(&query, [], |row| row.get::<_, i64>(0)).unwrap().cast_unsigned()
    };
    let (older, newest) = (position("min"), position("max"));
    assert_eq!(newest, 25_001, "the last snapshot is made at the end");
    assert!((10_000..newest).contains(&older), "and others on the way: {older}");
    let opened = scratch.open().unwrap();
    assert_eq!((opened.replayed, &opened.damaged_snapshots), (0, &vec![]));
    assert_eq!(opened.world.digest(), World::replay(&entries).digest());
    close(opened.log);

    // What a process was storing when it was killed is no snapshot yet.
    scratch.file().execute("UPDATE snapshots SET parts = parts + 1 WHERE seq = 25001", []).unwrap();
    let opened = scratch.open().unwrap();
    assert_eq!((opened.replayed, &opened.damaged_snapshots), (25_001 - older, &vec![]));
    close(opened.log);
    scratch.file().execute("UPDATE snapshots SET parts = parts - 1 WHERE seq = 25001", []).unwrap();

    let damage = "UPDATE snapshots SET bytes = zeroblob(20) WHERE seq = 25001";
    assert_eq!(scratch.file().execute(damage, []), Ok(1));
    let opened = scratch.open().unwrap();
    assert_eq!((opened.replayed, opened.damaged_snapshots[0].seq), (25_001 - older, Seq(25_001)));
    assert_eq!(opened.world.digest(), World::replay(&entries).digest());
    close(opened.log);

    scratch.file().execute("DELETE FROM snapshots", []).unwrap();
    let opened = scratch.open().unwrap();
    assert_eq!((opened.replayed, opened.world.digest()), (25_001, World::replay(&entries).digest()));
}

#[test]
fn snapshots_are_made_of_what_the_disk_has() {
    let scratch = Scratch::new();
    let mut opened = scratch.open().unwrap();
    append(&mut opened.log, &proposals(7, None, 100), 50);
    scratch.file().execute("UPDATE entries SET bytes = zeroblob(9) WHERE seq = 40", []).unwrap();
    close(opened.log);
    let count = scratch.file().query_row("SELECT count(*) FROM snapshots", [], |row| row.get::<_, i64>(0));
    assert_eq!(count, Ok(0), "the entries cannot be read back");
    assert!(error(scratch.open()).contains("it is damaged at entry 40: "));
}

#[test]
fn a_large_snapshot_is_stored_in_parts_and_replaces_the_one_before_the_last() {
    let scratch = Scratch::new();
    let mut file = scratch.store_file();
    let mut stored = Vec::new();
    for seq in 1..=3_u8 {
        let place = Place { seq: Seq(seq.into()), link: [seq; 32] };
        let mut keeping = snapshots::Keeping::new(snapshots::Snapshot { place, bytes: vec![seq; 200_000] });
        let mut steps = 1;
        while file.keep(&mut keeping).unwrap() {
            steps += 1;
        }
        stored.push((steps, scratch.snapshots()));
    }
    let one = |seq: i64| (seq, 4, 200_000);
    let expected = [(5, vec![one(1)]), (5, vec![one(1), one(2)]), (9, vec![one(2), one(3)])];
    assert_eq!(stored, expected);
}

#[test]
fn the_journal_does_not_grow_without_end() {
    let scratch = Scratch::new();
    let mut file = scratch.store_file();
    file.begin(Sync::Second).unwrap();
    let mut salts = Salts::draw().unwrap();
    let mut place = Place { seq: Seq(0), link: parlor_protocol::codec::FIRST_LINK };
    let (mut asked, mut most) = (0, 0);
    for proposal in proposals(7, None, 20_000) {
        place = file.append(&[proposal], place, &mut salts, &mut Unwritten::default()).unwrap();
        // The other thread does not do what it is asked for.
        asked += u32::from(file.limit_journal());
        if place.seq.0.is_multiple_of(100) {
            most = fs::metadata(scratch.0.join("log.db-wal")).unwrap().len().max(most);
        }
    }
    assert!((10..40).contains(&asked), "{asked}");
    assert!((60 << 20..68 << 20).contains(&most), "{most}");
    let last = fs::metadata(scratch.0.join("log.db-wal")).unwrap().len();
    assert!(last < 60 << 20, "it has begun anew: {last}");
}

#[test]
fn what_was_proposed_while_the_log_could_not_be_written_is_proposed_again_by_the_core() {
    let scratch = Scratch::new();
    let mut opened = scratch.open().unwrap();
    let all = proposals(7, None, 2);
    append(&mut opened.log, &all[..1], 1);
    let other = scratch.file();
    other.execute_batch("ALTER TABLE entries RENAME TO hidden").unwrap();
    opened.log.propose(&all[1]);
    opened.log.submit();
    run(poll_fn(|cx| opened.log.poll_state(cx)));
    opened.log.propose(&all[2]);
    opened.log.submit();
    other.execute_batch("ALTER TABLE hidden RENAME TO entries").unwrap();
    assert_eq!(run(poll_fn(|cx| taken(&mut opened.log, cx)))[0].seq, Seq(2));
    assert_eq!(run(poll_fn(|cx| opened.log.poll_state(cx))), LogState::Running);
    opened.log.propose(&all[2]);
    opened.log.submit();
    let entries = run(poll_fn(|cx| taken(&mut opened.log, cx)));
    assert_eq!((entries.len(), entries[0].seq, &entries[0].command), (1, Seq(3), &all[2].command));
    close(opened.log);
}

#[test]
fn a_log_that_cannot_be_written_refuses_and_goes_on_by_itself() {
    let scratch = Scratch::new();
    let mut opened = scratch.open().unwrap();
    let all = proposals(7, None, 1);
    append(&mut opened.log, &all[..1], 1);
    let other = scratch.file();
    other.execute_batch("ALTER TABLE entries RENAME TO hidden").unwrap();
    opened.log.propose(&all[1]);
    opened.log.submit();
    let refusal = run(poll_fn(|cx| opened.log.poll_state(cx)));
    assert_eq!(refusal, LogState::Refusing(LogRefusal::Failed));
    assert!(!opened.log.take(&mut Vec::new()), "nothing is told");
    other.execute_batch("ALTER TABLE hidden RENAME TO entries").unwrap();
    assert_eq!(run(poll_fn(|cx| taken(&mut opened.log, cx)))[0].seq, Seq(2));
    assert_eq!(run(poll_fn(|cx| opened.log.poll_state(cx))), LogState::Running);
}
