//! The bar above the sequence: what the thread is called, how it is drawn, what is unusual about it.

use egui::{Frame, Margin, Rect, ScrollArea, Sense, Ui, WidgetInfo, WidgetType, vec2};
use fabula_core::narrative::threads::diagnose::Diagnosis;

use super::ThreadPane;
use super::sequence::Distances;
use crate::command::{Command, Form};
use crate::figures;
use crate::panes::threads::{kind_color, outcome_words};
use crate::panes::{Context, PaneKind, form};
use crate::state::{Tale, TimeRange};
use crate::theme::{font, size, tokens, widgets};

/// So many findings are in sight at once.
const FINDINGS: usize = 4;

impl ThreadPane {
    pub(super) fn bar_ui(&mut self, ui: &mut Ui, tale: &Tale, context: &Context<'_>) {
        let frame = Frame::new().fill(tokens(ui).pane).inner_margin(Margin::symmetric(size::INSET as i8, 3));
        frame.show(ui, |ui| {
            ui.set_width(ui.available_width());
            ui.horizontal_wrapped(|ui| {
                self.acts_ui(ui, tale, context);
            });
            if let Some(why) = &self.report.failure {
                widgets::error_line(ui, why);
            }
            findings_ui(ui, tale, context);
        });
        let rect = ui.min_rect();
        widgets::hairline_h(ui, rect.x_range(), rect.bottom());
    }

    fn acts_ui(&mut self, ui: &mut Ui, tale: &Tale, context: &Context<'_>) {
        name_ui(ui, tale);
        widgets::whole_caption(ui, outcome_words(tale.outcome));
        let words = [(Distances::Steps, "Steps"), (Distances::Time, "Time")];
        form::choice(ui, &mut self.distances, &words);
        if widgets::bar_toggle(ui, "Values", self.values_shown).clicked() {
            self.values_shown = !self.values_shown;
        }
        let timeline = widgets::bar_toggle(ui, "On the timeline", false);
        if timeline.on_hover_text("Show the thread's time on the timeline").clicked()
            && let Some((from, to)) = tale.span_ms()
        {
            let ns = |ms: i64| ms.saturating_mul(1_000_000);
            // Some time before and after it: what happened around it is a part of the story.
            let around = ((to - from) / 8).max(5);
            context.send(Command::View(TimeRange::new(ns(from - around), ns(to + around))));
            context.send(Command::ShowPane(PaneKind::Timeline));
        }
        let story = widgets::bar_toggle(ui, "In the story", false);
        if story.on_hover_text(Command::ThreadInStory.info().tooltip).clicked() {
            context.send(Command::ThreadInStory);
        }
        ui.menu_button("Copy as", |ui| {
            for form in Form::TEXTS {
                if ui.button(form.name()).clicked() {
                    context.send(Command::CopyThread(form));
                    ui.close();
                }
            }
        });
        ui.menu_button("Save as", |ui| {
            for form in Form::ALL {
                if ui.button(format!("{}…", form.name())).clicked() {
                    context.send(Command::SaveThread(form));
                    ui.close();
                }
            }
        });
    }
}

/// The thread's name, cut where it is longer than a bar can hold.
fn name_ui(ui: &mut Ui, tale: &Tale) {
    let galley = widgets::line(ui.painter(), &tale.name, font::mono_strong(), tokens(ui).text, 320.0);
    let (rect, response) = ui.allocate_exact_size(vec2(galley.size().x, 24.0), Sense::hover());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("Thread {}", tale.name)));
    let (elided, top) = (galley.elided, rect.center().y - galley.size().y / 2.0);
    ui.painter().galley(egui::pos2(rect.left(), top), galley, tokens(ui).text);
    if elided {
        response.on_hover_text(&tale.name);
    }
}

/// What is unusual about the thread: a press on a finding goes to the first event that shows it.
fn findings_ui(ui: &mut Ui, tale: &Tale, context: &Context<'_>) {
    let count = tale.findings.len();
    if count == 0 {
        return;
    }
    if count > FINDINGS {
        widgets::caption(ui, figures::of(count as u64, "finding"));
    }
    ui.spacing_mut().item_spacing.y = 0.0;
    let area = ScrollArea::vertical().id_salt("findings of the thread").auto_shrink([false, true]);
    area.max_height(FINDINGS as f32 * size::ROW).show_rows(ui, size::ROW, count, |ui, rows| {
        for nth in rows {
            let (rect, _) = ui.allocate_exact_size(vec2(ui.available_width(), size::ROW), Sense::hover());
            if let Some(finding) = tale.findings.get(nth) {
                finding_ui(ui, rect, nth, finding, context);
            }
        }
    });
}

fn finding_ui(ui: &Ui, rect: Rect, nth: usize, finding: &Diagnosis, context: &Context<'_>) {
    let text = format!("{}: {} ({} sure)", finding.kind.title(), finding.what, finding.sure());
    let tokens = tokens(ui);
    let response = ui.interact(rect, ui.id().with(("finding", nth)), Sense::click());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, &text));
    if response.hovered() || response.has_focus() {
        ui.painter().rect_filled(rect, 3.0, tokens.hovered);
    }
    let color = kind_color(tokens, finding);
    widgets::text_in(ui.painter(), rect, egui::Align2::LEFT_CENTER, &text, font::body(), color);
    if response.on_hover_text(&text).clicked()
        && let Some(at) = finding.evidence.first()
    {
        context.send(Command::GoToEvent(at.clone()));
    }
}
