//! Names with the special characters of IRC.

use crate::clients::{Person, nc, server};
use crate::namespace::is_inside;

#[test]
#[ignore = "needs irssi, nc, tmux and a network namespace"]
fn irssi_talks_under_names_with_every_sign_of_irc() {
    if !is_inside("names::irssi_talks_under_names_with_every_sign_of_irc") {
        return;
    }
    let _server = server();
    let mut carol = nc("carol");
    let names = [r"a\b", "x`y", "[a]{b}|c^d"];
    let people = names.map(|name| Person::with_irssi(name, "#lobby"));
    for (person, name) in people.iter().zip(names) {
        person.enters(&format!("hello from {name}"));
        carol.printed.wait_for(&format!("{name}: hello from {name}"));
        for other in &people {
            other.sees(&format!("{name}> hello from {name}"));
        }
        carol.enter(&format!("/msg {name} just for you, {name}"));
        person.sees(&format!("just for you, {name}"));
        person.enters(&format!("/msg carol back from {name}"));
        carol.printed.wait_for(&format!("back from {name}"));
    }
}
