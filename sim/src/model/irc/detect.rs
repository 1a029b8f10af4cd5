//! What a first line tells.

/// A registration begins with one of these, and says something behind it.
const REGISTRATION: [&str; 4] = ["CAP", "NICK", "PASS", "USER"];

pub(in crate::model) fn is_irc(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
    words.len() > 1 && REGISTRATION.contains(&words[0])
}

/// A request line names a method first and the version last.
pub(in crate::model) fn is_http(line: &[u8]) -> bool {
    let line = String::from_utf8_lossy(line);
    let words: Vec<&str> = line.split(' ').filter(|word| !word.is_empty()).collect();
    let is_method = |word: &str| word.chars().all(|it| it.is_ascii_uppercase());
    words.len() > 1 && is_method(words[0]) && words.last().is_some_and(|last| last.starts_with("HTTP/"))
}

/// A handshake of TLS begins so, whatever comes behind it.
pub(in crate::model) fn is_tls(bytes: &[u8]) -> bool {
    matches!(bytes, [0x16, 0x03, ..])
}

pub(in crate::model) fn http_answer(server: &str) -> String {
    let body = [
        &format!("This is {server}, a chat room, and no web page."),
        "",
        "There are these ways in, all at this address and port:",
        "",
        "- parlor chat HOST:PORT",
        "- nc HOST PORT",
        "- any IRC client, without TLS",
        "",
    ]
    .join("\n");
    let head = [
        "HTTP/1.1 200 OK",
        "Content-Type: text/plain; charset=utf-8",
        &format!("Content-Length: {}", body.len()),
        "Connection: close",
        "",
        "",
    ]
    .join("\r\n");
    head + &body
}
