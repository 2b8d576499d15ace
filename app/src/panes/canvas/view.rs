//! Where one looks on the canvas.

use egui::{Pos2, Rect, Vec2, vec2};

/// How near one may look, and how far away.
const ZOOM: std::ops::RangeInclusive<f32> = 0.25..=2.0;

/// Where one looks: a point of the pipeline is drawn at `offset + point * zoom` from the pane's corner.
#[derive(Debug, Clone, Copy)]
pub(super) struct View {
    pub(super) offset: Vec2,
    pub(super) zoom: f32,
    pub(super) corner: Pos2,
}

/// Where one may look from where one looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Look {
    /// Larger.
    Nearer,
    /// Smaller.
    Further,
    /// What stands at the left.
    Left,
    /// What stands at the right.
    Right,
    /// What stands above.
    Up,
    /// What stands below.
    Down,
}

/// How much ground there is around a pipeline that is brought into sight as a whole.
const MARGIN: f32 = 20.0;
/// How much nearer, and how far to a side, a key looks.
const NEARER: f32 = 1.25;
const ASIDE: f32 = 96.0;

impl Default for View {
    fn default() -> Self {
        Self { offset: Vec2::ZERO, zoom: 1.0, corner: Pos2::ZERO }
    }
}

impl View {
    pub(super) fn to_screen(self, point: [f32; 2]) -> Pos2 {
        self.corner + self.offset + vec2(point[0], point[1]) * self.zoom
    }

    pub(super) fn to_scene(self, at: Pos2) -> [f32; 2] {
        let point = (at - self.corner - self.offset) / self.zoom;
        [point.x, point.y]
    }

    /// Looks nearer, or from further away, with what is at a place staying there.
    pub(super) fn zoom_at(&mut self, at: Pos2, factor: f32) {
        let held = self.to_scene(at);
        self.zoom = (self.zoom * factor).clamp(*ZOOM.start(), *ZOOM.end());
        self.offset = at - self.corner - vec2(held[0], held[1]) * self.zoom;
    }

    /// Looks nearer, further away, or to a side of a pane.
    pub(super) fn look(&mut self, pane: Rect, at: Look) {
        match at {
            Look::Nearer => self.zoom_at(pane.center(), NEARER),
            Look::Further => self.zoom_at(pane.center(), 1.0 / NEARER),
            Look::Left => self.offset.x += ASIDE,
            Look::Right => self.offset.x -= ASIDE,
            Look::Up => self.offset.y += ASIDE,
            Look::Down => self.offset.y -= ASIDE,
        }
    }

    /// Brings a part of the pipeline into the middle, not larger than life.
    pub(super) fn fit(&mut self, pane: Rect, part: Rect) {
        let room = pane.shrink(MARGIN);
        let zoom = (room.width() / part.width().max(1.0)).min(room.height() / part.height().max(1.0));
        self.zoom = zoom.clamp(*ZOOM.start(), 1.0);
        self.offset = pane.center() - pane.min - part.center().to_vec2() * self.zoom;
    }

    /// Moves as little as brings a part of the pipeline into the pane; whether that moved anything.
    pub(super) fn reveal(&mut self, pane: Rect, part: Rect) {
        let shown = Rect::from_min_max(
            self.to_screen([part.left(), part.top()]),
            self.to_screen([part.right(), part.bottom()]),
        );
        let room = pane.shrink(20.0);
        let way = |low: f32, high: f32, from: f32, to: f32| {
            if low < from || high - low > to - from { from - low } else { (to - high).min(0.0) }
        };
        self.offset.x += way(shown.left(), shown.right(), room.left(), room.right());
        self.offset.y += way(shown.top(), shown.bottom(), room.top(), room.bottom());
    }
}
