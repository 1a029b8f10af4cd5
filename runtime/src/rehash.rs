//! Reloading the configuration while the server runs: `REHASH`, or SIGHUP.

use crate::config::{Config, ConfigError, ConfigSources, LoadedConfig, SETTINGS};
use crate::console::Console;
use crate::driver::Control;
use crate::locale::{Bilingual, both};
use crate::password::LivePasswords;
use std::sync::Arc;
use std::thread;
use std::time::Duration;
use tokio::sync::oneshot::{self, error::TryRecvError};
use tokio::sync::{Notify, mpsc};
use tokio::time::timeout;

/// The time that reading the configuration may take. Without it, a FIFO that nobody writes, or a mount whose server is
/// gone, would end all reloading.
const LOAD_TIMEOUT: Duration = Duration::from_secs(5);

/// Loads that were given up and still hang. Each has a thread, which nothing can end. Over it, nothing is reloaded.
const HUNG_LOADS_MAX: usize = 4;

/// The configuration that a thread is loading.
type Loading = oneshot::Receiver<Result<LoadedConfig, ConfigError>>;

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
    /// Loads that were given up.
    pub(crate) hung: Vec<Loading>,
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
        match self.load().await {
            Ok(loaded) => self.apply(loaded).await,
            Err(error) => self.console.rehash_failed(&error),
        }
    }

    /// Loads the configuration on a thread of its own, and gives it up after a time. The thread is not one of Tokio's,
    /// for whose end the server would wait when it stops.
    async fn load(&mut self) -> Result<LoadedConfig, ConfigError> {
        self.hung.retain_mut(|loading| matches!(loading.try_recv(), Err(TryRecvError::Empty)));
        if self.hung.len() >= HUNG_LOADS_MAX {
            return Err(self.file_error(both!(
                "earlier attempts to read the file have not ended",
                "之前的读取尚未结束"
            )));
        }
        let (to, mut loading) = oneshot::channel();
        let sources = self.sources.clone();
        let load = move || {
            let loaded = LoadedConfig::new(&sources).and_then(|loaded| loaded.check().map(|()| loaded));
            // The receiver is gone if the server has stopped.
            to.send(loaded).ok();
        };
        if let Err(error) = thread::Builder::new().name("parlor-config".to_owned()).spawn(load) {
            return Err(self.file_error(both!("cannot start a thread: {error}", "无法启动线程：{error}")));
        }
        let Ok(loaded) = timeout(LOAD_TIMEOUT, &mut loading).await else {
            self.hung.push(loading);
            let seconds = LOAD_TIMEOUT.as_secs();
            return Err(self.file_error(both!(
                "the file could not be read within {seconds} seconds",
                "文件在 {seconds} 秒内未能读完"
            )));
        };
        loaded.expect("loading a configuration does not panic")
    }

    fn file_error(&self, error: Bilingual) -> ConfigError {
        ConfigError::File { path: self.sources.file.clone().unwrap_or_default(), error }
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
