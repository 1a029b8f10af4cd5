//! `HELP`.

use super::Hint;
use super::answer::Page;

/// How each command is written, and what it does; in the order of the names.
const COMMANDS: &[(&str, &str, &str)] = &[
    ("ADMIN", "ADMIN", "who runs the server"),
    ("AWAY", "AWAY [:message]", "you are away, or there again"),
    ("CAP", "CAP LS|LIST|REQ|END", "what your client can ask for"),
    ("CHGHOST", "CHGHOST nick host", "show somebody at another host, as an operator of the server"),
    ("HELP", "HELP [command]", "this list, or a line of it"),
    ("INFO", "INFO", "what this server is"),
    ("INVITE", "INVITE [nick #channel]", "ask somebody into a channel, or see where you are invited"),
    ("ISON", "ISON nick ...", "who of these is there"),
    ("JOIN", "JOIN #channel[,#channel] [key[,key]]", "enter channels; 0 leaves all"),
    ("KICK", "KICK #channel nick[,nick] [:reason]", "send somebody out of a channel that you run"),
    ("KILL", "KILL nick [:reason]", "end somebody's connection, as an operator of the server"),
    ("LINKS", "LINKS", "the servers of this network"),
    ("LIST", "LIST [conditions]", "channels; #c*, !*x, >5, <10, C<60, T>5 are conditions"),
    ("LUSERS", "LUSERS", "how many there are"),
    ("MODE", "MODE #channel|nick [changes]", "what a channel allows, or what you have set for yourself"),
    ("MONITOR", "MONITOR +|-|C|L|S [nick[,nick]]", "be told when somebody comes and goes"),
    ("MOTD", "MOTD", "the greeting of the server"),
    ("NAMES", "NAMES #channel", "who is in a channel"),
    ("NICK", "NICK name", "take another name"),
    ("NOTICE", "NOTICE target :text", "say something that no program answers"),
    ("OPER", "OPER name password", "show that you are an operator of the server"),
    ("PART", "PART #channel [:message]", "leave a channel"),
    ("PING", "PING token", "ask whether the server is there"),
    ("PRIVMSG", "PRIVMSG target[,target] :text", "say something to a channel, or to one alone"),
    ("QUIT", "QUIT [:message]", "leave"),
    ("REHASH", "REHASH", "read the server's configuration again, as one of its operators"),
    ("RESTART", "RESTART", "refused: a server is restarted by whoever runs it"),
    ("SETNAME", "SETNAME :real name", "call yourself something else"),
    ("STATS", "STATS u", "how long the server has been up"),
    ("TAGMSG", "@+tag TAGMSG target", "send tags without a text"),
    ("TIME", "TIME", "the server's time"),
    ("TOPIC", "TOPIC #channel [:topic]", "what a channel is about"),
    ("USERHOST", "USERHOST nick ...", "where these are"),
    ("VERSION", "VERSION", "what the server runs"),
    ("WALLOPS", "WALLOPS :text", "speak to all who want to hear operators, as one of the server"),
    ("WHO", "WHO #channel|nick|pattern [o][%fields]", "who is there"),
    ("WHOIS", "WHOIS nick", "who somebody is"),
    ("WHOWAS", "WHOWAS nick [count]", "who somebody was"),
];

pub(super) fn help(subject: Option<&str>, page: &mut Page<'_>) {
    let Some(subject) = subject else {
        page.numeric("704", "* :Commands of this server; HELP COMMAND tells of one");
        for eight in COMMANDS.chunks(8) {
            let names: Vec<&str> = eight.iter().map(|(name, ..)| *name).collect();
            page.numeric("705", format!("* :{}", names.join(" ")));
        }
        return page.numeric("706", "* :End of /HELP");
    };
    match COMMANDS.iter().find(|(name, ..)| *name == subject.to_ascii_uppercase()) {
        Some((name, usage, about)) => {
            page.numeric("704", format!("{name} :{usage}"));
            page.numeric("705", format!("{name} :{about}"));
            page.numeric("706", format!("{name} :End of /HELP"));
        }
        None => page.numeric("524", format!("{subject} :No help available on this topic")),
    }
}

/// What a person is told who was taken for a client.
pub(super) const fn hint(hint: Hint, chinese: bool) -> &'static str {
    match (hint, chinese) {
        (Hint::Left, false) => {
            "To chat without IRC, connect again, and begin with anything but NICK, USER, PASS or CAP"
        }
        (Hint::Left, true) => "如不使用 IRC 聊天，请重新连接，不要以 NICK、USER、PASS 或 CAP 开头",
        (Hint::OnlyIrc, false) => {
            "Only IRC is spoken at this port: NICK and USER come first, and nothing that you write before them is \
             said. /quit ends the connection"
        }
        (Hint::OnlyIrc, true) => {
            "此端口只支持 IRC：请先发送 NICK 和 USER，在此之前的内容都不会发送。输入 /quit 断开连接"
        }
        (Hint::Switched, false) => {
            "Your first line looked like that of an IRC client, so this connection speaks IRC from here on. If you \
             are typing: /quit, connect again, and begin with another line"
        }
        (Hint::Switched, true) => {
            "您的第一行像是 IRC 客户端发送的，此连接已改用 IRC。如果是您手动输入的，请输入 /quit 断开，重新连接后先发送其他内容"
        }
        (Hint::Unregistered, false) => {
            "This connection speaks IRC: NICK and USER come first, and nothing that you write before them is said. To \
             chat without IRC: /quit, connect again, and begin with another line"
        }
        (Hint::Unregistered, true) => {
            "此连接使用 IRC：请先发送 NICK 和 USER，在此之前的内容都不会发送。如不使用 IRC，请输入 /quit 断开，重新连接后先发送其他内容"
        }
    }
}
