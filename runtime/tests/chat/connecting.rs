//! How a conversation begins, and why it does not.

use crate::parties::{Chat, Fake, close, read_all};
use crate::support::{parlor, wait};
use socket2::{Domain, Socket, Type};
use std::net::{SocketAddr, TcpStream};
use std::process::{Output, Stdio};
use std::time::Duration;

/// Runs `parlor chat` to its end with these arguments and this environment.
fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = parlor();
    command.arg("chat").args(arguments).envs(environment.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // It says so little that the pipes hold it.
    wait(&mut child);
    child.wait_with_output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// A socket on a port of 127.0.0.1 that no other one gets, and where nobody listens before it does.
fn bound() -> (Socket, SocketAddr) {
    let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    (socket, address)
}

#[test]
fn a_refused_connection_is_one_clear_line_in_the_language_in_force() {
    let (_nobody, address) = bound();
    let nobody = address.to_string();
    let english = format!(
        "parlor: cannot connect to {nobody}: nothing listens there; start a server with `parlor serve --listen \
         plain://{nobody}`\n"
    );
    let chinese = format!(
        "parlor: 无法连接{nobody}:那里没有服务器;请用 `parlor serve --listen plain://{nobody}` 启动一个\n"
    );
    for (flags, environment, expected) in [
        (&[][..], &[][..], &english),
        (&[], &[("LANG", "en_GB.UTF-8")], &english),
        (&["--lang", "zh"], &[], &chinese),
        (&[], &[("LANG", "zh_CN.UTF-8")], &chinese),
        (&[], &[("LC_ALL", "C"), ("LANG", "zh_CN.UTF-8")], &english),
        (&["--lang", "en"], &[("LC_ALL", "zh_CN.UTF-8")], &english),
    ] {
        let output = run(&[flags, &[&nobody]].concat(), environment);
        assert_eq!((&told(&output), output.status.code()), (expected, Some(1)), "{flags:?} {environment:?}");
        assert_eq!(output.stdout, b"");
    }
}

#[test]
fn a_name_that_nobody_knows_is_one_clear_line() {
    let output = run(&["no..such"], &[]);
    assert!(
        told(&output).starts_with("parlor: cannot connect to no..such:3000: the name cannot be looked up (")
    );
    assert_eq!(told(&output).lines().count(), 1);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    // A queue of connections that is full and that nobody takes from: the system answers no other one.
    let (listener, address) = bound();
    listener.listen(0).unwrap();
    let waiting = || TcpStream::connect_timeout(&address, Duration::from_millis(200)).ok();
    let queue: Vec<TcpStream> = std::iter::from_fn(waiting).collect();
    let output = run(&["--connect-timeout-ms", "200", &address.to_string()], &[]);
    drop(queue);
    let expected = format!("parlor: cannot connect to {address}: no answer; ");
    assert!(told(&output).starts_with(&expected), "{}", told(&output));
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn every_address_of_a_name_is_tried() {
    let fake = Fake::listen();
    let mut command = parlor();
    command.args(["chat", &format!("plain://localhost:{}", fake.address.port())]);
    let child = command.stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut server = fake.accept();
    assert_eq!(read_all(&mut server), b"");
    close(&server);
    let output = child.wait_with_output().unwrap();
    assert_eq!(told(&output), format!("parlor: connected to {}\nparlor: left the chat room\n", fake.address));
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn a_wrong_command_line_is_refused_before_anything_is_connected() {
    let fake = Fake::listen();
    let address = fake.address.to_string();
    for (flags, why) in [
        (&["--name", "12345"][..], "names of digits alone are the server's to give"),
        (&["--name", "a b"], "the character ' ' cannot be in a name"),
        (&["--name", ""], ""),
        (&["--room", "#tea"], "the character '#' cannot be in a name"),
        (&["--lang", "fr"], "use zh or en"),
        (&["--connect-timeout-ms", "0"], "0"),
        (&["--no-such-option"], "--no-such-option"),
    ] {
        let output = run(&[flags, &[&address]].concat(), &[]);
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        assert!(told(&output).contains(why), "{flags:?}: {}", told(&output));
    }
    let output = run(&["127.0.0.1:port"], &[]);
    assert!(told(&output).contains("plain://HOST:PORT"), "{}", told(&output));
    assert_eq!(output.status.code(), Some(2));
    assert!(!fake.has_visitor());
}

#[test]
fn a_full_standard_error_is_no_reason_to_fail() {
    let fake = Fake::listen();
    let mut command = parlor();
    command.arg("chat").arg(fake.address.to_string());
    let full = std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    let mut child = command.stdin(Stdio::null()).stderr(full).spawn().unwrap();
    let mut server = fake.accept();
    assert_eq!(read_all(&mut server), b"");
    close(&server);
    assert_eq!(wait(&mut child).code(), Some(0));
}

#[test]
fn the_help_tells_the_exit_codes() {
    let output = run(&["--help"], &[]);
    let help = String::from_utf8(output.stdout).unwrap();
    assert!(help.contains("Exit status: 0 left as wished"), "{help}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_program_ends_though_its_input_does_not() {
    let fake = Fake::listen();
    let mut chat = Chat::start(fake.address, &[]);
    close(&fake.accept());
    assert_eq!(chat.finish().1, Some(3));
}
