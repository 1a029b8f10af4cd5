//! Simulated sockets.

use parlor_protocol::{ConnId, Wire};
use std::collections::BTreeMap;

/// Sockets that take only as many bytes as they have been granted.
#[derive(Debug, Default)]
pub struct GrantedWire {
    /// Number of bytes that each connection will still take. A connection without an entry takes everything.
    pub granted: BTreeMap<ConnId, usize>,
    /// The bytes that each connection has taken.
    pub taken: BTreeMap<ConnId, Vec<u8>>,
    /// Connections that have taken everything and whose writing side is closed.
    pub finished: Vec<ConnId>,
    /// Connections that have taken less than they were offered.
    pub blocked: Vec<ConnId>,
}

impl Wire for GrantedWire {
    fn finish(&mut self, conn: ConnId) {
        assert!(!self.finished.contains(&conn), "{conn} is finished twice");
        self.finished.push(conn);
    }

    fn write(&mut self, conn: ConnId, slices: &[&[u8]]) -> usize {
        assert!(!self.finished.contains(&conn), "{conn} is written to after it is finished");
        assert!(!self.blocked.contains(&conn), "{conn} is written to while its socket is full");
        let granted = self.granted.get_mut(&conn);
        let total: usize = slices.iter().map(|slice| slice.len()).sum();
        let count = granted.as_ref().map_or(total, |granted| total.min(**granted));
        if let Some(granted) = granted {
            *granted -= count;
        }
        let bytes = slices.iter().flat_map(|slice| slice.iter().copied()).take(count);
        self.taken.entry(conn).or_default().extend(bytes);
        if count < total {
            self.blocked.push(conn);
        }
        count
    }
}
