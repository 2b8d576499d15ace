//! Paints what stands beside the map: variants by their share, what differs between two ranges, the open thread held against
//! the main way.

use std::sync::Arc;

use egui::{Align2, Color32, Rect, ScrollArea, Sense, Stroke, Ui, UiBuilder, WidgetInfo, WidgetType, pos2, vec2};
use fabula_core::narrative::threads::{Move, conformance, fitness};

use super::MapPane;
use super::changes::thresholds;
use super::map_ui::span;
use super::picture::{Mapped, VARIANTS};
use crate::command::Command;
use crate::figures;
use crate::panes::Context;
use crate::state::Tale;
use crate::theme::{font, mix, size, tokens, widgets};

/// So many moves and changes are listed, and steps of a variant spelled out.
const MOVES: usize = 200;
const CHANGES: usize = 60;
const SPELLED: usize = 40;

/// A thread held against the most frequent way that begins as it does.
pub(super) struct Held {
    share: f64,
    moves: Vec<Move>,
    /// How many threads go that way.
    count: u64,
}

impl Held {
    /// Holds a thread of the mapped threads; `None` where no way begins like it.
    pub(super) fn of(mapped: &Mapped, tale: &Tale) -> Option<Self> {
        let steps = mapped.tied.threads.steps_of(tale.thread);
        let (main, _) = mapped.variants.iter().find(|(variant, _)| variant.steps.first() == steps.first())?;
        let moves = conformance(&steps, &main.steps)?;
        Some(Self { share: fitness(&moves), moves, count: main.count })
    }
}

impl MapPane {
    pub(super) fn side_ui(&mut self, ui: &mut Ui, rect: Rect, mapped: &Arc<Mapped>, context: &Context<'_>) {
        ui.painter().rect_filled(rect, 0.0, tokens(ui).pane);
        let mut child = ui.new_child(UiBuilder::new().max_rect(rect).id_salt("side"));
        ScrollArea::vertical().id_salt("side").auto_shrink(false).show(&mut child, |ui| {
            ui.spacing_mut().item_spacing.y = 0.0;
            ui.set_width(rect.width());
            if mapped.parts.is_some() {
                changes_ui(ui, mapped);
            }
            self.held_ui(ui, mapped);
            self.variants_ui(ui, mapped, context);
        });
    }

    fn held_ui(&self, ui: &mut Ui, mapped: &Arc<Mapped>) {
        let Some(((of, tale), Some(held))) = self.holding.last() else { return };
        if !Arc::ptr_eq(&of.0, mapped) {
            return;
        }
        let share = format!("{:.0} % alike", held.share * 100.0);
        widgets::section_head(ui, &format!("{} beside the main way", tale.0.name), &share);
        let (font, tokens) = (font::small(), tokens(ui));
        let of = format!("of {}", figures::of(held.count, "thread"));
        line_ui(ui, &of, "", tokens.text_second);
        for (nth, step) in held.moves.iter().take(MOVES).enumerate() {
            let (sign, number, color) = match step {
                Move::Both(step) => ("=", step, tokens.text_second),
                Move::Missing(step) => ("missing", step, tokens.error),
                Move::Extra(step) => ("extra", step, tokens.warning),
            };
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 18.0), Sense::hover());
            if !ui.is_rect_visible(rect) {
                continue;
            }
            let name = mapped.tied.threads.step_name(*number);
            response.widget_info(|| {
                WidgetInfo::labeled(WidgetType::Label, true, format!("Move {} {sign} {name}", nth + 1))
            });
            let inner = rect.shrink2(vec2(size::INSET, 0.0));
            widgets::text_in(ui.painter(), inner, Align2::LEFT_CENTER, sign, font.clone(), color);
            let words = inner.with_min_x(inner.left() + 56.0);
            if widgets::text_in(ui.painter(), words, Align2::LEFT_CENTER, name, font.clone(), color) {
                response.on_hover_text(&**name);
            }
        }
        if held.moves.len() > MOVES {
            let rest = figures::of((held.moves.len() - MOVES) as u64, "move");
            line_ui(ui, &format!("{rest} more are not listed"), "", tokens.text_faint);
        }
        ui.add_space(size::GRID * 2.0);
    }

    fn variants_ui(&mut self, ui: &mut Ui, mapped: &Mapped, context: &Context<'_>) {
        widgets::section_head(ui, "Variants", &figures::count(mapped.all_variants as u64));
        for (nth, (variant, way)) in mapped.variants.iter().enumerate() {
            let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 40.0), Sense::click());
            let words = way[..way.len().min(SPELLED)].join(" → ");
            let on = self.variant.as_ref() == Some(way);
            // Out of sight, too, it has a name: Tab comes to it.
            response.widget_info(|| {
                let told = format!("Variant {}, {}: {}", nth + 1, figures::of(variant.count, "thread"), words);
                WidgetInfo::selected(WidgetType::SelectableLabel, true, on, told)
            });
            if !ui.is_rect_visible(rect) {
                continue;
            }
            let share = variant.count as f64 / mapped.threads.max(1) as f64;
            let tokens = tokens(ui);
            if on {
                ui.painter().rect_filled(rect, 0.0, tokens.selected);
            } else if response.hovered() {
                ui.painter().rect_filled(rect, 0.0, tokens.hovered);
            }
            let inner = rect.shrink2(vec2(size::INSET, 3.0));
            let (upper, lower) = inner.split_top_bottom_at_fraction(0.5);
            let bar = Rect::from_min_size(pos2(inner.left(), upper.center().y - 3.0), vec2(90.0, 6.0));
            ui.painter().rect_filled(bar, 3.0, tokens.raised);
            let filled = bar.with_max_x(bar.left() + (bar.width() * share as f32).max(2.0));
            ui.painter().rect_filled(filled, 3.0, tokens.accent);
            let fact = format!("{:.1} % · {}", share * 100.0, figures::count(variant.count));
            let place = upper.with_min_x(bar.right() + 8.0);
            widgets::text_in(ui.painter(), place, Align2::LEFT_CENTER, &fact, font::small(), tokens.text);
            widgets::text_in(ui.painter(), lower, Align2::LEFT_CENTER, &words, font::small(), tokens.text_second);
            let faint = mix(tokens.hairline, tokens.pane, 0.5);
            ui.painter().hline(rect.x_range(), rect.bottom() - 0.5, Stroke::new(1.0, faint));
            if response.on_hover_text(&words).clicked() {
                self.variant = (!on).then(|| Arc::clone(way));
                self.step = None;
                if let Some(first) = mapped.tied.first_of(variant.example).filter(|_| !on) {
                    context.send(Command::OpenThread(first));
                }
            }
        }
        if mapped.all_variants > VARIANTS {
            let rest = figures::count((mapped.all_variants - VARIANTS) as u64);
            line_ui(ui, &format!("{rest} rarer ones are not listed"), "", tokens(ui).text_faint);
        }
    }
}

fn line_ui(ui: &mut Ui, left: &str, right: &str, color: Color32) {
    let (rect, response) = ui.allocate_exact_size(vec2(ui.available_width(), 20.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("{left} {right}")));
    let inner = rect.shrink2(vec2(size::INSET, 0.0));
    let fact = widgets::line(ui.painter(), right, font::small(), color, inner.width() * 0.6);
    let at = Align2::RIGHT_CENTER.align_size_within_rect(fact.size(), inner).min;
    let room = inner.with_max_x(at.x - 6.0);
    ui.painter().galley(at, fact, color);
    if widgets::text_in(ui.painter(), room, Align2::LEFT_CENTER, left, font::small(), color) {
        response.on_hover_text(format!("{left} {right}"));
    }
}

/// Edges that differ, those that changed most first.
fn changes_ui(ui: &mut Ui, mapped: &Mapped) {
    let count = figures::count(mapped.changed.len() as u64);
    let head = widgets::section_head(ui, "The second range against the first", &count);
    head.on_hover_text(thresholds());
    if mapped.changed.is_empty() {
        line_ui(ui, "Nothing differs by much", "", tokens(ui).text_second);
    }
    for &place in mapped.changed.iter().take(CHANGES) {
        let (edge, Some(change)) = (&mapped.whole.edges[place], &mapped.changes[place]) else { continue };
        let tokens = tokens(ui);
        let color = if change.way > 0 { tokens.warning } else { tokens.good };
        let [first, second] = change.shares;
        let [before, after] = change.medians_ms.map(span);
        line_ui(
            ui,
            &format!("{} → {}", edge.from, edge.to),
            &format!("{before} → {after} · {first:.0} → {second:.0} %"),
            color,
        );
    }
    if mapped.changed.len() > CHANGES {
        let rest = figures::of((mapped.changed.len() - CHANGES) as u64, "edge");
        line_ui(ui, &format!("{rest} more that changed less"), "", tokens(ui).text_faint);
    }
    line_ui(ui, &thresholds(), "", tokens(ui).text_faint);
    ui.add_space(size::GRID * 2.0);
}
