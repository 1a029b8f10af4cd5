//! Connections that come through a proxy.
//!
//! Until the proxy has named the client, the connection has a slot and counts as one of `connections_max`, but for no
//! address: a proxy makes as many connections as it has clients, and names each within `proxy_ms`. Then the client's
//! address is the connection's for everything, as if there were no proxy. If the proxy connects on its own behalf, its own
//! address is.

use super::Hub;
use crate::base::id::ConnId;
use crate::base::network::canonical;
use crate::base::time::Now;
use crate::framing::proxy::Header;
use crate::hub::console::ConsoleEvent;
use crate::hub::output::{Output, Sink};
use crate::log::close_reason::CloseReason;
use crate::planted;
use core::net::IpAddr;

impl Hub {
    /// Whether headers from this address are believed.
    pub(super) fn is_proxy(&self, ip: IpAddr) -> bool {
        self.options.proxies.iter().any(|network| network.contains(ip))
    }

    /// Admits or refuses a connection whose proxy has named the client. Closes the connection if the header is not valid.
    pub(super) fn read_proxy(&mut self, now: Now, conn: ConnId, header: Header, sink: &mut impl Sink) {
        let Header::Read { client, .. } = header else {
            return self.give_up_proxy(now, conn, CloseReason::ProxyHeader, sink);
        };
        self.header_was_read(conn);
        let Some(connection) = self.connection(conn) else { return };
        let (proxy, of_proxy) = (connection.peer, connection.address);
        let peer = client.map_or(proxy, canonical);
        let counted = if planted::counts_for_client() { peer } else { proxy };
        // The new entry first, so that that of a proxy which names itself is not made again.
        let address =
            self.addresses.connect(counted.ip(), &self.options.trusted, self.limits.budgets_max, now.mono);
        self.addresses.disconnect(of_proxy);
        if let Some(connection) = self.connection(conn) {
            (connection.peer, connection.address) = (peer, address);
            connection.session.introduced();
        }
        if client.is_some() {
            sink.output(Output::Console(ConsoleEvent::Proxied { conn, proxy, peer }));
        }
        self.admit(now, conn, sink);
    }

    /// Closes a connection whose client is not known, and reports it.
    pub(super) fn give_up_proxy(
        &mut self,
        now: Now,
        conn: ConnId,
        reason: CloseReason,
        sink: &mut impl Sink,
    ) {
        if let Some(peer) = self.peer(conn) {
            sink.output(Output::Console(ConsoleEvent::Refused { peer, reason }));
        }
        self.close_now(now, conn, reason, None, sink);
    }
}
