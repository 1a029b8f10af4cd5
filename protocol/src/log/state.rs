//! The state of a log: whether it takes proposals.

/// Whether the log takes proposals. As long as it is not running, lines that need it wait, and their authors are told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum LogState {
    /// It takes proposals, and each becomes an entry, once or several times.
    #[default]
    Running,
    /// It takes no proposals.
    Refusing(LogRefusal),
    /// It does not answer.
    Stalled,
}

/// The reason why a log takes no proposals.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogRefusal {
    /// It could not be written.
    Failed,
    /// There is no space left.
    Full,
}
