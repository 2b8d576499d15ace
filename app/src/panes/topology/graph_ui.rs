//! Paints the topology: services, topics and groups as boxes of different shapes, arrows as wide as they carry events.

use egui::epaint::CubicBezierShape;
use egui::{
    Align2, Color32, Painter, Pos2, Rect, ScrollArea, Sense, Shape, Stroke, StrokeKind, Ui, UiBuilder, Vec2,
    WidgetInfo, WidgetType, pos2, vec2,
};

use super::picture::{Arrow, Node, Picture, Way};
use crate::figures;
use crate::panes::Context;
use crate::theme::{Tokens, font, mix, names, size, tokens, widgets};

/// The least that it is drawn at; below it is scrolled.
const SMALLEST: f32 = 0.55;
const LARGEST: f32 = 1.6;

/// Paints the drawing; gives the box that was pressed.
pub(super) fn graph_ui(
    ui: &mut Ui,
    rect: Rect,
    picture: &Picture,
    lit: Option<&Node>,
    zoomed: &mut Option<f32>,
    context: &Context<'_>,
) -> Option<Node> {
    let tokens = tokens(ui);
    ui.painter().rect_filled(rect, 0.0, tokens.window);
    let whole = picture.laid.size;
    let fits = (rect.width() / whole.x.max(1.0)).min(rect.height() / whole.y.max(1.0)).clamp(SMALLEST, 1.0);
    let turned = ui.input(|input| input.zoom_delta());
    if turned != 1.0 && ui.rect_contains_pointer(rect) {
        *zoomed = Some((zoomed.unwrap_or(fits) * turned).clamp(SMALLEST, LARGEST));
    }
    let zoom = zoomed.unwrap_or(fits);
    let mut child = ui.new_child(UiBuilder::new().max_rect(rect).id_salt("topology"));
    let response = child.interact(rect, child.id().with("all"), Sense::hover());
    let spoken = format!(
        "Topology, {} and {}",
        figures::of(picture.nodes.len() as u64, "node"),
        figures::of(picture.arrows.len() as u64, "arrow")
    );
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Other, true, &spoken));
    let mut pressed = None;
    ScrollArea::both().id_salt("topology").auto_shrink(false).show(&mut child, |ui| {
        let size = (whole * zoom).max(rect.size() - Vec2::splat(1.0));
        let (_, place) = ui.allocate_space(size);
        let corner = place.min + (size - whole * zoom).max(Vec2::ZERO) / 2.0;
        let at = |point: Pos2| corner + point.to_vec2() * zoom;
        let most = picture.arrows.first().map_or(1, |arrow| arrow.events).max(1);
        let mut labels = Vec::new();
        for (nth, arrow) in picture.arrows.iter().enumerate() {
            let way: Vec<Pos2> = picture.laid.ways[nth].iter().map(|point| at(*point)).collect();
            let on = lit.map(|lit| picture.nodes[arrow.from] == *lit || picture.nodes[arrow.to] == *lit);
            let width = (0.9 + 3.0 * (arrow.events as f32 / most as f32).sqrt()) * zoom.max(0.75);
            let stroke = Stroke::new(width, arrow_color(tokens, arrow, on));
            let middle = arrow_ui(ui.painter(), &way, picture.laid.back[nth], arrow.way == Way::Implies, stroke);
            labels.push((nth, middle, on));
        }
        for (nth, middle, on) in labels {
            label_ui(ui, picture, nth, (middle, on), zoom);
        }
        for (nth, node) in picture.nodes.iter().enumerate() {
            let place = picture.laid.nodes[nth];
            let place = Rect::from_min_max(at(place.min), at(place.max));
            if node_ui(ui, picture, nth, place, (lit == Some(node), zoom), context) {
                pressed = Some(node.clone());
            }
        }
    });
    pressed
}

fn arrow_color(tokens: &Tokens, arrow: &Arrow, on: Option<bool>) -> Color32 {
    match on {
        Some(true) => tokens.accent,
        Some(false) => mix(tokens.hairline, tokens.window, 0.3),
        None if arrow.behind => tokens.warning,
        None => tokens.text_faint,
    }
}

/// Paints an arrow along its way, dashed where it is only implied; gives where its words stand.
fn arrow_ui(painter: &Painter, way: &[Pos2], back: bool, dashed: bool, stroke: Stroke) -> Pos2 {
    let (Some(&first), Some(&last)) = (way.first(), way.last()) else { return Pos2::ZERO };
    let draw = |curve: CubicBezierShape| match dashed {
        true => painter.extend(Shape::dashed_line(&curve.flatten(Some(0.5)), stroke, 5.0, 4.0)),
        false => _ = painter.add(curve),
    };
    if back {
        let top = way[way.len() / 2];
        let points = [first, pos2(first.x, top.y), pos2(last.x, top.y), last];
        let curve = CubicBezierShape::from_points_stroke(points, false, Color32::TRANSPARENT, stroke);
        let middle = curve.sample(0.5);
        draw(curve);
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
        draw(curve);
    }
    head(painter, last, vec2(1.0, 0.0), stroke);
    middle
}

fn head(painter: &Painter, tip: Pos2, way: Vec2, stroke: Stroke) {
    let across = vec2(-way.y, way.x) * (3.0 + stroke.width * 0.6);
    let foot = tip - way * (7.0 + stroke.width * 0.6);
    painter.add(Shape::convex_polygon(vec![tip, foot + across, foot - across], stroke.color, Stroke::NONE));
}

/// Letters as large as it is drawn.
fn sized(font: egui::FontId, zoom: f32) -> egui::FontId {
    egui::FontId::new(font.size * zoom.max(0.7), font.family)
}

fn label_ui(ui: &Ui, picture: &Picture, nth: usize, (middle, on): (Pos2, Option<bool>), zoom: f32) {
    let (tokens, arrow) = (tokens(ui), &picture.arrows[nth]);
    let color = match (on, arrow.behind) {
        (Some(false), _) => tokens.text_faint,
        (_, true) => tokens.warning,
        _ => tokens.text_second,
    };
    let galley = widgets::line(ui.painter(), &arrow.words, sized(font::small(), zoom), color, f32::INFINITY);
    let place = Rect::from_center_size(middle, galley.size() + vec2(6.0, 1.0));
    if on != Some(false) {
        ui.painter().rect_filled(place, 3.0, tokens.window);
        ui.painter().galley(place.center() - galley.size() / 2.0, galley, color);
    }
    let response = ui.interact(place, ui.id().with(("arrow", nth)), Sense::hover());
    let (from, to) = (picture.nodes[arrow.from].name(), picture.nodes[arrow.to].name());
    let told = format!("{from} {} {to}: {}", arrow.way.name(), arrow.told);
    response.widget_info(|| WidgetInfo::labeled(WidgetType::Label, true, format!("Arrow {told}")));
    response.on_hover_text(told);
}

fn node_ui(ui: &Ui, picture: &Picture, nth: usize, rect: Rect, (on, zoom): (bool, f32), context: &Context<'_>) -> bool {
    let (tokens, node, facts) = (tokens(ui), &picture.nodes[nth], &picture.facts[nth]);
    let response = ui.interact(rect, ui.id().with(("box", nth)), Sense::click());
    let spoken = format!("{} {}, {facts}", node.kind(), node.name());
    response.widget_info(|| WidgetInfo::selected(WidgetType::Button, true, on, &spoken));
    let fill = if response.hovered() { tokens.raised_hover } else { tokens.raised };
    let edge = if on || response.has_focus() { tokens.accent } else { tokens.outline };
    let stroke = Stroke::new(if on { 1.75 } else { 1.0 }, edge);
    // A topic is square with its colour at the side, a service round, a group has a second line: shapes tell them apart.
    let rounding = match node {
        Node::Service(_) => rect.height() / 2.0,
        Node::Topic(_) => 2.0,
        Node::Group(_) => 6.0,
    };
    ui.painter().rect(rect, rounding, fill, stroke, StrokeKind::Inside);
    let mut inner = rect.shrink2(vec2(8.0, 3.0) * zoom);
    match node {
        Node::Service(_) => inner = inner.shrink2(vec2(6.0 * zoom, 0.0)),
        Node::Topic(topic) => {
            let color = tokens.series(context.state.series.number(topic));
            ui.painter().rect_filled(rect.with_max_x(rect.left() + 4.0 * zoom), 2.0, color);
            inner = inner.with_min_x(inner.left() + 4.0 * zoom);
        }
        Node::Group(_) => {
            ui.painter().rect_stroke(
                rect.shrink(3.0 * zoom),
                4.0,
                Stroke::new(1.0, tokens.hairline),
                StrokeKind::Inside,
            );
            inner = inner.shrink2(vec2(2.0 * zoom, 0.0));
        }
    }
    let (upper, lower) = inner.split_top_bottom_at_fraction(0.52);
    let name = node.name();
    let medium = sized(font::medium(), zoom);
    let cut = names::name_in(ui.painter(), upper, Align2::LEFT_CENTER, name, medium, tokens.text);
    let small = sized(font::small(), zoom);
    let cut_too = widgets::text_in(ui.painter(), lower, Align2::LEFT_CENTER, facts, small, tokens.text_second);
    let pressed = response.clicked();
    if cut || cut_too || size::ROW > rect.height() {
        response.on_hover_text(format!("{} {name}\n{facts}", node.kind()));
    }
    pressed
}
