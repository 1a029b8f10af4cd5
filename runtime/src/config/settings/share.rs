//! The rows of the table of settings for what one connection or one address may do and keep.

use super::super::value::{number, single};
use super::{Arity, Setting, Topic};
use crate::config::Config;
use crate::locale::{Bilingual, Localized};

pub(super) const CLOSING_BYTES: Setting = number!(
    "closing_bytes_max",
    Server,
    "BYTES",
    "What a client may still send while its connection is closing. One that sends more is cut off",
    "连接关闭期间客户端还能发送的字节数。超出的会被切断",
    limits.closing_bytes_max
);

pub(super) const DEPARTED: Setting = number!(
    "departed_max",
    World,
    "COUNT",
    "Former names that can still be asked about (WHOWAS). The oldest is forgotten",
    "仍可查询（WHOWAS）的旧名字数。超出时丢弃最旧的",
    limits.departed_max
);

pub(super) const HISTORIES_BYTES: Setting = number!(
    "histories_bytes_max",
    World,
    "BYTES",
    "Text in the histories of all rooms together, if there is no store. If there is more, the longest loses its older half",
    "没有存储时所有房间历史记录的总字节数。超出时最长的一份丢弃较旧的一半",
    limits.histories_bytes_max
);

pub(super) const HISTORY_KEEP: Setting = number!(
    "history_keep_ms",
    World,
    "MS",
    "How long messages in rooms can be read again (/history, CHATHISTORY). 0: they cannot",
    "房间消息可供回看（/history、CHATHISTORY）的时间。0 表示不可回看",
    limits.world.history_keep_ms
);

pub(super) const PROPOSALS: Setting = number!(
    "proposals_max",
    Server,
    "COUNT",
    "Chat lines and entrances of all connections together that may wait to be written to the log. Further ones are not read yet",
    "所有连接中等待写入日志的发言和进入请求的总数。超出的暂不读取",
    limits.proposals_max
);

pub(super) const ROOM_KEEP: Setting = number!(
    "room_keep_ms",
    World,
    "MS",
    "How long a room without members is kept, with its topic, modes, bans and history, unless a mode restricts who may enter it. \
     0 keeps none",
    "没有成员的房间连同话题、模式、封禁和历史记录保留的时间（限制进入的房间除外）。0 表示不保留",
    limits.world.room_keep_ms
);

pub(super) const ROOM_OPERATORS: Setting = number!(
    "room_operators_max",
    World,
    "COUNT",
    "Operators that a room remembers when they leave it. The oldest is forgotten",
    "房间所记住的已离开管理员数。超出时忘记最早的",
    limits.world.room_operators_max
);

pub(super) const ROOM_RETURN: Setting = number!(
    "room_return_ms",
    World,
    "MS",
    "How long after an operator has left a room that becomes empty it is its operator again when it returns",
    "管理员离开后房间变空时，在此时间内回来即恢复管理员身份",
    limits.world.room_return_ms
);

pub(super) const ROOMS: Setting = number!(
    "rooms_max",
    World,
    "COUNT",
    "Rooms at the same time. One more ends the longest empty one, or is refused",
    "同时存在的房间数。超出时结束空置最久的房间，没有则拒绝",
    limits.world.rooms_max
);

pub(super) const ROOMS_PER_HOST: Setting = number!(
    "rooms_per_host_max",
    World,
    "COUNT",
    "Rooms that members with the same host may have created. One more ends their longest empty one, or is refused",
    "同一主机的成员可创建的房间数。超出时结束其空置最久的房间，没有则拒绝",
    limits.world.rooms_per_host_max
);

pub(super) const READ_MARKERS: Setting = number!(
    "read_markers_max",
    Connection,
    "COUNT",
    "Rooms and names of which one IRC client may mark how far it has read (MARKREAD). More are refused",
    "一个 IRC 客户端可以标记已读位置的房间和名字数（MARKREAD）。超出的会被拒绝",
    limits.read_markers_max
);

pub(super) const TURN_LINES: Setting = number!(
    "turn_lines_max",
    Server,
    "LINES",
    "What one connection does before all others have had their turns, in lines or what costs as much",
    "一个连接在轮到其他连接之前可处理的行数（或等价的工作量）",
    limits.turn_lines_max
);
