//! A map by connection, in the order of connections, where looking one up costs a slot's place in an array.

use parlor_protocol::ConnId;

/// What is known of each connection.
#[derive(Clone, Debug)]
pub struct Conns<T> {
    /// By slot: its connections with their generations, in ascending order. There is seldom more than one.
    slots: Vec<Vec<(u32, T)>>,
}

impl<T> Default for Conns<T> {
    fn default() -> Self {
        Self { slots: Vec::new() }
    }
}

impl<T> Conns<T> {
    /// What is known of the connection.
    #[must_use]
    pub fn get(&self, conn: ConnId) -> Option<&T> {
        let slot = self.slots.get(conn.slot as usize)?;
        slot.iter().rev().find(|(generation, _)| *generation == conn.generation).map(|(_, value)| value)
    }

    /// The same, to be changed.
    pub fn get_mut(&mut self, conn: ConnId) -> Option<&mut T> {
        let slot = self.slots.get_mut(conn.slot as usize)?;
        slot.iter_mut().rev().find(|(generation, _)| *generation == conn.generation).map(|(_, value)| value)
    }

    /// The same, which begins as the default of its type.
    pub fn get_or_default(&mut self, conn: ConnId) -> &mut T
    where
        T: Default,
    {
        let slot = self.slot(conn);
        let at = slot.binary_search_by_key(&conn.generation, |(generation, _)| *generation);
        let at = at.unwrap_or_else(|at| {
            slot.insert(at, (conn.generation, T::default()));
            at
        });
        &mut slot[at].1
    }

    /// Whether anything is known of the connection.
    #[must_use]
    pub fn contains(&self, conn: ConnId) -> bool {
        self.get(conn).is_some()
    }

    /// Returns what was known before.
    pub fn insert(&mut self, conn: ConnId, value: T) -> Option<T> {
        let slot = self.slot(conn);
        match slot.binary_search_by_key(&conn.generation, |(generation, _)| *generation) {
            Ok(at) => Some(std::mem::replace(&mut slot[at].1, value)),
            Err(at) => {
                slot.insert(at, (conn.generation, value));
                None
            }
        }
    }

    /// Returns what was known.
    pub fn remove(&mut self, conn: ConnId) -> Option<T> {
        let slot = self.slots.get_mut(conn.slot as usize)?;
        let at = slot.iter().position(|(generation, _)| *generation == conn.generation)?;
        Some(slot.remove(at).1)
    }

    /// All of it, in the order of connections.
    pub fn iter(&self) -> impl Iterator<Item = (ConnId, &T)> {
        self.slots.iter().zip(0..).flat_map(|(slot, number)| {
            slot.iter().map(move |&(generation, ref value)| (ConnId { slot: number, generation }, value))
        })
    }

    /// The connections, in order.
    pub fn keys(&self) -> impl Iterator<Item = ConnId> {
        self.iter().map(|(conn, _)| conn)
    }

    /// What is known of each, in their order.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.iter().map(|(_, value)| value)
    }

    fn slot(&mut self, conn: ConnId) -> &mut Vec<(u32, T)> {
        let slot = conn.slot as usize;
        if self.slots.len() <= slot {
            self.slots.resize_with(slot + 1, Vec::new);
        }
        &mut self.slots[slot]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_is_a_map(changes in prop::collection::vec((0..5u32, 0..4u32, 0..4u8), 0..100)) {
            let (mut conns, mut map) = (Conns::default(), BTreeMap::new());
            for (number, (slot, generation, what)) in changes.into_iter().enumerate() {
                let conn = ConnId { slot, generation };
                match what {
                    0 => prop_assert_eq!(conns.insert(conn, number), map.insert(conn, number)),
                    1 => prop_assert_eq!(conns.remove(conn), map.remove(&conn)),
                    2 => *conns.get_or_default(conn) += 1,
                    _ => prop_assert_eq!(conns.get_mut(conn), map.get_mut(&conn)),
                }
                if what == 2 {
                    *map.entry(conn).or_default() += 1;
                }
                prop_assert_eq!(conns.get(conn), map.get(&conn));
                prop_assert_eq!(conns.contains(conn), map.contains_key(&conn));
                prop_assert!(conns.iter().eq(map.iter().map(|(&conn, value)| (conn, value))));
                prop_assert!(conns.keys().eq(map.keys().copied()));
            }
        }
    }
}
