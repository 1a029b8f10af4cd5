//! Connecting, and the reasons why it fails.

use crate::parties::{Chat, Fake, close, read_all};
use crate::support::{parlor, wait};
use socket2::{Domain, Socket, Type};
use std::net::{Ipv6Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Output, Stdio};
use std::time::Duration;

/// Runs `parlor chat` to its end with these arguments and this environment.
fn run(arguments: &[&str], environment: &[(&str, &str)]) -> Output {
    let mut command = parlor();
    command.arg("chat").args(arguments).envs(environment.iter().copied());
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Its output fits into the pipes.
    wait(&mut child);
    child.wait_with_output().unwrap()
}

fn told(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Binds a socket to a free port of 127.0.0.1, on which nothing listens until the socket does.
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
        "parlor: cannot connect to {nobody}: no server is listening there; start one with `parlor serve --listen \
         auto://{nobody}`\n"
    );
    let chinese = format!(
        "parlor: 无法连接 {nobody}：该地址没有服务器，可以用 `parlor serve --listen auto://{nobody}` 启动一个\n"
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
        told(&output)
            .starts_with("parlor: cannot connect to no..such:3000: the host name cannot be resolved (")
    );
    assert_eq!(told(&output).lines().count(), 1);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_server_that_does_not_answer_is_given_up() {
    // The queue of connections is full and nothing accepts them, so the system ignores further ones.
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
        (
            &["--name", "12345"][..],
            "parlor: --name: a name cannot be all digits; only the server assigns such names\n",
        ),
        (&["--name", "a b"], "parlor: --name: a name cannot contain a space\n"),
        (&["--name", "a b", "--lang", "zh"], "parlor: --name：名字里不能有空格\n"),
        (&["--name", ""], "parlor: --name: a name cannot be empty\n"),
        (&["--room", "a b"], "parlor: --room: a room name cannot contain a space\n"),
        (&["--room", "a b", "--lang", "zh"], "parlor: --room：房间名里不能有空格\n"),
        (&["--key", "secret"], "parlor: --key is for a room: name the room with --room\n"),
        (&["--lang", "fr"], "zh or en"),
        (&["--connect-timeout-ms", "0"], "0"),
        (&["--no-such-option"], "--no-such-option"),
    ] {
        let output = run(&[flags, &[&address]].concat(), &[]);
        assert_eq!(output.status.code(), Some(2), "{flags:?}");
        assert!(told(&output).contains(why), "{flags:?}: {}", told(&output));
    }
    assert!(!fake.has_visitor());
}

#[test]
fn an_address_that_is_none_is_told_of() {
    for (address, why) in [
        ("127.0.0.1:port", "usage: HOST, HOST:PORT, [IPV6]:PORT or auto://HOST:PORT/ROOM"),
        ("irc://127.0.0.1:6667", "irc:// is for IRC clients"),
        ("tls://127.0.0.1:6697", "TLS is not supported yet"),
        ("http://127.0.0.1", "http:// addresses are not supported"),
        ("auto://127.0.0.1:3000/a b", "a room name cannot contain a space"),
    ] {
        let output = run(&[address], &[]);
        assert_eq!(told(&output).lines().count(), 1);
        let expected = format!("parlor: invalid server address {address}: {why}");
        assert!(told(&output).starts_with(&expected), "{}", told(&output));
        assert_eq!(output.status.code(), Some(2));
    }
    let output = run(&["auto://h:1/tea", "--room", "coffee"], &[]);
    let expected = "parlor: the address names the room tea, but --room names coffee; give only one of them\n";
    assert_eq!((told(&output).as_str(), output.status.code()), (expected, Some(2)));
}

/// Returns a link-local address of this machine with its interface, if it has one (Linux).
fn link_local() -> Option<(Ipv6Addr, String)> {
    let table = std::fs::read_to_string("/proc/net/if_inet6").ok()?;
    table.lines().find_map(|line| {
        let fields: Vec<&str> = line.split_whitespace().collect();
        let [address, _, _, "20", _, interface] = fields[..] else { return None };
        Some((u128::from_str_radix(address, 16).ok()?.into(), interface.to_owned()))
    })
}

#[test]
fn an_ipv6_address_may_name_its_interface() {
    // A machine without IPv6 has no such address.
    let Ok(listener) = TcpListener::bind("[::]:0") else { return };
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || while listener.accept().is_ok() {});
    let mut addresses = vec![format!("[::1]:{port}"), format!("auto://[::1]:{port}")];
    if let Some((address, interface)) = link_local() {
        addresses.push(format!("[{address}%{interface}]:{port}"));
        addresses.push(format!("auto://[{address}%25{interface}]:{port}/"));
    }
    for address in addresses {
        let status = told(&run(&[&address], &[]));
        assert!(status.starts_with("parlor: connected to ["), "{address}: {status}");
    }
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
    assert!(help.contains("Exit status:\n  0    left as asked"), "{help}");
    assert_eq!(output.status.code(), Some(0));
}

#[test]
fn the_program_ends_though_its_input_does_not() {
    let fake = Fake::listen();
    let mut chat = Chat::start(fake.address, &[]);
    close(&fake.accept());
    assert_eq!(chat.finish().1, Some(3));
}
