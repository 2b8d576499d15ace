//! Paints the minimap: the whole story's density, with the view as a brush upon it.

use egui::{
    Color32, CornerRadius, CursorIcon, Mesh, Rect, Sense, Stroke, StrokeKind, Ui, WidgetInfo, WidgetType, pos2, vec2,
};

use super::axis::Stretch;
use super::brush::{Grip, Minimap};
use super::view::{Action, Held};
use super::{Frame, Outcome};
use crate::theme::{mix, size, tokens};

/// Paints the minimap and takes what is done to its brush.
pub(super) fn minimap_ui(ui: &mut Ui, frame: &Frame<'_>, whole: Stretch, outcomes: &mut Vec<Outcome>) {
    let rect = frame.parts.minimap.shrink2(vec2(size::INSET, 4.0));
    let map = Minimap { whole, left: rect.left(), width: rect.width() };
    let view = frame.scale.view;
    let response = ui.interact(rect, ui.id().with("minimap"), Sense::click_and_drag());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Slider, true, "Overview of the whole story"));
    bars_ui(ui, frame, &map, rect);
    brush_ui(ui, &map, view, rect);

    if let Some(pointer) = response.hover_pos() {
        ui.ctx().set_cursor_icon(match map.grip_at(view, pointer.x) {
            Grip::From | Grip::To => CursorIcon::ResizeHorizontal,
            Grip::Whole => CursorIcon::Grab,
            Grip::New => CursorIcon::Crosshair,
        });
    }
    let Some(pointer) = response.interact_pointer_pos() else { return };
    if response.drag_started() {
        let start_x = ui.input(|input| input.pointer.press_origin()).map_or(pointer.x, |origin| origin.x);
        let held = Held::Brush { grip: map.grip_at(view, start_x), view, start_x };
        outcomes.push(Outcome::View(Action::Hold(Some(held))));
    } else if response.dragged() {
        if let Some(Held::Brush { grip, view, start_x }) = frame.model.view.held {
            outcomes.push(Outcome::View(Action::ShowNow(map.dragged(grip, view, start_x, pointer.x))));
        }
    } else if response.drag_stopped() {
        outcomes.push(Outcome::View(Action::Hold(None)));
    } else if response.double_clicked() {
        outcomes.push(Outcome::View(Action::ShowAll));
    } else if response.clicked() {
        outcomes.push(Outcome::View(Action::Show(view.centred(map.ns_at(pointer.x), whole))));
    }
}

fn bars_ui(ui: &Ui, frame: &Frame<'_>, map: &Minimap, rect: Rect) {
    let tokens = tokens(ui);
    let color = mix(tokens.text_faint, tokens.window, 0.35);
    let folds = &frame.scale.folds;
    // One column for two pixels: neighbours that fall into it share it.
    let columns = (rect.width() / 2.0).ceil().max(1.0) as usize;
    let mut counts = vec![0_u64; columns];
    if let Some(bins) = frame.model.overview {
        for (bin, &count) in bins.counts.iter().enumerate().filter(|(_, count)| **count > 0) {
            let stretch = bins.stretch(bin);
            let middle = stretch.from_ns.saturating_add(stretch.len_ns() / 2);
            let at = ((map.x(folds.to_axis(middle)) - rect.left()) / 2.0) as usize;
            counts[at.min(columns - 1)] += count;
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let mut mesh = Mesh::default();
    for (column, &count) in counts.iter().enumerate().filter(|(_, count)| **count > 0) {
        // The square root keeps quiet times in sight beside a burst.
        let height = ((count as f32 / most as f32).sqrt() * rect.height()).max(1.0);
        let left = rect.left() + column as f32 * 2.0;
        mesh.add_colored_rect(
            Rect::from_min_max(pos2(left, rect.bottom() - height), pos2(left + 1.5, rect.bottom())),
            color,
        );
    }
    ui.painter().add(mesh);
}

fn brush_ui(ui: &Ui, map: &Minimap, view: Stretch, rect: Rect) {
    let tokens = tokens(ui);
    let (from, to) = map.brush(view);
    let brush =
        Rect::from_min_max(pos2(from, rect.top() - 2.0), pos2(to, rect.bottom() + 1.0)).intersect(rect.expand(3.0));
    let covers_all = from <= rect.left() + 1.0 && to >= rect.right() - 1.0;
    let fill: Color32 = tokens.accent.gamma_multiply(if covers_all { 0.06 } else { 0.18 });
    let line = if covers_all { mix(tokens.accent, tokens.window, 0.6) } else { tokens.accent };
    ui.painter().rect(brush, CornerRadius::same(3), fill, Stroke::new(1.0, line), StrokeKind::Inside);
}
