//! As of which moment a view is exported or asked: the one that its pane shows, unless somebody wants it as of now.

use egui::Ui;
use fabula_core::event::time::ms_to_ns;

use super::{Context, form};
use crate::state::State;
use crate::theme::widgets;
use crate::whole_run::WholeRun;

/// The choice between the moment that is shown and now.
#[derive(Default)]
pub(super) struct AsOf {
    /// The shown moment in whose place now was chosen. At another moment that one is meant again.
    now_instead_of: Option<i64>,
}

impl AsOf {
    /// The moment that is meant, in milliseconds; `None` is now, or where history is cut.
    fn moment_ms(&self, state: &State) -> Option<i64> {
        state.moment_ms.filter(|at| self.now_instead_of != Some(*at))
    }

    /// The pipeline's run up to what is meant, where it can run.
    pub(super) fn run(&self, state: &State) -> Option<WholeRun> {
        WholeRun::of(state).map(|run| run.at(self.moment_ms(state)))
    }

    /// Draws the choice; where the view shows no other moment it only says what is meant.
    pub(super) fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let (state, clock) = (context.state, &context.state.clock);
        form::name(ui, "As of");
        let end = state.cut.map_or_else(|| "now".to_owned(), |cut| format!("the cut at {}", clock.full(cut)));
        let Some(at) = state.moment_ms else {
            widgets::caption(ui, end);
            return;
        };
        let shown = clock.full(ms_to_ns(at));
        let mut meant = self.moment_ms(state);
        form::choice(ui, &mut meant, &[(Some(at), shown.as_str()), (None, end.as_str())]);
        self.now_instead_of = meant.is_none().then_some(at);
    }
}
