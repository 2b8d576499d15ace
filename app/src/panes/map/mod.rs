//! The process map: which step follows which, how often and how fast; the ways that threads go; before and in a range.

pub(super) mod layout;
mod map_ui;
mod picture;
mod side_ui;

use std::sync::Arc;

use egui::{Frame, Margin, Slider, Ui};

use super::asking::{Asking, Same};
use super::{Context, Pane, form};
use crate::command::Command;
use crate::figures;
use crate::jobs::{Title, Unit};
use crate::state::{Tale, Tied, TimeRange};
use crate::theme::{size, tokens, widgets};
use picture::{Mapped, Picture};

/// What stands at the arrows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Figure {
    /// How often.
    #[default]
    Count,
    /// The median of the times.
    Median,
    /// The time that 95 of a hundred do not exceed.
    P95,
}

/// The process map of the threads.
pub struct MapPane {
    /// How much of all that is taken is drawn, in hundredths.
    share: u32,
    figure: Figure,
    /// Whether the marked range is held against what was before it.
    compares: bool,
    mapping: Asking<(Same<Tied>, Option<TimeRange>), Arc<Mapped>>,
    drawing: Asking<(Same<Mapped>, u32), Arc<Picture>>,
    /// The variant that is lit.
    variant: Option<usize>,
    /// The step that is lit.
    step: Option<usize>,
    /// How large it is drawn; as it fits until somebody zooms.
    zoom: Option<f32>,
    held: Option<(Arc<Tale>, Arc<Mapped>, Option<side_ui::Held>)>,
}

impl Default for MapPane {
    fn default() -> Self {
        Self {
            share: 95,
            figure: Figure::default(),
            compares: false,
            mapping: Asking::default(),
            drawing: Asking::default(),
            variant: None,
            step: None,
            zoom: None,
            held: None,
        }
    }
}

impl MapPane {
    /// Whether nothing is under way.
    pub fn is_settled(&self) -> bool {
        !self.mapping.is_busy() && !self.drawing.is_busy()
    }

    fn mapped(&self) -> Option<Arc<Mapped>> {
        self.mapping.last().map(|(_, mapped)| Arc::clone(mapped))
    }
}

impl Pane for MapPane {
    fn update(&mut self, _context: &Context<'_>) {
        self.mapping.update();
        self.drawing.update();
    }

    fn command(&mut self, command: &Command, _context: &Context<'_>) {
        if *command == Command::CompareRanges {
            self.compares = !self.compares;
        }
    }

    fn header_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let (Some(mapped), Some(_)) = (self.mapped(), &context.state.tied) else { return };
        let variants = figures::of(mapped.all_variants as u64, "variant");
        widgets::caption(ui, format!("{} · {variants}", figures::of(mapped.threads, "thread")));
    }

    fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let Some(tied) = context.state.tied.clone() else {
            self.mapping.forget();
            self.drawing.forget();
            let hint = "Once events are tied into threads, their steps and what follows what stand here as a map";
            if widgets::empty_state(ui, "No map yet", hint, Some("Tie events into threads")) {
                context.send(Command::TieThreads);
            }
            return;
        };
        let range = context.state.marked.filter(|_| self.compares);
        let of = Arc::clone(&tied);
        let work = move |_: &crate::jobs::Progress| Arc::new(Mapped::of(&of, range));
        let title = Title::listed("Mapping threads", Unit::None);
        self.mapping.ask((Same(Arc::clone(&tied)), range), context.jobs, title, work);
        let Some(mapped) = self.mapped() else {
            widgets::empty_state(ui, "Mapping threads", "Steps are counted", None);
            return;
        };
        let (of, share) = (Arc::clone(&mapped), f64::from(self.share) / 100.0);
        let work = move |_: &crate::jobs::Progress| Arc::new(Picture::of(&of.whole, &of.order, share));
        self.drawing.ask((Same(Arc::clone(&mapped)), self.share), context.jobs, Title::quiet("Map"), work);
        let Some(picture) = self.drawing.last().map(|(_, picture)| Arc::clone(picture)) else { return };
        self.bar_ui(ui, &mapped, &picture, context);
        let rect = ui.available_rect_before_wrap();
        let split = (rect.right() - 330.0).max(rect.left() + rect.width() * 0.5);
        let way = self.variant.and_then(|variant| mapped.variants.get(variant));
        let lit = map_ui::Lit {
            way: way.map(|variant| {
                let name = |step: &u16| Arc::clone(tied.threads.step_name(*step));
                variant.steps.iter().map(name).collect()
            }),
            step: self.step,
            figure: self.figure,
        };
        if let Some(step) = map_ui::map_ui(ui, rect.with_max_x(split), &mapped, &picture, &lit, &mut self.zoom) {
            self.step = (self.step != Some(step)).then_some(step);
            self.variant = None;
        }
        widgets::hairline_v(ui, split, rect.y_range());
        self.side_ui(ui, rect.with_min_x(split + 1.0), &tied, &mapped, context);
    }
}

impl MapPane {
    fn bar_ui(&mut self, ui: &mut Ui, mapped: &Mapped, picture: &Picture, context: &Context<'_>) {
        let frame = Frame::new().fill(tokens(ui).pane).inner_margin(Margin::symmetric(size::INSET as i8, 3));
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal(|ui| {
                widgets::caption(ui, "Edges");
                let slider = ui.add(Slider::new(&mut self.share, 0..=100).show_value(false).trailing_fill(true));
                form::named(ui, &slider, "Share of the edges that is drawn");
                widgets::caption(ui, format!("{} %", self.share));
                let words = [(Figure::Count, "Count"), (Figure::Median, "Median"), (Figure::P95, "p95")];
                form::choice(ui, &mut self.figure, &words);
                let compare = widgets::bar_toggle(ui, "Compare", self.compares)
                    .on_hover_text("Hold threads that start in the marked range against those before it");
                if compare.clicked() {
                    self.compares = !self.compares;
                }
                if self.zoom.is_some() && widgets::bar_toggle(ui, "Fit", false).clicked() {
                    self.zoom = None;
                }
                let told = match (self.compares, &mapped.parts) {
                    (true, None) if context.state.marked.is_none() => "mark a range on the timeline".to_owned(),
                    (true, Some([before, within])) => format!(
                        "{} in the range, {} before",
                        figures::of(within.threads, "thread"),
                        figures::count(before.threads)
                    ),
                    _ => match picture.left_out {
                        (0, _) => "every edge is drawn".to_owned(),
                        (edges, taken) => format!(
                            "{} left out, taken {}",
                            figures::of(edges as u64, "edge"),
                            figures::of(taken, "time")
                        ),
                    },
                };
                widgets::caption(ui, told);
            });
        });
        let rect = ui.min_rect();
        widgets::hairline_h(ui, rect.x_range(), rect.bottom());
    }
}
