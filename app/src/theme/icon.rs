//! Marks drawn by hand on a 16-point square, in one line weight, so that they sit with the text.

use egui::{Color32, Painter, Pos2, Rect, Shape, Stroke, pos2, vec2};

/// A mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Icon {
    /// Closes, cancels, clears.
    Close,
    /// Something below is shown.
    Open,
    /// The smallest comes first.
    Up,
    /// Something below is hidden.
    Shut,
    /// Goes one back.
    Back,
    /// Looks for something.
    Find,
    /// Done, complete.
    Check,
    /// Copies to the clipboard.
    Copy,
    /// Adds one.
    Plus,
    /// Something needs a look.
    Warning,
    /// Something failed.
    Error,
    /// Nothing can be written through this.
    Lock,
    /// Loads again.
    Refresh,
    /// More of the same kind.
    More,
}

/// Draws a mark in the middle of a rectangle.
pub fn paint(painter: &Painter, rect: Rect, icon: Icon, color: Color32) {
    let middle = rect.center();
    let at = |x: f32, y: f32| middle + vec2(x, y);
    let stroke = Stroke::new(1.3, color);
    let line = |points: Vec<Pos2>| {
        painter.add(Shape::line(points, stroke));
    };
    match icon {
        Icon::Close => {
            line(vec![at(-3.5, -3.5), at(3.5, 3.5)]);
            line(vec![at(3.5, -3.5), at(-3.5, 3.5)]);
        }
        Icon::Open => line(vec![at(-3.0, -1.5), at(0.0, 1.5), at(3.0, -1.5)]),
        Icon::Up => line(vec![at(-3.0, 1.5), at(0.0, -1.5), at(3.0, 1.5)]),
        Icon::Shut => line(vec![at(-1.5, -3.0), at(1.5, 0.0), at(-1.5, 3.0)]),
        Icon::Back => line(vec![at(1.5, -3.0), at(-1.5, 0.0), at(1.5, 3.0)]),
        Icon::Find => {
            painter.circle_stroke(at(-1.0, -1.0), 3.75, stroke);
            line(vec![at(1.8, 1.8), at(5.0, 5.0)]);
        }
        Icon::Check => line(vec![at(-4.0, 0.0), at(-1.2, 3.0), at(4.0, -3.0)]),
        Icon::Copy => {
            painter.rect_stroke(
                Rect::from_min_max(at(-2.5, -2.5), at(4.5, 4.5)),
                1.5,
                stroke,
                egui::StrokeKind::Middle,
            );
            line(vec![at(-4.5, 2.0), at(-4.5, -4.5), at(2.0, -4.5)]);
        }
        Icon::Plus => {
            line(vec![at(-4.0, 0.0), at(4.0, 0.0)]);
            line(vec![at(0.0, -4.0), at(0.0, 4.0)]);
        }
        Icon::Warning => {
            line(vec![at(0.0, -5.0), at(5.2, 4.2), at(-5.2, 4.2), at(0.0, -5.0)]);
            line(vec![at(0.0, -1.8), at(0.0, 1.0)]);
            painter.circle_filled(at(0.0, 2.7), 0.8, color);
        }
        Icon::Error => {
            painter.circle_stroke(middle, 5.2, stroke);
            line(vec![at(0.0, -2.8), at(0.0, 0.6)]);
            painter.circle_filled(at(0.0, 2.7), 0.8, color);
        }
        Icon::Lock => {
            painter.rect_stroke(
                Rect::from_min_max(at(-3.5, -0.5), at(3.5, 4.5)),
                1.0,
                stroke,
                egui::StrokeKind::Middle,
            );
            line(vec![at(-2.0, -0.5), at(-2.0, -2.5), at(-1.0, -4.2), at(1.0, -4.2), at(2.0, -2.5), at(2.0, -0.5)]);
        }
        Icon::Refresh => {
            let arc: Vec<Pos2> = (0..=14)
                .map(|step| {
                    let angle = -0.6 + step as f32 / 14.0 * 5.0;
                    at(4.2 * angle.cos(), 4.2 * angle.sin())
                })
                .collect();
            line(arc);
            line(vec![at(3.8, -5.2), at(3.6, -2.2), at(0.8, -2.6)]);
        }
        Icon::More => {
            for x in [-4.0, 0.0, 4.0] {
                painter.circle_filled(pos2(middle.x + x, middle.y), 1.2, color);
            }
        }
    }
}
