//! The core's environment: the streams, the log, the password verifier and the observer.

use super::conns::Conns;
use super::{Log, Observer, PasswordVerifier};
use crate::recording::{Outputs, Recorder};
use parlor_protocol::{
    ConnId, ConsoleEvent, Environment, HistoryChange, HistoryQuery, HistoryScope, Input, Now, PasswordOf,
    Proposal, Wire,
};
use std::net::IpAddr;
use tokio::io::{AsyncRead, AsyncWrite};

/// The environment that the driver gives the core.
#[derive(Debug)]
pub(super) struct DriverEnvironment<S, G, O, V> {
    /// Connections that the core wants closed at once.
    pub(super) aborted: Vec<ConnId>,
    pub(super) conns: Conns<S>,
    pub(super) verifier: V,
    pub(super) log: G,
    pub(super) observer: O,
    /// The recorder, if the server is recorded.
    pub(super) recorder: Option<Recorder>,
}

impl<S, G, O, V> DriverEnvironment<S, G, O, V> {
    /// Adds to the digest of the outputs, if the server is recorded.
    fn record(&mut self, record: impl FnOnce(&mut Outputs)) {
        if let Some(recorder) = &mut self.recorder {
            record(recorder.outputs());
        }
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, G, O, V> Wire for DriverEnvironment<S, G, O, V> {
    fn finish(&mut self, conn: ConnId) {
        self.record(|outputs| outputs.finished(conn));
        self.conns.finish(conn);
    }

    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        let written = self.conns.write(conn, slices);
        if let Some(recorder) = &mut self.recorder {
            recorder.wrote(conn, slices, written);
        }
        written
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin, G: Log, O: Observer, V: PasswordVerifier> Environment
    for DriverEnvironment<S, G, O, V>
{
    fn propose(&mut self, proposal: &Proposal) {
        self.record(|outputs| outputs.proposed(proposal));
        self.log.propose(proposal);
    }

    fn abort(&mut self, conn: ConnId) {
        self.record(|outputs| outputs.aborted(conn));
        self.aborted.push(conn);
    }

    fn check_password(&mut self, conn: ConnId, address: IpAddr, of: &PasswordOf, password: &[u8]) {
        if let Some(recorder) = &mut self.recorder {
            recorder.asked_for_password(conn, password);
        }
        self.verifier.check(conn, address, of, password);
    }

    fn fetch(&mut self, conn: ConnId, query: &HistoryQuery, scope: &HistoryScope) -> bool {
        self.log.fetch(conn, query, scope)
    }

    fn history_changed(&mut self, change: HistoryChange<'_>) {
        self.log.history_changed(change);
    }

    fn set_reads_paused(&mut self, conn: ConnId, paused: bool) {
        self.record(|outputs| outputs.paused(conn, paused));
        if let Some(conn) = self.conns.get(conn) {
            conn.reads_paused = paused;
            if !paused {
                conn.list();
            }
        }
    }

    fn console(&mut self, event: &ConsoleEvent<'_>) {
        self.observer.console(event);
    }

    fn rehash(&mut self, _: ConnId) {
        self.observer.rehash_wanted();
    }

    fn before_input(&mut self, now: Now, input: &Input<'_>) {
        self.observer.input(now, input);
    }
}
