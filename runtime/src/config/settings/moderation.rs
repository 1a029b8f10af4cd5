//! The rows of the table of settings for what operators of the server do.

use super::super::value::{number, single};
use super::{Arity, Setting, Topic};
use crate::config::Config;
use crate::locale::{Bilingual, Localized};

pub(super) const KILL_WAIT: Setting = number!(
    "kill_wait_ms",
    Server,
    "MS",
    "How long an address may not connect again after an operator disconnected one of its members",
    "管理员断开某个成员后，其地址须等待多久才能再次连接",
    limits.kill_wait_ms
);

pub(super) const SERVER_BANS: Setting = number!(
    "server_bans_max",
    Server,
    "COUNT",
    "Bans from the server. One more is refused",
    "服务器封禁的条数。超出的会被拒绝",
    limits.world.server_bans_max
);
