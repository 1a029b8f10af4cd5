//! A server and its clients. Every wait has a deadline.

use rustix::process::{Pid, Signal, kill_process};
use socket2::{Domain, SockRef, Socket, Type};
use std::ffi::OsStr;
use std::io::{BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The deadline of every wait.
pub const DEADLINE: Duration = Duration::from_secs(30);

/// Returns a command for the built program, in an environment without settings.
pub fn parlor() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_parlor"));
    clear_environment(&mut command);
    command
}

/// Returns a command that ignores no signal from its start, even if the process that runs the tests ignores some: SIGHUP
/// under `nohup`, SIGINT in the background of a shell.
pub fn with_default_signals(program: impl AsRef<OsStr>) -> Command {
    let mut command = Command::new("env");
    command.arg("--default-signal").arg(program);
    command
}

/// Removes the variables that would change the server's texts and settings.
pub fn clear_environment(command: &mut Command) {
    for (name, _) in std::env::vars_os() {
        let is_ours = name.to_string_lossy().starts_with("PARLOR_");
        if is_ours || ["LC_ALL", "LC_MESSAGES", "LANG"].iter().any(|locale| name == *locale) {
            command.env_remove(name);
        }
    }
}

/// The lines of a process's output, collected as they arrive.
#[derive(Clone, Debug, Default)]
pub struct Lines(Arc<(Mutex<Collected>, Condvar)>);

#[derive(Debug, Default)]
struct Collected {
    lines: Vec<String>,
    is_over: bool,
}

impl Lines {
    /// Collects the lines of a stream until its end.
    pub fn of(stream: impl Read + Send + 'static) -> Self {
        let lines = Self::default();
        let to = lines.clone();
        std::thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                to.collected().lines.push(String::from_utf8_lossy(&line).into_owned());
                to.0.1.notify_all();
            }
            to.collected().is_over = true;
            to.0.1.notify_all();
        });
        lines
    }

    /// Waits for the first line that contains this text.
    pub fn wait_for(&self, part: &str) -> String {
        self.wait_for_all(part, 1).swap_remove(0)
    }

    /// Waits for the first `count` lines that contain this text.
    pub fn wait_for_all(&self, part: &str, count: usize) -> Vec<String> {
        let found = |lines: &[String]| {
            lines.iter().filter(|line| line.contains(part)).take(count).cloned().collect::<Vec<_>>()
        };
        let collected = self.wait_while(|collected| found(&collected.lines).len() < count);
        let found = found(&collected.lines);
        assert_eq!(found.len(), count, "lines with {part:?} among {:#?}", collected.lines);
        found
    }

    /// Waits for the end of the stream, and returns all lines.
    pub fn wait_for_end(&self) -> Vec<String> {
        let collected = self.wait_while(|collected| !collected.is_over);
        assert!(collected.is_over, "the output did not end after {:#?}", collected.lines);
        collected.lines.clone()
    }

    /// Returns the lines so far that contain this text.
    pub fn with(&self, part: &str) -> Vec<String> {
        self.collected().lines.iter().filter(|line| line.contains(part)).cloned().collect()
    }

    fn wait_while(&self, is_missing: impl Fn(&Collected) -> bool) -> MutexGuard<'_, Collected> {
        let waited =
            self.0.1.wait_timeout_while(self.collected(), DEADLINE, |collected| is_missing(collected));
        waited.unwrap_or_else(PoisonError::into_inner).0
    }

    /// Locks the lines, even after a test has failed while it held them: a failed test prints them.
    fn collected(&self) -> MutexGuard<'_, Collected> {
        self.0.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A running server. Dropping it ends the server.
#[derive(Debug)]
pub struct Server {
    child: Child,
    pub address: SocketAddr,
    pub log: Lines,
}

impl Server {
    /// Starts a server with these flags on a free port.
    pub fn start(flags: &[&str]) -> Self {
        let mut command = parlor();
        command.args(["serve", "--listen", "plain://127.0.0.1:0"]).args(flags);
        Self::start_command(command)
    }

    /// Starts a server on 127.0.0.1 with this command.
    pub fn start_command(mut command: Command) -> Self {
        let mut child = command.stderr(Stdio::piped()).stdin(Stdio::null()).spawn().unwrap();
        let log = Lines::of(child.stderr.take().unwrap());
        let mut server = Self { child, address: ([127, 0, 0, 1], 0).into(), log };
        server.address = address_in(&server.log.wait_for("127.0.0.1:"));
        server
    }

    /// Connects a client, and reads its greeting.
    pub fn enter(&self) -> Client {
        let mut client = Client::connect(self.address);
        let greeting = client.line();
        assert!(greeting.starts_with(&format!("* your name is {} and ", client.name)), "{greeting}");
        client
    }

    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).unwrap();
    }

    /// Waits for the server to end.
    pub fn wait(&mut self) -> ExitStatus {
        wait(&mut self.child)
    }

    /// Returns the server's resident memory in bytes.
    pub fn resident_bytes(&self) -> u64 {
        resident_bytes(&self.child)
    }

    /// Returns the server's largest resident memory so far, in bytes.
    pub fn most_resident_bytes(&self) -> u64 {
        memory_bytes(&self.child, "VmHWM:")
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Returns the address in a record, in any language and format.
pub fn address_in(record: &str) -> SocketAddr {
    let (_, port) = record.split_once("127.0.0.1:").unwrap();
    let digits: String = port.chars().take_while(char::is_ascii_digit).collect();
    ([127, 0, 0, 1], digits.parse().unwrap()).into()
}

/// Waits for a child to end.
pub fn wait(child: &mut Child) -> ExitStatus {
    let pid = Pid::from_child(child);
    let (ended, is_over) = mpsc::channel::<()>();
    let watch = std::thread::spawn(move || {
        if is_over.recv_timeout(DEADLINE).is_err_and(|error| error == mpsc::RecvTimeoutError::Timeout) {
            kill_process(pid, Signal::KILL).ok();
            return true;
        }
        false
    });
    let status = child.wait().unwrap();
    drop(ended);
    assert!(!watch.join().unwrap(), "the process did not end within {DEADLINE:?}");
    status
}

/// Returns a process's resident memory in bytes.
pub fn resident_bytes(child: &Child) -> u64 {
    memory_bytes(child, "VmRSS:")
}

/// Returns a field of `/proc/PID/status`, in bytes.
fn memory_bytes(child: &Child, figure: &str) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix(figure)).unwrap();
    line.trim().strip_suffix(" kB").unwrap().trim().parse::<u64>().unwrap() * 1024
}

/// A plain client, as simple as `nc`.
#[derive(Debug)]
pub struct Client {
    pub stream: TcpStream,
    /// The name that the server gives it: its port.
    pub name: String,
    unread: Vec<u8>,
}

impl Client {
    pub fn connect(address: SocketAddr) -> Self {
        Self::over(TcpStream::connect_timeout(&address, DEADLINE).unwrap())
    }

    /// Connects a client from this local address, whose port may be 0.
    pub fn connect_from(local: SocketAddr, address: SocketAddr) -> Self {
        let socket = Socket::new(Domain::for_address(address), Type::STREAM, None).unwrap();
        socket.set_reuse_address(true).unwrap();
        socket.bind(&local.into()).unwrap();
        socket.connect_timeout(&address.into(), DEADLINE).unwrap();
        Self::over(socket.into())
    }

    fn over(stream: TcpStream) -> Self {
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        stream.set_nodelay(true).unwrap();
        let name = stream.local_addr().unwrap().port().to_string();
        Self { stream, name, unread: Vec::new() }
    }

    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.stream.write_all(bytes.as_ref()).unwrap();
    }

    /// Returns the next line, without its end.
    pub fn line(&mut self) -> String {
        let mut line = self.take(|unread| Some(unread.iter().position(|&byte| byte == b'\n')? + 1));
        line.pop();
        line
    }

    /// Asserts that this is the next line.
    pub fn expect(&mut self, line: impl AsRef<str>) {
        let heard = self.line();
        assert_eq!(heard, line.as_ref(), "{} hears", self.name);
    }

    /// Asserts that these are the next bytes, which may not end a line.
    pub fn expect_bytes(&mut self, bytes: impl AsRef<str>) {
        let bytes = bytes.as_ref();
        let heard = self.take(|unread| (unread.len() >= bytes.len()).then_some(bytes.len()));
        assert_eq!(heard, bytes, "{} hears", self.name);
    }

    /// Returns the next bytes up to the end that `find` returns.
    pub fn take(&mut self, end: impl Fn(&[u8]) -> Option<usize>) -> String {
        loop {
            if let Some(end) = end(&self.unread) {
                return String::from_utf8(self.unread.drain(..end).collect()).unwrap();
            }
            assert!(self.read(), "the server closed; unread: {:?}", String::from_utf8_lossy(&self.unread));
        }
    }

    /// Returns all bytes until the server closes.
    pub fn rest(&mut self) -> String {
        while self.read() {}
        String::from_utf8(std::mem::take(&mut self.unread)).unwrap()
    }

    /// Returns whether anything came that was not taken yet, without waiting.
    pub fn has_unread(&self) -> bool {
        self.stream.set_nonblocking(true).unwrap();
        let came = self.stream.peek(&mut [0]).is_ok();
        self.stream.set_nonblocking(false).unwrap();
        came || !self.unread.is_empty()
    }

    /// Closes the sending side.
    pub fn end_input(&self) {
        self.stream.shutdown(Shutdown::Write).unwrap();
    }

    /// Resets the connection.
    pub fn reset(self) {
        SockRef::from(&self.stream).set_linger(Some(Duration::ZERO)).unwrap();
    }

    /// Reads once; returns `false` at the end.
    fn read(&mut self) -> bool {
        let mut buffer = [0; 16 << 10];
        match self.stream.read(&mut buffer) {
            Ok(0) => false,
            Ok(count) => {
                self.unread.extend_from_slice(&buffer[..count]);
                true
            }
            // A machine that was suspended resumes with this error.
            Err(error) if error.kind() == ErrorKind::Interrupted => true,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                panic!("nothing came; unread: {:?}", String::from_utf8_lossy(&self.unread))
            }
            Err(error) => panic!("{}: {error}", self.name),
        }
    }
}
