//! The answer to `HELP`.

use crate::dialect::irc::command::table::{COMMANDS, IrcCommand, Privilege};
use crate::dialect::irc::numeric;
use crate::dialect::irc::query::Answers;
use alloc::format;
use alloc::vec::Vec;

/// Writes the list of commands, or the help of one command.
pub(super) fn help(subject: Option<&str>, to: &mut Answers<'_>) {
    let Some(subject) = subject else {
        to.numeric(numeric::RPL_HELPSTART, &["*", "Commands of this server; HELP COMMAND explains one"]);
        let names: Vec<&str> = COMMANDS.iter().filter(|it| it.help.is_some()).map(|it| it.name).collect();
        for names in names.chunks(8) {
            to.numeric(numeric::RPL_HELPTXT, &["*", &names.join(" ")]);
        }
        return to.numeric(numeric::RPL_ENDOFHELP, &["*", "End of /HELP"]);
    };
    let found = COMMANDS.iter().find(|it| it.name.eq_ignore_ascii_case(subject));
    let Some((IrcCommand { name, privilege, .. }, (usage, about))) =
        found.and_then(|it| Some((it, it.help?)))
    else {
        return to.numeric(numeric::ERR_HELPNOTFOUND, &[subject]);
    };
    let for_whom = match privilege {
        Privilege::Anybody => "",
        Privilege::RoomOperators => "; for channel operators",
        Privilege::ServerOperators => "; for server operators",
    };
    let about = format!("{about}{for_whom}");
    to.numeric(numeric::RPL_HELPSTART, &[name, usage]);
    to.numeric(numeric::RPL_HELPTXT, &[name, &about]);
    to.numeric(numeric::RPL_ENDOFHELP, &[name, "End of /HELP"]);
}
