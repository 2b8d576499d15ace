//! Paints the list: only the rows in sight are laid out, and only their names are read.

use std::sync::Arc;

use egui::{Align2, Key, Modifiers, Rect, Sense, Stroke, Ui, WidgetInfo, WidgetType, pos2, vec2};

use super::cells::{Text, finding_cells, thread_cells};
use super::list::{By, Column, Lines, Listed, Listing};
use super::{Same, ThreadsPane};
use crate::command::Command;
use crate::figures;
use crate::jobs::Title;
use crate::panes::Context;
use crate::panes::story::scroll::Extent;
use crate::panes::story::scroll_bar_ui::{BAR, scroll_bar_ui};
use crate::state::Tied;
use crate::theme::icon::{self, Icon};
use crate::theme::{font, mix, size, tokens, widgets};

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
    head("thread", 190.0, Some(Column::Name), false),
    head("start", 186.0, Some(Column::Start), false),
    head("duration", 92.0, Some(Column::Duration), true),
    head("events", 70.0, Some(Column::Events), true),
    head("services", 76.0, Some(Column::Participants), true),
    head("last step", 170.0, Some(Column::Last), false),
    head("outcome", 112.0, Some(Column::Outcome), false),
    head("findings", 0.0, Some(Column::Findings), false),
];

const FINDINGS: [Head; 5] = [
    head("when", 186.0, Some(Column::Start), false),
    head("kind", 150.0, Some(Column::Outcome), false),
    head("thread", 190.0, Some(Column::Name), false),
    head("sure", 60.0, Some(Column::Findings), true),
    head("what was found", 0.0, None, false),
];

impl ThreadsPane {
    /// Paints what is listed. Rows, names and figures are of the threads that the listing was made of, which may be others
    /// than the newest for a moment.
    pub(super) fn rows_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let Some(listing) = self.listing() else { return };
        let lines = self.lines.last().filter(|((of, _), _)| Arc::ptr_eq(&of.0, &listing.tied));
        let lines = lines.map(|(_, lines)| Arc::clone(lines)).unwrap_or_default();
        let tokens = tokens(ui);
        let chosen = self.chosen_row(&listing);
        let cells = |row: usize| match listing.listed {
            Listed::Threads => {
                listing.rows.get(row).map(|thread| thread_cells(&listing.tied, &lines, *thread, tokens, context))
            }
            Listed::Findings => listing.finding(row).map(|finding| finding_cells(finding, &lines, tokens, context)),
        };
        let (name, heads): (_, &[Head]) = match listing.listed {
            Listed::Threads => ("Threads", &THREADS),
            Listed::Findings => ("Findings", &FINDINGS),
        };
        let seen = self.list_ui(ui, name, heads, listing.rows.len(), chosen, &|row| cells(row).unwrap_or_default());
        if let Some(row) = seen.opened {
            self.open(&listing, row, context);
        }
        let mut named: Vec<u32> = (seen.from..seen.to).filter_map(|row| listing.thread(row)).collect();
        named.sort_unstable();
        named.dedup();
        self.read_lines(&listing.tied, named, context);
    }

    /// Opens the thread of a row, and goes to what shows a finding.
    fn open(&mut self, listing: &Arc<Listing>, row: usize, context: &Context<'_>) {
        self.mark(listing, row);
        if let Some(first) = listing.thread(row).and_then(|thread| listing.tied.first_of(thread)) {
            context.send(Command::OpenThread(first));
        }
        let evidence = match listing.listed {
            Listed::Threads => &[][..],
            Listed::Findings => listing.finding(row).map_or(&[][..], |finding| &finding.evidence),
        };
        if let Some(at) = evidence.first() {
            context.send(Command::MarkEvents(Arc::new(evidence.iter().map(|at| (at.clone(), None)).collect())));
            context.send(Command::GoToEvent(at.clone()));
        }
    }

    /// What is listed, if it is the list that is looked at.
    pub(super) fn listing(&self) -> Option<Arc<Listing>> {
        let (_, listing) = self.listing.last()?;
        (listing.listed == self.listed).then(|| Arc::clone(listing))
    }

    fn read_lines(&mut self, tied: &Arc<Tied>, threads: Vec<u32>, context: &Context<'_>) {
        let known = self.lines.last().is_some_and(|((of, _), lines)| {
            Arc::ptr_eq(&of.0, tied) && threads.iter().all(|&thread| lines.get(thread).is_some())
        });
        if known || self.lines.is_busy() {
            return;
        }
        let of = Arc::clone(tied);
        let question = (Same(Arc::clone(tied)), threads.clone());
        let work = move |_: &crate::jobs::Progress| Arc::new(Lines::of(&of, &threads));
        self.lines.ask(question, context.jobs, Title::quiet("Threads"), work);
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
        let mut child = ui.new_child(egui::UiBuilder::new().max_rect(body).id_salt(name));
        child.set_clip_rect(body.intersect(ui.clip_rect()));
        let extent = Extent { rows: count as u64, height: body.height() };
        let response = child.interact(body, child.id().with("list"), Sense::HOVER | Sense::FOCUSABLE);
        let spoken = format!("{name}, {} shown", figures::count(count as u64));
        response.widget_info(|| WidgetInfo::labeled(WidgetType::Other, true, &spoken));
        let mut scroll = self.scroll.held(extent);
        let wheel = ui.input(|input| input.smooth_scroll_delta().y);
        if wheel != 0.0 && ui.rect_contains_pointer(body) {
            scroll = scroll.by_pixels(-wheel, extent);
        }
        let mut opened = self.keys(&child, &response, chosen, count);
        if let Some(row) = opened {
            scroll = scroll.revealing(row as u64, extent);
        }
        let rows = scroll.rows(extent);
        let list = body.with_max_x(body.right() - BAR);
        for row in rows.clone() {
            let at = pos2(list.left(), list.top() + scroll.y_of(row));
            let line = Rect::from_min_size(at, vec2(list.width(), size::ROW));
            let (nth, row) = ((row - rows.start) as usize, row as usize);
            if row_ui(&child, heads, &cells(row), nth, line, chosen == Some(row)) {
                opened = Some(row);
                response.request_focus();
            }
        }
        self.scroll = scroll_bar_ui(&mut child, name, body.with_min_x(list.right()), scroll, extent).unwrap_or(scroll);
        if response.has_focus() {
            let stroke = Stroke::new(1.0, tokens(ui).accent);
            ui.painter().rect_stroke(body.shrink(0.5), 0.0, stroke, egui::StrokeKind::Inside);
        }
        if count == 0 {
            let place = body.with_max_y(body.top() + 60.0);
            let words = "Nothing here is like that";
            widgets::text_in(ui.painter(), place, Align2::CENTER_CENTER, words, font::body(), tokens(ui).text_second);
        }
        let (from, to) = (rows.start as usize, rows.end as usize);
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
                // The largest first at the first press, but for times and names: those are read from the beginning.
                let largest_first = if sorted { !self.by.largest_first } else { !by.is_read() };
                self.by = By { column: by, largest_first };
            }
        }
        widgets::hairline_h(ui, top.x_range(), top.bottom() - 1.0);
    }

    /// Sorts by the column after the one that the list is sorted by.
    pub(super) fn sort_by_next(&mut self) {
        let heads: &[Head] = if self.listed == Listed::Threads { &THREADS } else { &FINDINGS };
        let columns: Vec<Column> = heads.iter().filter_map(|head| head.by).collect();
        let at = columns.iter().position(|column| *column == self.by.column).map_or(0, |at| (at + 1) % columns.len());
        if let Some(&column) = columns.get(at) {
            self.by = By { column, largest_first: !column.is_read() };
        }
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

fn row_ui(ui: &Ui, heads: &[Head], cells: &[Text], nth: usize, line: Rect, chosen: bool) -> bool {
    let tokens = tokens(ui);
    let response = ui.interact(line, ui.id().with(("row", nth)), Sense::CLICK);
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
    let mut cut = Vec::new();
    for ((head, place), Text(text, color, font)) in heads.iter().zip(places(heads, line)).zip(cells) {
        let align = if head.right { Align2::RIGHT_CENTER } else { Align2::LEFT_CENTER };
        if widgets::text_in(ui.painter(), place, align, text, font.clone(), *color) {
            cut.push(text.as_str());
        }
    }
    let response = if cut.is_empty() { response } else { response.on_hover_text(cut.join("\n")) };
    response.clicked()
}
