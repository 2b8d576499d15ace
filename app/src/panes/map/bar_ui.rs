//! The bar above the map: how much of it is drawn, what stands at the arrows, which ranges are compared.

use egui::{Frame, Margin, Slider, Ui};

use super::picture::{Mapped, Picture};
use super::{Figure, MapPane, Ranges};
use crate::command::Command;
use crate::figures;
use crate::panes::{Context, form};
use crate::state::TimeRange;
use crate::theme::{size, tokens, widgets};

impl MapPane {
    pub(super) fn bar_ui(&mut self, ui: &mut Ui, mapped: &Mapped, picture: &Picture, context: &Context<'_>) {
        let frame = Frame::new().fill(tokens(ui).pane).inner_margin(Margin::symmetric(size::INSET as i8, 3));
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_wrapped(|ui| {
                share_ui(ui, "Steps", "Share of the events whose steps are drawn", &mut self.steps_share);
                share_ui(ui, "Edges", "Share of the edges that is drawn", &mut self.edges_share);
                let words = [(Figure::Count, "Count"), (Figure::Median, "Median"), (Figure::P95, "p95")];
                form::choice(ui, &mut self.figure, &words);
                self.compare_ui(ui, context);
                if self.zoom.is_some() && widgets::bar_toggle(ui, "Fit", false).clicked() {
                    self.zoom = None;
                }
                widgets::whole_caption(ui, &self.told(mapped, picture, context));
            });
        });
        let rect = ui.min_rect();
        widgets::hairline_h(ui, rect.x_range(), rect.bottom());
    }

    fn compare_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let compare = widgets::bar_toggle(ui, "Compare", self.compares)
            .on_hover_text("Hold threads that start in one range against those that start in another");
        if compare.clicked() {
            self.compares = !self.compares;
        }
        if !self.compares {
            return;
        }
        let spelled = |range: Option<TimeRange>, without: &str| match range {
            Some(range) => {
                let clock = &context.state.clock;
                format!("{} – {}", clock.full(range.start_ns), clock.full(range.end_ns))
            }
            None => without.to_owned(),
        };
        let Ranges { first, second } = self.ranges;
        let a = widgets::bar_toggle(ui, "Mark A", first.is_some());
        let a = a.on_hover_text(format!("The first range: {}", spelled(first, "all before the second")));
        if a.clicked() {
            context.send(Command::CompareFrom);
        }
        let b = widgets::bar_toggle(ui, "Mark B", second.is_some());
        let b = b.on_hover_text(format!("The second range: {}", spelled(second, "the one marked on the timeline")));
        if b.clicked() {
            context.send(Command::CompareTo);
        }
        if self.ranges != Ranges::default() && widgets::link(ui, "Clear").clicked() {
            self.ranges = Ranges::default();
        }
    }

    /// What is compared, or left out.
    fn told(&self, mapped: &Mapped, picture: &Picture, context: &Context<'_>) -> String {
        if self.compares && self.ranges.both(context.state.marked).is_none() {
            return "mark a range on the timeline".to_owned();
        }
        if let (true, Some([first, second])) = (self.compares, mapped.parts) {
            let before = if self.ranges.first.is_some() { "in the first" } else { "before" };
            let within = if self.ranges.first.is_some() { "in the second" } else { "in the range" };
            return format!("{} {within}, {} {before}", figures::of(second, "thread"), figures::count(first));
        }
        let steps = match picture.steps_out {
            (0, _) => String::new(),
            (steps, events) => {
                format!("{} left out with {}, ", figures::of(steps as u64, "step"), figures::of(events, "event"))
            }
        };
        match picture.left_out {
            (0, _) => format!("{steps}every edge is drawn"),
            (edges, taken) => {
                format!("{steps}{} left out, taken {}", figures::of(edges as u64, "edge"), figures::of(taken, "time"))
            }
        }
    }
}

fn share_ui(ui: &mut Ui, word: &str, name: &str, share: &mut u32) {
    widgets::whole_caption(ui, word);
    let slider = ui.add(Slider::new(share, 0..=100).show_value(false).trailing_fill(true));
    form::named(ui, &slider, name);
    widgets::whole_caption(ui, &format!("{share} %"));
}
