//! What the pointer and the wheel do over the lanes. Keys are commands, and come from the shell.

use egui::{CursorIcon, PointerButton, Response, Ui, vec2};

use super::axis::Stretch;
use super::lanes::LanesBy;
use super::plot_ui::{drawn, lane_marks};
use super::view::{Action, Held};
use super::{Frame, Outcome};
use crate::command::Command;

/// How much one point of the wheel zooms: three notches make about three times.
const WHEEL_ZOOM: f64 = 0.0045;

/// Takes the pointer's doings of this frame.
pub(super) fn input(ui: &Ui, response: &Response, frame: &Frame<'_>, whole: Stretch, outcomes: &mut Vec<Outcome>) {
    wheel(ui, response, frame, whole, outcomes);
    let plot = frame.parts.plot();
    if let Some(pointer) = response.hover_pos().filter(|pointer| plot.contains(*pointer)) {
        let on_mark = event_at(frame, pointer).is_some();
        ui.ctx().set_cursor_icon(if on_mark { CursorIcon::PointingHand } else { CursorIcon::Crosshair });
    }
    drag(ui, response, frame, whole, outcomes);
    menu(response, frame, outcomes);
    if response.double_clicked() {
        outcomes.push(Outcome::View(Action::Range(None)));
        outcomes.push(Outcome::View(Action::ShowAll));
    } else if response.clicked() {
        click(response, frame, outcomes);
    }
}

/// What can be done with the timeline as a whole; the keys beside each make it known.
fn menu(response: &Response, frame: &Frame<'_>, outcomes: &mut Vec<Outcome>) {
    response.context_menu(|ui| {
        let folding = if frame.model.view.folding { "Show idle time" } else { "Fold idle time" };
        let lanes = match frame.model.view.lanes_by {
            LanesBy::Topic => "A lane for each partition",
            LanesBy::Partition => "A lane for each topic",
        };
        for (name, command) in [
            ("Show all time", Command::ResetView),
            ("Fit the selection", Command::FitSelection),
            (folding, Command::ToggleFold),
            (lanes, Command::ToggleLanes),
        ] {
            let keys = command.keys().unwrap_or_default();
            if ui.add(egui::Button::new(name).shortcut_text(keys)).clicked() {
                outcomes.push(Outcome::Command(command));
                ui.close();
            }
        }
    });
}

/// The wheel zooms where the pointer is; over the labels it scrolls the lanes; sideways, or with Shift, it pans.
fn wheel(ui: &Ui, response: &Response, frame: &Frame<'_>, whole: Stretch, outcomes: &mut Vec<Outcome>) {
    // Labels and the minimap lie above the lanes and would hide the pointer from `hover_pos`.
    let pointer = ui.input(|input| input.pointer.hover_pos()).filter(|_| response.contains_pointer());
    let Some(pointer) = pointer else { return };
    let (scroll, zoom) = ui.input(|input| (input.smooth_scroll_delta(), input.zoom_delta()));
    let plot = frame.parts.plot();
    if pointer.x < plot.left() {
        if scroll.y != 0.0 {
            let to = (frame.model.view.scroll - f64::from(scroll.y)).clamp(0.0, frame.column.furthest());
            outcomes.push(Outcome::View(Action::Scroll(to)));
        }
        return;
    }
    let mut view = frame.scale.view;
    if scroll.x != 0.0 {
        view = view.moved((-f64::from(scroll.x) * frame.scale.ns_per_px()) as i64, whole);
    }
    let factor = f64::from(zoom) * (f64::from(scroll.y) * WHEEL_ZOOM).exp();
    if (factor - 1.0).abs() > 1e-6 {
        view = view.zoomed(factor, frame.scale.axis_at(pointer.x), whole);
    }
    if view != frame.scale.view {
        // The toolkit already spreads a notch of the wheel over some frames: easing once more would lag.
        outcomes.push(Outcome::View(Action::ShowNow(view)));
    }
}

/// A drag marks a range; with the middle button, or Shift held, it moves the view.
fn drag(ui: &Ui, response: &Response, frame: &Frame<'_>, whole: Stretch, outcomes: &mut Vec<Outcome>) {
    let plot = frame.parts.plot();
    if response.drag_started() {
        let origin = ui.input(|input| input.pointer.press_origin());
        let Some(origin) = origin.filter(|origin| origin.x >= plot.left() && origin.y >= frame.parts.ruler.top())
        else {
            return;
        };
        let pans = response.drag_started_by(PointerButton::Middle) || ui.input(|input| input.modifiers.shift);
        let held = if pans { Held::Pan } else { Held::Range { from_ns: frame.scale.ns_at(origin.x) } };
        outcomes.push(Outcome::View(Action::Hold(Some(held))));
    } else if response.dragged() {
        match frame.model.view.held {
            Some(Held::Range { from_ns }) => {
                let Some(pointer) = response.interact_pointer_pos() else { return };
                let to_ns = frame.scale.ns_at(pointer.x.clamp(plot.left(), plot.right()));
                outcomes.push(Outcome::View(Action::Range(Some(Stretch::between(from_ns, to_ns)))));
            }
            Some(Held::Pan) => {
                let by = -f64::from(response.drag_delta().x) * frame.scale.ns_per_px();
                let to = frame.model.view.target().moved(by as i64, whole);
                outcomes.push(Outcome::View(Action::ShowNow(to)));
                ui.ctx().set_cursor_icon(CursorIcon::Grabbing);
            }
            Some(Held::Brush { .. }) | None => {}
        }
    } else if response.drag_stopped() {
        outcomes.push(Outcome::View(Action::Hold(None)));
    }
}

/// A click on a mark selects its event; elsewhere on a lane it goes to that moment; beside everything it unmarks.
fn click(response: &Response, frame: &Frame<'_>, outcomes: &mut Vec<Outcome>) {
    let Some(pointer) = response.interact_pointer_pos() else { return };
    if frame.model.view.range.is_some() {
        outcomes.push(Outcome::View(Action::Range(None)));
    }
    if !frame.parts.plot().contains(pointer) {
        return;
    }
    if let Some(event) = event_at(frame, pointer) {
        outcomes.push(event);
    } else if let Some(placed) = frame.lane_at(pointer.y) {
        let key = &frame.model.lanes[placed.lane];
        let is_density =
            frame.model.picture.and_then(|picture| picture.lane(key)).is_some_and(|lane| lane.events.is_none());
        if is_density {
            outcomes.push(Outcome::GoTo { time_ns: frame.scale.ns_at(pointer.x), lane: key.clone() });
        }
    }
}

/// The choice of the event (the first, of a pill) whose mark is at a point.
fn event_at(frame: &Frame<'_>, pointer: egui::Pos2) -> Option<Outcome> {
    let placed = frame.lane_at(pointer.y)?;
    let key = &frame.model.lanes[placed.lane];
    let events = frame.model.picture?.lane(key)?.events.as_deref()?;
    let offset = vec2(0.0, placed.top + placed.height / 2.0 - pointer.y);
    if offset.y.abs() > 10.0 {
        return None;
    }
    let marks = lane_marks(frame, events);
    let nearest = marks.iter().min_by(|a, b| (a.x - pointer.x).abs().total_cmp(&(b.x - pointer.x).abs()))?;
    let within = (nearest.x - pointer.x).abs() <= nearest.reach() + 2.0;
    within.then(|| Outcome::Select { lane: key.clone(), event: drawn(frame, events)[nearest.first] })
}
