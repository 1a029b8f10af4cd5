//! Files that are no recordings of this build, and servers that cannot be recorded.

use super::{Folder, blocks, record, replayed, replayed_in, stop, write};
use crate::support::parlor;
use parlor_runtime::recording::BUILD;
use std::fs;
use std::os::unix::fs::PermissionsExt;

#[test]
fn a_recording_is_for_its_owner_and_is_never_overwritten() {
    let folder = Folder::new("file");
    let file = folder.file("recording");
    let server = record(&file, &[]);
    server.log.wait_for("recording into ");
    assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
    stop(server);
    let before = fs::read(&file).unwrap();
    let mut command = parlor();
    command.args(["serve", "--data", "none", "--listen", "plain://127.0.0.1:0", "--record"]).arg(&file);
    for (language, text) in
        [("en", "the file exists, and no recording is overwritten"), ("zh", "文件已存在，不会覆盖")]
    {
        let output = command.env("PARLOR_LANG", language).output().unwrap();
        let error = String::from_utf8_lossy(&output.stderr).into_owned();
        assert!(output.status.code() == Some(1) && error.contains(text), "{error}");
    }
    assert_eq!(fs::read(&file).unwrap(), before);
}

#[test]
fn what_is_no_recording_of_this_build_is_refused_with_words() {
    let folder = Folder::new("build");
    let file = folder.file("recording");
    stop(record(&file, &[]));
    let (line, mut blocks) = blocks(&file);
    let at = blocks[0].windows(BUILD.len()).position(|it| it == BUILD.as_bytes()).unwrap();
    blocks[0][at..at + 4].copy_from_slice(b"beef");
    let other = folder.file("other");
    write(&other, &line, &blocks);
    let told = replayed(&other, &[], 2);
    assert!(told.contains("recorded by another build: version ") && told.contains(BUILD), "{told}");
    assert!(replayed_in("zh", &other, &[], 2).contains("由另一个构建录制：版本 "));

    let none = folder.file("none");
    assert!(replayed(&none, &[], 2).contains("cannot read: "));
    fs::write(&none, "hello").unwrap();
    assert!(replayed(&none, &[], 2).contains("this is not a recording"));
    fs::write(&none, "parlor recording 2\nhello").unwrap();
    assert!(replayed(&none, &[], 2).contains("the recording has format 2,"));
    assert!(replayed(&file, &["--until", "x"], 2).contains("--until"));
    assert!(replayed(&file, &["--show", "a b"], 2).contains("--show: "));
}

#[test]
fn a_server_whose_recording_cannot_be_written_goes_on() {
    let folder = Folder::new("full");
    let file = folder.file("recording");
    // The file may have 4 KiB: a write of more fails, and the signal for that is ignored.
    let mut command = std::process::Command::new("bash");
    let script = "trap '' XFSZ; ulimit -f 4; exec \"$@\"";
    command.args([
        "-c",
        script,
        "bash",
        env!("CARGO_BIN_EXE_parlor"),
        "serve",
        "--lang",
        "en",
        "--data",
        "none",
    ]);
    command.args(["--listen", "plain://127.0.0.1:0", "--record"]).arg(&file);
    let server = crate::support::Server::start_command(command);
    let (mut alice, mut bob) = (server.enter(), server.enter());
    alice.line();
    let mut said = 0;
    while server.log.with("the recording has ended, and the server goes on: cannot write: ").is_empty() {
        said += 1;
        assert!(said < 10_000, "the recording ends");
        alice.send(format!("{said} {}\n", "x".repeat(200)));
        bob.take(|unread| Some(unread.iter().position(|&byte| byte == b'\n')? + 1));
    }
    alice.send("still here\n");
    loop {
        if bob.line().ends_with("still here") {
            break;
        }
    }
    assert_eq!(server.log.with("recording has ended").len(), 1);
    let told = replayed(&file, &[], 0);
    assert!(told.contains("was cut off"), "{told}");
    stop(server);
}
