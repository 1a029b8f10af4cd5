//! Two real IRC clients, each on a terminal, connected to the server on 127.0.0.1:3000.

use crate::namespace::run;
use crate::program::Program;
use crate::support::{Lines, Server, parlor};
use crate::tmux::Tmux;
use std::fs::File;
use std::path::PathBuf;
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

/// Wide enough for a line, and high enough for all lines of a test.
const SIZE: (u16, u16) = (150, 120);

/// Starts a server without flags, whose one port accepts every protocol. Must be called in a namespace, where the port is
/// free.
pub fn server() -> Server {
    let mut command = parlor();
    command.arg("serve");
    Server::start_command(command)
}

/// Connects a member with `nc` to the lobby, under this name.
pub fn nc(name: &str) -> Program {
    let mut nc = Program::start(Command::new("nc").args(["127.0.0.1", "3000"]));
    nc.enter(&format!("/nick {name}"));
    nc.printed.wait_for(&format!("* you are now {name}"));
    nc
}

/// Returns a text with `CLOAK` for each cloak: a server draws the key of its cloaks at its start.
pub fn short(text: &str) -> String {
    let mut parts: Vec<String> = text.split(".cloak").map(str::to_owned).collect();
    let last = parts.pop().unwrap_or_default();
    let is_label = |label: &str| label.len() == 8 && label.bytes().all(|it| it.is_ascii_alphanumeric());
    let before = parts.into_iter().map(|part| {
        let labels = part
            .len()
            .checked_sub("hhhhhhhh.nnnnnnnn.ffffffff".len())
            .and_then(|at| part.split_at_checked(at));
        match labels.filter(|(_, labels)| labels.split('.').all(is_label)) {
            Some((before, _)) => format!("{before}CLOAK"),
            None => format!("{part}.cloak"),
        }
    });
    before.collect::<String>() + &last
}

/// A client's home directory, with its settings and its files. It is removed after the test, unless the test fails.
#[derive(Debug)]
struct Home {
    path: PathBuf,
    /// The client's process: the directory can be removed when it has ended.
    client: Option<Lines>,
}

impl Home {
    fn new(client: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("parlor-{client}-{}-{number}", std::process::id()));
        std::fs::create_dir(&path).unwrap();
        Self { path, client: None }
    }
}

impl Drop for Home {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return;
        }
        if let Some(client) = &self.client {
            client.wait_for_end();
        }
        std::fs::remove_dir_all(&self.path).unwrap();
    }
}

/// A user of an IRC client, with the client's terminal.
#[derive(Debug)]
pub struct Person {
    // Dropped before the home: the client ends with its terminal.
    terminal: Tmux,
    _home: Home,
}

impl Person {
    /// Starts irssi, and waits until it is in the room.
    pub fn with_irssi(name: &str, room: &str) -> Self {
        let home = Home::new("irssi");
        // A backslash begins an escape in irssi's settings.
        let written = name.replace('\\', r"\\");
        // One window for everything, and short delays between lines and before reconnects.
        let settings = format!(
            r##"
servers = ({{ address = "127.0.0.1"; port = "3000"; chatnet = "parlor"; autoconnect = "yes"; }});
chatnets = {{ parlor = {{ type = "IRC"; nick = "{written}"; }}; }};
channels = ({{ name = "{room}"; chatnet = "parlor"; autojoin = "yes"; }});
settings = {{
  core = {{ real_name = "{written} the irssi user"; user_name = "{written}"; server_reconnect_time = "1s"; }};
  "irc/core" = {{ cmd_queue_speed = "1msec"; cmds_max_at_once = "100"; }};
  "fe-common/core" = {{
    autocreate_own_query = "OFF"; autocreate_query_level = "NONE"; autocreate_windows = "OFF"; autolog = "OFF";
    timestamps = "OFF"; use_msgs_window = "OFF"; use_status_window = "OFF";
  }};
}};
"##
        );
        std::fs::write(home.path.join("config"), settings).unwrap();
        let person = Self::start(home, "irssi", |home| format!("irssi --home={home}"));
        person.sees(&format!("{name} [{name}@CLOAK] has joined {room}"));
        person.sees(&format!("Join to {room} was synced"));
        person
    }

    /// Starts `WeeChat`, and waits until it is in the room.
    pub fn with_weechat(name: &str, room: &str) -> Self {
        let settings = [
            "/set weechat.look.buffer_time_format \"\"",
            "/set irc.server_default.anti_flood_prio_high 0",
            "/set irc.server_default.anti_flood_prio_low 0",
            "/set irc.server_default.autoreconnect_delay 1",
            "/set irc.server_default.autoreconnect_delay_growing 1",
            // The option has an old and a new name.
            "/set irc.server_default.ssl off",
            "/set irc.server_default.tls off",
            "/server add parlor 127.0.0.1/3000",
            &format!("/set irc.server.parlor.autojoin {room}"),
            &format!("/set irc.server.parlor.nicks {name}"),
            &format!("/set irc.server.parlor.realname {name} the WeeChat user"),
            &format!("/set irc.server.parlor.username {name}"),
            "/connect parlor",
        ];
        let settings: String = settings.iter().map(|setting| format!(" -r '{setting}'")).collect();
        // Only the IRC plugin: no logs, no scripts.
        let person = Self::start(Home::new("weechat"), "weechat", |home| {
            format!("weechat --dir {home} --plugins irc{settings}")
        });
        person.sees(&format!("{name} ({name} the WeeChat user) ({name}@CLOAK) has joined {room}"));
        person.sees("Channel created on");
        person
    }

    fn start(mut home: Home, client: &str, command: impl FnOnce(&str) -> String) -> Self {
        let (columns, rows) = SIZE;
        let path = home.path.to_str().unwrap();
        let alive = format!("{path}/alive");
        run("mkfifo", &alive);
        let command = command(path);
        let script =
            format!("exec 3>{alive}; HOME={path} {command}; echo \"{client} ended with $?\"; read wait");
        let terminal = Tmux::start(columns, rows, &script);
        home.client = Some(Lines::of(File::open(alive).unwrap()));
        Self { terminal, _home: home }
    }

    /// Types a line.
    pub fn enters(&self, line: &str) {
        self.terminal.type_in(line);
        self.terminal.press(&["Enter"]);
    }

    /// Waits for a row that contains this text.
    pub fn sees(&self, part: &str) {
        self.terminal.wait_until(part, |screen| screen.iter().any(|row| short(row).contains(part)));
    }

    /// Waits for a row that contains this text, below the last row that contains `mark`.
    pub fn sees_below(&self, mark: &str, part: &str) {
        self.terminal.wait_until(&format!("{part} below {mark}"), |screen| {
            let mark = screen.iter().rposition(|row| row.contains(mark));
            mark.is_some_and(|mark| screen[mark..].iter().any(|row| short(row).contains(part)))
        });
    }

    pub fn rows(&self) -> Vec<String> {
        self.terminal.screen().iter().map(|row| short(row)).collect()
    }

    /// Returns the rows that contain this text.
    pub fn rows_with(&self, part: &str) -> Vec<String> {
        self.rows().into_iter().filter(|row| row.contains(part)).collect()
    }
}
