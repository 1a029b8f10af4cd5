//! Other programs, run unchanged.

use crate::support::{Lines, resident_bytes, wait};
use rustix::process::{Pid, Signal, kill_process};
use std::io::Write;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};

/// A running program. Dropping it ends the program.
#[derive(Debug)]
pub struct Program {
    command: String,
    child: Child,
    stdin: Option<ChildStdin>,
    pub printed: Lines,
    pub errors: Lines,
}

impl Program {
    pub fn start(command: &mut Command) -> Self {
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{command:?} is needed: {error}"));
        let printed = Lines::of(child.stdout.take().unwrap());
        let errors = Lines::of(child.stderr.take().unwrap());
        Self { command: format!("{command:?}"), stdin: child.stdin.take(), child, printed, errors }
    }

    /// Types a line.
    pub fn enter(&mut self, line: &str) {
        // In one write: some programs take each read for a message.
        self.stdin.as_mut().unwrap().write_all(format!("{line}\n").as_bytes()).unwrap();
    }

    pub fn end_input(&mut self) {
        self.stdin = None;
    }

    pub fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.child), signal).unwrap();
    }

    /// Waits for the program to end.
    pub fn wait(&mut self) -> ExitStatus {
        wait(&mut self.child)
    }

    /// Returns the program's resident memory in bytes.
    pub fn resident_bytes(&self) -> u64 {
        resident_bytes(&self.child)
    }

    /// Waits for the program to end, and returns all lines that it printed, except blank ones.
    pub fn lines(&self) -> Vec<String> {
        self.printed.wait_for_end().into_iter().filter(|line| !line.is_empty()).collect()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!(
                "{} printed {:#?}\nand {:#?}",
                self.command,
                self.printed.with(""),
                self.errors.with("")
            );
        }
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
