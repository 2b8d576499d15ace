//! Paints the field with the condition that rows must pass; what is wrong with it stands below it, at its place.

use std::sync::Arc;

use egui::{FontSelection, RichText, TextEdit, Ui, vec2};
use fabula_core::expr::ExprError;
use fabula_core::view::RowFilter;

use super::ViewPane;
use super::order::Ordered;
use super::showing::Showing;
use crate::figures;
use crate::panes::form;
use crate::theme::icon::Icon;
use crate::theme::{font, size, tokens, widgets};

/// The condition: as it is written, and as it was understood.
#[derive(Default)]
pub(super) struct Filter {
    pub(super) text: String,
    /// The text that was read last, and of which columns: as of a moment they have other places.
    read: Option<(String, Vec<(String, usize)>)>,
    pub(super) condition: Option<Arc<RowFilter>>,
    /// Whether the cursor is to go there.
    pub(super) wanted: bool,
    error: Option<ExprError>,
}

impl Filter {
    /// Reads what is written, if it or the columns are others than before. A mistake leaves the condition that was there
    /// before, of the same columns.
    pub(super) fn read(&mut self, showing: &Showing) {
        let same = |(text, of): &(String, Vec<(String, usize)>)| {
            let columns = showing.rows.columns.iter().map(|(name, column, _)| (name, column));
            *text == self.text && of.iter().map(|(name, column)| (name, column)).eq(columns)
        };
        if self.read.as_ref().is_some_and(same) {
            return;
        }
        let columns: Vec<_> = showing.rows.columns.iter().map(|(name, column, _)| (name.clone(), *column)).collect();
        if self.read.as_ref().is_some_and(|(_, of)| *of != columns) {
            self.condition = None;
        }
        self.read = Some((self.text.clone(), columns));
        self.error = None;
        if self.text.trim().is_empty() {
            self.condition = None;
            return;
        }
        match RowFilter::parse(&self.text, &showing.rows.columns) {
            Ok(filter) => self.condition = Some(Arc::new(filter)),
            Err(error) => self.error = Some(error),
        }
    }
}

/// Paints the field, and what came of it.
pub(super) fn filter_ui(ui: &mut Ui, pane: &mut ViewPane) {
    let tokens = tokens(ui);
    egui::Frame::new().fill(tokens.pane).inner_margin(egui::Margin::symmetric(size::INSET as i8, 3)).show(ui, |ui| {
        ui.horizontal(|ui| {
            let told = pane.ordered.last().map(|(_, ordered)| told(ordered, pane.filter.condition.is_some()));
            let told = told.unwrap_or_default();
            let room = widgets::line(ui.painter(), &told, font::small(), tokens.text_second, 260.0).size().x + 40.0;
            let edit = TextEdit::singleline(&mut pane.filter.text)
                .font(FontSelection::FontId(font::mono()))
                .hint_text(RichText::new("Filter rows: revenue > 100 AND region = 'north'").color(tokens.text_faint))
                .margin(vec2(8.0, 3.0))
                .desired_width((ui.available_width() - room).max(80.0));
            let response = ui.add(edit);
            if std::mem::take(&mut pane.filter.wanted) {
                response.request_focus();
            }
            ui.ctx().accesskit_node_builder(response.id, |node| node.set_label("Filter rows"));
            if !pane.filter.text.is_empty() && widgets::icon_button(ui, Icon::Close, "Clear the filter").clicked() {
                pane.filter.text.clear();
            }
            widgets::caption(ui, told);
        });
        if let Some(error) = &pane.filter.error {
            form::mistake(ui, error);
        }
    });
    let bottom = ui.cursor().top();
    widgets::hairline_h(ui, ui.max_rect().x_range(), bottom - 1.0);
}

fn told(ordered: &Ordered, filters: bool) -> String {
    let mut parts = Vec::new();
    if filters {
        parts.push(format!("{} pass", figures::count(ordered.places.len() as u64)));
        if ordered.failed > 0 {
            parts.push(format!("{} can't be told", figures::count(ordered.failed)));
        }
        if ordered.mismatched > 0 {
            parts.push(format!("{} of another kind", figures::count(ordered.mismatched)));
        }
    }
    if ordered.showing.has_windows() {
        let shown = ordered.places.len() as u64;
        parts.push(format!("{} open, {} final", figures::count(ordered.open), figures::count(shown - ordered.open)));
    }
    parts.join(" · ")
}
