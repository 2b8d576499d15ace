//! Paints the map: steps as boxes, what follows what as arrows as thick as they are frequent.

use std::collections::BTreeSet;
use std::sync::Arc;

use egui::epaint::CubicBezierShape;
use egui::{
    Align2, Color32, Painter, Pos2, Rect, ScrollArea, Sense, Shape, Stroke, StrokeKind, Ui, UiBuilder, Vec2,
    WidgetInfo, WidgetType, pos2, vec2,
};
use fabula_core::event::time::format_span_ns;
use fabula_core::narrative::threads::MapEdge;

use super::Figure;
use super::changes::Change;
use super::picture::{Mapped, Picture};
use crate::figures;
use crate::theme::{Tokens, font, mix, names, tokens, widgets};

/// The least that a map is drawn at; below it is scrolled.
const SMALLEST: f32 = 0.55;
const LARGEST: f32 = 1.6;
/// Of a map with more steps or edges than this only those in sight are told to who cannot see it.
const SPOKEN: usize = 300;
/// How far an arrow's curve and its words reach beyond its way.
const CURVED: f32 = 60.0;

/// What is lit, and what the arrows say.
pub(super) struct Lit<'a> {
    /// The way of a variant: its edges by their places in the whole map, and its steps.
    pub(super) way: Option<&'a LitWay>,
    pub(super) step: Option<&'a str>,
    pub(super) figure: Figure,
}

/// A variant that is lit.
#[derive(Debug, Clone, Default)]
pub(super) struct LitWay {
    edges: BTreeSet<usize>,
    steps: BTreeSet<Arc<str>>,
}

impl LitWay {
    pub(super) fn of(mapped: &Mapped, way: &[Arc<str>]) -> Self {
        let pairs: BTreeSet<(&str, &str)> = way.windows(2).map(|pair| (&*pair[0], &*pair[1])).collect();
        let edges = mapped.whole.edges.iter().enumerate();
        let edges = edges.filter(|(_, edge)| pairs.contains(&(&*edge.from, &*edge.to))).map(|(at, _)| at).collect();
        Self { edges, steps: way.iter().cloned().collect() }
    }
}

/// What the painters of one frame share.
struct Drawing<'a> {
    mapped: &'a Mapped,
    figure: Figure,
    zoom: f32,
}

impl Lit<'_> {
    fn is_on(&self, place: usize, edge: &MapEdge) -> Option<bool> {
        match (self.way, self.step) {
            (Some(way), _) => Some(way.edges.contains(&place)),
            (None, Some(step)) => Some(&*edge.from == step || &*edge.to == step),
            (None, None) => None,
        }
    }
}

/// Letters as large as the map is drawn.
fn sized(font: egui::FontId, zoom: f32) -> egui::FontId {
    egui::FontId::new(font.size * zoom.max(0.7), font.family)
}

/// A time in milliseconds.
pub(super) fn span(ms: Option<f64>) -> String {
    ms.map_or_else(
        || "no time".to_owned(),
        |ms| {
            let sign = if ms < 0.0 { "-" } else { "" };
            format!("{sign}{}", format_span_ns((ms.abs() * 1e6) as i64))
        },
    )
}

/// Paints the map; gives the step that was pressed.
pub(super) fn map_ui(
    ui: &mut Ui,
    rect: Rect,
    mapped: &Mapped,
    picture: &Picture,
    lit: &Lit<'_>,
    zoomed: &mut Option<f32>,
) -> Option<usize> {
    let tokens = tokens(ui);
    ui.painter().rect_filled(rect, 0.0, tokens.window);
    let whole = picture.laid.size;
    let fits = (rect.width() / whole.x.max(1.0)).min(rect.height() / whole.y.max(1.0)).clamp(SMALLEST, 1.0);
    let turned = ui.input(|input| input.zoom_delta());
    if turned != 1.0 && ui.rect_contains_pointer(rect) {
        *zoomed = Some((zoomed.unwrap_or(fits) * turned).clamp(SMALLEST, LARGEST));
    }
    let zoom = zoomed.unwrap_or(fits);
    let drawing = Drawing { mapped, figure: lit.figure, zoom };
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).id_salt("map"));
    let response = child.interact(rect, child.id().with("all"), Sense::hover());
    let spoken = format!("Process map, {} steps, {} edges", picture.steps.len(), picture.edges.len());
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Other, true, &spoken));
    let mut pressed = None;
    ScrollArea::both().id_salt("map").auto_shrink(false).show(&mut child, |ui| {
        let size = (whole * zoom).max(rect.size() - Vec2::splat(1.0));
        let (_, place) = ui.allocate_space(size);
        let corner = place.min + (size - whole * zoom).max(Vec2::ZERO) / 2.0;
        let at = |point: Pos2| corner + point.to_vec2() * zoom;
        let most = mapped.whole.edges.first().map_or(1, |edge| edge.count).max(1);
        let mut labels = Vec::new();
        let clip = ui.clip_rect();
        for (nth, &place) in picture.edges.iter().enumerate() {
            let edge = &mapped.whole.edges[place];
            let way: Vec<Pos2> = picture.laid.ways[nth].iter().map(|point| at(*point)).collect();
            if picture.edges.len() > SPOKEN && !Rect::from_points(&way).expand(CURVED).intersects(clip) {
                continue;
            }
            let change = mapped.changes[place].as_ref();
            let on = lit.is_on(place, edge);
            let color = edge_color(tokens, on, change);
            let width = (0.8 + 3.6 * (edge.count as f32 / most as f32).sqrt()) * zoom.max(0.75);
            let middle = arrow(ui.painter(), &way, picture.laid.back[nth], Stroke::new(width, color));
            labels.push((nth, edge, change, middle, on));
        }
        for (nth, edge, change, middle, on) in labels {
            label_ui(ui, &drawing, nth, edge, change, (middle, on));
        }
        for (nth, (name, count)) in picture.steps.iter().enumerate() {
            let node = picture.laid.nodes[nth];
            let node = Rect::from_min_max(at(node.min), at(node.max));
            if picture.steps.len() > SPOKEN && !node.intersects(clip) {
                continue;
            }
            let on = match (lit.way, lit.step) {
                (Some(way), _) => way.steps.contains(name),
                (None, Some(step)) => *step == **name,
                (None, None) => false,
            };
            if step_ui(ui, &drawing, nth, node, (name, *count), on) {
                pressed = Some(nth);
            }
        }
    });
    pressed
}

fn edge_color(tokens: &Tokens, on: Option<bool>, change: Option<&Change>) -> Color32 {
    match (on, change.map(|change| change.way)) {
        (Some(true), _) => tokens.accent,
        (Some(false), _) => mix(tokens.hairline, tokens.window, 0.3),
        (None, Some(way)) if way > 0 => tokens.warning,
        (None, Some(way)) if way < 0 => tokens.good,
        _ => tokens.text_faint,
    }
}

/// Paints an arrow along its way; gives where its words stand.
fn arrow(painter: &Painter, way: &[Pos2], back: bool, stroke: Stroke) -> Pos2 {
    let (Some(&first), Some(&last)) = (way.first(), way.last()) else { return Pos2::ZERO };
    if back {
        let top = way[way.len() / 2];
        let points = [first, pos2(first.x, top.y), pos2(last.x, top.y), last];
        let curve = CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, stroke);
        let middle = curve.sample(0.5);
        painter.extend(Shape::dashed_line(&curve.flatten(Some(0.5)), stroke, 5.0, 3.0));
        head(painter, last, vec2(0.0, 1.0), stroke);
        return middle;
    }
    let end = last - vec2(6.0, 0.0);
    let mut middle = first;
    for (nth, pair) in way.windows(2).enumerate() {
        let to = if nth + 2 == way.len() { end } else { pair[1] };
        let bend = (to.x - pair[0].x).abs() * 0.5;
        let points = [pair[0], pair[0] + vec2(bend, 0.0), to - vec2(bend, 0.0), to];
        let curve = CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, stroke);
        if nth == (way.len() - 2) / 2 {
            middle = curve.sample(0.5);
        }
        painter.add(curve);
    }
    head(painter, last, vec2(1.0, 0.0), stroke);
    middle
}

fn head(painter: &Painter, tip: Pos2, way: Vec2, stroke: Stroke) {
    let across = vec2(-way.y, way.x) * (3.0 + stroke.width * 0.6);
    let foot = tip - way * (7.0 + stroke.width * 0.6);
    painter.add(Shape::convex_polygon(vec![tip, foot + across, foot - across], stroke.color, Stroke::NONE));
}

fn label_ui(
    ui: &Ui,
    drawing: &Drawing<'_>,
    nth: usize,
    edge: &MapEdge,
    change: Option<&Change>,
    (middle, on): (Pos2, Option<bool>),
) {
    let tokens = tokens(ui);
    let words = match drawing.figure {
        Figure::Count => figures::short(edge.count as f64),
        Figure::Median => span(edge.median_ms),
        Figure::P95 => span(edge.p95_ms),
    };
    let changed = change.map(|change| {
        let [before, within] = change.shares;
        let [slow, fast] = change.medians_ms.map(span);
        format!(
            "in the second range {within:.1} of 100 threads, median {fast}; in the first {before:.1}, median {slow}"
        )
    });
    let color = match on {
        Some(false) => tokens.text_faint,
        _ => change
            .filter(|change| change.way != 0)
            .map_or(tokens.text_second, |change| if change.way > 0 { tokens.warning } else { tokens.good }),
    };
    let galley = widgets::line(ui.painter(), &words, sized(font::small(), drawing.zoom), color, f32::INFINITY);
    let place = Rect::from_center_size(middle, galley.size() + vec2(6.0, 1.0));
    if on != Some(false) {
        ui.painter().rect_filled(place, 3.0, tokens.window);
        ui.painter().galley(place.center() - galley.size() / 2.0, galley, color);
    }
    let response = ui.interact(place, ui.id().with(("edge", nth)), Sense::hover());
    let times = format!("median {}, p95 {}", span(edge.median_ms), span(edge.p95_ms));
    let told = format!("{} to {}, {}, {times}", edge.from, edge.to, figures::of(edge.count, "time"));
    let told = changed.map_or(told.clone(), |changed| format!("{told}; {changed}"));
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("Edge {told}")));
    response.on_hover_text(told);
}

fn step_ui(ui: &Ui, drawing: &Drawing<'_>, nth: usize, node: Rect, (name, count): (&str, u64), on: bool) -> bool {
    let tokens = tokens(ui);
    let response = ui.interact(node, ui.id().with(("step", nth)), Sense::click());
    let share = |list: &[fabula_core::narrative::threads::StepCount]| {
        let found = list.iter().find(|step| &*step.step == name).map_or(0, |step| step.count);
        found as f64 / drawing.mapped.threads.max(1) as f64 * 100.0
    };
    let (starts, ends) = (share(&drawing.mapped.whole.starts), share(&drawing.mapped.whole.ends));
    let mut facts = figures::of(count, "event");
    if starts >= 0.5 {
        facts += &format!(" · starts {starts:.0} %");
    }
    if ends >= 0.5 {
        facts += &format!(" · ends {ends:.0} %");
    }
    response.widget_info(|| WidgetInfo::selected(WidgetType::Button, true, on, format!("Step {name}, {facts}")));
    let fill = if response.hovered() { tokens.raised_hover } else { tokens.raised };
    let edge = if on || response.has_focus() { tokens.accent } else { tokens.outline };
    ui.painter().rect(node, 6.0, fill, Stroke::new(if on { 1.75 } else { 1.0 }, edge), StrokeKind::Inside);
    let inner = node.shrink2(vec2(8.0, 3.0) * drawing.zoom);
    let (upper, lower) = inner.split_top_bottom_at_fraction(0.52);
    let cut = names::name_in(
        ui.painter(),
        upper,
        Align2::LEFT_CENTER,
        name,
        sized(font::medium(), drawing.zoom),
        tokens.text,
    );
    let small = sized(font::small(), drawing.zoom);
    let cut_too = widgets::text_in(ui.painter(), lower, Align2::LEFT_CENTER, &facts, small, tokens.text_second);
    let pressed = response.clicked();
    if cut || cut_too {
        response.on_hover_text(format!("{name}\n{facts}"));
    }
    pressed
}
