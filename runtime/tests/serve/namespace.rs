//! Namespaces for one test, in which every port is free, links can be cut, and file systems can be mounted.

use crate::support::with_default_signals;
use rustix::process::geteuid;
use std::process::Command;

const INSIDE: &str = "PARLOR_TEST_NAMESPACE";

/// Runs the calling test again, alone, in namespaces of networks and mounts where no signal is ignored. Returns whether this is that second
/// run, which does the work.
pub fn is_inside(test: &str) -> bool {
    if std::env::var_os(INSIDE).is_some() {
        return true;
    }
    let mut command = with_default_signals("unshare");
    if !geteuid().is_root() {
        command.args(["--user", "--map-root-user"]);
    }
    let script = "ip link set lo up && exec \"$0\" \"$@\"";
    command.args(["--net", "--mount", "--", "sh", "-c", script]).arg(std::env::current_exe().unwrap());
    command.args([test, "--exact", "--include-ignored", "--nocapture"]).env(INSIDE, "1");
    let output = command.output().unwrap();
    let told = String::from_utf8_lossy(&output.stdout);
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && told.contains("1 passed"), "{told}\n{errors}");
    println!("{told}");
    false
}

/// Runs a program that must succeed.
pub fn run(program: &str, arguments: &str) {
    let status = Command::new(program).args(arguments.split(' ')).status().unwrap();
    assert!(status.success(), "{program} {arguments}: {status}");
}
