//! `kill -9` at the very moment at which something was heard, under load: what anybody heard is in the log, once, and in that order.
//!
//! `runtime/tests/kill9.sh 1000` kills the server a thousand times.

use rustix::process::{Pid, Signal, kill_process};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// Number of clients that write.
const WRITERS: usize = 5;

/// The time for which anything is waited.
const PATIENCE: Duration = Duration::from_secs(30);

/// The mark before the number of a line.
const MARK: &str = "line-";

/// A server on a store, which is killed when it is dropped.
struct Server {
    child: Child,
    address: SocketAddr,
}

impl Server {
    fn start(data: &Path, scheme: &str) -> Self {
        let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
        command.args(["serve", "--lang", "en", "--rate-lines", "0"]);
        command.arg("--listen").arg(format!("{scheme}://127.0.0.1:0"));
        command.args(["--connections-per-ip-max", "1000"]).arg("--data").arg(data);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the server starts");
        let mut log = BufReader::new(child.stderr.take().expect("its log is piped")).lines();
        let mut lines = Vec::new();
        let address = loop {
            let line = log.next().and_then(Result::ok);
            let line = line.unwrap_or_else(|| panic!("the server listens: {lines:?}"));
            if let Some((_, address)) = line.split_once("is listening on ") {
                break address.split(';').next().and_then(|it| it.parse().ok()).expect("an address");
            }
            lines.push(line);
        };
        // The rest of the log must be read, or the server would wait.
        thread::spawn(move || log.for_each(drop));
        Self { child, address }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("the server accepts");
        stream.set_read_timeout(Some(PATIENCE)).expect("a socket has a timeout");
        stream.set_write_timeout(Some(PATIENCE)).expect("a socket has a timeout");
        stream
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Reads until the connection breaks, and calls `then` as soon as so many lines were heard. Returns the numbers of all lines that were
/// heard whole.
fn hear(mut stream: TcpStream, count: usize, then: impl FnOnce()) -> Vec<u64> {
    let mut then = Some(then);
    let (mut unread, mut heard, mut buffer) = (Vec::new(), Vec::new(), vec![0; 1 << 16]);
    while let Ok(read @ 1..) = stream.read(&mut buffer) {
        unread.extend_from_slice(&buffer[..read]);
        let end = unread.iter().rposition(|&byte| byte == b'\n').map_or(0, |at| at + 1);
        heard.extend(numbers(&unread[..end], b'\n'));
        unread.drain(..end);
        if heard.len() >= count
            && let Some(then) = then.take()
        {
            then();
        }
    }
    heard
}

/// Returns the numbers after the marks in these bytes. Each number ends before `end`.
fn numbers(bytes: &[u8], end: u8) -> Vec<u64> {
    let lines = bytes.split(|&byte| byte == end).filter_map(|line| str::from_utf8(line).ok());
    lines.filter_map(|line| line.split_once(MARK)?.1.parse().ok()).collect()
}

/// Returns the numbers of the lines in the log, in its order, and the positions of its entries.
fn stored(data: &Path) -> (Vec<u64>, Vec<i64>) {
    let file = rusqlite::Connection::open(data.join("log.db")).expect("the file is there");
    let mut query = file.prepare("SELECT seq, bytes FROM entries ORDER BY seq").expect("the table is there");
    let (mut said, mut positions) = (Vec::new(), Vec::new());
    let mut rows = query.query([]).expect("the entries can be read");
    while let Some(row) = rows.next().expect("the entries can be read") {
        positions.push(row.get(0).expect("a position"));
        let bytes: Vec<u8> = row.get(1).expect("an entry");
        let texts = parlor_protocol::codec::texts(&bytes).expect("the entry is whole");
        said.extend(texts.iter().flatten().flat_map(|it| numbers(it.text.as_bytes(), b'\n')));
    }
    (said, positions)
}

/// Starts the server, lets clients talk, and kills it as soon as a reader has heard so many lines. Returns the numbers of the lines that the
/// reader heard.
fn run(data: &Path, next: &Arc<[AtomicUsize; WRITERS]>, kill_after: usize) -> Vec<u64> {
    let server = Server::start(data, "plain");
    let is_over = Arc::new(AtomicBool::new(false));
    let (reader, process) = (server.connect(), Pid::from_child(&server.child));
    // At once: what was told too early is not in the log yet.
    let kill = move || kill_process(process, Signal::KILL).expect("the server runs");
    let hearing = thread::spawn(move || hear(reader, kill_after, kill));
    let mut others = Vec::new();
    for writer in 0..WRITERS {
        let (mut stream, is_over, next) = (server.connect(), Arc::clone(&is_over), Arc::clone(next));
        let own = stream.try_clone().expect("a socket can be cloned");
        others.push(thread::spawn(move || drop(hear(own, usize::MAX, || ()))));
        others.push(thread::spawn(move || {
            while !is_over.load(Ordering::Relaxed) {
                let nth = next[writer].fetch_add(1, Ordering::Relaxed) * WRITERS + writer;
                if writeln!(stream, "{MARK}{nth}").is_err() {
                    return;
                }
            }
        }));
    }
    let heard = hearing.join().expect("the reader ends");
    drop(server);
    is_over.store(true, Ordering::Relaxed);
    others.into_iter().for_each(|other| other.join().expect("a client ends"));
    heard
}

/// Starts the server, and reads the history of the lobby page by page, from its end, as an IRC client. Returns the numbers of its latest
/// lines, in its order.
fn history(data: &Path, lines_max: usize) -> Vec<u64> {
    let server = Server::start(data, "irc");
    let mut stream = server.connect();
    let mut lines = BufReader::new(stream.try_clone().expect("a socket can be cloned")).lines();
    let enter = "CAP REQ :batch message-tags draft/chathistory\r\nNICK reader\r\nUSER reader 0 * :reader\r\nCAP END\r\nJOIN #lobby";
    let mut ask = format!("{enter}\r\nCHATHISTORY LATEST #lobby * 100");
    let mut read = Vec::new();
    loop {
        writeln!(stream, "{ask}\r").expect("the server reads");
        let mut page = Vec::new();
        let mut first = None;
        loop {
            let line = lines.next().and_then(Result::ok).expect("the server answers");
            if line.contains(" BATCH -") {
                break;
            }
            if !line.contains(MARK) {
                continue;
            }
            let (_, id) = line.split_once("msgid=").expect("a message has an id");
            first.get_or_insert_with(|| id.split([';', ' ']).next().unwrap_or_default().to_owned());
            page.extend(numbers(line.as_bytes(), b'\n'));
        }
        read.splice(0..0, page);
        match first {
            Some(id) if read.len() < lines_max => ask = format!("CHATHISTORY BEFORE #lobby msgid={id} 100"),
            _ => return read,
        }
    }
}

#[test]
fn what_anybody_heard_survives_a_kill() {
    let kills = std::env::var("PARLOR_KILLS").ok().and_then(|it| it.parse().ok()).unwrap_or(5);
    let data: PathBuf = std::env::temp_dir().join(format!("parlor-kill9-{}", std::process::id()));
    let next = Arc::new(std::array::from_fn(|_| AtomicUsize::new(0)));
    let mut heard = Vec::new();
    for kill in 0..kills {
        // From the first line to some thousands, in steps that do not repeat.
        let kill_after = 1 + (kill * 2_654_435_761_usize) % 5_000;
        let lines = run(&data, &next, kill_after);
        assert!(!lines.is_empty(), "something was heard before the server was killed");
        heard.extend(lines);
    }
    let (said, positions) = stored(&data);
    let place: BTreeMap<u64, usize> = said.iter().copied().zip(0..).collect();
    assert_eq!(place.len(), said.len(), "no line is in the log twice");
    let places: Vec<Option<usize>> = heard.iter().map(|line| place.get(line).copied()).collect();
    let lost = places.iter().filter(|it| it.is_none()).count();
    assert_eq!(lost, 0, "lines that were heard and are not in the log, of {}", heard.len());
    assert!(
        places.is_sorted_by(|one, other| one < other),
        "all were heard once, and in the order of the log"
    );
    assert!(positions.iter().copied().eq(1..=i64::try_from(positions.len()).unwrap()), "without a gap");
    let read = history(&data, 20_000);
    let latest = &said[said.len().saturating_sub(read.len())..];
    assert!(read.len() >= 20_000.min(said.len()), "the history has what was said: {}", read.len());
    assert!(read == latest, "the history has the lines of the log, in its order, each once");
    println!("{kills} kills: {} lines heard, all of them in the log, which has {}", heard.len(), said.len());
    std::fs::remove_dir_all(&data).ok();
}
