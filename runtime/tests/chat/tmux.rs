//! A real terminal: a window of tmux, whose screen can be read.

use crate::support::{DEADLINE, clear_environment};
use std::path::PathBuf;
use std::process::{Command, Output};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::mpsc::{self, Sender};
use std::thread::JoinHandle;

/// A tmux server with one window. Dropping it ends the server.
#[derive(Debug)]
pub struct Tmux {
    socket: PathBuf,
}

/// The deadline of every wait.
struct Deadline {
    _running: Sender<()>,
    timer: JoinHandle<bool>,
}

impl Deadline {
    fn start() -> Self {
        let (running, ended) = mpsc::channel();
        let timer = std::thread::spawn(move || ended.recv_timeout(DEADLINE).is_ok());
        Self { _running: running, timer }
    }

    fn is_over(&self) -> bool {
        self.timer.is_finished()
    }
}

impl Tmux {
    /// Runs a shell command in a window of this size.
    pub fn start(columns: u16, rows: u16, command: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("parlor-tmux-{}-{number}", std::process::id());
        let tmux = Self { socket: std::env::temp_dir().join(name) };
        let (columns, rows) = (columns.to_string(), rows.to_string());
        tmux.run(&["new-session", "-d", "-x", &columns, "-y", &rows, command]);
        tmux
    }

    /// Runs `parlor chat` in a window, then shows its exit code and whether the terminal is restored.
    pub fn chat(columns: u16, rows: u16, arguments: &str) -> Self {
        let parlor = env!("CARGO_BIN_EXE_parlor");
        let after =
            "echo \"ended with $?, $(stty -a | grep -o -- '-*icanon'), $(stty -a | grep -o -- '-*echo ')\"";
        Self::start(columns, rows, &format!("{parlor} chat {arguments}; {after}; read wait"))
    }

    /// Types this text.
    pub fn type_in(&self, text: &str) {
        self.run(&["send-keys", "-l", text]);
    }

    /// Pastes this text, marked as a paste if the program has requested that.
    pub fn paste(&self, text: &str) {
        self.run(&["set-buffer", text]);
        self.run(&["paste-buffer", "-p"]);
    }

    /// Presses these keys, by their names.
    pub fn press(&self, keys: &[&str]) {
        self.run(&[&["send-keys"], keys].concat());
    }

    pub fn resize(&self, columns: u16, rows: u16) {
        self.run(&["resize-window", "-x", &columns.to_string(), "-y", &rows.to_string()]);
    }

    /// Returns the rows of the screen, without empty ones at the bottom.
    pub fn screen(&self) -> Vec<String> {
        let output = self.run(&["capture-pane", "-p"]);
        let screen = String::from_utf8(output.stdout).unwrap();
        screen.trim_end().lines().map(str::to_owned).collect()
    }

    /// Returns the rows of the screen and those scrolled out of it.
    pub fn everything(&self) -> Vec<String> {
        let output = self.run(&["capture-pane", "-p", "-S", "-"]);
        let screen = String::from_utf8(output.stdout).unwrap();
        screen.trim_end().lines().map(str::to_owned).collect()
    }

    /// Returns the cursor's column and row.
    pub fn cursor(&self) -> String {
        let output = self.run(&["display-message", "-p", "#{cursor_x},#{cursor_y}"]);
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    /// Waits for a screen that meets the condition.
    pub fn wait_until(&self, what: &str, is_so: impl Fn(&[String]) -> bool) -> Vec<String> {
        let deadline = Deadline::start();
        loop {
            let screen = self.screen();
            if is_so(&screen) {
                return screen;
            }
            assert!(!deadline.is_over(), "{what}, on the screen:\n{}", screen.join("\n"));
        }
    }

    /// Waits for a row that contains this text.
    pub fn wait_for(&self, part: &str) -> Vec<String> {
        self.wait_until(part, |screen| screen.iter().any(|row| row.contains(part)))
    }

    /// Waits until the last rows are these.
    pub fn wait_for_last(&self, rows: &[&str]) -> Vec<String> {
        self.wait_until(&format!("{rows:?} at the end"), |screen| {
            screen.len() >= rows.len() && screen[screen.len() - rows.len()..].iter().eq(rows)
        })
    }

    fn run(&self, arguments: &[&str]) -> Output {
        let mut command = Command::new("tmux");
        clear_environment(&mut command);
        command.env("LC_ALL", "C.UTF-8").env_remove("TMUX").arg("-S").arg(&self.socket);
        command.args(["-u", "-f", "/dev/null"]).args(arguments);
        let output = command.output().unwrap();
        assert!(output.status.success(), "{command:?}: {output:?}");
        output
    }
}

impl Drop for Tmux {
    fn drop(&mut self) {
        Command::new("tmux").arg("-S").arg(&self.socket).arg("kill-server").output().ok();
        std::fs::remove_file(&self.socket).ok();
    }
}
