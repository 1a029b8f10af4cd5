//! The configuration: flags, environment, file, defaults, in that order of precedence.

mod error;
mod file;
mod listen;
mod settings;
mod value;

use crate::driver::DriverLimits;
use crate::locale::{self, Bilingual, both};
use crate::password::{PasswordLimits, Passwords};
use crate::store::Sync;
pub use error::ConfigError;
use error::unknown_setting;
pub use listen::{ListenUrl, ListenUrlError, listen_error};
use parlor_protocol::{Limits, Options, Via};
pub use settings::{Arity, SETTINGS, Setting, Topic, reloadable_names};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// The prefix of every environment variable of a setting.
pub const ENV_PREFIX: &str = "PARLOR_";

/// File descriptors reserved for what is not a connection: listeners, logs, the runtime's own.
pub const RESERVED_FILES: u64 = 64;

/// The largest default of `connections_max`, however many files may be open.
const CONNECTIONS_AUTO_MAX: u32 = 1 << 20;

/// The settings in force.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// The addresses to listen on.
    pub listen: Vec<ListenUrl>,
    /// The settings of the core that are not limits.
    pub options: Options,
    /// The limits of the core.
    pub limits: Limits,
    /// The limits of the driver.
    pub driver: DriverLimits,
    /// The hashes of the server's and the operators' passwords.
    pub passwords: Passwords,
    /// Password checks that may wait for a thread.
    pub password_queue_max: usize,
    /// Threads that check passwords.
    pub password_threads: usize,
    /// Milliseconds without a sign of life after which a peer's host counts as dead.
    pub vanish_ms: u64,
    /// The directory of the store; `None` if nothing survives the process.
    pub data: Option<PathBuf>,
    /// When the store waits for the disk.
    pub sync: Sync,
    /// The format of the logs.
    pub log_format: LogFormat,
    /// The lowest level that is logged.
    pub log_level: tracing::level_filters::LevelFilter,
}

/// The format of the logs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogFormat {
    /// For people: a sentence per line, in colour on a terminal.
    #[default]
    Human,
    /// For programs: a JSON object per line.
    Json,
}

impl Default for Config {
    fn default() -> Self {
        Self {
            listen: vec![ListenUrl::default()],
            options: Options::default(),
            limits: Limits::default(),
            driver: DriverLimits { accept_retry_ms: 1_000, log_close_ms: 5_000, shutdown_ms: 5_000 },
            passwords: Passwords::default(),
            password_queue_max: 8_192,
            password_threads: 1,
            vanish_ms: 120_000,
            data: None,
            sync: Sync::default(),
            log_format: LogFormat::default(),
            log_level: tracing::level_filters::LevelFilter::INFO,
        }
    }
}

impl Config {
    /// Returns the limits of checking passwords. Without a rate, wrong passwords are not limited either.
    #[must_use]
    pub const fn password_limits(&self) -> PasswordLimits {
        PasswordLimits {
            queue_max: self.password_queue_max,
            threads: self.password_threads,
            limits_attempts: self.limits.rate.lines > 0,
        }
    }
}

/// The source of a value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// The default.
    Default,
    /// An environment variable.
    Environment(String),
    /// The configuration file.
    File(PathBuf),
    /// The limit of open files.
    FileLimit,
    /// The command line.
    Flag(String),
}

impl Source {
    fn text(&self) -> Bilingual {
        match self {
            Self::Default => both!("default", "默认值"),
            Self::Environment(name) => both!("environment: {name}", "环境变量：{name}"),
            Self::File(path) => {
                let path = path.display();
                both!("file: {path}", "文件：{path}")
            }
            Self::FileLimit => both!("from the file limit", "由打开文件数的上限决定"),
            Self::Flag(flag) => both!("flag: {flag}", "命令行：{flag}"),
        }
    }
}

/// The sources that a configuration is read from.
#[derive(Clone, Debug, Default)]
pub struct ConfigSources {
    /// The values on the command line, by setting.
    pub flags: BTreeMap<&'static str, Vec<String>>,
    /// The environment.
    pub environment: BTreeMap<String, String>,
    /// The configuration file, if one was named.
    pub file: Option<PathBuf>,
    /// The number of files that this process may have open; `None` for no limit.
    pub files_max: Option<u64>,
}

/// A configuration and the source of each of its values.
#[derive(Debug)]
pub struct LoadedConfig {
    /// The settings in force.
    pub config: Config,
    /// Mistakes that do not keep the server from starting, a sentence each.
    pub warnings: Vec<Bilingual>,
    sources: BTreeMap<&'static str, Source>,
}

impl LoadedConfig {
    /// Loads a configuration from its sources.
    ///
    /// # Errors
    /// A value or the file is invalid. Relations between limits are left to [`check`](Self::check), so that
    /// `--print-config` can show limits that contradict each other.
    pub fn new(sources: &ConfigSources) -> Result<Self, ConfigError> {
        let mut loaded = Self { config: Config::default(), warnings: Vec::new(), sources: BTreeMap::new() };
        loaded.apply_locale(&sources.environment);
        if let Some(path) = &sources.file {
            loaded.apply_file(path)?;
        }
        loaded.apply_environment(&sources.environment)?;
        for setting in SETTINGS {
            if let Some(values) = sources.flags.get(setting.name) {
                loaded.set(setting, values, Source::Flag(setting.flag()))?;
            }
        }
        loaded.fit_into_file_limit(sources.files_max);
        Ok(loaded)
    }

    /// Checks that the limits do not contradict each other.
    ///
    /// # Errors
    /// The first relation between limits that does not hold.
    pub fn check(&self) -> Result<(), ConfigError> {
        self.config.limits.check().map_err(|error| ConfigError::limits(error, &self.config))?;
        let bad = |error| Err(ConfigError::Bad { place: "listen".to_owned(), error });
        let urls = self.config.listen.iter();
        for url in urls.filter(|url| url.role.via != Via::Direct) {
            if self.config.options.proxies.is_empty() {
                return bad(both!(
                    "{url} is for proxies, and none is named: add --proxies with their addresses",
                    "{url} 供代理使用，但没有指定代理：请用 --proxies 写明其地址"
                ));
            }
            if url.role.via == Via::Gateway && self.config.passwords.gateways.is_none() {
                return bad(both!(
                    "{url} is for gateways, and they have no password: add --webirc-password with its hash",
                    "{url} 供网关使用，但没有设置网关密码：请用 --webirc-password 写明其哈希值"
                ));
            }
        }
        Ok(())
    }

    /// Returns the configuration as a TOML file, with the source of each value as a comment.
    #[must_use]
    pub fn to_toml(&self) -> String {
        let language = self.config.options.language;
        let head =
            both!("The settings in force, and where each value came from.", "生效的设置，以及每个值的来源。");
        let mut toml = format!("# {}\n", head.in_language(language));
        let mut topic = None;
        for setting in SETTINGS {
            if topic.replace(setting.topic) != Some(setting.topic) {
                writeln!(toml, "\n# {}", setting.topic.title(language))
                    .expect("writing to a string cannot fail");
            }
            let line = format!("{} = {}", setting.name, (setting.get)(&self.config));
            let source = self.source(setting.name).text();
            let source = source.in_language(language);
            writeln!(toml, "{line:<40} # {source}").expect("writing to a string cannot fail");
        }
        toml
    }

    fn source(&self, name: &str) -> &Source {
        self.sources.get(name).unwrap_or(&Source::Default)
    }

    /// Applies the language of POSIX's locale variables.
    fn apply_locale(&mut self, environment: &BTreeMap<String, String>) {
        let variable = |name: &str| environment.get(name).cloned();
        if let Some((name, Some(language))) = locale::locale_variable(variable) {
            self.config.options.language = language;
            self.sources.insert("lang", Source::Environment(name.to_owned()));
        }
    }

    fn apply_file(&mut self, path: &Path) -> Result<(), ConfigError> {
        // A name that cannot be a word of an IRC message is left out of the replies that would name the file.
        if let Some(name) = path.file_name().and_then(|name| value::word(name.to_str()?).ok()) {
            Arc::make_mut(&mut self.config.options.identity).configuration = name.to_owned();
        }
        for (key, values) in file::read(path)? {
            let Some(setting) = SETTINGS.iter().find(|setting| setting.name == key) else {
                return Err(ConfigError::UnknownKey { path: path.to_owned(), key });
            };
            let values = values.map_err(|error| {
                let place = format!("{}: {key}", path.display());
                ConfigError::Bad { place, error }
            })?;
            self.set(setting, &values, Source::File(path.to_owned()))?;
        }
        Ok(())
    }

    fn apply_environment(&mut self, environment: &BTreeMap<String, String>) -> Result<(), ConfigError> {
        for (name, value) in environment.range(ENV_PREFIX.to_owned()..) {
            let Some(rest) = name.strip_prefix(ENV_PREFIX) else { break };
            let Some(setting) = SETTINGS.iter().find(|setting| setting.name.eq_ignore_ascii_case(rest))
            else {
                if name != CONFIG_VARIABLE {
                    let write = |name: &str| format!("{ENV_PREFIX}{}", name.to_ascii_uppercase());
                    self.warnings.push(unknown_setting(name, rest, write));
                }
                continue;
            };
            let values: Vec<String> = match setting.arity {
                Arity::Lines => value.lines().map(str::to_owned).collect(),
                Arity::One => vec![value.clone()],
                Arity::Words => value.split_whitespace().map(str::to_owned).collect(),
            };
            self.set(setting, &values, Source::Environment(name.clone()))?;
        }
        Ok(())
    }

    fn set(
        &mut self,
        setting: &'static Setting,
        values: &[String],
        source: Source,
    ) -> Result<(), ConfigError> {
        (setting.set)(&mut self.config, values).map_err(|error| {
            let place = match &source {
                Source::Environment(name) => name.clone(),
                Source::File(path) => format!("{}: {}", path.display(), setting.name),
                Source::Flag(flag) => flag.clone(),
                Source::Default | Source::FileLimit => setting.name.to_owned(),
            };
            ConfigError::Bad { place, error }
        })?;
        self.sources.insert(setting.name, source);
        Ok(())
    }

    /// Fits `connections_max` into the limit of open files. A server out of descriptors could not even tell a client
    /// why it is refused.
    fn fit_into_file_limit(&mut self, files_max: Option<u64>) {
        let Some(files_max) = files_max else { return };
        let limits = &mut self.config.limits;
        let reserved = RESERVED_FILES + u64::from(limits.refusals_max);
        let fitting = u32::try_from(files_max.saturating_sub(reserved)).unwrap_or(u32::MAX).max(1);
        if !self.sources.contains_key("connections_max") {
            limits.connections_max = fitting.min(CONNECTIONS_AUTO_MAX);
            self.sources.insert("connections_max", Source::FileLimit);
        } else if limits.connections_max > fitting {
            let wanted = limits.connections_max;
            self.warnings.push(both!(
                "connections_max is {wanted}, but the limit of {files_max} open files allows only {fitting}: raise it \
                 with `ulimit -n` or LimitNOFILE=",
                "connections_max 为 {wanted}，但打开文件数的上限 {files_max} 只允许 {fitting} 个连接：\
                 请用 `ulimit -n` 或 LimitNOFILE= 提高上限"
            ));
        }
    }
}

/// The environment variable that names the configuration file.
pub const CONFIG_VARIABLE: &str = "PARLOR_CONFIG";

#[cfg(test)]
mod tests {
    use super::*;
    use parlor_protocol::Language;

    const HASH: &str = "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$P3OLBQw3O3GiY9hpX8wpK8qO6gQccIdDXnlkdzKceqU";

    fn sources(flags: &[(&'static str, &str)], environment: &[(&str, &str)]) -> ConfigSources {
        let mut sources = ConfigSources::default();
        for &(name, value) in flags {
            sources.flags.entry(name).or_default().push(value.to_owned());
        }
        for &(name, value) in environment {
            sources.environment.insert(name.to_owned(), value.to_owned());
        }
        sources
    }

    #[test]
    fn a_flag_takes_precedence_over_the_environment() {
        let loaded = LoadedConfig::new(&sources(&[("lang", "en")], &[("PARLOR_LANG", "zh")])).unwrap();
        assert_eq!(loaded.config.options.language, Language::En);
        assert_eq!(*loaded.source("lang"), Source::Flag("--lang".to_owned()));
    }

    #[test]
    fn the_environment_takes_precedence_over_the_locale() {
        let loaded =
            LoadedConfig::new(&sources(&[], &[("PARLOR_LANG", "en"), ("LC_ALL", "zh_CN.UTF-8")])).unwrap();
        assert_eq!(loaded.config.options.language, Language::En);
    }

    #[test]
    fn the_first_locale_variable_that_is_set_decides() {
        let language =
            |environment| LoadedConfig::new(&sources(&[], environment)).unwrap().config.options.language;
        assert_eq!(language(&[("LANG", "zh_CN.UTF-8")]), Language::Zh);
        assert_eq!(language(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "C")]), Language::En);
        assert_eq!(language(&[("LANG", "zh_CN.UTF-8"), ("LC_ALL", "")]), Language::Zh);
    }

    #[test]
    fn a_bad_value_names_its_place() {
        let error = LoadedConfig::new(&sources(&[("rate_lines", "many")], &[])).unwrap_err();
        assert_eq!(error.to_string(), "--rate-lines: many is not a whole number from 0 to 4294967295");
        let error = LoadedConfig::new(&sources(&[], &[("PARLOR_LANG", "fr")])).unwrap_err();
        assert_eq!(error.to_string(), "PARLOR_LANG: must be zh or en");
    }

    #[test]
    fn limits_that_contradict_each_other_are_refused() {
        let loaded = LoadedConfig::new(&sources(&[("backlog_bytes_max", "4096")], &[])).unwrap();
        let error = loaded.check().unwrap_err();
        let in_force = "--line-bytes-max 4096 --backlog-bytes-max 4096";
        assert!(error.to_string().starts_with(&format!("invalid limits: {in_force}: ")), "{error}");
        let error = error.in_language(Language::Zh);
        assert!(error.starts_with(&format!("限制无效：{in_force}：")), "{error}");
        assert!(loaded.to_toml().contains("backlog_bytes_max = 4096"), "they can be looked at");
    }

    #[test]
    fn an_unknown_variable_makes_a_warning() {
        let loaded = LoadedConfig::new(&sources(&[], &[("PARLOR_LINGO", "zh")])).unwrap();
        assert_eq!(loaded.warnings, [both!("unknown setting PARLOR_LINGO", "没有设置 PARLOR_LINGO")]);
        let loaded = LoadedConfig::new(&sources(&[], &[("PARLOR_RATE_LINE", "5")])).unwrap();
        assert_eq!(
            loaded.warnings[0].in_language(Language::En),
            "unknown setting PARLOR_RATE_LINE, did you mean PARLOR_RATE_LINES?"
        );
    }

    #[test]
    fn connections_fit_into_the_file_limit() {
        let sources = ConfigSources { files_max: Some(1_024), ..sources(&[], &[]) };
        let loaded = LoadedConfig::new(&sources).unwrap();
        assert_eq!(loaded.config.limits.connections_max, 944);
        assert!(loaded.to_toml().contains("connections_max = 944"), "{}", loaded.to_toml());
    }

    #[test]
    fn more_connections_than_files_make_a_warning() {
        let sources =
            ConfigSources { files_max: Some(1_024), ..sources(&[("connections_max", "5000")], &[]) };
        let loaded = LoadedConfig::new(&sources).unwrap();
        assert_eq!(loaded.config.limits.connections_max, 5_000);
        assert_eq!(loaded.warnings.len(), 1, "{:?}", loaded.warnings);
    }

    #[test]
    fn lines_in_the_environment_are_separated_by_line_ends() {
        let environment = [("PARLOR_MOTD", "two words\n\na third line"), ("PARLOR_ADMIN", "")];
        let loaded = LoadedConfig::new(&sources(&[], &environment)).unwrap();
        let identity = &loaded.config.options.identity;
        assert_eq!(identity.motd, ["two words", "", "a third line"]);
        assert!(identity.admin.is_empty());
    }

    #[test]
    fn a_server_with_a_password_says_so() {
        let has_password = |password: &str| {
            let loaded =
                LoadedConfig::new(&sources(&[("password", password)], &[("PARLOR_PASSWORD", HASH)])).unwrap();
            assert_eq!(loaded.config.passwords.server.is_some(), loaded.config.options.identity.has_password);
            loaded.config.options.identity.has_password
        };
        assert!(has_password(HASH));
        assert!(!has_password(""), "an empty one removes it");
    }

    #[test]
    fn an_invalid_hash_is_refused_and_not_shown() {
        let error = LoadedConfig::new(&sources(&[("password", "hunter2")], &[])).unwrap_err().to_string();
        assert_eq!(error, "--password: not an argon2 hash: make one with `parlor hash-password`");
    }

    /// The printed configuration shows that secrets are set, and not the secrets. Loaded again, `(set)` is refused as an
    /// invalid hash: a server must not come up without its password.
    #[test]
    fn the_printed_configuration_has_no_secrets() {
        let operator = format!("alice:{HASH}");
        let loaded =
            LoadedConfig::new(&sources(&[("password", HASH), ("operators", &operator)], &[])).unwrap();
        let printed = loaded.to_toml();
        assert!(!printed.contains("argon2"), "{printed}");
        assert!(
            printed.contains("password = \"(set)\"") && printed.contains("[\"alice:(set)\"]"),
            "{printed}"
        );
        for (name, shown) in [("password", "(set)"), ("operators", "alice:(set)")] {
            assert!(LoadedConfig::new(&sources(&[(name, shown)], &[])).is_err(), "{name}");
        }
    }

    #[test]
    fn the_printed_configuration_loads_as_the_same() {
        let flags = [
            ("listen", "plain://[::1]:4000/茶"),
            ("listen", "plain://127.0.0.1:4000/-"),
            ("echo", "on"),
            ("network", "Tea"),
            ("motd", "\"Welcome\", he said: \\o/"),
            ("motd", ""),
        ];
        let loaded = LoadedConfig::new(&sources(&flags, &[("PARLOR_RELAY", "raw")])).unwrap();
        let values = file::parse(&loaded.to_toml()).unwrap();
        let mut again = ConfigSources::default();
        for setting in SETTINGS {
            again.flags.insert(setting.name, values[setting.name].clone().unwrap());
        }
        assert_eq!(LoadedConfig::new(&again).unwrap().config, loaded.config);
    }
}
