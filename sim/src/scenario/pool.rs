//! The names and rooms of a scenario: few, so that they collide.

/// Names that everybody wants: one of them in three spellings.
pub(super) const NAMES: [&str; 9] =
    ["alice", "Alice", "ALICE", "bob", "小明", "zoë", "dave", "NickServ", r"al\ice`"];

/// Rooms where everybody meets, without the `#` of IRC.
pub(super) const ROOMS: [&str; 7] = ["lobby", "tea", "Tea", "rust", "茶", "#c", "c++"];
