//! The Chinese texts of the plain dialect. They keep the words of the server's predecessor, where it had any.

use super::commands::meant;
use super::help::{HelpTexts, help};
use super::moderation::{flag_word, last_of_each, mode_word, muted_mask, shown_mask as shown};
use super::note::{Mistake, Note};
use super::{EarlierHistory, Notes, not_utf8, put_line, put_text};
use crate::base::ban::{BanTargetError, ServerBan};
use crate::base::calendar::Utc;
use crate::base::language::Language;
use crate::base::mode::{Key, MaskList, ModeChange, Status};
use crate::base::name::{Name, NameError, RoomName};
use crate::log::close_reason::CloseReason;
use crate::log::command::{Message, MessageKind};
use crate::log::state::{LogRefusal, LogState};
use crate::views::HistoryPage;
use crate::world::{Event, EventKind};
use crate::world::{Refusal, Topic};
use alloc::format;
use alloc::string::String;
use bytes::BytesMut;
use core::fmt::{self, Display};
use core::num::NonZeroUsize;

const UNREADABLE: &str = "暂时无法读取聊天记录，请稍后再试";

pub(super) const HELP: HelpTexts = HelpTexts {
    everyday: "您输入的每一行都会发给房间里的其他人；以 / 开头的行是命令：",
    slashes: ("//文字", "将 /文字 作为消息发送，不作为命令"),
    moderation: "房间管理员的命令（创建房间的人就是该房间的管理员）：",
    more: "输入 /help 命令 查看某个命令的说明，输入 /help moderation 查看房间管理员的命令",
    also: "也可以写作：",
};

pub(super) fn event(event: &Event, to: &mut BytesMut) {
    let name = &event.by.name;
    match &event.kind {
        // For programs, or for IRC clients only.
        EventKind::AwaySet { .. }
        | EventKind::BanLifted { .. }
        | EventKind::BanSet { .. }
        | EventKind::Entered { .. }
        | EventKind::HostSet { .. }
        | EventKind::Invited { .. }
        | EventKind::RealNameSet { .. }
        | EventKind::UserModesSet { .. }
        | EventKind::Wallops { .. }
        | EventKind::Said {
            message: Message { kind: MessageKind::Ctcp | MessageKind::CtcpReply | MessageKind::Tags, .. },
            ..
        }
        | EventKind::Told {
            message: Message { kind: MessageKind::Ctcp | MessageKind::CtcpReply | MessageKind::Tags, .. },
            ..
        } => {}
        EventKind::Joined { .. } => put_line(to, format_args!("欢迎{name}进入聊天室")),
        EventKind::Left { reason: CloseReason::Quit, message: Some(words), .. }
        | EventKind::Parted { message: Some(words), .. } => {
            put_text(to, &[name.as_str(), "退出聊天室："], words);
        }
        EventKind::Left { .. } | EventKind::Parted { .. } => put_line(to, format_args!("{name}退出聊天室")),
        EventKind::Kicked { name: out, message: None, .. } => {
            put_line(to, format_args!("* {name} 将 {out} 移出房间"));
        }
        EventKind::Kicked { name: out, message: Some(message), .. } => {
            put_text(to, &["* ", name.as_str(), " 将 ", out.as_str(), " 移出房间："], message);
        }
        EventKind::ModesSet { changes, .. } => put_line(to, format_args!("* {name} {}", Changes(changes))),
        EventKind::Redacted { message: None, .. } => put_line(to, format_args!("* {name} 删除了一条消息")),
        EventKind::Redacted { message: Some(message), .. } => {
            put_text(to, &["* ", name.as_str(), " 删除了一条消息："], message);
        }
        EventKind::Renamed { to: new } => put_line(to, format_args!("* {name} 改名为 {new}")),
        EventKind::Said { message: Message { kind: MessageKind::Action, text, .. }, .. } => {
            put_text(to, &["** ", name.as_str(), " "], text);
        }
        EventKind::Said { message: Message { text, .. }, .. } => put_text(to, &[name.as_str(), "说"], text),
        EventKind::Told { message: Message { kind: MessageKind::Action, text, .. }, .. } => {
            put_text(to, &["** ", name.as_str(), " （私聊）"], text);
        }
        EventKind::Told { message: Message { text, .. }, .. } => {
            put_text(to, &[name.as_str(), "（私聊）："], text);
        }
        EventKind::TopicSet { topic: Some(topic), .. } => {
            put_text(to, &["* ", name.as_str(), " 设置了话题："], topic);
        }
        EventKind::TopicSet { topic: None, .. } => put_line(to, format_args!("* {name} 清除了话题")),
    }
}

pub(super) fn note(note: &Note<'_>, to: &mut Notes<'_>) {
    match note {
        Note::AwayIs { away: Some(away), .. } => put_text(to.to, &["* 您已标记为离开："], away),
        Note::AwayIs { away: None, was_away: true } => to.note(format_args!("您已取消离开状态")),
        Note::AwayIs { away: None, was_away: false } => {
            to.note(format_args!("您没有标记为离开；输入 /away 文字 进行标记"));
        }
        Note::Farewell { reason, message } => to.farewell(*reason, *message, Language::Zh, "："),
        Note::Greeting { name, room: Some((room, members)) } => {
            let others = Others(members.saturating_sub(1));
            to.note(format_args!("您的名字是 {name}，您在房间 {room}，{others}；输入 /help 查看命令"));
        }
        Note::Greeting { name, room: None } => {
            to.note(format_args!(
                "您的名字是 {name}，您不在任何房间；输入 /join 房间 进入，输入 /help 查看命令"
            ));
        }
        Note::Help(on) => help(*on, &HELP, Language::Zh, to),
        Note::Invited { name, room } => to.note(format_args!("您已邀请 {name} 进入房间 {room}")),
        Note::IsThere => to.note(format_args!("服务器在线")),
        Note::IsAway { name, away } => put_text(to.to, &["* ", name.as_str(), " 处于离开状态："], away),
        Note::LanguageIs => to.note(format_args!("已切换为中文")),
        Note::LineCut { dropped, line_bytes_max } => {
            to.note(format_args!("这一行太长，末尾 {dropped} 字节已丢弃；每行最多 {line_bytes_max} 字节"));
        }
        Note::Mistaken(mistake) => mistaken(mistake, to),
        Note::NotSaid => to.note(format_args!(
            "这一行像是登录信息，没有发送；命令以 / 开头，例如 /nick 名字，输入 /help 查看命令"
        )),
        Note::NotUtf8 { converted } => not_utf8(*converted, to),
        Note::NowOperator => to.note(format_args!("您已成为服务器管理员")),
        Note::NowNamed(name) => to.note(format_args!("您已改名为 {name}")),
        Note::Refused(refusal) => refused(refusal, to),
        Note::ServerBans { total: 0, .. } => to.note(format_args!("没有人被服务器封禁")),
        Note::ServerBans { total, bans } => {
            let listed = to.list_in_lines(bans.iter().map(|ban| server_ban(ban)));
            more(total - listed, to);
        }
        Note::ServerBanLifted(target) => to.note(format_args!("已解除服务器对 {target} 的封禁")),
        Note::ServerBanSet { ban, closed } => {
            let (target, end) = (&ban.target, until(ban));
            to.note(format_args!(
                "服务器已封禁 {target}{end}，断开了 {closed} 个连接；输入 /serverunban {target} 解除"
            ));
        }
        Note::LogState(state) => to.note(format_args!("{}", log_state(*state))),
        Note::SlowedDown => {
            to.note(format_args!("您发送得太多，服务器一时读不完；其余内容会排队等候，不会丢失"));
        }
        Note::TellsTo { name, text } => put_text(to.to, &["* 私聊 ", name.as_str(), "："], text),
        Note::Bans { .. }
        | Note::History { .. }
        | Note::InRoom { .. }
        | Note::InvitedTo { .. }
        | Note::KickedOut { .. }
        | Note::ModesAre { .. }
        | Note::Rooms { .. }
        | Note::TopicIs { .. }
        | Note::Unchanged { .. }
        | Note::Who { .. } => about_room(note, to),
    }
}

/// Returns a line of the list of bans from the server.
fn server_ban(ban: &ServerBan) -> String {
    let ServerBan { target, reason, by, .. } = ban;
    let reason =
        reason.as_ref().map_or(String::new(), |it| format!("：{}", it.plain_parts().collect::<String>()));
    format!("{target} 被服务器封禁，由 {by} 设置{}{reason}", until(ban))
}

fn until(ban: &ServerBan) -> String {
    ban.ends_unix_ms.map_or(String::new(), |end| format!("，至 {}", Utc::from_unix_ms(end)))
}

/// Writes a note about a room.
fn about_room(note: &Note<'_>, to: &mut Notes<'_>) {
    match note {
        Note::Bans { room, total: 0, .. } => to.note(format_args!("房间 {room} 没有封禁任何人")),
        Note::Bans { room, total, masks } => {
            let masks = masks.iter().map(|mask| shown(mask));
            let listed = to.list(format!("房间 {room} 的封禁名单："), "、", masks);
            more(total - listed, to);
        }
        Note::History { page, lines, is_earlier } => history(page, *lines, *is_earlier, to),
        Note::InvitedTo { by, room } => {
            to.note(format_args!("{by} 邀请您进入房间 {room}；输入 /join {room} 进入"));
        }
        Note::InRoom { room, members, topic: about } => {
            to.note(format_args!("您已进入房间 {room}，{}", Others(members.saturating_sub(1))));
            if about.is_some() {
                topic(room, *about, to);
            }
        }
        Note::KickedOut { by, room, message: None } => {
            to.note(format_args!("{by} 将您移出房间 {room}，您不在任何房间；输入 /join 房间 进入"));
        }
        Note::KickedOut { by, room, message: Some(message) } => {
            let before = ["* ", by.as_str(), " 将您移出房间 ", &format!("{room}"), "："];
            put_text(to.to, &before, message);
        }
        Note::ModesAre { room, changes } if changes.is_empty() => {
            to.note(format_args!("房间 {room} 没有设置任何模式；输入 /help mode 查看模式说明"));
        }
        Note::ModesAre { room, changes } => {
            let modes = changes.iter().map(mode_word);
            to.list(format!("房间 {room} 的模式："), "、", modes);
        }
        Note::Rooms { total, rooms } => {
            let items = rooms.iter().map(|(room, members)| format!("{room}（{members} 人）"));
            let shown = to.list(format!("共 {total} 个房间："), "、", items);
            more(total - shown, to);
        }
        Note::TopicIs { room, topic: about } => topic(room, *about, to),
        Note::Unchanged { room, change } => unchanged(room, change, to),
        Note::Who { room, total: 0, .. } => to.note(format_args!("房间 {room} 里没有人")),
        Note::Who { room, total, names } => {
            let shown = to.list(
                format!("房间 {room} 里有 {total} 人："),
                "、",
                names.iter().map(|(prefix, name)| format!("{prefix}{name}")),
            );
            more(total - shown, to);
        }
        _ => {}
    }
}

fn mistaken(mistake: &Mistake, to: &mut Notes<'_>) {
    match mistake {
        Mistake::BadBan(BanTargetError::Duration) => {
            to.note(format_args!("时长必须在 1s 到 36600d 之间"));
        }
        Mistake::BadBan(BanTargetError::Everybody) => to.note(format_args!("这样会封禁所有人")),
        Mistake::BadBan(BanTargetError::Mask(_)) => to.note(format_args!(
            "这不是地址、网段或名字，也不是能匹配到人的掩码；输入 /help serverban 查看写法"
        )),
        Mistake::BansOneself => to.note(format_args!("这样会连您自己一起封禁，没有执行")),
        Mistake::BadKey => {
            to.note(format_args!("口令最多 {} 字节，不能含逗号，不能以冒号开头", Key::BYTES_MAX));
        }
        Mistake::BadLimit => to.note(format_args!("人数上限须为正整数，或 off")),
        Mistake::BadMask => {
            to.note(format_args!("这不是名字，也不是能匹配到人的掩码；输入 /help ban 查看掩码的写法"));
        }
        Mistake::BadNetwork => to.note(format_args!(
            "掩码只能用单个地址，或 24、16 位的网段（IPv6 为 64、48 位），例如 192.0.2.0/24 或 192.0.*"
        )),
        Mistake::BadName(error) => not_a_name(error, "名字", Name::CHARS_MAX, Name::BYTES_MAX, to),
        Mistake::BadMoment => to.note(format_args!(
            "时间（UTC）的格式如 14:30、2026-11-24、2026-11-24T14:30:59，或 /history 给出的编号"
        )),
        Mistake::BadNumber => to.note(format_args!("行数须为正整数；用法：{}", usage("history"))),
        Mistake::BadRoom(error) => not_a_name(error, "房间名", RoomName::CHARS_MAX, RoomName::BYTES_MAX, to),
        Mistake::ExtraWords(command) => to.note(format_args!("参数过多；用法：{}", usage(command))),
        Mistake::InLobby => to.note(format_args!("您已在大厅；输入 /quit 离开聊天室")),
        Mistake::NameReserved(name) => to.note(format_args!("名字 {name} 已被保留")),
        Mistake::NoServices(name) => {
            to.note(format_args!("没有名为 {name} 的人，这里也没有此类服务；消息没有发给任何人"));
        }
        Mistake::NoSuchCommand(word) => match meant(word) {
            None => to.note(format_args!(
                "没有 /{word} 这个命令，输入 /help 查看命令；如要作为消息发送，请以 // 开头"
            )),
            Some(meant) => to.note(format_args!(
                "没有 /{word} 这个命令，您是不是想输入 /{meant}？如要作为消息发送，请以 // 开头"
            )),
        },
        Mistake::NoSuchMode(word) => {
            to.note(format_args!("没有 {word} 这个模式；输入 /help mode 查看模式"));
        }
        Mistake::NoSuchRoom(room) => to.note(format_args!("没有房间 {room}；输入 /rooms 查看房间")),
        Mistake::NotInRoom => to.note(format_args!("您不在任何房间；输入 /join 房间 进入")),
        Mistake::HistoryUnreadable => to.note(format_args!("{UNREADABLE}")),
        Mistake::NothingToRemove(None) => to.note(format_args!("这里没有您可以撤回的消息")),
        Mistake::NothingToRemove(Some(name)) => {
            to.note(format_args!("这里没有 {name} 的消息可以删除"));
        }
        Mistake::PasswordNotChecked => {
            to.note(format_args!("密码尝试次数过多，您的密码尚未验证，请稍后再试"));
        }
        Mistake::UnknownLanguage => to.note(format_args!("请选择 zh 或 en：/lang zh|en")),
        Mistake::WrongPassword => to.note(format_args!("名字或密码错误")),
        Mistake::Usage(command) => to.note(format_args!("用法：{}", usage(command))),
    }
}

fn usage(command: &str) -> String {
    super::usage(command, Language::Zh)
}

fn not_a_name(error: &NameError, what: &str, chars_max: usize, bytes_max: usize, to: &mut Notes<'_>) {
    match error {
        NameError::Character(' ') => to.note(format_args!("{what}里不能有空格")),
        NameError::Character(character) => to.note(format_args!("{what}里不能有 {character:?}")),
        NameError::Empty => to.note(format_args!("{what}不能为空")),
        NameError::Reserved => to.note(format_args!("名字不能全是数字，这样的名字只由服务器分配")),
        NameError::TooLong => to.note(format_args!("{what}最多 {chars_max} 个字符、{bytes_max} 字节")),
    }
}

fn refused(refusal: &Refusal, to: &mut Notes<'_>) {
    match refusal {
        Refusal::AlreadyIn(room) => to.note(format_args!("您已经在房间 {room}")),
        Refusal::AlreadyThere { name, room } => to.note(format_args!("{name} 已经在房间 {room}")),
        Refusal::BadKey(room) => to.note(format_args!("房间 {room} 需要口令：/join {room} 口令")),
        Refusal::Banned(room) => to.note(format_args!("您已被房间 {room} 封禁")),
        Refusal::BansFull(bans_max) => {
            to.note(format_args!("服务器已有 {bans_max} 条封禁，达到上限；可用 /serverunban 解除"));
        }
        Refusal::NameBanned => to.note(format_args!("该名字已被服务器封禁")),
        Refusal::NoSuchBan(target) => {
            to.note(format_args!("服务器没有封禁 {target}；输入 /serverban 查看封禁名单"));
        }
        Refusal::CorrespondentLeft => to.note(format_args!("您要回复的人已离开聊天室")),
        Refusal::InviteOnly(room) => {
            to.note(format_args!("房间 {room} 仅限受邀者进入，需由该房间的管理员邀请"));
        }
        Refusal::ListFull { room, .. } => to.note(format_args!("房间 {room} 的封禁名单已满")),
        Refusal::NameTaken(name) => to.note(format_args!("名字 {name} 已有人使用")),
        Refusal::NameUnchanged => to.note(format_args!("您已经叫这个名字")),
        Refusal::NoCtcp(room) => to.note(format_args!("房间 {room} 不允许 CTCP")),
        Refusal::NoKey(room) => {
            to.note(format_args!("房间 {room} 没有口令，房间名也不能含空格；输入 /join {room} 进入"));
        }
        Refusal::NoSuchName(name) => to.note(format_args!("这里没有人叫 {name}")),
        Refusal::NoSuchRoom(room) => to.note(format_args!("没有房间 {room}；输入 /rooms 查看房间")),
        Refusal::NobodyToAnswer => {
            to.note(format_args!("还没有人私聊过您；输入 /msg 名字 文字 开始私聊"));
        }
        Refusal::NotIn(room) => to.note(format_args!("您不在房间 {room}")),
        Refusal::NotRoomOperator(room) => to.note(format_args!("只有房间 {room} 的管理员才能这样做")),
        Refusal::NotServerOperator => to.note(format_args!("只有服务器管理员才能这样做")),
        Refusal::NotThere { name, room } => to.note(format_args!("{name} 不在房间 {room}")),
        Refusal::RoomFull(room) => to.note(format_args!("房间 {room} 已满")),
        Refusal::RoomsFull => {
            to.note(format_args!("房间数量已达上限，无法创建新房间；输入 /rooms 查看现有房间"));
        }
        Refusal::NameHeld(room) => to.note(format_args!("您不能在房间 {room} 发言，因此不能改名")),
        Refusal::Silenced(room) => to.note(format_args!("您不能在房间 {room} 发言")),
        Refusal::TopicTooLong(bytes) => to.note(format_args!("话题最多 {bytes} 字节")),
        Refusal::TooManyRooms => to.note(format_args!("您加入的房间已达上限")),
        Refusal::TooManyRoomsBegun(max) => {
            to.note(format_args!("您的地址创建的房间已达上限（{max} 个）；/rooms 可列出现有房间"));
        }
    }
}

/// Writes the note for a change of modes that changes nothing.
fn unchanged(room: &RoomName, change: &ModeChange, to: &mut Notes<'_>) {
    match change {
        ModeChange::Flag { flag, on } => {
            let state = if *on { "开启" } else { "关闭" };
            to.note(format_args!("房间 {room} 的 {} 模式已经{state}", flag_word(*flag)));
        }
        ModeChange::Key(None) => to.note(format_args!("房间 {room} 没有口令")),
        ModeChange::Key(Some(_)) => to.note(format_args!("房间 {room} 的口令没有变化")),
        ModeChange::Limit(None) => to.note(format_args!("房间 {room} 没有人数上限")),
        ModeChange::Limit(Some(limit)) => to.note(format_args!("房间 {room} 的人数上限已经是 {limit}")),
        ModeChange::Mask { mask, on: true, .. } if mask.mutes() => {
            to.note(format_args!("{} 在房间 {room} 已被禁言", muted_mask(mask)));
        }
        ModeChange::Mask { mask, on: false, .. } if mask.mutes() => {
            to.note(format_args!("{} 在房间 {room} 没有被禁言；输入 /ban 查看名单", muted_mask(mask)));
        }
        ModeChange::Mask { mask, on: true, .. } => {
            to.note(format_args!("{} 已被房间 {room} 封禁", shown(mask)));
        }
        ModeChange::Mask { mask, on: false, .. } => {
            to.note(format_args!("房间 {room} 没有封禁 {}；输入 /ban 查看封禁名单", shown(mask)));
        }
        ModeChange::Status { name, status, on } => match (status, on) {
            (Status::Operator, true) => to.note(format_args!("{name} 已经是房间 {room} 的管理员")),
            (Status::Operator, false) => to.note(format_args!("{name} 不是房间 {room} 的管理员")),
            (Status::Voice, true) => to.note(format_args!("{name} 在房间 {room} 已有发言权")),
            (Status::Voice, false) => to.note(format_args!("{name} 在房间 {room} 没有发言权")),
        },
    }
}

/// Displays changes of a room's modes as they follow the name of their author.
struct Changes<'a>(&'a [ModeChange]);

impl Display for Changes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, change) in last_of_each(self.0).enumerate() {
            if index > 0 {
                f.write_str("，")?;
            }
            match change {
                ModeChange::Flag { flag, on: true } => write!(f, "开启了 {} 模式", flag_word(*flag))?,
                ModeChange::Flag { flag, on: false } => write!(f, "关闭了 {} 模式", flag_word(*flag))?,
                ModeChange::Key(None) => f.write_str("取消了口令")?,
                ModeChange::Key(Some(key)) => write!(f, "将口令设为 {}", key.as_str())?,
                ModeChange::Limit(None) => f.write_str("取消了人数上限")?,
                ModeChange::Limit(Some(limit)) => write!(f, "将人数上限设为 {limit}")?,
                ModeChange::Mask { list, mask, on } => {
                    let (mutes, mask) = (mask.mutes(), muted_mask(mask));
                    match (list, on) {
                        (MaskList::Bans, true) if mutes => write!(f, "禁言了 {mask}")?,
                        (MaskList::Bans, false) if mutes => write!(f, "解除了对 {mask} 的禁言")?,
                        (MaskList::Bans, true) => write!(f, "封禁了 {mask}")?,
                        (MaskList::Bans, false) => write!(f, "解除了对 {mask} 的封禁")?,
                        (MaskList::BanExceptions, true) => write!(f, "将 {mask} 列为封禁例外")?,
                        (MaskList::BanExceptions, false) => write!(f, "取消了 {mask} 的封禁例外")?,
                        (MaskList::InviteExceptions, true) => write!(f, "允许 {mask} 无需邀请即可进入")?,
                        (MaskList::InviteExceptions, false) => write!(f, "不再允许 {mask} 无需邀请即可进入")?,
                    }
                }
                ModeChange::Status { name, status, on } => match (status, on) {
                    (Status::Operator, true) => write!(f, "将 {name} 设为管理员")?,
                    (Status::Operator, false) => write!(f, "取消了 {name} 的管理员身份")?,
                    (Status::Voice, true) => write!(f, "授予了 {name} 发言权")?,
                    (Status::Voice, false) => write!(f, "收回了 {name} 的发言权")?,
                },
            }
        }
        Ok(())
    }
}

fn topic(room: &RoomName, topic: Option<&Topic>, to: &mut Notes<'_>) {
    match topic {
        Some(topic) => {
            let before = ["* 房间 ", &format!("{room}"), " 的话题，由 ", topic.by.as_str(), " 设置："];
            put_text(to.to, &before, &topic.text);
        }
        None => to.note(format_args!("房间 {room} 没有话题")),
    }
}

/// Writes the number of items that a list has left out.
fn more(rest: usize, to: &mut Notes<'_>) {
    if rest > 0 {
        to.note(format_args!("另有 {rest} 个未显示"));
    }
}

/// Displays the number of other members of a room: `另有 2 人`.
struct Others(usize);

impl Display for Others {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => f.write_str("只有您一人"),
            others => write!(f, "另有 {others} 人"),
        }
    }
}

/// Returns what a client is told about the log.
const fn log_state(state: LogState) -> &'static str {
    match state {
        LogState::Running => "服务器已恢复，您发送的内容正在送出",
        LogState::Refusing(LogRefusal::Failed) => "服务器无法写入磁盘；您发送的内容会排队等候，不会丢失",
        LogState::Refusing(LogRefusal::Full) => "服务器磁盘已满；您发送的内容会排队等候，不会丢失",
        LogState::Stalled => "服务器暂时无法保存消息；您发送的内容会排队等候，不会丢失",
    }
}

/// Writes a page of history. If there is more before it, the note says how to see it.
fn history(page: &HistoryPage, lines: Option<NonZeroUsize>, is_earlier: bool, to: &mut Notes<'_>) {
    match page.events.first() {
        _ if page.is_failed => to.note(format_args!("{UNREADABLE}")),
        None if is_earlier => to.note(format_args!("没有更早的聊天记录")),
        None => to.note(format_args!("还没有聊天记录")),
        Some(first) if !page.is_last => {
            to.note(format_args!("更早的聊天记录：{}", EarlierHistory { lines, first }));
        }
        Some(_) => {}
    }
    page.events.iter().for_each(|line| to.history_line(line, event));
}
