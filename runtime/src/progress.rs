//! The progress of what may take long.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::time::Duration;

/// The progress, which is shown on a terminal if the work takes more than a second.
#[derive(Clone, Debug)]
pub(crate) struct Progress {
    bar: ProgressBar,
    is_shown: bool,
}

impl Progress {
    /// The time without a bar.
    const PATIENCE: Duration = Duration::from_secs(1);

    /// Begins work of this length.
    pub(crate) fn new(length: u64) -> Self {
        let bar = ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::hidden());
        bar.set_style(ProgressStyle::with_template("{bar:40} {percent} %").expect("the template is valid"));
        Self { bar, is_shown: false }
    }

    /// Sets what is done, and how much there is in all.
    pub(crate) fn set_of(&mut self, position: u64, length: u64) {
        self.bar.set_length(length);
        self.set(position);
    }

    /// Sets what is done.
    pub(crate) fn set(&mut self, position: u64) {
        if !self.is_shown && self.bar.elapsed() > Self::PATIENCE {
            self.is_shown = true;
            self.bar.set_draw_target(ProgressDrawTarget::stderr());
        }
        self.bar.set_position(position);
    }

    /// Removes the bar.
    pub(crate) fn end(&self) {
        self.bar.finish_and_clear();
    }
}
