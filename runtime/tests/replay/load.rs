//! Servers under load.

use super::{Folder, count, record, replayed, stop};
use crate::support::parlor;
use parlor_runtime::recording::Record;
use std::process::Output;

fn bench(address: std::net::SocketAddr, arguments: &[&str]) -> Output {
    let mut command = parlor();
    command.arg("bench").args(arguments).args(["--json", "--connect", &address.to_string()]);
    command.output().unwrap()
}

#[test]
fn a_server_under_load_does_the_same_again() {
    let folder = Folder::new("load");
    let file = folder.file("recording");
    let flags = ["--rate-lines", "0", "--trusted", "127.0.0.0/8", "--listen", "auto://127.0.0.1:0"];
    let server = record(&file, &flags);
    for dialect in ["plain", "irc"] {
        let output =
            bench(server.address, &["talk200", "--clients", "20", "--seconds", "2", "--dialect", dialect]);
        assert!(output.status.success(), "{output:?}");
    }
    // Clients that do not read, so that sockets take only a part. They are closed earlier than this workload expects of its own server.
    bench(server.address, &["slow", "--clients", "20", "--seconds", "2"]);
    stop(server);

    assert!(count(&file, |record| matches!(record, Record::ShortWrite { .. })) > 0, "sockets were full");
    assert!(count(&file, |record| matches!(record, Record::Digests(_))) > 4, "there are digests each second");
    let told = replayed(&file, &[], 0);
    assert!(told.starts_with("the same: "), "{told}");
    assert_eq!(told.lines().count(), 1, "{told}");
}
