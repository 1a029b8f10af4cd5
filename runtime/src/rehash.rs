//! Reloading the configuration while the server runs: `REHASH`, or SIGHUP.

use crate::config::{Config, ConfigSources, LoadedConfig, SETTINGS};
use crate::console::Console;
use crate::driver::Control;
use crate::password::LivePasswords;
use std::sync::Arc;
use tokio::sync::{Notify, mpsc};
use tokio::task::spawn_blocking;

/// The task that reloads the configuration.
#[derive(Debug)]
pub(crate) struct Rehash {
    /// The flags and the environment of the start, and the path of the file, which is read again.
    pub(crate) sources: ConfigSources,
    /// The settings in force.
    pub(crate) config: Config,
    pub(crate) passwords: LivePasswords,
    pub(crate) controls: mpsc::Sender<Control>,
    pub(crate) console: Console,
}

impl Rehash {
    /// Reloads the configuration at each notification.
    pub(crate) async fn run(mut self, requested: Arc<Notify>) {
        loop {
            requested.notified().await;
            self.rehash().await;
        }
    }

    async fn rehash(&mut self) {
        let sources = self.sources.clone();
        let loading = spawn_blocking(move || {
            let loaded = LoadedConfig::new(&sources)?;
            loaded.check()?;
            Ok(loaded)
        });
        match loading.await.expect("loading a configuration does not panic") {
            Ok(loaded) => self.apply(loaded).await,
            Err(error) => self.console.rehash_failed(&error),
        }
    }

    /// Applies the settings that can change now, and logs the names of those that wait for a restart.
    async fn apply(&mut self, loaded: LoadedConfig) {
        loaded.warnings.iter().for_each(|warning| self.console.config_warning(warning));
        let new = loaded.config;
        let mut waiting = Vec::new();
        for setting in SETTINGS {
            match setting.reload {
                Some(reload) => reload(&new, &mut self.config),
                None if (setting.get)(&self.config) != (setting.get)(&new) => waiting.push(setting.name),
                None => {}
            }
        }
        // Before the hub learns that there is a password: otherwise a client could be asked for it while the old ones
        // are still in force.
        self.passwords.set(self.config.passwords.clone());
        let identity = Arc::clone(&self.config.options.identity);
        // The send fails only if the driver has ended.
        self.controls.send(Control::Identify(identity)).await.ok();
        self.console.rehashed(&waiting);
    }
}
