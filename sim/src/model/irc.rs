//! The model's own reading of IRC: what each client has said of itself, what its lines ask for, and in which order they are
//! answered. The words of the answers come from the core.

pub(super) mod label;
mod line;
mod read;
mod room;
mod said;

use parlor_protocol::irc::Capabilities;
use parlor_protocol::{DialectState, Limits, MemberId, Name, Options, Person, Text, irc};
use std::collections::BTreeSet;

/// What is known of one client.
#[derive(Debug)]
pub(super) struct Client {
    /// The core's dialect, which writes the answers.
    pub(super) form: Box<dyn DialectState>,
    pub(super) capabilities: Capabilities,
    /// It knows version 302 of `CAP`.
    knows_302: bool,
    /// It has begun to negotiate and not ended it.
    negotiates: bool,
    password: Vec<u8>,
    password_is_right: bool,
    name: Option<Name>,
    user: Option<(String, Text)>,
    /// Names that it watches.
    pub(super) watches: BTreeSet<Name>,
    /// It was asked whether it is there, and has said nothing since.
    pub(super) pinged: bool,
    /// It might as well have spoken the plain dialect where it connected.
    might_be_plain: bool,
}

impl Client {
    /// Returns a client of a listener where only IRC is spoken.
    pub(super) fn new(options: &Options) -> Self {
        Self::of((irc::SPEC.begin)(options), false)
    }

    /// A client that might as well have spoken the plain dialect where it connected.
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
            pinged: false,
            might_be_plain,
        }
    }

    /// Tells the core's dialect how others know the client from here on.
    pub(super) fn is_called(&mut self, person: &Person) {
        self.form.identified(person);
    }

    /// Its name is taken: it may try another.
    pub(super) fn forget_name(&mut self) {
        self.form.not_entered();
        self.name = None;
    }

    pub(super) fn password_was_right(&mut self) {
        self.form.authenticated();
        self.password_is_right = true;
    }

    /// Its name, its user name and its real name, when it has said all of them.
    pub(super) fn registration(&self) -> Option<(Name, String, Text)> {
        let (user, real_name) = self.user.clone()?;
        Some((self.name.clone()?, user, real_name))
    }

    const fn has(&self, capability: Capabilities) -> bool {
        self.capabilities.has(capability)
    }
}

/// Whose line is read, and under which conditions.
#[derive(Clone, Copy)]
pub(super) struct Who<'a> {
    pub(super) member: Option<MemberId>,
    pub(super) person: Option<&'a Person>,
    pub(super) limits: &'a Limits,
    pub(super) has_password: bool,
    /// Names that nobody may take.
    pub(super) reserved: &'a [Name],
}
