//! The part of a session that only a busy one needs.

use super::Session;
use crate::dialect::action::Action;
use crate::framing::framer::Framer;
use alloc::boxed::Box;
use alloc::collections::VecDeque;

/// The framer and the actions of a session.
///
/// Nearly every connection is idle nearly all the time, and in a server with thousands of them, what idle sessions hold is
/// most of the memory. So a session takes a workspace when bytes arrive, and puts it away when it has acted on all of them.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(super) framer: Framer,
    /// Actions of the lines that were read, in order. The first may have to wait.
    pub(super) actions: VecDeque<Action>,
    /// Whether reading is paused in the middle of a line that is too long, until the budgets are ready.
    pub(super) is_held: bool,
}

impl Session {
    /// Returns the session's workspace. Without one, the session takes the spare one, or allocates one.
    pub(super) fn take_workspace(&mut self, spare: &mut Option<Box<Workspace>>) -> &mut Workspace {
        let framing = self.framing;
        self.workspace.get_or_insert_with(|| match spare.take() {
            Some(mut workspace) => {
                workspace.framer.resume(framing);
                workspace
            }
            None => {
                let (framer, actions) = (Framer::of(framing), VecDeque::new());
                Box::new(Workspace { framer, actions, is_held: false })
            }
        })
    }

    /// Returns the session's workspace, and allocates one if it has none.
    pub(super) fn workspace(&mut self) -> &mut Workspace {
        self.take_workspace(&mut None)
    }

    /// Puts the workspace away if it is empty. It becomes the spare one, unless there is one.
    pub(crate) fn put_workspace_away(&mut self, spare: &mut Option<Box<Workspace>>) {
        let Some(workspace) = &mut self.workspace else { return };
        if workspace.actions.is_empty()
            && let Some(framing) = workspace.framer.at_rest()
        {
            self.framing = framing;
            let workspace = self.workspace.take();
            *spare = spare.take().or(workspace);
        }
    }
}
