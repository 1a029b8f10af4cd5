//! `parlor hash-password` on a terminal.

use crate::tmux::Tmux;

/// Runs `parlor hash-password` in a window, followed by a command that shows its results.
fn hash_password() -> Tmux {
    let parlor = env!("CARGO_BIN_EXE_parlor");
    let after =
        "echo \"ended with $?, $(stty -a | grep -o -- '-*icanon'), $(stty -a | grep -o -- '-*echo ')\"";
    let window = Tmux::start(120, 20, &format!("{parlor} hash-password; {after}; read wait"));
    window.wait_for("Password:");
    window
}

#[test]
#[ignore = "needs tmux"]
fn a_password_is_asked_for_twice_and_not_shown() {
    let window = hash_password();
    window.type_in("geheim世");
    window.press(&["BSpace", "Enter"]);
    window.wait_for("Repeat password:");
    window.type_in("geheim");
    window.press(&["Enter"]);
    let screen = window.wait_for("ended with 0, icanon, echo").concat();
    assert!(screen.contains("$argon2id$") && !screen.contains("geheim"), "{screen}");
}

#[test]
#[ignore = "needs tmux"]
fn two_passwords_that_differ_make_no_hash() {
    let window = hash_password();
    window.type_in("one");
    window.press(&["Enter"]);
    window.wait_for("Repeat password:");
    window.type_in("another");
    window.press(&["Enter"]);
    let screen = window.wait_for("ended with 1, icanon, echo").concat();
    assert!(screen.contains("parlor: the passwords do not match"), "{screen}");
}

#[test]
#[ignore = "needs tmux"]
fn the_terminal_is_as_before_when_one_thinks_better_of_it() {
    let window = hash_password();
    window.type_in("one");
    window.press(&["C-c"]);
    window.wait_for("ended with 130, icanon, echo");
}
