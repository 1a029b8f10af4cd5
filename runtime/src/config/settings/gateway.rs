//! The row of the table of settings for IRC gateways.

use super::super::value::{secret, single};
use super::{Arity, Setting, Topic};
use crate::config::Config;
use crate::locale::{Bilingual, Localized};
use crate::password::PasswordHashError;

pub(super) const WEBIRC_PASSWORD: Setting = Setting {
    reload: Some(|from, to| to.passwords.gateways.clone_from(&from.passwords.gateways)),
    ..setting!(
        "webirc_password",
        Server,
        "HASH",
        "Hash of the password with which IRC gateways name their clients (WEBIRC), made by `parlor hash-password`, for \
         listeners with ?webirc",
        "IRC 网关报出客户端地址时所用密码（WEBIRC）的哈希值，由 `parlor hash-password` 生成，用于 ?webirc 监听地址",
        |config| secret(config.passwords.gateways.is_some()),
        |config, text| {
            config.passwords.gateways = match text {
                "" => None,
                text => Some(text.parse().map_err(PasswordHashError::text)?),
            };
            Ok(())
        }
    )
};
