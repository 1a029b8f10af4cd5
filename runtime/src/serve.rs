//! `parlor serve`: the server, from its command line to its exit code.

use crate::admin::{self, Admin};
use crate::cloak;
use crate::clock::SystemClock;
use crate::config::{self, Arity, Config, ConfigSources, LoadedConfig, LogFormat, SETTINGS, Setting};
use crate::console::Console;
use crate::driver::{Control, Driver, Ended, ListenerRole, Parts};
use crate::file_limit;
use crate::locale::text;
use crate::logging::Logging;
use crate::password::{HashVerifier, LivePasswords};
use crate::random::{self, Key};
use crate::recording::Recorder;
use crate::rehash::Rehash;
use crate::signals;
use crate::store::{self, Opened};
use crate::transport::{DeadPeerTimeout, SocketBuffers, TcpListening};
use clap::{Arg, ArgAction, ArgMatches, Command};
use parlor_protocol::{Language, Life, MemoryLog, Options, World};
#[cfg(target_os = "linux")]
use rustix::process::{Signal, set_parent_process_death_signal};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;
use tokio::sync::{Notify, mpsc};
use tracing::error;
use tracing::level_filters::LevelFilter;

/// The exit code of a server that could not start.
const CANNOT_START: u8 = 1;
/// The exit code of a wrong configuration; clap's for a wrong command line is the same.
const BAD_CONFIGURATION: u8 = 2;
/// The exit code of a server that stopped although its log could not be finished.
const LOG_UNFINISHED: u8 = 3;
/// The exit code of a server that a second signal ended at once.
const FORCED: u8 = 130;

/// Capacity of the queue of controls for the driver.
const CONTROLS_MAX: usize = 8;

/// Returns the command line of `parlor serve`.
#[must_use]
pub fn command(language: Language) -> Command {
    let variable = config::CONFIG_VARIABLE;
    let config =
        Arg::new("config").long("config").value_name("FILE").value_parser(clap::value_parser!(PathBuf)).help(
            text!(
                language,
                "Read settings from this TOML file; also {variable}",
                "从这个 TOML 文件读取设置；也可以用 {variable} 指定"
            ),
        );
    let print = Arg::new("print-config").long("print-config").action(ArgAction::SetTrue).help(text!(
        language,
        "Show the settings in force and where each value came from, and exit",
        "显示生效的设置和每个值的来源，然后结束"
    ));
    // Hidden: for programs that run a server as a child.
    let end = Arg::new("end-with-parent").long("end-with-parent").action(ArgAction::SetTrue).hide(true);
    let record = Arg::new("record").long("record").value_name("FILE").value_parser(clap::value_parser!(PathBuf)).help(text!(
        language,
        "Record everything that the server is sent into this new file, for parlor replay: whatever anybody says, but no passwords",
        "把服务器收到的全部内容录制到这个新文件，供 parlor replay 重放：包括所有人说的话，但不含密码"
    ));
    Command::new("serve")
        .about(text!(language, "Serve chat rooms (the default command)", "启动聊天室服务器（默认命令）"))
        .after_help(after_help(language))
        .arg(config)
        .arg(print)
        .arg(record)
        .arg(end)
        .args(SETTINGS.iter().map(|setting| argument(setting, language)))
}

/// Returns the text below the options in the help.
fn after_help(language: Language) -> String {
    let names: Vec<&str> = config::reloadable_names().collect();
    let (last, names) = names.split_last().expect("some settings are reloadable");
    let names = names.join(match language {
        Language::En => ", ",
        Language::Zh => "、",
    });
    text!(
        language,
        "\
Every option but --config, --print-config and --record can also be set by an environment variable (--rate-lines is \
PARLOR_RATE_LINES) or in the file (rate_lines = 50). The command line takes precedence over the \
environment, and the environment over the file.

Signals: SIGTERM and SIGINT stop the server, and a second one ends it at once; SIGUSR1 logs the counters. SIGHUP \
stops a server that runs on a terminal, as when the terminal is closed; any other server reloads the file, as with \
an operator's /rehash: {names} and {last} are updated.

Exit status: 0 stopped on request, 1 could not start, 2 wrong command line or configuration, 3 stopped before the log was \
finished, 130 ended at once by a second signal.",
        "\
除 --config、--print-config 和 --record 外，每个选项也可以用环境变量设置（--rate-lines 对应 PARLOR_RATE_LINES），\
或写在配置文件里（rate_lines = 50）。命令行优先于环境变量，环境变量优先于配置文件。

信号：SIGTERM 和 SIGINT 停止服务器，再次收到则立即结束；SIGUSR1 把计数写入日志。在终端上运行的服务器收到 SIGHUP \
（例如关闭终端时）会停止；其他情况下，SIGHUP 会重新加载配置文件，与管理员的 /rehash 相同，{names} 和 {last} \
随之更新。

退出状态：0 正常停止，1 无法启动，2 命令行或配置有误，3 停止时日志未写完，130 第二个信号使其立即结束。"
    )
}

fn argument(setting: &'static Setting, language: Language) -> Arg {
    let about = setting.about.get(language);
    let default = default_shown(setting);
    let help = match (setting.name, default.as_str()) {
        ("connections_max" | "lang", _) | (_, "") => about.to_owned(),
        (_, default) => text!(language, "{about} [default: {default}]", "{about} [默认值：{default}]"),
    };
    let argument = Arg::new(setting.name)
        .long(setting.name.replace('_', "-"))
        .value_name(setting.value)
        .help_heading(setting.topic.title(language))
        .help(help)
        .action(if setting.arity == Arity::One { ArgAction::Set } else { ArgAction::Append });
    match setting.bare_value {
        Some(value) => argument.num_args(0..=1).require_equals(true).default_missing_value(value),
        None => argument,
    }
}

/// Returns the default of a setting as the command line takes it: without the punctuation of TOML.
fn default_shown(setting: &Setting) -> String {
    let default = (setting.get)(&Config::default());
    match (setting.value, default.as_str()) {
        ("on|off", "true") => "on".to_owned(),
        ("on|off", "false") => "off".to_owned(),
        _ => default.replace(['[', ']', '"'], ""),
    }
}

/// Runs the server until it is stopped.
#[must_use]
pub fn run(matches: &ArgMatches, language: Language) -> ExitCode {
    let sources = sources(matches);
    let loaded = match LoadedConfig::new(&sources) {
        Ok(loaded) => loaded,
        Err(error) => return fail(&error.in_language(language), BAD_CONFIGURATION),
    };
    let language = loaded.config.options.language;
    let prints = matches.get_flag("print-config");
    if prints && let Err(error) = io::stdout().write_all(loaded.to_toml().as_bytes()) {
        let text = text!(language, "cannot print the configuration: {error}", "无法输出配置：{error}");
        return fail(&text, CANNOT_START);
    }
    if let Err(error) = loaded.check() {
        return fail(&error.in_language(language), BAD_CONFIGURATION);
    }
    if prints {
        return ExitCode::SUCCESS;
    }
    #[cfg(target_os = "linux")]
    if matches.get_flag("end-with-parent")
        && let Err(error) = set_parent_process_death_signal(Some(Signal::TERM))
    {
        let text =
            text!(language, "cannot end with the parent process: {error}", "无法随父进程结束：{error}");
        return fail(&text, CANNOT_START);
    }
    // One thread: if another one polled the sockets and woke the driver for each event, ticks would hold one message.
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            return fail(&text!(language, "cannot start: {error}", "无法启动：{error}"), CANNOT_START);
        }
    };
    let record = matches.get_one::<PathBuf>("record");
    runtime.block_on(serve(sources, &loaded, record.map(PathBuf::as_path)))
}

/// Collects the sources of the configuration, and raises the limit of open files on the way.
fn sources(matches: &ArgMatches) -> ConfigSources {
    let mut flags = BTreeMap::new();
    for setting in SETTINGS {
        if let Some(values) = matches.get_many::<String>(setting.name) {
            flags.insert(setting.name, values.cloned().collect());
        }
    }
    let environment: BTreeMap<String, String> = std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.to_string_lossy().into_owned())))
        .collect();
    let file = matches.get_one::<PathBuf>("config").cloned().or_else(|| {
        environment.get(config::CONFIG_VARIABLE).filter(|path| !path.is_empty()).map(PathBuf::from)
    });
    ConfigSources { flags, environment, file, files_max: file_limit::raise() }
}

async fn serve(sources: ConfigSources, loaded: &LoadedConfig, record: Option<&Path>) -> ExitCode {
    let config = &loaded.config;
    let _logging = Logging::start(config.log_format, config.log_level, config.options.language);
    let clock = SystemClock::start();
    // Before it listens: whoever connects is not left waiting while the log is read.
    let opened = match config.data.as_deref().map(|data| store::open(data, config.sync, clock)).transpose() {
        Ok(opened) => opened,
        Err(error) => return cannot_start(&error.in_language(config.options.language), config),
    };
    let listeners = match listen(config) {
        Ok(listeners) => listeners,
        Err(error) => return cannot_start(&error, config),
    };
    let (controls, control) = mpsc::channel(CONTROLS_MAX);
    let rehash = Arc::new(Notify::new());
    if let Err(error) = signals::watch(&controls, &rehash) {
        let language = config.options.language;
        let text = text!(language, "cannot watch for signals: {error}", "无法接收信号：{error}");
        return cannot_start(&text, config);
    }
    let console = Console::new(config.options.language, Arc::clone(&rehash));
    loaded.warnings.iter().for_each(|warning| console.config_warning(warning));
    let admin = start_admin(config, controls.clone(), &console, clock);
    announce(&listeners, &console, config);
    let passwords = LivePasswords::new(config.passwords.clone());
    let verifier = match HashVerifier::new(passwords.clone(), config.password_limits(), clock) {
        Ok(verifier) => verifier,
        Err(error) => {
            let language = config.options.language;
            let text = text!(language, "cannot check passwords: {error}", "无法验证密码：{error}");
            return cannot_start(&text, config);
        }
    };
    let options = match with_random_numbers(config, opened.as_ref().map(|opened| opened.cloak_key)) {
        Ok(options) => Options { remembers_outside: opened.is_some(), ..options },
        Err(text) => return cannot_start(&text, config),
    };
    let recorder = match record.map(|file| start_recording(file, &console, config)).transpose() {
        Ok(recorder) => recorder,
        Err(text) => return cannot_start(&text, config),
    };
    let task = Rehash {
        sources,
        config: config.clone(),
        passwords,
        controls,
        console: console.clone(),
        hung: Vec::new(),
    };
    tokio::spawn(task.run(rehash));
    tokio::spawn(console.clone().log_password_counts());
    tokio::spawn(console.clone().log_left_out());
    let parts = (clock, console.clone(), recorder, verifier);
    let ended = drive(config, options, listeners, opened, parts, control).await;
    drop(admin);
    console.stopped(ended);
    match ended {
        Ended::CutOff(_) | Ended::Drained => ExitCode::SUCCESS,
        Ended::Forced(_) => ExitCode::from(FORCED),
        Ended::LifeOver => ExitCode::FAILURE,
        Ended::LogUnfinished(_) => ExitCode::from(LOG_UNFINISHED),
    }
}

/// Starts to answer `parlor admin`, if there is a data directory. Without it, the server works all the same.
fn start_admin(
    config: &Config,
    controls: mpsc::Sender<Control>,
    console: &Console,
    clock: SystemClock,
) -> Option<Admin> {
    let directory = config.data.clone()?;
    let server = admin::Server { directory, clock, controls, counts: console.counts() };
    Admin::start(server).map_err(|error| console.admin_failed(&error)).ok()
}

/// Runs the driver on a store, or in memory alone, until it is stopped.
async fn drive(
    config: &Config,
    options: Options,
    listeners: Vec<(TcpListening, ListenerRole)>,
    opened: Option<Opened>,
    (clock, observer, recorder, verifier): (
        SystemClock,
        Console,
        Option<Recorder>,
        HashVerifier<SystemClock>,
    ),
    control: mpsc::Receiver<Control>,
) -> Ended {
    let (limits, driver) = (config.limits, config.driver);
    match opened {
        Some(Opened { log, world, replayed, damaged_snapshots, lost, .. }) => {
            observer.store_opened(world.position().0, replayed, &damaged_snapshots, lost);
            let parts = Parts { clock, log, observer, recorder, verifier, world };
            Driver::new(limits, options, driver, listeners, parts).run(control).await
        }
        None => {
            let (log, world) = (MemoryLog::new(), World::new());
            let parts = Parts { clock, log, observer, recorder, verifier, world };
            Driver::new(limits, options, driver, listeners, parts).run(control).await
        }
    }
}

/// Creates the file of a recording. The error is its message.
fn start_recording(file: &Path, console: &Console, config: &Config) -> Result<Recorder, String> {
    let recorder = Recorder::create(file).map_err(|error| {
        let (file, language) = (file.display(), config.options.language);
        match error.kind() {
            io::ErrorKind::AlreadyExists => text!(
                language,
                "--record {file}: the file exists, and no recording is overwritten",
                "--record {file}：文件已存在，不会覆盖"
            ),
            _ => text!(language, "--record {file}: {error}", "--record {file}：{error}"),
        }
    })?;
    console.recording(file);
    Ok(recorder)
}

/// Returns the options with what is drawn at random: the key of the cloaks, unless the store has kept one, and the life of the node.
/// The error is its message.
fn with_random_numbers(config: &Config, cloak_key: Option<Key>) -> Result<Options, String> {
    let mut options = config.options.clone();
    let language = options.language;
    let key = cloak_key.map_or_else(random::key, Ok).map_err(|error| {
        text!(language, "cannot draw a key for cloaks: {error}", "无法生成主机掩码的密钥：{error}")
    })?;
    options.cloaks = cloak::under(key);
    options.life = random::number()
        .map(Life)
        .map_err(|error| text!(language, "cannot draw a number: {error}", "无法生成随机数：{error}"))?;
    Ok(options)
}

/// Listens on every address of the configuration, or returns the message of the first error.
fn listen(config: &Config) -> Result<Vec<(TcpListening, ListenerRole)>, String> {
    let language = config.options.language;
    let dead_peer_timeout = DeadPeerTimeout { ms: config.vanish_ms };
    let buffers = SocketBuffers::of(&config.limits);
    let mut listeners = Vec::new();
    for url in &config.listen {
        let addresses = url.addresses().map_err(|error| config::listen_error(url, None, &error, language))?;
        for address in addresses {
            let listening = TcpListening::bind(address, dead_peer_timeout, buffers)
                .map_err(|error| config::listen_error(url, Some(address), &error, language))?;
            listeners.push((listening, url.role.clone()));
        }
    }
    Ok(listeners)
}

/// Logs the addresses that are listened on, and the settings that their operator should know of.
fn announce(listeners: &[(TcpListening, ListenerRole)], console: &Console, config: &Config) {
    for (listener, role) in listeners {
        if let Ok(address) = listener.local_addr() {
            if !address.ip().to_canonical().is_loopback() {
                console.exposed_address(address);
            }
            console.listening(address, role, config);
        }
    }
    console.limits_in_force(config);
    console.slow_readers_at_risk(config);
    if let Some((listener, _)) = listeners.first() {
        console.small_buffers(SocketBuffers::of(&config.limits), listener.buffers());
    }
}

/// Reports that the server cannot start, as a line for people or a record for programs, and returns the exit code.
fn cannot_start(error: &str, config: &Config) -> ExitCode {
    if config.log_format == LogFormat::Json && config.log_level >= LevelFilter::ERROR {
        error!(event = "cannot_start", "{error}");
        return ExitCode::from(CANNOT_START);
    }
    fail(error, CANNOT_START)
}

/// Writes one line to standard error and returns the exit code.
fn fail(error: &str, code: u8) -> ExitCode {
    // If standard error is closed, the exit code still reports the failure.
    drop(writeln!(io::stderr(), "parlor: {error}"));
    ExitCode::from(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defaults_are_shown_as_the_command_line_takes_them() {
        let shown = |name| default_shown(SETTINGS.iter().find(|it| it.name == name).unwrap());
        assert_eq!(shown("greeting"), "on");
        assert_eq!(shown("echo"), "off");
        assert_eq!(shown("listen"), "auto://127.0.0.1:3000");
        assert!(shown("reserved_names").starts_with("AuthServ, BotServ, "), "{}", shown("reserved_names"));
        assert_eq!(shown("motd"), "");
    }
}
