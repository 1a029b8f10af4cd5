//! The IRC dialect: the state of each client, the steps of its lines, and the order in which they are answered. The
//! text of the answers comes from the core.

pub(super) mod label;
mod line;
pub(super) mod marker;
mod read;
mod request;
mod room;

use parlor_protocol::irc::Capabilities;
use parlor_protocol::{DialectState, Limits, MemberId, Name, Options, Person, Seq, Text, irc};
use std::collections::{BTreeMap, BTreeSet};

/// The state of one IRC client.
#[derive(Debug)]
pub(super) struct Client {
    /// The core's dialect, which writes the answers.
    pub(super) form: Box<dyn DialectState>,
    pub(super) capabilities: Capabilities,
    /// Whether it supports version 302 of `CAP`.
    knows_302: bool,
    /// Whether it has begun to negotiate capabilities and has not sent `CAP END`.
    negotiates: bool,
    password: Vec<u8>,
    password_is_right: bool,
    name: Option<Name>,
    user: Option<(String, Text)>,
    /// The names that it watches (`MONITOR`).
    pub(super) watches: BTreeSet<Name>,
    /// Up to which time it has read each room and each member (`MARKREAD`), by the folded name.
    pub(super) markers: BTreeMap<String, u64>,
    /// The message that it wants to remove (`REDACT`), and the reason.
    pub(super) redacts: Option<(Seq, Option<Text>)>,
    /// Whether it was sent a `PING` and has sent nothing since.
    pub(super) pinged: bool,
    /// Whether its listener is also for the plain dialect.
    might_be_plain: bool,
}

impl Client {
    /// Creates a client at a listener for IRC only.
    pub(super) fn new(options: &Options) -> Self {
        Self::of((irc::SPEC.begin)(options), false)
    }

    /// Creates a client at a listener that is also for the plain dialect.
    pub(super) fn where_plain_is_spoken() -> Self {
        Self::of(irc::begin_beside_plain(), true)
    }

    fn of(form: Box<dyn DialectState>, might_be_plain: bool) -> Self {
        Self {
            form,
            capabilities: Capabilities::NONE,
            knows_302: false,
            negotiates: false,
            password: Vec::new(),
            password_is_right: false,
            name: None,
            user: None,
            watches: BTreeSet::new(),
            markers: BTreeMap::new(),
            redacts: None,
            pinged: false,
            might_be_plain,
        }
    }

    /// Tells the core's dialect the name, user name and host that others now see.
    pub(super) fn is_called(&mut self, person: &Person) {
        self.form.identified(person);
    }

    /// Records that its name was taken. The client may try another.
    pub(super) fn forget_name(&mut self) {
        self.form.not_entered();
        self.name = None;
    }

    pub(super) fn password_was_right(&mut self) {
        self.form.authenticated();
        self.password_is_right = true;
    }

    /// Returns its name, user name and real name, once it has sent all of them.
    pub(super) fn registration(&self) -> Option<(Name, String, Text)> {
        let (user, real_name) = self.user.clone()?;
        Some((self.name.clone()?, user, real_name))
    }

    const fn has(&self, capability: Capabilities) -> bool {
        self.capabilities.has(capability)
    }
}

/// The author of a line, and the settings that apply to it.
#[derive(Clone, Copy)]
pub(super) struct Author<'a> {
    pub(super) member: Option<MemberId>,
    pub(super) person: Option<&'a Person>,
    pub(super) limits: &'a Limits,
    pub(super) has_password: bool,
    /// Reserved names.
    pub(super) reserved: &'a [Name],
}
