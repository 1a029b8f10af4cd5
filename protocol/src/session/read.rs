//! Reading lines from a connection's input and turning them into actions.

use super::{Funds, Introducer, Request, Session, State, Wait, Workspace};
use crate::base::id::MemberId;
use crate::base::limits::Limits;
use crate::base::options::Options;
use crate::base::rate::Cost;
use crate::base::text::Text;
use crate::dialect::Dialect;
use crate::dialect::action::{Action, Notice, Password, PasswordOf, Registration};
use crate::dialect::state::{Context, Line};
use crate::framing::framer::{FramedLine, Framer, Item};
use crate::framing::proxy::Header;
use crate::framing::sniff::{Evidence, Kind, is_request};
use crate::framing::telnet::{TIMING_MARK_ANSWER, TelnetRequest};
use crate::framing::typed::Typed;
use crate::framing::webirc::Webirc;
use bytes::Bytes;

impl Session {
    /// Reads the next line, if there is one and both budgets allow it, and queues its actions. Returns a request that the
    /// line leads to at once.
    pub(super) fn read_line(
        &mut self,
        funds: impl Fn() -> Funds,
        member: Option<MemberId>,
        limits: &Limits,
        options: &Options,
    ) -> Request {
        if (self.sniffer.is_some() || self.sniffed.is_some())
            && let Some(request) = self.sniff(&funds())
        {
            return request;
        }
        let Some(Workspace { framer, actions, is_held }) = self.workspace.as_deref_mut() else {
            return self.nothing_to_read();
        };
        if !actions.is_empty() {
            return Request::Nothing;
        }
        if framer.is_drained() && !framer.wastes() && !self.input_ended {
            *is_held = false;
            return Request::Wait(None);
        }
        let funds = &funds();
        let blocked = funds.blocked(self.budget);
        // A line that is too long is read no faster than others, also before its end.
        *is_held = blocked.is_some() && !self.input_ended && framer.wastes();
        if blocked.is_some() && (framer.has_item() || self.input_ended && framer.has_begun() || *is_held) {
            return Request::Wait(blocked);
        }
        // A shortcut for nearly every line that people type: one that needs no conversion.
        let context = Context { member, limits, options };
        let is_typed = framer.is_for_people();
        if member.is_some()
            && is_typed
            && let Some(text) = framer.next_clean_line(Text::from_clean)
        {
            self.typed_line(Typed::clean(text), &context);
            return self.line_was_read(funds);
        }
        let item = match framer.next_item() {
            None if self.input_ended => framer.finish().map(Item::Line),
            item => item,
        };
        let line = match item {
            Some(Item::Line(line)) => line,
            // An answer to a telnet command costs as much as a line.
            Some(Item::Telnet(asked)) => {
                self.queue_telnet_answer(asked);
                self.slowed.line_was_read();
                self.charge(Cost::lines(1), funds);
                return Request::Nothing;
            }
            None => return self.no_item(funds),
        };
        // A web page may have the browser of a visitor send IRC commands in the body of an HTTP request. The sniffer
        // only sees a request at the start of the input; this catches one after other lines.
        if self.state == State::Register && is_request(line.bytes, line.dropped > 0) {
            self.charge(Cost::lines(1), funds);
            return Request::TurnAway(Kind::Http);
        }
        if !is_typed {
            let FramedLine { bytes, dropped } = line;
            self.dialect.line(Line::Bytes { bytes, dropped }, &context, actions);
        } else if self.state != State::Detect || self.sniffer.is_none() {
            let typed = Typed::read(line.bytes, line.dropped);
            self.typed_line(typed, &context);
        }
        self.line_was_read(funds)
    }

    /// Charges for the line that was read, and returns what follows. A line that others hear costs what its actions cost, for
    /// instance as much as twenty lines if it sends a message to twenty rooms.
    fn line_was_read(&mut self, funds: &Funds) -> Request {
        self.slowed.line_was_read();
        let actions = self.workspace.as_deref().into_iter().flat_map(|it| &it.actions);
        let told = actions.map(Action::cost).fold(Cost::NONE, Cost::plus);
        self.charge(told.max(Cost::lines(1)), funds);
        // The sniffer has decided for the plain dialect: the connection enters before its first line is acted on.
        if self.state == State::Detect && self.sniffer.is_none() {
            return self.enter_plain();
        }
        Request::Nothing
    }

    /// Charges for the bytes that came after the last item and that no line will contain.
    fn no_item(&mut self, funds: &Funds) -> Request {
        let framer = self.workspace.as_deref_mut().map(|it| &mut it.framer).filter(|_| !self.input_ended);
        let wastes = framer.map_or(0, Framer::take_waste);
        if wastes == 0 {
            return self.nothing_to_read();
        }
        self.charge(Cost::lines(wastes), funds);
        Request::Nothing
    }

    /// Reads what the proxy or gateway says that the connection comes from. A gateway is believed if it is vouched for by its
    /// password: its line is read once to have that checked, and again, and removed, when the password was right.
    pub(super) fn read_header(&mut self, introducer: Introducer) -> Request {
        if self.waits.is_some() {
            return Request::Wait(None);
        }
        let Some(sniffer) = self.sniffer.as_mut() else { return Request::Proxied(Header::Invalid) };
        let header = match introducer {
            Introducer::Gateway { is_vouched: true } => sniffer.take_webirc(),
            Introducer::Gateway { is_vouched: false } => match sniffer.webirc() {
                Webirc::Invalid => Header::Invalid,
                Webirc::More => Header::More,
                Webirc::Read { password, .. } => {
                    let password = Bytes::copy_from_slice(password);
                    self.waits = Some(Wait::Password);
                    return Request::CheckPassword(Password { of: PasswordOf::Gateway, password });
                }
            },
            Introducer::Proxy => sniffer.read_header(),
        };
        match header {
            Header::More => self.nothing_to_read(),
            Header::Invalid | Header::Read { .. } => Request::Proxied(header),
        }
    }

    /// Returns what follows where no line is left.
    const fn nothing_to_read(&self) -> Request {
        if self.input_ended { Request::EndOfInput } else { Request::Wait(None) }
    }

    /// Passes the input through the sniffer, until it is clear what protocol the connection speaks.
    fn sniff(&mut self, funds: &Funds) -> Option<Request> {
        let evidence = match (self.state, self.listener) {
            (State::Detect, _) => Evidence::Open,
            (State::Register, _) => Evidence::Irc,
            (_, listener) => Evidence::Greeted { may_be_irc: listener == Dialect::Auto },
        };
        let kind = match self.sniffed.take() {
            Some(kind) => kind,
            None => {
                let sniffed = self.sniffer.as_mut()?.look(evidence, self.input_ended);
                // Before an IRC line, noise is dropped: it is neither a line of its own nor a part of the next one.
                if !sniffed.noise.is_empty() {
                    let framer = &mut self.workspace().framer;
                    if framer.is_for_people() {
                        framer.push(sniffed.noise.into());
                        self.read_noise(funds);
                    }
                }
                if self.workspace.as_deref().is_some_and(|it| !it.actions.is_empty()) {
                    // Telnet commands before the opening are answered first, whether or not they came in one read with
                    // it.
                    self.sniffed = sniffed.kind;
                    return None;
                }
                sniffed.kind?
            }
        };
        match kind {
            Kind::Doubt => Some(Request::Notice(Notice::LineWithheld)),
            Kind::Irc => self.found_irc(),
            Kind::Plain => {
                // The client was told that the line in doubt was not sent, so it must not be sent now.
                self.sniffer.as_mut()?.forget_doubted();
                self.release_sniffed();
                None
            }
            kind @ (Kind::Http | Kind::Stranger(_) | Kind::Tls) => Some(Request::TurnAway(kind)),
        }
    }

    /// Reads bytes that the sniffer has found to be noise: lines are dropped, and telnet commands are answered. During
    /// detection "Are You There" is not answered: the greeting will do that.
    fn read_noise(&mut self, funds: &Funds) {
        while let Some(item) = self.workspace().framer.next_item() {
            if let Item::Telnet(asked) = item
                && (self.state != State::Detect || asked != TelnetRequest::AreYouThere)
            {
                // This charges but does not wait for the rate: bytes after the noise may still decide the protocol.
                // Later lines wait for the debt.
                self.charge(Cost::lines(1), funds);
                self.queue_telnet_answer(asked);
            }
        }
    }

    /// Decides for the protocol that the bytes before a silence are most likely in.
    pub(super) fn settle_on_guess(&mut self) -> Request {
        let guess = self.sniffer.as_ref().map_or(Kind::Plain, |sniffer| sniffer.guess());
        match guess {
            Kind::Http | Kind::Stranger(_) | Kind::Tls => Request::TurnAway(guess),
            Kind::Irc => {
                self.begin_irc();
                Request::Register
            }
            Kind::Doubt | Kind::Plain => self.enter_plain(),
        }
    }

    /// Decides for the plain dialect: the connection enters at once.
    const fn enter_plain(&mut self) -> Request {
        self.state = State::ExpectEntry { leave: None };
        Request::Enter(Registration { is_authenticated: false, name: None, user: None, enters_room: true })
    }

    /// Handles the start of an IRC registration. A plain member at a listener for all dialects leaves and registers
    /// again as IRC; elsewhere the connection is turned away.
    fn found_irc(&mut self) -> Option<Request> {
        match (self.state, self.listener) {
            (State::Detect, _) => {
                self.begin_irc();
                Some(Request::Register)
            }
            (State::Register, _) => {
                self.frame_irc();
                self.release_sniffed();
                None
            }
            (State::Active { member }, Dialect::Auto) => {
                self.state = State::ExpectLeave { member, switches: true };
                Some(Request::SwitchDialect(member))
            }
            _ => Some(Request::TurnAway(Kind::Irc)),
        }
    }

    /// Removes the sniffer, and passes the bytes that it holds to the framer.
    pub(super) fn release_sniffed(&mut self) {
        let Some(mut sniffer) = self.sniffer.take() else { return };
        let held = sniffer.take();
        if !held.is_empty() {
            self.workspace().framer.push(Bytes::from(held));
        }
    }

    /// Queues the answer to a telnet command, after the actions of the lines before it.
    fn queue_telnet_answer(&mut self, asked: TelnetRequest) {
        self.workspace().actions.push_back(match asked {
            TelnetRequest::AreYouThere => Action::Notice(Notice::IsThere),
            TelnetRequest::Option(answer) => Action::Telnet(answer),
            TelnetRequest::TimingMark => Action::Telnet(TIMING_MARK_ANSWER),
        });
    }

    /// Passes a typed line to the dialect.
    fn typed_line(&mut self, typed: Typed, context: &Context<'_>) {
        let Typed { text, dropped, is_utf8 } = typed;
        let Some(Workspace { framer, actions, .. }) = self.workspace.as_deref_mut() else { return };
        let line = Line::Typed { text, dropped, is_utf8, is_utf16: framer.is_utf16() };
        self.dialect.line(line, context, actions);
    }
}
