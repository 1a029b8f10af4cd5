//! The threads that check passwords.

use super::memory::HashMemory;
use super::network::HostNetwork;
use super::{LivePasswords, Passwords};
use parlor_protocol::{ConnId, PasswordOf, PasswordResult};
use std::fmt;
use std::hint::black_box;
use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;
use tokio::sync::mpsc::UnboundedSender;

/// A password to check.
#[derive(Debug)]
pub(super) struct Check {
    pub(super) conn: ConnId,
    /// The one who should have the password.
    pub(super) of: PasswordOf,
    pub(super) password: Secret,
}

/// A password sent by a client. `Debug` does not show it, and its bytes are overwritten when it is dropped.
pub(super) struct Secret(Box<[u8]>);

impl Secret {
    pub(super) fn new(password: &[u8]) -> Self {
        Self(password.into())
    }

    pub(super) const fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

impl Drop for Secret {
    fn drop(&mut self) {
        self.0.fill(0);
        // Otherwise the compiler could leave the writing out, because nothing reads the bytes afterwards.
        black_box(&self.0);
    }
}

/// A check and the passwords in force when it began.
#[derive(Debug)]
pub(super) struct Job {
    pub(super) check: Check,
    pub(super) host: HostNetwork,
    pub(super) passwords: Arc<Passwords>,
}

/// A finished check. It is [`PasswordResult::NotChecked`] if there was not enough memory for it.
#[derive(Debug)]
pub(super) struct Done {
    /// The index of the worker.
    pub(super) worker: usize,
    pub(super) job: Job,
    pub(super) result: PasswordResult,
}

/// A thread that checks one password at a time. It ends when the worker is dropped.
#[derive(Debug)]
pub(super) struct Worker {
    jobs: Sender<Job>,
    pub(super) is_idle: bool,
}

impl Worker {
    /// Starts a thread that sends its results to `done`. It takes its memory at once: a server that has passwords then
    /// grows no further under attack.
    pub(super) fn start(
        index: usize,
        passwords: LivePasswords,
        done: UnboundedSender<Done>,
    ) -> io::Result<Self> {
        let (jobs, receiver) = channel();
        let thread = thread::Builder::new().name(format!("parlor-pass-{index}"));
        thread.spawn(move || run(index, &passwords, &receiver, &done))?;
        Ok(Self { jobs, is_idle: true })
    }

    /// Gives the thread a check. It must be idle.
    pub(super) fn check(&mut self, job: Job) {
        self.is_idle = false;
        self.jobs.send(job).expect("the thread runs until the worker is dropped");
    }
}

fn run(index: usize, passwords: &LivePasswords, jobs: &Receiver<Job>, done: &UnboundedSender<Done>) {
    let mut memory = HashMemory::default();
    // If there is not enough, each check reports it.
    memory.at_least(passwords.get().memory_kib()).ok();
    for job in jobs {
        // After a reload, the dearest check may need less.
        memory.shrink_to(job.passwords.memory_kib());
        let Check { of, password, .. } = &job.check;
        let verify = || job.passwords.verify(of, password.bytes(), &mut memory);
        // A connection waits for the result: a bug in a check must not end the thread.
        let result = match catch_unwind(AssertUnwindSafe(verify)) {
            Ok(Ok(is_right)) => is_right.into(),
            Ok(Err(_)) | Err(_) => PasswordResult::NotChecked,
        };
        if done.send(Done { worker: index, job, result }).is_err() {
            return;
        }
    }
}
