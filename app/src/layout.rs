//! Where the panes are: tiles that can be moved, in the window's own look.

use egui::{Align2, Color32, Id, Response, Sense, Stroke, Ui, Visuals, WidgetInfo, WidgetText, WidgetType, vec2};
use egui_tiles::{Behavior, SimplificationOptions, TabState, Tabs, TileId, Tiles, Tree, UiResponse};

use crate::panes::{Context, PaneKind, Panes};
use crate::theme::{font, size, tokens, widgets};

/// Where the panes are.
#[derive(Debug, Clone, PartialEq)]
pub struct Layout {
    tree: Tree<PaneKind>,
}

impl Default for Layout {
    /// Catalogue left, timeline above, story below, inspector right; the canvas, all threads, their map and the topology behind the timeline, one thread
    /// and what the pipeline comes to behind the story (with questions to it and copies of it), its chosen node behind the inspector.
    fn default() -> Self {
        let mut tiles = Tiles::default();
        let mut tabs = |kinds: &[PaneKind]| {
            let panes = kinds.iter().map(|kind| tiles.insert_pane(*kind)).collect();
            tiles.insert_tab_tile(panes)
        };
        let catalogue = tabs(&[PaneKind::Catalogue]);
        let timeline =
            tabs(&[PaneKind::Timeline, PaneKind::Canvas, PaneKind::Threads, PaneKind::Map, PaneKind::Topology]);
        let story = tabs(&[PaneKind::Story, PaneKind::Thread, PaneKind::View, PaneKind::Sql, PaneKind::Drift]);
        let inspector = tabs(&[PaneKind::Inspector, PaneKind::Node]);
        let middle = tiles.insert_vertical_tile(vec![timeline, story]);
        let root = tiles.insert_horizontal_tile(vec![catalogue, middle, inspector]);
        set_shares(&mut tiles, root, &[(catalogue, 0.157), (middle, 0.611), (inspector, 0.232)]);
        set_shares(&mut tiles, middle, &[(timeline, 0.512), (story, 0.488)]);
        Self { tree: Tree::new("panes", root, tiles) }
    }
}

fn set_shares(tiles: &mut Tiles<PaneKind>, of: TileId, shares: &[(TileId, f32)]) {
    if let Some(egui_tiles::Tile::Container(egui_tiles::Container::Linear(linear))) = tiles.get_mut(of) {
        for &(child, share) in shares {
            linear.shares.set_share(child, share);
        }
    }
}

impl Layout {
    /// Draws every pane in sight, and says whether a person moved one.
    pub fn ui(&mut self, ui: &mut Ui, panes: &mut Panes, context: &Context<'_>) -> bool {
        let mut draw = Draw { panes, context, edited: false };
        self.tree.ui(&mut draw, ui);
        let edited = draw.edited;
        // The toolkit's own: an edge is twice as thick as the reach of the hand, the place of the tabs as high as a header.
        let edge = 2.0 * ui.style().interaction.resize_grab_radius_side;
        let is = |length: f32, wanted: f32| (length - wanted).abs() < 1.0;
        let drag = |widget: &egui::WidgetRect| widget.sense.senses_click() && widget.sense.senses_drag();
        widgets::name_unnamed(ui.ctx(), "Edge between panes", |widget| {
            drag(widget) && (is(widget.rect.width(), edge) || is(widget.rect.height(), edge))
        });
        widgets::name_unnamed(ui.ctx(), "Tabs", |widget| drag(widget) && is(widget.rect.height(), size::PANE_HEADER));
        edited
    }

    /// Brings a pane to the front of its tabs.
    pub fn show(&mut self, kind: PaneKind) {
        self.tree.make_active(|_, tile| matches!(tile, egui_tiles::Tile::Pane(pane) if *pane == kind));
    }

    /// As it is saved: the same layout gives the same text.
    pub fn to_saved(&self) -> Option<serde_json::Value> {
        serde_json::to_value(&self.tree).ok().map(sorted)
    }

    /// From what was saved; the first layout where that does not hold every pane once.
    pub fn from_saved(saved: &serde_json::Value) -> Self {
        let Ok(tree) = serde_json::from_value::<Tree<PaneKind>>(saved.clone()) else { return Self::default() };
        let mut kinds: Vec<PaneKind> = tree
            .tiles
            .tiles()
            .filter_map(|tile| match tile {
                egui_tiles::Tile::Pane(kind) => Some(*kind),
                egui_tiles::Tile::Container(_) => None,
            })
            .collect();
        kinds.sort_unstable();
        if kinds == PaneKind::ALL { Self { tree } } else { Self::default() }
    }
}

/// The toolkit keeps its tiles in no order: a file that is kept under version control must not change by itself.
fn sorted(value: serde_json::Value) -> serde_json::Value {
    use serde_json::Value;
    match value {
        Value::Object(map) => {
            let mut entries: Vec<(String, Value)> = map.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|one, other| one.0.cmp(&other.0));
            Value::Object(entries.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        other => other,
    }
}

struct Draw<'a, 'b> {
    panes: &'a mut Panes,
    context: &'a Context<'b>,
    edited: bool,
}

impl Behavior<PaneKind> for Draw<'_, '_> {
    fn pane_ui(&mut self, ui: &mut Ui, _tile: TileId, kind: &mut PaneKind) -> UiResponse {
        let rect = ui.max_rect();
        ui.set_clip_rect(rect.intersect(ui.clip_rect()));
        ui.painter().rect_filled(rect, 0.0, tokens(ui).pane);
        widgets::hairline_h(ui, rect.x_range(), rect.top() - 1.0);
        self.panes.get(*kind).ui(ui, self.context);
        UiResponse::None
    }

    fn tab_title_for_pane(&mut self, kind: &PaneKind) -> WidgetText {
        kind.name().into()
    }

    fn tab_ui(
        &mut self,
        tiles: &mut Tiles<PaneKind>,
        ui: &mut Ui,
        id: Id,
        tile_id: TileId,
        state: &TabState,
    ) -> Response {
        let title = self.tab_title_for_tile(tiles, tile_id).text().to_owned();
        let tokens = tokens(ui);
        let color = if state.active { tokens.text } else { tokens.text_second };
        let text_font = if state.active { font::strong() } else { font::medium() };
        let galley = widgets::line(ui.painter(), &title, text_font, color, f32::INFINITY);
        let pad = if ui.cursor().left() <= ui.max_rect().left() + 1.0 { size::INSET } else { 8.0 };
        let width = galley.size().x + pad + 8.0;
        let (_, rect) = ui.allocate_space(vec2(width, ui.available_height()));
        let response = ui.interact(rect, id, Sense::click_and_drag());
        response.widget_info(|| WidgetInfo::selected(WidgetType::SelectableLabel, true, state.active, &title));
        if !state.is_being_dragged {
            let text_rect = rect.with_min_x(rect.left() + pad);
            let at = Align2::LEFT_CENTER.align_size_within_rect(galley.size(), text_rect).min;
            let text_width = galley.size().x;
            let shade = if response.hovered() { tokens.text } else { color };
            ui.painter().galley_with_override_text_color(at, galley, shade);
            if state.active {
                let line =
                    egui::Rect::from_min_size(egui::pos2(text_rect.left(), rect.bottom() - 2.0), vec2(text_width, 2.0));
                ui.painter().rect_filled(line, 1.0, tokens.accent);
            }
        }
        response
    }

    fn top_bar_right_ui(
        &mut self,
        tiles: &Tiles<PaneKind>,
        ui: &mut Ui,
        _tile: TileId,
        tabs: &Tabs,
        _scroll: &mut f32,
    ) {
        ui.add_space(size::INSET);
        let active = tabs.active.and_then(|active| tiles.get_pane(&active)).copied();
        if let Some(kind) = active {
            self.panes.get(kind).header_ui(ui, self.context);
        }
    }

    fn drag_ui(&mut self, tiles: &Tiles<PaneKind>, ui: &mut Ui, tile_id: TileId) {
        let title = self.tab_title_for_tile(tiles, tile_id);
        egui::Frame::popup(ui.style()).show(ui, |ui| ui.label(title));
    }

    fn tab_bar_height(&self, _style: &egui::Style) -> f32 {
        size::PANE_HEADER
    }

    fn gap_width(&self, _style: &egui::Style) -> f32 {
        1.0
    }

    fn min_size(&self) -> f32 {
        120.0
    }

    fn simplification_options(&self) -> SimplificationOptions {
        SimplificationOptions { all_panes_must_have_tabs: true, ..SimplificationOptions::default() }
    }

    fn resize_stroke(&self, style: &egui::Style, state: egui_tiles::ResizeState) -> Stroke {
        match state {
            egui_tiles::ResizeState::Idle => Stroke::new(1.0, style.visuals.widgets.noninteractive.bg_stroke.color),
            _ => Stroke::new(2.0, style.visuals.selection.stroke.color),
        }
    }

    fn tab_bar_color(&self, visuals: &Visuals) -> Color32 {
        visuals.panel_fill
    }

    fn on_edit(&mut self, _action: egui_tiles::EditAction) {
        self.edited = true;
    }

    fn drag_preview_stroke(&self, visuals: &Visuals) -> Stroke {
        visuals.selection.stroke
    }

    fn drag_preview_color(&self, visuals: &Visuals) -> Color32 {
        visuals.selection.stroke.color.gamma_multiply(0.15)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_layout_survives_being_saved() {
        let layout = Layout::default();
        let saved = layout.to_saved().expect("plain data");
        assert_eq!(Layout::from_saved(&saved), layout);
    }

    #[test]
    fn a_layout_that_lost_a_pane_is_not_used() {
        let saved = serde_json::json!({"root": null, "tiles": {}});
        assert_eq!(Layout::from_saved(&saved), Layout::default());
    }
}
