//! Names that are cut where there is no room for them: in the middle, since long names mostly begin alike.

use std::sync::Arc;

use egui::{Align2, Color32, FontId, Galley, Painter, Rect};

use super::widgets;

/// How much of the room the end of a name gets.
const END: f32 = 0.6;

/// One line of a name, cut in the middle where it is longer than the room; and whether it was cut.
pub fn line(painter: &Painter, name: &str, font: FontId, color: Color32, room: f32) -> (Arc<Galley>, bool) {
    let whole = widgets::line(painter, name, font.clone(), color, f32::INFINITY);
    if whole.size().x <= room {
        return (whole, false);
    }
    let short = painter.fonts_mut(|fonts| cut(name, room, |letter| fonts.glyph_width(&font, letter)));
    (widgets::line(painter, &short, font, color, room), true)
}

/// Paints a name within a rectangle, and says whether it was cut.
pub fn name_in(painter: &Painter, rect: Rect, align: Align2, name: &str, font: FontId, color: Color32) -> bool {
    let (galley, cut) = line(painter, name, font, color, rect.width());
    let at = align.align_size_within_rect(galley.size(), rect).min;
    painter.galley(at, galley, color);
    cut
}

/// What is left of a name that is too long for the room: its beginning and, with more of the room, its end.
fn cut(name: &str, room: f32, mut width: impl FnMut(char) -> f32) -> String {
    let letters: Vec<char> = name.chars().collect();
    let room = (room - width('…')).max(0.0);
    let (mut end, mut used) = (letters.len(), 0.0);
    while end > 0 && used + width(letters[end - 1]) <= room * END {
        end -= 1;
        used += width(letters[end]);
    }
    let mut begin = 0;
    while begin < end && used + width(letters[begin]) <= room {
        used += width(letters[begin]);
        begin += 1;
    }
    letters[..begin].iter().chain(['…'].iter()).chain(&letters[end..]).collect()
}

#[cfg(test)]
mod tests {
    use super::cut;

    #[test]
    fn the_end_of_a_long_name_is_kept_with_some_of_its_beginning() {
        let of = |name: &str, room: f32| cut(name, room, |_| 1.0);
        assert_eq!(of("com.example.orders.OrderPlaced", 16.0), "com.ex…derPlaced");
        assert_eq!(of("/services/eu-central-1/payments", 12.0), "/serv…yments");
        for room in 0..40 {
            let short = of("größe/été/名前/ships-and-harbours", room as f32);
            assert!(short.chars().count() <= room.max(1), "{short} in {room}");
            assert!(short.contains('…'));
        }
    }
}
