//! What is known of one client of IRC.

use super::capability::Capabilities;
use crate::base::name::Name;
use crate::base::text::Text;
use crate::dialect::action::{Action, Password, Registration};
use alloc::boxed::Box;
use alloc::string::String;

/// One client of IRC.
#[derive(Debug, Default)]
pub(crate) struct Client {
    pub(super) capabilities: Capabilities,
    /// Whether it knows `CAP LS 302`: lists in several lines, capabilities with values.
    pub(super) knows_302: bool,
    /// Whether it connected where it might as well have spoken the plain dialect.
    pub(super) might_be_plain: bool,
    /// Bytes that the source of its messages has for others.
    pub(super) source_bytes: usize,
    /// What it has said of itself, until it is a member.
    registering: Option<Box<Registering>>,
}

/// What a client says of itself in order to become a member.
#[derive(Debug, Default)]
pub(super) struct Registering {
    /// Whether it has begun to negotiate capabilities, and not said `CAP END`.
    pub(super) negotiates: bool,
    pub(super) password: Option<Password>,
    /// Whether the password of the server was right.
    pub(super) is_authenticated: bool,
    pub(super) name: Option<Name>,
    pub(super) user: Option<(String, Text)>,
}

impl Client {
    /// A client that might as well have spoken the plain dialect where it connected.
    pub(crate) fn where_plain_is_spoken() -> Self {
        Self { might_be_plain: true, ..Self::default() }
    }

    /// Returns what it has said of itself so far.
    pub(super) fn registering(&mut self) -> &mut Registering {
        self.registering.get_or_insert_default()
    }

    /// Takes note that it negotiates capabilities. A member does so without an end.
    pub(super) fn negotiate(&mut self, is_registering: bool) {
        if is_registering {
            self.registering().negotiates = true;
        }
    }

    /// Whether it has begun to negotiate capabilities, and not said `CAP END`.
    pub(super) fn negotiates(&self) -> bool {
        self.registering.as_ref().is_some_and(|it| it.negotiates)
    }

    /// Returns the registration, once it has given a name and a user name. The name was checked.
    pub(super) fn enter(&mut self) -> Option<Action> {
        let registering = self.registering();
        registering.password = None;
        let (Some(name), Some(user)) = (registering.name.clone(), registering.user.clone()) else {
            return None;
        };
        Some(Action::Enter(Registration {
            is_authenticated: true,
            name: Some(name),
            user: Some(user),
            enters_room: false,
        }))
    }

    /// Forgets what is needed no longer, for it is a member.
    pub(super) fn registered(&mut self) {
        self.registering = None;
    }
}
