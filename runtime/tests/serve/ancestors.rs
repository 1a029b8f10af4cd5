//! The programs that Parlor descends from, unchanged: the first ancestor's server and client in Node, and the second one's
//! server in Python. They are not in this repository.

use crate::program::Program;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

/// The environment variable with their directory, if it is not beside this repository.
const DIRECTORY: &str = "PARLOR_ANCESTORS";

/// Returns the path of one of the ancestors' programs.
pub fn program(name: &str) -> PathBuf {
    let beside = concat!(env!("CARGO_MANIFEST_DIR"), "/../../shared/seeds");
    let directory = std::env::var_os(DIRECTORY).map_or_else(|| beside.into(), PathBuf::from);
    let path = directory.join(name);
    let is_there = path.is_file();
    assert!(is_there, "this test needs the ancestors' {name}; there is no {path:?}: set {DIRECTORY}");
    path
}

/// Starts the first ancestor's server, and waits until it listens.
pub fn node_server() -> (Program, SocketAddr) {
    node_server_by(Command::new("node").arg(program("node-server.js")))
}

/// Starts the first ancestor's server with this command.
pub fn node_server_by(command: &mut Command) -> (Program, SocketAddr) {
    let server = Program::start(command);
    server.printed.wait_for("服务器已启动,监听127.0.0.1:3000");
    (server, ([127, 0, 0, 1], 3000).into())
}

/// Starts the first ancestor's client, which connects to 127.0.0.1:3000.
pub fn node_client() -> Program {
    Program::start(Command::new("node").arg(program("node-client.js")))
}

/// Returns the client's name in Parlor's Chinese greeting.
pub fn name_of(client: &Program) -> String {
    let greeting = client.printed.wait_for("* 您的名字是 ");
    let (name, _) = greeting.strip_prefix("* 您的名字是 ").unwrap().split_once('，').unwrap();
    name.to_owned()
}
