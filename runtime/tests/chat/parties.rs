//! The program under test, and a server controlled by the test.

use crate::support::{DEADLINE, Lines, parlor, wait};
use socket2::SockRef;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, ChildStdin, ChildStdout, Stdio};

/// `parlor chat` in pipes. Dropping it ends the client.
#[derive(Debug)]
pub struct Chat {
    child: Child,
    input: Option<ChildStdin>,
    pub output: Option<ChildStdout>,
    /// The lines on its standard error.
    pub status: Lines,
}

impl Chat {
    pub fn start(address: SocketAddr, flags: &[&str]) -> Self {
        let mut command = parlor();
        command.arg("chat").arg(address.to_string()).args(flags);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let status = Lines::of(child.stderr.take().unwrap());
        Self { input: child.stdin.take(), output: child.stdout.take(), child, status }
    }

    pub fn say(&mut self, bytes: impl AsRef<[u8]>) {
        self.input.as_mut().unwrap().write_all(bytes.as_ref()).unwrap();
    }

    /// Returns its standard input.
    pub fn take_input(&mut self) -> ChildStdin {
        self.input.take().unwrap()
    }

    pub fn end_input(&mut self) {
        self.input = None;
    }

    /// Waits for its end, and returns its unread output and its exit code.
    pub fn finish(&mut self) -> (Vec<u8>, Option<i32>) {
        let output = self.output.take();
        let printed = std::thread::spawn(move || {
            let mut printed = Vec::new();
            output.map(|mut output| output.read_to_end(&mut printed).unwrap());
            printed
        });
        let code = wait(&mut self.child).code();
        (printed.join().unwrap(), code)
    }

    /// Returns its largest resident memory so far (`VmHWM` of Linux), in bytes.
    pub fn resident_bytes_max(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        line.trim().strip_suffix(" kB").unwrap().trim().parse::<u64>().unwrap() * 1024
    }
}

impl Drop for Chat {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A server controlled by the test.
#[derive(Debug)]
pub struct Fake {
    listener: TcpListener,
    pub address: SocketAddr,
}

impl Fake {
    pub fn listen() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        // On Linux, this applies to `accept`, too.
        SockRef::from(&listener).set_read_timeout(Some(DEADLINE)).unwrap();
        let address = listener.local_addr().unwrap();
        Self { listener, address }
    }

    /// Accepts the next connection.
    pub fn accept(&self) -> TcpStream {
        let (stream, _) = self.listener.accept().unwrap();
        stream.set_read_timeout(Some(DEADLINE)).unwrap();
        stream.set_write_timeout(Some(DEADLINE)).unwrap();
        stream
    }

    /// Returns whether a client has connected.
    pub fn has_visitor(&self) -> bool {
        self.listener.set_nonblocking(true).unwrap();
        self.listener.accept().is_ok()
    }
}

/// Reads until the client closes its sending side.
pub fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

/// Reads the next line.
pub fn read_line(from: &TcpStream) -> String {
    let mut line = String::new();
    // Byte by byte, so that nothing of the next line is consumed.
    BufReader::with_capacity(1, from).read_line(&mut line).unwrap();
    line
}

/// Reads `count` bytes.
pub fn read_bytes(from: &mut impl Read, count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    from.read_exact(&mut bytes).unwrap();
    bytes
}

/// Closes the server's side properly.
pub fn close(stream: &TcpStream) {
    stream.shutdown(Shutdown::Both).unwrap();
}
