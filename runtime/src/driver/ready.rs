//! The list of connections that are ready.
//!
//! Each connection has a waker of its own, which adds its slot to the list and wakes the driver. A tick takes the whole
//! list, in the order in which the connections became ready.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Wake, Waker};

/// The list of ready connections.
#[derive(Debug, Default)]
pub(super) struct ReadyList {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    slots: Vec<u32>,
    driver: Option<Waker>,
}

/// A connection's flag in the list, which keeps it from being listed twice.
#[derive(Debug)]
pub(super) struct ReadyFlag {
    list: Arc<ReadyList>,
    slot: u32,
    listed: AtomicBool,
}

impl ReadyList {
    /// Sets the waker of the driver.
    pub(super) fn set_driver(&self, waker: &Waker) {
        let mut state = self.lock();
        if !state.driver.as_ref().is_some_and(|driver| driver.will_wake(waker)) {
            state.driver = Some(waker.clone());
        }
    }

    /// Moves the list to the end of `slots`. Each connection's flag must be cleared before it is served.
    pub(super) fn take(&self, slots: &mut Vec<u32>) {
        slots.append(&mut self.lock().slots);
    }

    pub(super) fn is_empty(&self) -> bool {
        self.lock().slots.is_empty()
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ReadyFlag {
    pub(super) const fn new(list: Arc<ReadyList>, slot: u32) -> Self {
        Self { list, slot, listed: AtomicBool::new(false) }
    }

    /// Clears the flag when the connection is served: later events list it again.
    pub(super) fn clear(&self) {
        self.listed.store(false, Ordering::Release);
    }

    /// Lists the connection without waking the driver, for calls from the driver itself.
    pub(super) fn list(&self) {
        if !self.listed.swap(true, Ordering::AcqRel) {
            self.list.lock().slots.push(self.slot);
        }
    }
}

impl Wake for ReadyFlag {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.listed.swap(true, Ordering::AcqRel) {
            return;
        }
        let driver = {
            let mut state = self.list.lock();
            state.slots.push(self.slot);
            state.driver.take()
        };
        if let Some(driver) = driver {
            driver.wake();
        }
    }
}
