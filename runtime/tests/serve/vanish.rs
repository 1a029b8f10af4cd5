//! A host that dies without closing its connections.

use crate::namespace::{is_inside, run};
use crate::support::{Server, parlor};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, Command, Stdio};

/// A host at the other end of a link: a network namespace held by a process.
struct Host {
    keeper: Child,
    nc: Option<(Child, ChildStdin)>,
}

impl Host {
    /// Creates a host with an address, linked to this one.
    fn link(link: &str, here: &str, there: &str) -> Self {
        let mut keeper = Command::new("unshare");
        keeper.args(["--net", "--", "sh", "-c", "echo up; exec sleep 600"]).stdout(Stdio::piped());
        let mut keeper = keeper.spawn().unwrap();
        BufReader::new(keeper.stdout.take().unwrap()).read_line(&mut String::new()).unwrap();
        let host = Self { keeper, nc: None };
        run("ip", &format!("link add {link} type veth peer name far netns {}", host.keeper.id()));
        run("ip", &format!("addr add {here}/24 dev {link}"));
        run("ip", &format!("link set {link} up"));
        host.run(&format!("ip addr add {there}/24 dev far"));
        host.run("ip link set far up");
        host
    }

    fn inside(&self) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net=/proc/{}/ns/net", self.keeper.id()));
        command
    }

    fn run(&self, command: &str) {
        let status = self.inside().args(command.split(' ')).status().unwrap();
        assert!(status.success(), "{command}: {status}");
    }

    /// Starts `nc` on that host.
    fn connect(&mut self, address: &str, port: u16) {
        let mut nc = self.inside();
        nc.args(["nc", address, &port.to_string()]).stdin(Stdio::piped()).stdout(Stdio::null());
        let mut nc = nc.spawn().unwrap();
        let stdin = nc.stdin.take().unwrap();
        self.nc = Some((nc, stdin));
    }

    fn say(&mut self, line: &str) {
        let (_, stdin) = self.nc.as_mut().unwrap();
        writeln!(stdin, "{line}").unwrap();
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some((nc, _)) = &mut self.nc {
            nc.kill().ok();
            nc.wait().ok();
        }
        self.keeper.kill().ok();
        self.keeper.wait().ok();
    }
}

#[test]
#[ignore = "needs a network namespace (unshare, ip, nsenter) and nc"]
fn a_host_that_vanishes_is_gone_in_time() {
    if !is_inside("vanish::a_host_that_vanishes_is_gone_in_time") {
        return;
    }
    for talk in [false, true] {
        let (link, net) = if talk { ("talk", "10.9.1") } else { ("silence", "10.9.2") };
        let here = format!("{net}.1");
        let mut host = Host::link(link, &here, &format!("{net}.2"));
        let mut command = parlor();
        command.args(["serve", "--listen", "plain://127.0.0.1:0", "--vanish-ms", "3000"]);
        command.args(["--listen", &format!("plain://{here}:0")]);
        let server = Server::start_command(command);
        let mut alice = server.enter();
        let outside = server.log.wait_for(&format!("listening on {here}:"));
        let (_, behind) = outside.split_once(&format!("listening on {here}:")).unwrap();
        let port = behind.split(|it: char| !it.is_ascii_digit()).next().unwrap().parse().unwrap();
        host.connect(&here, port);
        let joined = alice.line();
        let name = joined.strip_suffix(" joined").unwrap().to_owned();
        host.say("before the cut");
        alice.expect(format!("{name}: before the cut"));

        host.run("ip link set far down");
        if talk {
            // Unacknowledged data ends the connection, too.
            alice.send("is anybody there?\n");
        }
        alice.expect(format!("{name} left"));
        server.log.wait_for(&format!("{name} left: connection lost"));
    }
}
