//! A list that nearly always has at most one item.

use alloc::vec::Vec;
use core::ops::{Deref, DerefMut};

/// A list that stores a single item inline and allocates only for several.
///
/// Nearly every member is in one room: a `Vec` would cost more memory for the allocation than for its item.
#[derive(Clone, Debug, Default)]
pub(crate) enum Few<T> {
    Many(Vec<T>),
    #[default]
    None,
    One(T),
}

impl<T> Few<T> {
    /// Appends an item.
    pub(crate) fn push(&mut self, item: T) {
        *self = match core::mem::take(self) {
            Self::Many(mut items) => {
                items.push(item);
                Self::Many(items)
            }
            Self::None => Self::One(item),
            Self::One(first) => Self::Many(alloc::vec![first, item]),
        };
    }

    /// Returns whether the list has exactly one item.
    pub(crate) const fn is_one(&self) -> bool {
        matches!(self, Self::One(_))
    }

    /// Removes the items for which `keep` returns `false`.
    pub(crate) fn retain(&mut self, mut keep: impl FnMut(&T) -> bool) {
        match self {
            Self::Many(items) => {
                items.retain(keep);
                self.shrink();
            }
            Self::None => {}
            Self::One(item) => {
                if !keep(item) {
                    *self = Self::None;
                }
            }
        }
    }

    /// Removes the item at `index` and puts the last one in its place.
    ///
    /// # Panics
    /// Panics if `index` is out of range.
    pub(crate) fn swap_remove(&mut self, index: usize) -> T {
        if let Self::Many(items) = self {
            let item = items.swap_remove(index);
            self.shrink();
            return item;
        }
        match core::mem::take(self) {
            Self::One(item) if index == 0 => item,
            _ => panic!("the index is out of range"),
        }
    }

    /// Converts the list into a `Vec`.
    pub(crate) fn into_vec(self) -> Vec<T> {
        match self {
            Self::Many(items) => items,
            Self::None => Vec::new(),
            Self::One(item) => alloc::vec![item],
        }
    }

    /// Frees the allocation when at most one item is left.
    fn shrink(&mut self) {
        if let Self::Many(items) = self
            && items.len() <= 1
        {
            *self = items.pop().map_or(Self::None, Self::One);
        }
    }
}

impl<T> Deref for Few<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        match self {
            Self::Many(items) => items,
            Self::None => &[],
            Self::One(item) => core::slice::from_ref(item),
        }
    }
}

impl<T> DerefMut for Few<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        match self {
            Self::Many(items) => items,
            Self::None => &mut [],
            Self::One(item) => core::slice::from_mut(item),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_behaves_like_a_vec() {
        let (mut few, mut list) = (Few::default(), Vec::new());
        for step in 0u32..64 {
            match step % 7 {
                0..=2 => {
                    few.push(step);
                    list.push(step);
                }
                3 | 4 if !list.is_empty() => {
                    let index = step as usize % list.len();
                    assert_eq!(few.swap_remove(index), list.swap_remove(index));
                }
                _ => {
                    few.retain(|item| item % 5 != step % 5);
                    list.retain(|item| item % 5 != step % 5);
                }
            }
            few.iter_mut().chain(&mut list).for_each(|item| *item += 1);
            assert_eq!(*few, *list, "{step}");
            assert_eq!(matches!(few, Few::Many(_)), list.len() > 1, "only several items are allocated");
            assert_eq!(few.is_one(), list.len() == 1);
            assert_eq!(few.clone().into_vec(), list);
        }
    }
}
