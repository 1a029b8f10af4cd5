//! Reading the configuration again while the server runs: `REHASH`, or SIGHUP.

use crate::config::{Config, Given, Loaded, SETTINGS};
use crate::console::Console;
use crate::driver::Control;
use crate::password::InForce;
use parlor_protocol::Identity;
use std::sync::Arc;
use tokio::sync::{Notify, mpsc};
use tokio::task::spawn_blocking;

/// Settings that change while the server runs; the others do when it starts again.
const CHANGING: [&str; 6] =
    ["admin", "motd", "operators", "password", "reserved_names", "server_description"];

/// Reads the configuration, and puts in force what can change.
#[derive(Debug)]
pub(crate) struct Rehash {
    /// What the configuration is made of: the file is read anew, flags and variables are what they were.
    pub(crate) given: Given,
    /// The settings in force.
    pub(crate) config: Config,
    pub(crate) passwords: InForce,
    pub(crate) controls: mpsc::Sender<Control>,
    pub(crate) console: Console,
}

impl Rehash {
    /// Does so whenever it is wanted.
    pub(crate) async fn run(mut self, wanted: Arc<Notify>) {
        loop {
            wanted.notified().await;
            self.rehash().await;
        }
    }

    async fn rehash(&mut self) {
        let given = self.given.clone();
        let read = spawn_blocking(move || {
            let loaded = Loaded::new(&given)?;
            loaded.check()?;
            Ok(loaded)
        });
        match read.await.expect("a configuration is read or refused") {
            Ok(loaded) => self.put_in_force(loaded).await,
            Err(error) => self.console.rehash_failed(&error),
        }
    }

    async fn put_in_force(&mut self, loaded: Loaded) {
        loaded.warnings.iter().for_each(|warning| self.console.warned(warning));
        let new = loaded.config;
        let waiting: Vec<&str> = SETTINGS
            .iter()
            .filter(|setting| !CHANGING.contains(&setting.name))
            .filter(|setting| (setting.get)(&self.config) != (setting.get)(&new))
            .map(|setting| setting.name)
            .collect();
        let Identity { admin, description, has_password, motd, reserved_names, .. } =
            (*new.options.identity).clone();
        let identity = &mut self.config.options.identity;
        *Arc::make_mut(identity) =
            Identity { admin, description, has_password, motd, reserved_names, ..(**identity).clone() };
        let identity = Arc::clone(identity);
        // Before anybody is asked for a password that is not there yet.
        self.passwords.set(new.passwords);
        // Where the driver has ended, nobody is left to tell.
        self.controls.send(Control::Identify(identity)).await.ok();
        self.console.rehashed(&waiting);
    }
}
