//! `parlor chat` on a pseudo terminal: reading its output and sending it keys.

use crate::support::{DEADLINE, clear_environment, wait};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};
use rustix::termios::{Winsize, tcsetwinsize};
use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Command};
use std::sync::{Arc, Condvar, Mutex};

/// The client in the session of a pseudo terminal. Dropping it ends the client.
#[derive(Debug)]
pub struct Pty {
    child: Child,
    window: File,
    /// The output that no wait has consumed yet.
    written: Arc<(Mutex<String>, Condvar)>,
}

impl Pty {
    pub fn chat(arguments: &[&str]) -> Self {
        let window = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).unwrap();
        grantpt(&window).unwrap();
        unlockpt(&window).unwrap();
        let name = ptsname(&window, Vec::new()).unwrap().into_string().unwrap();
        let inside = OpenOptions::new().read(true).write(true).open(name).unwrap();
        // Wide enough for every text of the program to fit into one row.
        tcsetwinsize(&inside, Winsize { ws_row: 50, ws_col: 500, ws_xpixel: 0, ws_ypixel: 0 }).unwrap();
        let window = File::from(window);
        let mut command = Command::new("setsid");
        clear_environment(&mut command);
        command.env("TERM", "xterm").env("TZ", "UTC");
        command.args(["--ctty", "--wait", env!("CARGO_BIN_EXE_parlor"), "chat"]).args(arguments);
        command.stdin(inside.try_clone().unwrap()).stdout(inside.try_clone().unwrap()).stderr(inside);
        let child = command.spawn().unwrap();
        let written = Arc::new((Mutex::new(String::new()), Condvar::new()));
        let (to, mut from) = (Arc::clone(&written), window.try_clone().unwrap());
        std::thread::spawn(move || {
            let (mut buffer, mut unfinished) = ([0; 4096], Vec::new());
            while let Ok(count @ 1..) = from.read(&mut buffer) {
                unfinished.extend_from_slice(&buffer[..count]);
                let valid = str::from_utf8(&unfinished).map_or_else(|error| error.valid_up_to(), str::len);
                let text: Vec<u8> = unfinished.drain(..valid).collect();
                to.0.lock().unwrap().push_str(&String::from_utf8(text).unwrap());
                to.1.notify_all();
            }
        });
        Self { child, window, written }
    }

    pub fn type_in(&mut self, keys: &str) {
        self.window.write_all(keys.as_bytes()).unwrap();
    }

    /// Pastes a text, with a terminal's marks.
    pub fn paste(&mut self, text: &str) {
        self.type_in(&format!("\x1b[200~{text}\x1b[201~"));
    }

    /// Waits for this text, consumes the output up to its end, and returns the output before it.
    pub fn wait_for(&mut self, text: &str) -> String {
        let (written, changed) = &*self.written;
        let written = written.lock().unwrap();
        let (mut written, _) =
            changed.wait_timeout_while(written, DEADLINE, |written| !written.contains(text)).unwrap();
        let Some(at) = written.find(text) else { panic!("{text:?} was not written, but {written:?}") };
        let rest = written.split_off(at + text.len());
        let mut before = std::mem::replace(&mut *written, rest);
        before.truncate(at);
        before
    }

    /// Waits for the client to end.
    pub fn finish(&mut self) -> Option<i32> {
        wait(&mut self.child).code()
    }
}

impl Drop for Pty {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
