//! An ordered map by connection, with lookup by slot in an array.

use parlor_protocol::ConnId;

/// An ordered map from connections to values.
#[derive(Clone, Debug)]
pub struct Conns<T> {
    slots: Vec<Slot<T>>,
}

/// The values of the connections in one slot, with their generations.
#[derive(Clone, Debug)]
struct Slot<T> {
    newest: Option<(u32, T)>,
    /// Earlier generations in ascending order. They are seldom looked up.
    older: Vec<(u32, T)>,
}

impl<T> Default for Conns<T> {
    fn default() -> Self {
        Self { slots: Vec::new() }
    }
}

impl<T> Conns<T> {
    /// Returns the value of a connection.
    #[must_use]
    pub fn get(&self, conn: ConnId) -> Option<&T> {
        let Slot { newest, older } = self.slots.get(conn.slot as usize)?;
        match newest {
            Some((generation, value)) if *generation == conn.generation => Some(value),
            _ => find(older, conn).ok().map(|at| &older[at].1),
        }
    }

    /// Returns the value of a connection, mutably.
    pub fn get_mut(&mut self, conn: ConnId) -> Option<&mut T> {
        let Slot { newest, older } = self.slots.get_mut(conn.slot as usize)?;
        match newest {
            Some((generation, value)) if *generation == conn.generation => Some(value),
            _ => find(older, conn).ok().map(|at| &mut older[at].1),
        }
    }

    /// Returns the value of a connection, mutably; inserts the default value if there is none.
    pub fn get_or_default(&mut self, conn: ConnId) -> &mut T
    where
        T: Default,
    {
        if !self.contains(conn) {
            self.insert(conn, T::default());
        }
        self.get_mut(conn).expect("a value was inserted")
    }

    /// Whether the connection has a value.
    #[must_use]
    pub fn contains(&self, conn: ConnId) -> bool {
        self.get(conn).is_some()
    }

    /// Inserts a value. Returns the previous one.
    pub fn insert(&mut self, conn: ConnId, value: T) -> Option<T> {
        if let Some(before) = self.get_mut(conn) {
            return Some(std::mem::replace(before, value));
        }
        let number = conn.slot as usize;
        if self.slots.len() <= number {
            self.slots.resize_with(number + 1, || Slot { newest: None, older: Vec::new() });
        }
        let slot = &mut self.slots[number];
        let is_newest = slot.newest.as_ref().is_none_or(|(generation, _)| *generation < conn.generation);
        if is_newest {
            slot.older.extend(slot.newest.replace((conn.generation, value)));
        } else if let Err(at) = find(&slot.older, conn) {
            slot.older.insert(at, (conn.generation, value));
        }
        None
    }

    /// Removes the value of a connection, and returns it.
    pub fn remove(&mut self, conn: ConnId) -> Option<T> {
        let slot = self.slots.get_mut(conn.slot as usize)?;
        let newest = slot.newest.take_if(|(generation, _)| *generation == conn.generation);
        if let Some((_, value)) = newest {
            slot.newest = slot.older.pop();
            return Some(value);
        }
        find(&slot.older, conn).ok().map(|at| slot.older.remove(at).1)
    }

    /// Returns all connections with their values, in order.
    pub fn iter(&self) -> impl Iterator<Item = (ConnId, &T)> {
        self.slots.iter().zip(0..).flat_map(|(slot, number)| {
            let all = slot.older.iter().chain(&slot.newest);
            all.map(move |&(generation, ref value)| (ConnId { slot: number, generation }, value))
        })
    }

    /// Returns all connections, in order.
    pub fn keys(&self) -> impl Iterator<Item = ConnId> {
        self.iter().map(|(conn, _)| conn)
    }

    /// Returns all values, in the order of their connections.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        self.iter().map(|(_, value)| value)
    }
}

/// Returns the index of the connection, or the index at which to insert it.
fn find<T>(older: &[(u32, T)], conn: ConnId) -> Result<usize, usize> {
    older.binary_search_by_key(&conn.generation, |(generation, _)| *generation)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeMap;

    proptest! {
        #[test]
        fn it_behaves_like_a_btree_map(changes in prop::collection::vec((0..5u32, 0..4u32, 0..4u8), 0..100)) {
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
