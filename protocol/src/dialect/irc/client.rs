//! The state of an IRC client.

use super::capability::Capabilities;
use super::marker::{MarkerTarget, ReadMarkers};
use crate::base::name::Name;
use crate::base::text::Text;
use crate::dialect::action::{Action, Password, Registration};
use alloc::boxed::Box;
use alloc::string::String;

/// The state of an IRC client.
#[derive(Debug, Default)]
pub(crate) struct Client {
    pub(super) capabilities: Capabilities,
    /// Whether the client supports version 302 of capability negotiation.
    pub(super) knows_302: bool,
    /// Whether the port accepts the plain dialect, too, so that the client may be a person who was taken for a client.
    pub(super) might_be_plain: bool,
    /// The number of bytes of the source of the client's messages, as others receive it.
    pub(super) source_bytes: usize,
    /// `None` while there are no markers: most clients have none.
    pub(super) markers: Option<Box<ReadMarkers>>,
    /// The state of the registration, until the client is a member.
    registering: Option<Box<Registering>>,
}

/// The state of a registration.
#[derive(Debug, Default)]
pub(super) struct Registering {
    /// Whether the client negotiates capabilities and has not sent `CAP END`.
    pub(super) negotiates: bool,
    pub(super) password: Option<Password>,
    /// Whether the client has given the right password of the server.
    pub(super) is_authenticated: bool,
    pub(super) name: Option<Name>,
    pub(super) user: Option<(String, Text)>,
}

impl Client {
    /// Creates the state of a client on a port that accepts the plain dialect, too.
    pub(crate) fn possibly_plain() -> Self {
        Self { might_be_plain: true, ..Self::default() }
    }

    /// Returns the state of the registration.
    pub(super) fn registering(&mut self) -> &mut Registering {
        self.registering.get_or_insert_default()
    }

    /// Records that the client negotiates capabilities. Members negotiate at any time and without `CAP END`.
    pub(super) fn negotiate(&mut self, is_registering: bool) {
        if is_registering {
            self.registering().negotiates = true;
        }
    }

    /// Returns whether the client negotiates capabilities and has not sent `CAP END`.
    pub(super) fn negotiates(&self) -> bool {
        self.registering.as_ref().is_some_and(|it| it.negotiates)
    }

    /// Returns the action that registers the client, once name and user name are known.
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

    /// Returns the read marker of a room or a member.
    pub(super) fn marker(&self, target: &MarkerTarget) -> Option<u64> {
        self.markers.as_ref().and_then(|markers| markers.of(target))
    }

    /// Drops the state of the registration, since the client is a member.
    pub(super) fn registered(&mut self) {
        self.registering = None;
    }
}
