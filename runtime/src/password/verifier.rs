//! The server's password verifier.

use super::attempts::{Attempts, NameTag};
use super::network::HostNetwork;
use super::queue::{Lane, Precedence, Queue};
use super::recent::RecentHosts;
use super::recognised::Recognised;
use super::worker::{Check, Done, Job, Secret, Worker};
use super::{PASSWORD_BYTES_MAX, Passwords};
use crate::clock::Clock;
use crate::driver::PasswordVerifier;
use parlor_protocol::{ConnId, Instant, PasswordOf, PasswordResult};
use std::collections::VecDeque;
use std::io;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use tokio::sync::mpsc::{UnboundedReceiver, unbounded_channel};

/// The limits of checking passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PasswordLimits {
    /// Checks that may wait for a thread.
    pub queue_max: usize,
    /// Threads that check passwords.
    pub threads: usize,
    /// Whether wrong passwords are limited by address.
    pub limits_attempts: bool,
}

/// The passwords in force, shared between the verifier and the reload that replaces them.
#[derive(Clone, Debug)]
pub struct LivePasswords(Arc<Mutex<Arc<Passwords>>>);

impl LivePasswords {
    /// Creates a handle to these passwords.
    #[must_use]
    pub fn new(passwords: Passwords) -> Self {
        Self(Arc::new(Mutex::new(Arc::new(passwords))))
    }

    /// Replaces the passwords. A check that is running still uses the old ones.
    pub fn set(&self, passwords: Passwords) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Arc::new(passwords);
    }

    pub(super) fn get(&self) -> Arc<Passwords> {
        Arc::clone(&self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Verifies passwords on threads of its own. A check takes tens of milliseconds and megabytes, so that who sends many
/// must not keep others waiting: checks wait in a queue that is fair between addresses, wrong passwords are limited by
/// address, and what needs no hashing is answered at once.
#[derive(Debug)]
pub struct HashVerifier<C> {
    passwords: LivePasswords,
    clock: C,
    attempts: Attempts,
    queue: Queue,
    recognised: Recognised,
    /// Addresses from which the right password of an operator came lately.
    operators_from: RecentHosts,
    /// Addresses from which the right password of the server or of the gateways came lately.
    clients_from: RecentHosts,
    workers: Vec<Worker>,
    done: UnboundedReceiver<Done>,
    /// Results that the driver has not taken yet, at most one for each connection.
    results: VecDeque<(ConnId, PasswordResult)>,
}

impl<C: Clock> HashVerifier<C> {
    /// Creates a verifier and starts its threads.
    ///
    /// # Errors
    /// The system has no threads or random bytes to give.
    pub fn new(passwords: LivePasswords, limits: PasswordLimits, clock: C) -> io::Result<Self> {
        let (sender, done) = unbounded_channel();
        let workers = (0..limits.threads.max(1))
            .map(|index| Worker::start(index, passwords.clone(), sender.clone()))
            .collect::<io::Result<_>>()?;
        Ok(Self {
            passwords,
            clock,
            attempts: Attempts::new(limits.limits_attempts),
            queue: Queue::new(limits.queue_max),
            recognised: Recognised::new().map_err(|error| io::Error::other(error.to_string()))?,
            operators_from: RecentHosts::default(),
            clients_from: RecentHosts::default(),
            workers,
            done,
            results: VecDeque::new(),
        })
    }

    /// Returns the result for a password that need not be hashed, or must not.
    fn without_hashing(
        &mut self,
        now: Instant,
        passwords: &Arc<Passwords>,
        host: HostNetwork,
        of: &PasswordOf,
        password: &[u8],
    ) -> Option<PasswordResult> {
        match of {
            PasswordOf::Gateway if passwords.gateways.is_none() => return Some(PasswordResult::Wrong),
            PasswordOf::Server if passwords.server.is_none() => return Some(PasswordResult::Right),
            // `parlor hash-password` makes no hash of these.
            _ if password.is_empty() || password.len() > PASSWORD_BYTES_MAX => {
                return Some(PasswordResult::Wrong);
            }
            PasswordOf::Operator(name)
                if passwords.operators.is_empty() || name.len() > PASSWORD_BYTES_MAX =>
            {
                return Some(PasswordResult::Wrong);
            }
            _ if self.recognised.is_right(passwords, of, password) => {
                return Some(PasswordResult::Right);
            }
            _ => {}
        }
        let may_try = self.attempts.may_try(now, host, self.tag(of));
        (!may_try).then_some(PasswordResult::NotChecked)
    }

    /// Gives idle threads the checks whose turn it is.
    fn dispatch(&mut self) {
        let now = self.clock.now().mono;
        while let Some(idle) = self.workers.iter().position(|worker| worker.is_idle)
            // The rest waits until these results are taken.
            && self.results.is_empty()
        {
            let (operators, clients) = (&self.operators_from, &self.clients_from);
            let precedence = |lane| precedence(now, lane, operators, clients);
            let Some((lane, check)) = self.queue.pop(precedence) else { return };
            let passwords = self.passwords.get();
            match self.without_hashing(now, &passwords, lane.host, &check.of, check.password.bytes()) {
                Some(result) => self.results.push_back((check.conn, result)),
                None => self.workers[idle].check(Job { check, host: lane.host, passwords }),
            }
        }
    }

    /// Records the result of a check, which is then ready for the driver.
    fn finish(&mut self, Done { worker, job, result }: Done) {
        self.workers[worker].is_idle = true;
        let now = self.clock.now().mono;
        let Job { check, host, passwords } = job;
        match (result, &check.of) {
            (PasswordResult::NotChecked, _) => {}
            (PasswordResult::Right, PasswordOf::Operator(_)) => self.operators_from.record(now, host),
            (PasswordResult::Right, of @ (PasswordOf::Gateway | PasswordOf::Server)) => {
                self.clients_from.record(now, host);
                self.recognised.remember(&passwords, of, check.password.bytes());
            }
            (PasswordResult::Wrong, of) => self.attempts.charge(now, host, self.tag(of)),
        }
        self.results.push_back((check.conn, result));
    }

    fn tag(&self, of: &PasswordOf) -> Option<NameTag> {
        match of {
            PasswordOf::Gateway | PasswordOf::Server => None,
            PasswordOf::Operator(name) => Some(self.recognised.tag(name)),
        }
    }
}

impl<C: Clock> PasswordVerifier for HashVerifier<C> {
    fn check(&mut self, conn: ConnId, address: IpAddr, of: &PasswordOf, password: &[u8]) {
        let (now, host) = (self.clock.now().mono, HostNetwork::from(address));
        let passwords = self.passwords.get();
        if let Some(result) = self.without_hashing(now, &passwords, host, of, password) {
            return self.results.push_back((conn, result));
        }
        let lane = Lane { host, of_operators: matches!(of, PasswordOf::Operator(_)) };
        let precedence = precedence(now, lane, &self.operators_from, &self.clients_from);
        let check = Check { conn, of: of.clone(), password: Secret::new(password) };
        if let Some(displaced) = self.queue.push(lane, precedence, check) {
            self.results.push_back((displaced, PasswordResult::NotChecked));
        }
    }

    fn cancel(&mut self, conn: ConnId) {
        self.queue.remove(conn);
    }

    fn poll_result(&mut self, cx: &mut Context<'_>) -> Poll<(ConnId, PasswordResult)> {
        while let Poll::Ready(Some(done)) = self.done.poll_recv(cx) {
            self.finish(done);
        }
        self.dispatch();
        self.results.pop_front().map_or(Poll::Pending, Poll::Ready)
    }
}

/// Returns the precedence of a lane: an address from which the right password came lately goes first.
fn precedence(now: Instant, lane: Lane, operators: &RecentHosts, clients: &RecentHosts) -> Precedence {
    let hosts = if lane.of_operators { operators } else { clients };
    if hosts.has(now, lane.host) { Precedence::First } else { Precedence::Later }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::password::{Operator, PasswordHash};
    use parlor_protocol::Now;
    use std::cell::Cell;
    use std::future::poll_fn;
    use std::rc::Rc;
    use std::task::Waker;

    /// The hash of `right`, at the lowest possible cost.
    const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$P3OLBQw3O3GiY9hpX8wpK8qO6gQccIdDXnlkdzKceqU";

    const A: [u8; 4] = [192, 0, 2, 1];
    const B: [u8; 4] = [192, 0, 2, 2];

    const NOT_CHECKED: PasswordResult = PasswordResult::NotChecked;
    const RIGHT: PasswordResult = PasswordResult::Right;
    const WRONG: PasswordResult = PasswordResult::Wrong;

    /// A clock that a test sets.
    #[derive(Clone, Debug, Default)]
    struct TestClock(Rc<Cell<Now>>);

    impl Clock for TestClock {
        fn now(&self) -> Now {
            self.0.get()
        }
    }

    struct Stage {
        verifier: HashVerifier<TestClock>,
        passwords: LivePasswords,
        clock: TestClock,
        /// The next connection.
        conn: u32,
    }

    /// The password `right` of the server and of the operator alice.
    fn passwords() -> Passwords {
        let hash: PasswordHash = HASH.parse().unwrap();
        let operators = vec![Operator { name: "alice".to_owned(), hash: hash.clone() }];
        Passwords { server: Some(hash), operators, gateways: None }
    }

    impl Stage {
        fn new(passwords: Passwords, queue_max: usize) -> Self {
            let (passwords, clock) = (LivePasswords::new(passwords), TestClock::default());
            let limits = PasswordLimits { queue_max, threads: 1, limits_attempts: true };
            let verifier = HashVerifier::new(passwords.clone(), limits, clock.clone()).unwrap();
            Self { verifier, passwords, clock, conn: 0 }
        }

        /// Starts a check for the next connection, and returns the connection.
        fn check(&mut self, address: [u8; 4], operator: Option<&str>, password: &str) -> u32 {
            let of = operator.map_or(PasswordOf::Server, |name| PasswordOf::Operator(name.to_owned()));
            self.check_of(address, &of, password)
        }

        fn check_of(&mut self, address: [u8; 4], of: &PasswordOf, password: &str) -> u32 {
            self.conn += 1;
            let conn = ConnId { slot: self.conn, generation: 0 };
            self.verifier.check(conn, address.into(), of, password.as_bytes());
            self.conn
        }

        /// Returns the next result, if it is there without waiting for a thread.
        fn poll(&mut self) -> Option<(u32, PasswordResult)> {
            match self.verifier.poll_result(&mut Context::from_waker(Waker::noop())) {
                Poll::Ready((conn, result)) => Some((conn.slot, result)),
                Poll::Pending => None,
            }
        }

        /// Waits for the next result.
        fn wait(&mut self) -> (u32, PasswordResult) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
            let (conn, result) = runtime.block_on(poll_fn(|cx| self.verifier.poll_result(cx)));
            (conn.slot, result)
        }

        /// Checks a password, and waits for the result.
        fn result(&mut self, address: [u8; 4], operator: Option<&str>, password: &str) -> PasswordResult {
            let conn = self.check(address, operator, password);
            let (of, result) = self.wait();
            assert_eq!(of, conn);
            result
        }

        fn is_idle(&self) -> bool {
            self.verifier.workers.iter().all(|worker| worker.is_idle)
        }
    }

    #[test]
    fn a_password_is_right_or_wrong() {
        let mut stage = Stage::new(passwords(), 10);
        assert_eq!(stage.result(A, Some("alice"), "right"), RIGHT);
        assert_eq!(stage.result(A, Some("alice"), "wrong"), WRONG);
        assert_eq!(stage.result(A, Some("bob"), "right"), WRONG);
        assert_eq!(stage.result(A, None, "right"), RIGHT);
        assert_eq!(stage.result(A, None, "wrong"), WRONG);
    }

    #[test]
    fn what_need_not_be_hashed_is_answered_at_once() {
        let mut stage = Stage::new(Passwords::default(), 10);
        stage.check(A, Some("alice"), "right");
        assert_eq!(stage.poll(), Some((1, WRONG)), "there are no operators");
        stage.check(A, None, "");
        assert_eq!(stage.poll(), Some((2, RIGHT)), "there is no password");
        let mut stage = Stage::new(passwords(), 10);
        let long = "x".repeat(PASSWORD_BYTES_MAX + 1);
        for (operator, password) in [(None, ""), (Some("alice"), &long[..]), (Some(&long[..]), "right")] {
            let conn = stage.check(A, operator, password);
            assert_eq!(stage.poll(), Some((conn, WRONG)));
        }
        assert!(stage.is_idle());
        let longest = "x".repeat(PASSWORD_BYTES_MAX);
        for (name, password) in [("nobody", "right"), ("alice", &longest), (&longest, "right")] {
            stage.check(A, Some(name), password);
            assert!(stage.verifier.results.is_empty(), "an unknown name is hashed like a known one");
        }
    }

    #[test]
    fn the_password_of_gateways_is_hashed_once() {
        let gateways = passwords().server;
        let mut stage = Stage::new(Passwords { gateways, ..Passwords::default() }, 10);
        for (password, result) in [("wrong", WRONG), ("right", RIGHT)] {
            let conn = stage.check_of(A, &PasswordOf::Gateway, password);
            assert_eq!(stage.poll(), None, "it is hashed");
            assert_eq!(stage.wait(), (conn, result));
        }
        let conn = stage.check_of(B, &PasswordOf::Gateway, "right");
        assert_eq!(stage.poll(), Some((conn, RIGHT)));
        let mut without = Stage::new(passwords(), 10);
        let conn = without.check_of(A, &PasswordOf::Gateway, "right");
        assert_eq!(without.poll(), Some((conn, WRONG)), "gateways have no password");
    }

    #[test]
    fn who_guesses_is_not_checked_and_locks_nobody_out() {
        let mut stage = Stage::new(passwords(), 10);
        for name in ["alice", "nobody"] {
            for _ in 0..5 {
                assert_eq!(stage.result(A, Some(name), "wrong"), WRONG);
            }
            stage.check(A, Some(name), "right");
            assert_eq!(stage.poll().map(|(_, result)| result), Some(NOT_CHECKED));
        }
        assert!(stage.is_idle());
        assert_eq!(stage.result(B, Some("alice"), "right"), RIGHT);
        let now = Now { mono: Instant::ZERO.plus_ms(12_000), unix_ms: 0 };
        stage.clock.0.set(now);
        assert_eq!(stage.result(A, Some("alice"), "right"), RIGHT);
    }

    #[test]
    fn a_wrong_password_in_the_queue_counts_for_those_behind_it() {
        let mut stage = Stage::new(passwords(), 100);
        for _ in 0..7 {
            stage.check(A, Some("alice"), "wrong");
        }
        let results: Vec<_> = (0..7).map(|_| stage.wait().1).collect();
        assert_eq!(results, [WRONG, WRONG, WRONG, WRONG, WRONG, NOT_CHECKED, NOT_CHECKED]);
    }

    #[test]
    fn the_right_password_of_the_server_is_recognised_until_a_reload() {
        let mut stage = Stage::new(passwords(), 200);
        for _ in 0..100 {
            stage.check(A, None, "right");
        }
        assert_eq!(stage.wait(), (1, RIGHT));
        for conn in 2..=100 {
            assert_eq!(stage.poll(), Some((conn, RIGHT)), "it is not hashed again");
            assert!(stage.verifier.results.is_empty(), "the others wait in the queue until it is taken");
        }
        // Neither the limit on attempts nor the queue is in the way of the right one.
        for _ in 0..20 {
            stage.result(A, None, "wrong");
        }
        let conn = stage.check(A, None, "wrong");
        assert_eq!(stage.poll(), Some((conn, NOT_CHECKED)));
        let conn = stage.check(A, None, "right");
        assert_eq!(stage.poll(), Some((conn, RIGHT)));
        stage.passwords.set(passwords());
        stage.check(B, None, "right");
        assert!(stage.verifier.results.is_empty(), "it is hashed after a reload");
        assert_eq!(stage.wait().1, RIGHT);
    }

    #[test]
    fn a_cancelled_check_does_not_run() {
        let mut stage = Stage::new(passwords(), 10);
        let conns = [(); 3].map(|()| stage.check(A, Some("alice"), "wrong"));
        stage.verifier.cancel(ConnId { slot: conns[1], generation: 0 });
        assert_eq!(stage.wait(), (conns[0], WRONG));
        assert_eq!(stage.wait(), (conns[2], WRONG));
        assert_eq!(stage.poll(), None);
        assert!(stage.is_idle());
    }

    #[test]
    fn an_address_from_which_the_right_one_came_goes_first() {
        let mut stage = Stage::new(passwords(), 10);
        assert_eq!(stage.result(B, Some("alice"), "right"), RIGHT);
        let guesses = [stage.check(A, Some("alice"), "wrong"), stage.check(A, Some("alice"), "wrong")];
        let honest = stage.check(B, Some("alice"), "right");
        let order: Vec<u32> = (0..3).map(|_| stage.wait().0).collect();
        assert_eq!(order, [honest, guesses[0], guesses[1]]);
    }

    #[test]
    fn a_wrong_password_gives_no_precedence() {
        let mut stage = Stage::new(passwords(), 10);
        for operator in [Some("alice"), None] {
            assert_eq!(stage.result(B, operator, "wrong"), WRONG);
            let guesses = [stage.check(A, operator, "wrong"), stage.check(A, operator, "wrong")];
            let guess = stage.check(B, operator, "wrong");
            let order: Vec<u32> = (0..3).map(|_| stage.wait().0).collect();
            assert_eq!(order, [guesses[0], guess, guesses[1]]);
        }
    }

    #[test]
    fn an_address_from_which_the_servers_password_came_goes_first() {
        let mut stage = Stage::new(passwords(), 10);
        assert_eq!(stage.result(B, None, "right"), RIGHT);
        let guesses = [stage.check(A, None, "wrong"), stage.check(A, None, "wrong")];
        let known = stage.check(B, None, "wrong");
        let order: Vec<u32> = (0..3).map(|_| stage.wait().0).collect();
        assert_eq!(order, [known, guesses[0], guesses[1]]);
    }

    #[test]
    fn guesses_of_the_servers_password_do_not_keep_an_operator_of_their_address_waiting() {
        let mut stage = Stage::new(passwords(), 10);
        let guesses = [(); 3].map(|()| stage.check(A, None, "wrong"));
        let operator = stage.check(A, Some("alice"), "right");
        let order: Vec<u32> = (0..4).map(|_| stage.wait().0).collect();
        assert_eq!(order, [guesses[0], operator, guesses[1], guesses[2]]);
    }

    #[test]
    fn a_password_that_was_not_checked_is_no_attempt() {
        let mut stage = Stage::new(passwords(), 10);
        let (passwords, host) = (Arc::new(passwords()), HostNetwork::from(IpAddr::from(A)));
        for slot in 0..20 {
            let of = PasswordOf::Operator("alice".to_owned());
            let check = Check { conn: ConnId { slot, generation: 0 }, of, password: Secret::new(b"right") };
            let job = Job { check, host, passwords: Arc::clone(&passwords) };
            stage.verifier.finish(Done { worker: 0, job, result: NOT_CHECKED });
            assert_eq!(stage.poll(), Some((slot, NOT_CHECKED)));
        }
        assert_eq!(stage.result(A, Some("alice"), "right"), RIGHT);
    }

    #[test]
    fn when_the_queue_is_full_whoever_has_most_of_it_is_not_checked() {
        let mut stage = Stage::new(passwords(), 3);
        for _ in 0..3 {
            stage.check(A, Some("alice"), "wrong");
        }
        let newest = stage.check(A, Some("alice"), "wrong");
        let honest = stage.check(B, Some("alice"), "right");
        assert_eq!(stage.poll(), Some((newest, NOT_CHECKED)));
        assert_eq!(stage.poll(), Some((3, NOT_CHECKED)));
        assert_eq!(stage.wait(), (1, WRONG));
        assert_eq!(stage.wait(), (honest, RIGHT));
        assert_eq!(stage.wait(), (2, WRONG));
    }

    #[test]
    fn secrets_are_not_shown() {
        let mut stage = Stage::new(passwords(), 10);
        stage.check(A, Some("alice"), "hunter2");
        let shown = format!("{:?}", stage.verifier);
        assert!(
            shown.contains("Secret(…)") && !shown.contains("hunter2") && !shown.contains("104"),
            "{shown}"
        );
    }
}
