//! A server on a terminal, and what happens when the terminal is closed.

use crate::support::{Client, Lines, address_in, clear_environment, wait, with_default_signals};
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use std::fs::{File, OpenOptions};
use std::io::Read;
use std::net::SocketAddr;
use std::process::{Child, Stdio};

/// Redirections after which no standard stream of the server is the terminal.
const NO_STREAM: &str = "exec \"$@\" </dev/null 2>&1";

/// A server in the session of a pseudo terminal. Dropping it ends the server.
#[derive(Debug)]
struct OnTerminal {
    child: Child,
    /// The controlling side. Dropping it closes the terminal.
    window: Option<File>,
    address: SocketAddr,
    /// The server's standard error, if that is not the terminal.
    log: Lines,
}

impl OnTerminal {
    /// Starts a shell in the session that runs the script, with the server's command line as `"$@"`. Standard input and standard
    /// error are the terminal, standard output is the log.
    fn start(script: &str) -> Self {
        let window = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&window).unwrap();
        unlockpt(&window).unwrap();
        let name = ptsname(&window, Vec::new()).unwrap().into_string().unwrap();
        let inside = OpenOptions::new().read(true).write(true).open(name).unwrap();
        let mut window = File::from(window);

        let mut command = with_default_signals("setsid");
        clear_environment(&mut command);
        command.args(["--ctty", "sh", "-c", script, "sh"]);
        command.args([env!("CARGO_BIN_EXE_parlor"), "serve", "--listen", "plain://127.0.0.1:0"]);
        command.stdin(inside.try_clone().unwrap()).stdout(Stdio::piped()).stderr(inside);
        let mut child = command.spawn().unwrap();
        // The command still holds the other side of the terminal.
        drop(command);
        let log = Lines::of(child.stdout.take().unwrap());
        let started =
            if script.contains("2>&1") { log.wait_for("127.0.0.1:") } else { read_line(&mut window) };
        Self { child, window: Some(window), address: address_in(&started), log }
    }

    fn close_terminal(&mut self) {
        self.window = None;
    }

    fn hang_up(&self) {
        kill_process(Pid::from_child(&self.child), Signal::HUP).unwrap();
    }

    /// Asserts that members are told that the server stops, and that it ends as after SIGTERM.
    fn expect_stop(&mut self, mut member: Client) {
        let rest = member.rest();
        assert!(rest.ends_with("* closed: the server is shutting down\n"), "{rest:?}");
        drop(member);
        assert_eq!(wait(&mut self.child).code(), Some(0));
    }
}

impl Drop for OnTerminal {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Returns the first line that the terminal shows. Reading fails when its program ends.
fn read_line(window: &mut File) -> String {
    let mut line = Vec::new();
    while line.last() != Some(&b'\n') {
        let mut byte = [0];
        window.read_exact(&mut byte).unwrap();
        line.extend(byte);
    }
    String::from_utf8(line).unwrap()
}

#[test]
fn closing_the_terminal_stops_the_server() {
    // It makes no difference which streams are the terminal, or whether any is.
    for script in ["exec \"$@\"", "exec \"$@\" </dev/null", "exec \"$@\" 2>&1", NO_STREAM] {
        let mut server = OnTerminal::start(script);
        let mut alice = Client::connect(server.address);
        alice.line();
        server.close_terminal();
        server.expect_stop(alice);
    }
}

#[test]
fn a_hangup_stops_a_server_on_a_terminal() {
    for script in ["exec \"$@\"", "exec \"$@\" </dev/null", "exec \"$@\" 2>&1"] {
        let mut server = OnTerminal::start(script);
        let mut alice = Client::connect(server.address);
        alice.line();
        server.hang_up();
        server.expect_stop(alice);
    }
}

#[test]
fn a_hangup_has_the_file_read_again_where_no_stream_is_the_terminal() {
    let server = OnTerminal::start(NO_STREAM);
    server.hang_up();
    server.log.wait_for("configuration reloaded");
}

#[test]
fn a_server_under_nohup_outlives_its_terminal() {
    let mut server = OnTerminal::start("exec nohup \"$@\" 2>&1");
    let mut alice = Client::connect(server.address);
    alice.line();
    server.close_terminal();
    server.hang_up();
    for _ in 0..20 {
        let bob = Client::connect(server.address);
        alice.expect(format!("{} joined", bob.name));
        drop(bob);
        alice.line();
    }
}
