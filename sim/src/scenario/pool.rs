//! The names and rooms of scenarios. They are few, so that they collide.

/// Names that clients ask for. One of them is there in three spellings.
pub(super) const NAMES: [&str; 9] =
    ["alice", "Alice", "ALICE", "bob", "小明", "zoë", "dave", "NickServ", r"al\ice`"];

/// The rooms of plain and IRC clients, without the `#` of IRC.
pub(super) const ROOMS: [&str; 7] = ["lobby", "tea", "Tea", "rust", "茶", "#c", "c++"];
