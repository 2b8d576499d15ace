//! Paints the list: only the rows in sight are laid out, and only their names are read.

use std::sync::Arc;

use egui::{
    Align2, Color32, FontId, Key, Modifiers, Rect, ScrollArea, Sense, Stroke, Ui, WidgetInfo, WidgetType, pos2, vec2,
};
use fabula_core::event::time::format_span_ns;
use fabula_core::narrative::threads::diagnose::{Diagnosis, Kind, Outcome};

use super::bar_ui::outcome_words;
use super::list::{By, Column, Labels};
use super::{Same, ThreadsPane};
use crate::command::Command;
use crate::figures;
use crate::jobs::Title;
use crate::panes::Context;
use crate::state::Tied;
use crate::theme::icon::{self, Icon};
use crate::theme::{Tokens, font, mix, size, tokens, widgets};

const NS: i64 = 1_000_000;
/// Names are read for so many rows beyond those in sight.
const AHEAD: usize = 60;

/// One column: its name, how wide it is (the last takes what is left), what it sorts by, whether figures stand right.
struct Head {
    name: &'static str,
    width: f32,
    by: Option<Column>,
    right: bool,
}

const fn head(name: &'static str, width: f32, by: Option<Column>, right: bool) -> Head {
    Head { name, width, by, right }
}

const THREADS: [Head; 8] = [
    head("thread", 190.0, None, false),
    head("start", 186.0, Some(Column::Start), false),
    head("duration", 92.0, Some(Column::Duration), true),
    head("events", 70.0, Some(Column::Events), true),
    head("services", 76.0, Some(Column::Participants), true),
    head("last step", 170.0, None, false),
    head("outcome", 112.0, Some(Column::Outcome), false),
    head("findings", 0.0, Some(Column::Findings), false),
];

const FINDINGS: [Head; 5] = [
    head("when", 186.0, Some(Column::Start), false),
    head("kind", 150.0, Some(Column::Outcome), false),
    head("thread", 190.0, None, false),
    head("sure", 60.0, Some(Column::Findings), true),
    head("what was found", 0.0, None, false),
];

/// A text of a cell, its colour and letters.
struct Text(String, Color32, FontId);

/// The colour of a kind of finding.
pub(in crate::panes) fn kind_color(tokens: &Tokens, finding: &Diagnosis) -> Color32 {
    match finding.kind {
        _ if finding.may_still_come => tokens.text_second,
        Kind::MissingStep | Kind::Died | Kind::DeadLettered | Kind::Undecodable => tokens.error,
        _ => tokens.warning,
    }
}

impl ThreadsPane {
    pub(super) fn threads_ui(&mut self, ui: &mut Ui, tied: &Arc<Tied>, context: &Context<'_>) {
        let Some(rows) = self.rows() else { return };
        let chosen = self.chosen.and_then(|chosen| rows.rows.iter().position(|&row| row == chosen));
        let labels = self.labels.last().map(|(_, labels)| Arc::clone(labels)).unwrap_or_default();
        let tokens = tokens(ui);
        let cells = |row: usize| thread_cells(tied, &labels, rows.rows[row], tokens, context);
        let seen = self.list_ui(ui, "Threads", &THREADS, rows.rows.len(), chosen, &cells);
        if let Some(row) = seen.opened {
            context.send(Command::OpenThread(rows.rows[row]));
        }
        self.read_names(tied, rows.rows[seen.from..seen.to].to_vec(), context);
    }

    pub(super) fn findings_ui(&mut self, ui: &mut Ui, tied: &Arc<Tied>, context: &Context<'_>) {
        let Some(rows) = self.rows() else { return };
        let all = &tied.diagnosed.findings;
        let labels = self.labels.last().map(|(_, labels)| Arc::clone(labels)).unwrap_or_default();
        let tokens = tokens(ui);
        let chosen = self.chosen.and_then(|chosen| rows.rows.iter().position(|&row| row == chosen));
        let finding = |row: usize| all.get(rows.rows[row] as usize);
        let cells =
            |row: usize| finding(row).map_or_else(Vec::new, |finding| finding_cells(finding, &labels, tokens, context));
        let seen = self.list_ui(ui, "Findings", &FINDINGS, rows.rows.len(), chosen, &cells);
        if let Some(row) = seen.opened
            && let Some(finding) = finding(row)
        {
            self.chosen = Some(rows.rows[row]);
            if let Some(thread) = finding.thread {
                context.send(Command::OpenThread(thread));
            }
            if let Some(at) = finding.evidence.first() {
                context.send(Command::MarkEvents(Arc::new(
                    finding.evidence.iter().map(|at| (at.clone(), None)).collect(),
                )));
                context.send(Command::GoToEvent(at.clone()));
            }
        }
        let mut named: Vec<u32> = (seen.from..seen.to).filter_map(|row| finding(row)?.thread).collect();
        named.dedup();
        self.read_names(tied, named, context);
    }

    fn rows(&self) -> Option<Arc<super::Listing>> {
        let ((_, listed, ..), listing) = self.listing.last()?;
        (*listed == self.listed).then(|| Arc::clone(listing))
    }

    fn read_names(&mut self, tied: &Arc<Tied>, threads: Vec<u32>, context: &Context<'_>) {
        let known = self.labels.last().is_some_and(|((of, _), labels)| {
            Arc::ptr_eq(&of.0, tied) && threads.iter().all(|&thread| labels.name(thread).is_some())
        });
        if known || self.labels.is_busy() {
            return;
        }
        let of = Arc::clone(tied);
        let question = (Same(Arc::clone(tied)), threads.clone());
        let work = move |_: &crate::jobs::Progress| Arc::new(Labels::of(&of, &threads));
        self.labels.ask(question, context.jobs, Title::quiet("Threads"), work);
    }

    fn list_ui(
        &mut self,
        ui: &mut Ui,
        name: &str,
        heads: &[Head],
        count: usize,
        chosen: Option<usize>,
        cells: &dyn Fn(usize) -> Vec<Text>,
    ) -> Seen {
        let rect = ui.available_rect_before_wrap();
        ui.painter().rect_filled(rect, 0.0, tokens(ui).window);
        let top = rect.with_max_y(rect.top() + size::ROW);
        let body = rect.with_min_y(top.bottom());
        self.heads_ui(ui, heads, top);
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(body));
        let response = child.interact(body, child.id().with("list"), Sense::HOVER | Sense::FOCUSABLE);
        let spoken = format!("{name}, {} shown", figures::count(count as u64));
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Other, true, &spoken));
        let mut opened = self.keys(&child, &response, chosen, count);
        let mut area = ScrollArea::vertical().id_salt(name).auto_shrink(false);
        if let Some(row) = opened {
            let known = egui::scroll_area::State::load(child.ctx(), child.make_persistent_id(name));
            let offset = known.map_or(0.0, |state| state.offset.y);
            let at = row as f32 * size::ROW;
            area = area.vertical_scroll_offset(offset.clamp((at + size::ROW - body.height()).min(at).max(0.0), at));
        }
        let (mut from, mut to) = (0, 0);
        area.show_viewport(&mut child, |ui, viewport| {
            ui.set_height(count as f32 * size::ROW);
            let corner = ui.max_rect().min;
            from = (viewport.top() / size::ROW).floor().max(0.0) as usize;
            to = ((viewport.bottom() / size::ROW).ceil() as usize).min(count);
            for row in from..to {
                let line = Rect::from_min_size(
                    pos2(corner.x, corner.y + row as f32 * size::ROW),
                    vec2(body.width(), size::ROW),
                );
                if row_ui(ui, heads, &cells(row), row, line, chosen == Some(row)) {
                    opened = Some(row);
                    response.request_focus();
                }
            }
        });
        if response.has_focus() {
            let stroke = Stroke::new(1.0, tokens(ui).accent);
            ui.painter().rect_stroke(body.shrink(0.5), 0.0, stroke, egui::StrokeKind::Inside);
        }
        if count == 0 {
            let place = body.with_max_y(body.top() + 60.0);
            let words = "Nothing here is like that";
            widgets::text_in(ui.painter(), place, Align2::CENTER_CENTER, words, font::body(), tokens(ui).text_second);
        }
        Seen { from: from.saturating_sub(AHEAD), to: (to + AHEAD).min(count), opened }
    }

    fn heads_ui(&mut self, ui: &mut Ui, heads: &[Head], top: Rect) {
        let tokens = tokens(ui);
        ui.painter().rect_filled(top, 0.0, tokens.pane);
        for (head, place) in heads.iter().zip(places(heads, top)) {
            let Some(by) = head.by else {
                let align = if head.right { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
                widgets::text_in(ui.painter(), place, align, head.name, font::small(), tokens.text_second);
                continue;
            };
            let response = ui.interact(place, ui.id().with(("head", head.name)), Sense::click());
            response.widget_info(|| WidgetInfo::labeled(WidgetType::Button, true, format!("Sort by {}", head.name)));
            let sorted = self.by.column == by;
            let lit = sorted || response.hovered() || response.has_focus();
            let color = if lit { tokens.text } else { tokens.text_second };
            let mut words = place;
            if sorted {
                let mark = if head.right {
                    words.max.x -= 12.0;
                    place.with_min_x(place.right() - 10.0)
                } else {
                    let width = widgets::line(ui.painter(), head.name, font::small(), color, f32::INFINITY).size().x;
                    Rect::from_min_size(pos2(place.left() + width + 3.0, place.top()), vec2(10.0, place.height()))
                };
                let mark_icon = if self.by.largest_first { Icon::Open } else { Icon::Up };
                icon::paint(ui.painter(), mark, mark_icon, color);
            }
            let align = if head.right { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
            widgets::text_in(ui.painter(), words, align, head.name, font::small(), color);
            if response.clicked() {
                // The largest first at the first press, but for times: those are read from the beginning.
                let largest_first = if sorted { !self.by.largest_first } else { by != Column::Start };
                self.by = By { column: by, largest_first };
            }
        }
        widgets::hairline_h(ui, top.x_range(), top.bottom() - 1.0);
    }

    /// The arrows go from row to row while the list has the focus.
    fn keys(&self, ui: &Ui, response: &egui::Response, chosen: Option<usize>, count: usize) -> Option<usize> {
        if !response.has_focus() || count == 0 {
            return None;
        }
        let filter = egui::EventFilter { vertical_arrows: true, ..egui::EventFilter::default() };
        ui.memory_mut(|memory| memory.set_focus_lock_filter(response.id, filter));
        widgets::take_arrows(ui, response.id);
        let pressed = |key| ui.input_mut(|input| input.count_and_consume_key(Modifiers::NONE, key)) as isize;
        let page = (response.rect.height() / size::ROW) as isize;
        let by =
            pressed(Key::ArrowDown) - pressed(Key::ArrowUp) + page * (pressed(Key::PageDown) - pressed(Key::PageUp));
        (by != 0).then(|| chosen.map_or(0, |row| row.saturating_add_signed(by).min(count - 1)))
    }
}

/// Which rows were laid out, and which was opened.
struct Seen {
    from: usize,
    to: usize,
    opened: Option<usize>,
}

/// Where the columns are on a line.
fn places(heads: &[Head], line: Rect) -> Vec<Rect> {
    let mut left = line.left() + size::INSET;
    let mut places = Vec::with_capacity(heads.len());
    for head in heads {
        let width = if head.width > 0.0 { head.width } else { (line.right() - size::INSET - left).max(60.0) };
        places.push(Rect::from_min_max(pos2(left, line.top()), pos2(left + width - 10.0, line.bottom())));
        left += width;
    }
    places
}

fn row_ui(ui: &Ui, heads: &[Head], cells: &[Text], row: usize, line: Rect, chosen: bool) -> bool {
    let tokens = tokens(ui);
    let response = ui.interact(line, ui.id().with(("row", row)), Sense::CLICK);
    response.widget_info(|| {
        let words: Vec<&str> = cells.iter().map(|Text(text, ..)| text.as_str()).collect();
        WidgetInfo::selected(WidgetType::SelectableLabel, true, chosen, words.join(" | "))
    });
    if chosen {
        ui.painter().rect_filled(line, 0.0, tokens.selected);
    } else if response.hovered() {
        ui.painter().rect_filled(line, 0.0, tokens.hovered);
    }
    let faint = mix(tokens.hairline, tokens.window, 0.5);
    ui.painter().hline(line.x_range(), line.bottom() - 0.5, Stroke::new(1.0, faint));
    let mut cut = None;
    for ((head, place), Text(text, color, font)) in heads.iter().zip(places(heads, line)).zip(cells) {
        let align = if head.right { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
        if widgets::text_in(ui.painter(), place, align, text, font.clone(), *color) {
            cut = Some(text);
        }
    }
    let response = match cut {
        Some(text) => response.on_hover_text(text),
        None => response,
    };
    response.clicked()
}

fn time(ms: Option<i64>, context: &Context<'_>) -> String {
    ms.map_or_else(|| "no time".to_owned(), |ms| context.state.clock.full(ms.saturating_mul(NS)))
}

fn thread_cells(tied: &Tied, labels: &Labels, thread: u32, tokens: &Tokens, context: &Context<'_>) -> Vec<Text> {
    let summary = tied.threads.summary(thread);
    let duration = summary.start_ms.zip(summary.end_ms).map(|(start, end)| (end - start).saturating_mul(NS));
    let outcome = tied.diagnosed.outcome(thread);
    let outcome_color = match outcome {
        Outcome::Usual => tokens.text_faint,
        Outcome::Open => tokens.text_second,
        Outcome::Unusual => tokens.warning,
        Outcome::DeadLettered | Outcome::Incomplete => tokens.error,
    };
    let findings = tied.diagnosed.of(thread);
    let mut kinds: Vec<&str> = findings.iter().map(|finding| finding.kind.title()).collect();
    kinds.dedup();
    let plain = |text: String| Text(text, tokens.text, font::mono());
    let figure = |number: usize| plain(figures::count(number as u64));
    vec![
        plain(labels.name(thread).unwrap_or_default().to_owned()),
        Text(time(summary.start_ms, context), tokens.text_second, font::mono()),
        plain(duration.map(format_span_ns).unwrap_or_default()),
        figure(summary.events as usize),
        figure(summary.participants.len()),
        Text(tied.threads.step_name(summary.last).to_string(), tokens.text, font::body()),
        Text(outcome_words(outcome).to_owned(), outcome_color, font::body()),
        Text(kinds.join(", "), outcome_color, font::body()),
    ]
}

fn finding_cells(finding: &Diagnosis, labels: &Labels, tokens: &Tokens, context: &Context<'_>) -> Vec<Text> {
    let thread = finding.thread.map(|thread| labels.name(thread).unwrap_or_default());
    let color = kind_color(tokens, finding);
    vec![
        Text(time(finding.at_ms, context), tokens.text_second, font::mono()),
        Text(finding.kind.title().to_owned(), color, font::medium()),
        Text(thread.unwrap_or("a topic or a value").to_owned(), tokens.text, font::mono()),
        Text(format!("{:.0} %", finding.sureness * 100.0), tokens.text_second, font::mono()),
        Text(finding.what.clone(), tokens.text, font::body()),
    ]
}
