//! The process map: which step follows which, how often and how fast; the ways that threads go; two ranges beside each
//! other.

mod bar_ui;
mod changes;
pub(super) mod layout;
mod map_ui;
mod picture;
mod side_ui;

use std::sync::Arc;

use egui::Ui;

use super::asking::{Asking, Same};
use super::{Context, Pane};
use crate::command::Command;
use crate::figures;
use crate::jobs::{Progress, Title, Unit};
use crate::state::{Tale, Tied, TimeRange};
use crate::theme::widgets;
use map_ui::LitWay;
use picture::{Mapped, Picture, Way};

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

/// Which two ranges are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
struct Ranges {
    /// The first; everything before the second without one.
    first: Option<TimeRange>,
    /// The second; the marked range without one.
    second: Option<TimeRange>,
}

impl Ranges {
    /// Both, once there is a second one.
    fn both(self, marked: Option<TimeRange>) -> Option<[TimeRange; 2]> {
        let second = self.second.or(marked.filter(|marked| self.first != Some(*marked)))?;
        let before = TimeRange { start_ns: i64::MIN, end_ns: second.start_ns };
        Some([self.first.unwrap_or(before), second])
    }
}

/// Which threads are mapped, and which two ranges are compared.
type Question = (Same<Tied>, Option<[TimeRange; 2]>);

/// The process map of the threads.
pub struct MapPane {
    /// How much of all events and of all that is taken is drawn, in hundredths.
    steps_share: u32,
    edges_share: u32,
    figure: Figure,
    /// Whether two ranges are held against each other.
    compares: bool,
    ranges: Ranges,
    mapping: Asking<Question, Arc<Mapped>>,
    drawing: Asking<(Same<Mapped>, u32, u32), Arc<Picture>>,
    holding: Asking<(Same<Mapped>, Same<Tale>), Option<side_ui::Held>>,
    /// The variant that is lit, by its steps.
    variant: Option<Way>,
    /// The step that is lit.
    step: Option<Arc<str>>,
    /// What lights of the variant.
    lit: Option<(Arc<Mapped>, Way, LitWay)>,
    /// How large it is drawn; as it fits until somebody zooms.
    zoom: Option<f32>,
}

impl Default for MapPane {
    fn default() -> Self {
        Self {
            steps_share: 100,
            edges_share: 95,
            figure: Figure::default(),
            compares: false,
            ranges: Ranges::default(),
            mapping: Asking::default(),
            drawing: Asking::default(),
            holding: Asking::default(),
            variant: None,
            step: None,
            lit: None,
            zoom: None,
        }
    }
}

impl MapPane {
    /// Whether nothing is under way.
    pub fn is_settled(&self) -> bool {
        !self.mapping.is_busy() && !self.drawing.is_busy() && !self.holding.is_busy()
    }

    fn mapped(&self) -> Option<Arc<Mapped>> {
        self.mapping.last().map(|(_, mapped)| Arc::clone(mapped))
    }

    /// Takes the marked range as one of the two.
    fn take_range(&mut self, is_first: bool, context: &Context<'_>) {
        let Some(marked) = context.state.marked else {
            context.send(Command::Notify("Mark a range on the timeline first".to_owned()));
            return;
        };
        self.compares = true;
        *(if is_first { &mut self.ranges.first } else { &mut self.ranges.second }) = Some(marked);
    }

    /// Asks for the map of the threads; gives the last one that there is, with its own threads.
    fn ask(&mut self, tied: &Arc<Tied>, context: &Context<'_>) -> Option<Arc<Mapped>> {
        let ranges = self.ranges.both(context.state.marked).filter(|_| self.compares);
        let of = Arc::clone(tied);
        let work = move |progress: &Progress| Arc::new(Mapped::of(of, ranges, progress));
        let title = Title::listed("Mapping threads", Unit::None);
        self.mapping.ask((Same(Arc::clone(tied)), ranges), context.jobs, title, work);
        let mapped = self.mapped()?;
        let (of, steps, edges) = (Arc::clone(&mapped), self.steps_share, self.edges_share);
        let share = |hundredths: u32| f64::from(hundredths) / 100.0;
        let work = move |_: &Progress| Arc::new(Picture::of(&of.whole, &of.order, share(steps), share(edges)));
        self.drawing.ask((Same(Arc::clone(&mapped)), steps, edges), context.jobs, Title::quiet("Map"), work);
        if let Some(tale) = context.state.tale.as_ref().filter(|tale| tale.of == mapped.tied.number) {
            let (of, tale) = (Arc::clone(&mapped), Arc::clone(tale));
            let question = (Same(Arc::clone(&mapped)), Same(Arc::clone(&tale)));
            self.holding.ask(question, context.jobs, Title::quiet("Map"), move |_| side_ui::Held::of(&of, &tale));
        }
        Some(mapped)
    }

    /// Finds out what of the map is lit by the chosen variant, when either is another.
    fn light(&mut self, mapped: &Arc<Mapped>) {
        let Some(way) = &self.variant else {
            self.lit = None;
            return;
        };
        let known = |(of, lit, _): &(Arc<Mapped>, Way, LitWay)| Arc::ptr_eq(of, mapped) && lit == way;
        if !self.lit.as_ref().is_some_and(known) {
            self.lit = Some((Arc::clone(mapped), Arc::clone(way), LitWay::of(mapped, way)));
        }
    }
}

impl Pane for MapPane {
    fn update(&mut self, _context: &Context<'_>) {
        self.mapping.update();
        self.drawing.update();
        self.holding.update();
    }

    fn command(&mut self, command: &Command, context: &Context<'_>) {
        match command {
            Command::CompareRanges => self.compares = !self.compares,
            Command::CompareFrom => self.take_range(true, context),
            Command::CompareTo => self.take_range(false, context),
            _ => {}
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
            self.holding.forget();
            let hint = "Once events are tied into threads, their steps and what follows what stand here as a map";
            if widgets::empty_state(ui, "No map yet", hint, Some("Tie events into threads")) {
                context.send(Command::TieThreads);
            }
            return;
        };
        let Some(mapped) = self.ask(&tied, context) else {
            widgets::empty_state(ui, "Mapping threads", "Steps are counted", None);
            return;
        };
        // A picture of another map would point at other steps.
        let picture = self.drawing.last().filter(|((of, ..), _)| Arc::ptr_eq(&of.0, &mapped));
        let Some(picture) = picture.map(|(_, picture)| Arc::clone(picture)) else { return };
        self.light(&mapped);
        self.bar_ui(ui, &mapped, &picture, context);
        let rect = ui.available_rect_before_wrap();
        let split = (rect.right() - 330.0).max(rect.left() + rect.width() * 0.5);
        let lit = map_ui::Lit {
            way: self.lit.as_ref().map(|(_, _, lit)| lit),
            step: self.step.as_deref(),
            figure: self.figure,
        };
        if let Some(step) = map_ui::map_ui(ui, rect.with_max_x(split), &mapped, &picture, &lit, &mut self.zoom) {
            let name = picture.steps.get(step).map(|(name, _)| Arc::clone(name));
            self.step = name.filter(|name| self.step.as_ref() != Some(name));
            self.variant = None;
        }
        widgets::hairline_v(ui, split, rect.y_range());
        self.side_ui(ui, rect.with_min_x(split + 1.0), &mapped, context);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_range_is_the_marked_one_and_the_first_what_was_before() {
        let [one, other] = [TimeRange::new(0, 10_000), TimeRange::new(50_000, 90_000)];
        assert_eq!(Ranges::default().both(None), None);
        let [first, second] = Ranges::default().both(Some(other)).expect("a range is marked");
        assert_eq!((first.end_ns, second), (50_000, other));
        let kept = Ranges { first: Some(one), second: None };
        assert_eq!(kept.both(Some(one)), None, "a range is not held against itself");
        assert_eq!(kept.both(Some(other)), Some([one, other]));
        assert_eq!(Ranges { first: Some(other), second: Some(one) }.both(None), Some([other, one]), "in any order");
    }
}
