//! The README's session, replayed: its text is what really happens.

use crate::support::{Client, Server, parlor};

/// The ports in the README.
const PORTS: [&str; 2] = ["58578", "58584"];

fn readme() -> String {
    std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../README.md")).unwrap()
}

/// A terminal of the README: a client and its expected text.
struct Terminal {
    client: Client,
    text: String,
}

impl Terminal {
    fn open(server: &Server) -> Self {
        let text = "$ nc 127.0.0.1 3000\n".to_owned();
        let mut terminal = Self { client: Client::connect(server.address), text };
        // The others can see it only after its greeting.
        terminal.reads(1);
        terminal
    }

    fn types(&mut self, line: &str) {
        self.client.send(format!("{line}\n"));
        self.text += &format!("{line}\n");
    }

    fn reads(&mut self, count: usize) {
        for _ in 0..count {
            let line = self.client.line();
            self.text += &format!("{line}\n");
        }
    }
}

#[test]
fn the_readmes_session_goes_as_it_is_shown() {
    // At a plain listener, clients receive the same without the delay of detection.
    let mut server = Server::start(&["--connections-max", "19920"]);
    let mut first = Terminal::open(&server);
    let mut second = Terminal::open(&server);
    first.reads(1);
    first.types("hello?");
    second.reads(1);
    second.types("/nick alice");
    second.reads(1);
    first.reads(1);
    second.types("hello yourself");
    first.reads(1);
    first.types("/me waves");
    second.reads(1);
    second.types("/join tea");
    second.reads(1);
    first.reads(1);
    second.types("/who");
    second.reads(1);
    second.types("/quit");
    second.reads(1);
    server.log.wait_for("alice left");
    server.signal(rustix::process::Signal::KILL);
    server.wait();

    let readme = readme();
    let names = [first.client.name.clone(), second.client.name.clone()];
    let as_shown = |text: &str| {
        let text =
            names.iter().zip(PORTS).fold(text.to_owned(), |text, (name, port)| text.replace(name, port));
        text.replace(&server.address.port().to_string(), "3000")
    };
    for terminal in [first, second] {
        let shown = format!("```console\n{}```\n", as_shown(&terminal.text));
        assert!(readme.contains(&shown), "the README does not have this:\n{shown}");
    }
    // The log without the times, which names the dialect of the README's listener.
    let logged = server.log.wait_for_end();
    let logged: Vec<String> =
        logged.iter().filter_map(|line| line.split_once("Z ")).map(|(_, line)| as_shown(line)).collect();
    let (_, shown) = readme.split_once("Meanwhile, the server logs:\n\n```console\n").unwrap();
    let shown: Vec<&str> = shown.split_once("```").unwrap().0.lines().collect();
    let shown: Vec<String> = shown
        .iter()
        .filter_map(|line| line.split_once("Z "))
        .map(|(_, line)| line.replace(", or any IRC client", ""))
        .collect();
    assert_eq!(logged, shown);
}

#[test]
fn every_command_line_of_parlor_in_the_documents_is_one() {
    let documents = ["README.md", "docs/BENCH.md", "docs/CHAT.md", "docs/CONFIGURATION.md", "docs/IRC.md"];
    let mut count = 0;
    for document in documents {
        let path = format!("{}/../{document}", env!("CARGO_MANIFEST_DIR"));
        let text = std::fs::read_to_string(path).unwrap();
        let lines = text.lines().filter_map(|line| line.strip_prefix("$ "));
        for line in lines.filter(|line| *line == "parlor" || line.starts_with("parlor ")) {
            count += 1;
            // The shell splits the line; `--help` keeps the command from running.
            let command =
                line.split(" #").next().unwrap().split(" >").next().unwrap().split(" 2>").next().unwrap();
            let script = format!(
                "parlor() {{ \"$0\" \"$@\" --help; }}; pidof() {{ echo 1; }}; cat() {{ echo x; }}; {command}"
            );
            let output = parlor_shell(&script);
            assert!(
                output.status.success(),
                "{document}: {line}\n{}",
                String::from_utf8_lossy(&output.stderr)
            );
        }
    }
    assert!(count >= 5, "{count} lines were found");
}

/// Returns a shell whose `$0` is the program.
fn parlor_shell(script: &str) -> std::process::Output {
    let program = parlor();
    let mut shell = std::process::Command::new("sh");
    crate::support::clear_environment(&mut shell);
    shell.args(["-c", script]).arg(program.get_program()).output().unwrap()
}
