//! The table of the plain dialect's commands. Parsing, `/help`, the notes on usage and docs/COMMANDS.md are all based
//! on it.

use super::instruction::{HistoryAsked, Instruction, Moment, TopicInstruction};
use super::moderation::{
    away, ban, deop, devoice, invite, kick, mode, op, oper, server_ban, server_unban, unban, voice,
};
use super::words::Group::{Everyday, Moderation};
use super::words::{Group, Localized, PlainCommand, Words, any_name, folded, no_such_command};
use crate::base::calendar::{parse_time_of_day, parse_unix_ms};
use crate::base::id::Seq;
use crate::base::mode::Key;
use crate::base::name::{Name, RoomName};
use crate::dialect::plain::note::{HelpOn, Mistake};
use crate::log::command::MessageKind;
use crate::views::HistoryPoint;

/// Creates a row of the table. Texts are in the order of [`Language::ALL`](crate::Language::ALL).
const fn entry(
    name: &'static str,
    aliases: &'static [&'static str],
    group: Group,
    arguments: [&'static str; 2],
    about: [&'static str; 2],
    details: [&'static str; 2],
    read: fn(&mut Words<'_>) -> Result<Instruction, Mistake>,
) -> PlainCommand {
    let (arguments, about, details) = (Localized(arguments), Localized(about), Localized(details));
    PlainCommand { name, aliases, group, arguments, about, details, read }
}

/// Returns a text that is the same in every language.
const fn both(text: &'static str) -> [&'static str; 2] {
    [text, text]
}

/// All commands, in the order in which `/help` lists them.
pub const COMMANDS: &[PlainCommand] = &[
    entry(
        "help",
        &["h", "?"],
        Everyday,
        ["[COMMAND]", "[命令]"],
        ["list the commands, or explain one", "查看命令列表，或某个命令的说明"],
        [
            "/help moderation lists the commands for room operators",
            "输入 /help moderation 查看房间管理员的命令",
        ],
        help,
    ),
    entry("nick", &["name"], Everyday, ["NAME", "名字"], ["change your name", "改名"], both(""), nick),
    entry(
        "join",
        &["j"],
        Everyday,
        ["ROOM [KEY]", "房间 [口令]"],
        ["enter a room; it is created if it does not exist", "进入房间，房间不存在时会自动创建"],
        [
            "you are in one room at a time: entering a room leaves the one you were in\n\
             creating a room makes you its operator; ROOM and #ROOM are the same room",
            "您同时只能在一个房间，进入新房间时会离开原来的房间\n\
             创建房间的人是该房间的管理员；#房间 与 房间 是同一个房间",
        ],
        join,
    ),
    entry(
        "part",
        &["leave"],
        Everyday,
        ["[TEXT]", "[文字]"],
        ["go back to the lobby, with an optional parting message", "回到大厅 lobby，可附上一句话"],
        both(""),
        part,
    ),
    entry(
        "who",
        &["names"],
        Everyday,
        ["[ROOM]", "[房间]"],
        ["list who is in the room", "查看房间里的人"],
        [
            "@ marks operators, + marks people with voice (/help voice)",
            "@ 表示管理员，+ 表示有发言权的人（见 /help voice）",
        ],
        who,
    ),
    entry("rooms", &["list"], Everyday, both(""), ["list the rooms", "查看房间列表"], both(""), rooms),
    entry(
        "topic",
        &[],
        Everyday,
        ["[TEXT]", "[文字]"],
        ["show or set the topic; /topic - clears it", "查看或设置房间话题；/topic - 清除话题"],
        both(""),
        topic,
    ),
    entry(
        "me",
        &[],
        Everyday,
        ["TEXT", "文字"],
        ["describe an action, as in /me waves", "描述动作，例如 /me 挥手"],
        both(""),
        me,
    ),
    entry(
        "msg",
        &["m", "tell", "w"],
        Everyday,
        ["NAME TEXT", "名字 文字"],
        ["send a private message", "发送私聊消息"],
        both(""),
        msg,
    ),
    entry(
        "reply",
        &["r"],
        Everyday,
        ["TEXT", "文字"],
        ["answer the last person who sent you a private message", "回复最近私聊您的人"],
        [
            "if nobody has, it goes to the last person you sent one to; you are shown who received it",
            "如果还没有人私聊过您，则发给您最近私聊的人；发送后会显示发给了谁",
        ],
        reply,
    ),
    entry(
        "invite",
        &[],
        Everyday,
        ["NAME", "名字"],
        ["invite somebody to your room", "邀请别人进入您所在的房间"],
        [
            "somebody invited by an operator can enter without the key, even if the room is invite-only or full",
            "受管理员邀请的人无需口令即可进入，即使房间仅限受邀者进入或已满",
        ],
        invite,
    ),
    entry(
        "away",
        &[],
        Everyday,
        ["[TEXT]", "[文字]"],
        ["mark yourself as away; without TEXT, as back", "标记为离开；不带文字则取消"],
        ["people who send you private messages are shown TEXT", "私聊您的人会看到这段文字"],
        away,
    ),
    entry(
        "history",
        &[],
        Everyday,
        ["[LINES]", "[行数]"],
        ["show what was said here", "查看聊天记录"],
        [
            "/history LINES before TIME shows what was said before; TIME (UTC) is as in 14:30, 2026-11-24 or \
             2026-11-24T14:30",
            "/history 行数 before 时间 查看更早的记录；时间（UTC）的格式如 14:30、2026-11-24、2026-11-24T14:30",
        ],
        history,
    ),
    entry(
        "remove",
        &["delete"],
        Everyday,
        ["[NAME]", "[名字]"],
        ["remove the last line that you said here", "撤回您在这里说的最后一句话"],
        [
            "operators of the room remove the last line of NAME; whoever has read a line may still see it",
            "房间管理员可用 /remove 名字 删除某人的最后一句话；已经收到的人可能仍能看到",
        ],
        remove,
    ),
    entry(
        "lang",
        &[],
        Everyday,
        both("zh|en"),
        ["switch to Chinese or English", "切换中文或英文"],
        both(""),
        lang,
    ),
    entry(
        "quit",
        &["exit", "bye"],
        Everyday,
        ["[TEXT]", "[文字]"],
        ["leave the chat, with an optional parting message", "离开聊天室，可附上一句话"],
        both(""),
        quit,
    ),
    entry(
        "kick",
        &[],
        Moderation,
        ["NAME [REASON]", "名字 [原因]"],
        ["remove somebody from the room", "将某人移出房间"],
        ["they can come back unless they are banned", "除非已被封禁，对方可以再次进入"],
        kick,
    ),
    entry(
        "ban",
        &[],
        Moderation,
        ["[NAME]", "[名字]"],
        ["ban somebody from the room; without NAME, list the bans", "封禁某人；不带名字则查看封禁名单"],
        [
            "somebody who is in the room stays, but cannot speak; /kick removes them\n\
             NAME may be a mask of the form name!user@host: *!*@10.0.0.* bans every address that begins with 10.0.0. (IRC clients \
             show hosts in WHOIS)\n\
             /ban m:NAME stops somebody from speaking, but not from entering",
            "已在房间里的人不会被移出，但不能发言；要移出请用 /kick\n\
             名字也可以是掩码，格式为 name!user@host：*!*@10.0.0.* 封禁所有以 10.0.0. 开头的地址（IRC 客户端可用 WHOIS 查看 host）\n\
             /ban m:bob 只禁言 bob，仍可进入",
        ],
        ban,
    ),
    entry(
        "unban",
        &[],
        Moderation,
        ["NAME", "名字"],
        ["lift a ban", "解除封禁"],
        ["NAME must be written as /ban lists it", "名字须与 /ban 列出的一致"],
        unban,
    ),
    entry(
        "op",
        &[],
        Moderation,
        ["NAME", "名字"],
        ["make somebody an operator", "设某人为管理员"],
        both(""),
        op,
    ),
    entry(
        "deop",
        &[],
        Moderation,
        ["NAME", "名字"],
        ["take operator status from somebody", "取消某人的管理员身份"],
        both(""),
        deop,
    ),
    entry(
        "voice",
        &[],
        Moderation,
        ["NAME", "名字"],
        [
            "give somebody voice, so that they can speak in moderated mode",
            "授予某人发言权，使其在 moderated 模式下可以发言",
        ],
        both(""),
        voice,
    ),
    entry(
        "devoice",
        &[],
        Moderation,
        ["NAME", "名字"],
        ["take voice from somebody", "收回某人的发言权"],
        both(""),
        devoice,
    ),
    entry(
        "mode",
        &[],
        Moderation,
        ["[MODE on|off]", "[模式 on|off]"],
        ["show or change the modes of the room", "查看或更改房间的模式"],
        [
            "/mode invite-only on|off   only invited people may enter\n\
             /mode moderated on|off     only operators and people with voice may speak\n\
             /mode no-outside on|off    only people in the room may send messages to it\n\
             /mode no-ctcp on|off       IRC clients may not send CTCP requests to the room\n\
             /mode secret on|off        people outside the room cannot see that it exists\n\
             /mode topic-locked on|off  only operators may change the topic\n\
             /mode key KEY|off          people need the key to enter\n\
             /mode limit NUMBER|off     nobody may enter once NUMBER people are in the room",
            "/mode invite-only on|off   仅限受邀者进入\n\
             /mode moderated on|off     只有管理员和有发言权的人可以发言\n\
             /mode no-outside on|off    只有房间里的人可以向房间发言\n\
             /mode no-ctcp on|off       不允许 IRC 客户端向房间发送 CTCP 请求\n\
             /mode secret on|off        房间外的人看不到这个房间\n\
             /mode topic-locked on|off  只有管理员可以更改话题\n\
             /mode key 口令|off         进入房间需要口令\n\
             /mode limit 人数|off       房间达到该人数后，其他人不能进入",
        ],
        mode,
    ),
    entry(
        "oper",
        &[],
        Moderation,
        ["NAME PASSWORD", "名字 密码"],
        ["become a server operator", "成为服务器管理员"],
        [
            "the name and password come from whoever runs the server; server operators can do everything that room operators can",
            "名字和密码由服务器的运营者提供；服务器管理员拥有房间管理员的全部权限",
        ],
        oper,
    ),
    entry(
        "serverban",
        &["serverbans"],
        Moderation,
        ["[WHO [TIME] [REASON]]", "[对象 [时长] [原因]]"],
        [
            "ban somebody from the server; without WHO, list the bans",
            "禁止某人进入服务器；不带对象则查看封禁名单",
        ],
        [
            "for server operators; whoever is banned is disconnected\n\
             WHO is an address (192.0.2.7), a network (192.0.2.0/24), a name, or a mask of the form name!user@host\n\
             TIME is how long: 30m, 12h, 7d or 1d12h; without it, the ban stays until /serverunban lifts it\n\
             a ban of a name does not ban its address, which IRC clients show in WHOIS",
            "仅限服务器管理员；被封禁者会被断开\n\
             对象是地址（192.0.2.7）、网段（192.0.2.0/24）、名字，或格式为 name!user@host 的掩码\n\
             时长写作 30m、12h、7d 或 1d12h；不写时长则一直有效，直到用 /serverunban 解除\n\
             封禁名字不会封禁其地址；IRC 客户端可用 WHOIS 查看地址",
        ],
        server_ban,
    ),
    entry(
        "serverunban",
        &[],
        Moderation,
        ["WHO", "对象"],
        ["lift a ban from the server", "解除服务器的封禁"],
        [
            "for server operators; WHO must be written as /serverban lists it",
            "仅限服务器管理员；对象须与 /serverban 列出的一致",
        ],
        server_unban,
    ),
];

fn help(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    let Some(subject) = words.next() else { return Ok(Instruction::Help(HelpOn::Everyday)) };
    words.end()?;
    let name = subject.strip_prefix(['/', '／']).unwrap_or(&subject);
    if ["moderation", "管理"].contains(&&*folded(name)) {
        return Ok(Instruction::Help(HelpOn::Moderation));
    }
    let name_folded = folded(name);
    match COMMANDS.iter().find(|it| it.spellings().any(|spelling| spelling == name_folded)) {
        Some(it) => Ok(Instruction::Help(HelpOn::Command(it.name))),
        None => Err(no_such_command(name)),
    }
}

fn history(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    let mut asked = HistoryAsked::default();
    let mut word = words.next();
    if let Some(lines) = word.as_deref().filter(|word| *word != "before") {
        asked.lines = Some(lines.parse().map_err(|_| Mistake::BadNumber)?);
        word = words.next();
    }
    match word.as_deref() {
        None => {}
        Some("before") => asked.before = Some(moment(&words.needed()?).ok_or(Mistake::BadMoment)?),
        Some(_) => return Err(Mistake::BadNumber),
    }
    words.end()?;
    Ok(Instruction::History(asked))
}

/// Reads a point in a history: the number of an event, a time of day, or a date with a time or without.
fn moment(word: &str) -> Option<Moment> {
    if let Ok(seq) = word.parse() {
        return Some(Moment::Point(HistoryPoint::Seq(Seq(seq))));
    }
    let of_day = parse_time_of_day(word).map(Moment::OfDay);
    of_day.or_else(|| parse_unix_ms(word).map(|ms| Moment::Point(HistoryPoint::Time(ms))))
}

fn join(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    let room = room_name(&words.needed()?)?;
    let key = words.next().map(|key| Key::parse(&key).ok_or(Mistake::BadKey)).transpose()?;
    words.end()?;
    Ok(Instruction::Join(room, key))
}

fn lang(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    let code = words.needed_all()?;
    Ok(Instruction::Language(code.parse().map_err(|_| Mistake::UnknownLanguage)?))
}

fn me(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    Ok(Instruction::Say { kind: MessageKind::Action, text: words.needed_text()? })
}

fn msg(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    let to = any_name(&words.needed()?)?;
    Ok(Instruction::Tell { to, text: words.needed_text()? })
}

fn nick(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    Ok(Instruction::Rename(Name::parse(&words.needed_all()?).map_err(Mistake::BadName)?))
}

fn part(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    Ok(Instruction::Part(words.text()))
}

fn quit(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    Ok(Instruction::Quit(words.text()))
}

fn remove(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    let name = words.next().map(|name| any_name(&name)).transpose()?;
    words.end()?;
    Ok(Instruction::Remove(name))
}

fn reply(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    Ok(Instruction::Reply(words.needed_text()?))
}

fn rooms(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    words.end()?;
    Ok(Instruction::Rooms)
}

fn topic(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    Ok(Instruction::Topic(match (words.all().as_deref(), words.text()) {
        (Some("-"), _) => TopicInstruction::Clear,
        (_, Some(topic)) => TopicInstruction::Set(topic),
        _ => TopicInstruction::Show,
    }))
}

fn who(words: &mut Words<'_>) -> Result<Instruction, Mistake> {
    Ok(Instruction::Who(words.all().map(|room| room_name(&room)).transpose()?))
}

/// Parses the name of a room, with or without the `#` of other chat servers.
fn room_name(room: &str) -> Result<RoomName, Mistake> {
    RoomName::parse(room).map_err(Mistake::BadRoom)
}
