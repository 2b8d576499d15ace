//! The sequence as a drawing that stands by itself: what SVG says in words, and a picture in pixels.

use std::fmt::Write as _;

use egui::{Align2, Color32, Painter, Pos2, Shape, Stroke, Vec2, pos2, vec2};
use fabula_core::narrative::threads::diagnose::Certainty;

use super::sequence::{Distances, Places, STEP};
use super::sequence_ui::{edge_words, fault};
use super::written::span;
use crate::panes::threads::kind_color;
use crate::raster;
use crate::state::Tale;
use crate::theme::{Theme, font};
use crate::zone::Clock;

const NS: i64 = 1_000_000;
const TIMES: f32 = 110.0;
const APART: f32 = 170.0;
const TOP: f32 = 36.0;
/// How wide a letter is about, in points, where nothing can be measured.
const LETTER: f32 = 5.9;

/// How a text stands to its place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stand {
    Start,
    Middle,
}

/// One thing that is drawn.
#[derive(Debug, Clone, PartialEq)]
enum Mark {
    Line {
        from: Pos2,
        to: Pos2,
        color: Color32,
        dashed: bool,
    },
    /// An arrow's head: its tip, how far back it reaches, and how it is known that one led to the other.
    Head {
        tip: Pos2,
        back: f32,
        color: Color32,
        why: &'static str,
    },
    Dot {
        at: Pos2,
        color: Color32,
    },
    /// A text with its base at a place; what was cut is said whole where it can be.
    Words {
        at: Pos2,
        stand: Stand,
        text: String,
        whole: Option<String>,
        color: Color32,
    },
}

/// A thread, drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Drawing {
    title: String,
    size: Vec2,
    ground: Color32,
    theme: Theme,
    marks: Vec<Mark>,
}

/// A text that fits into so much room, and the whole of it where it was cut.
fn cut(text: &str, room: f32) -> (String, Option<String>) {
    let most = (room / LETTER).max(4.0) as usize;
    if text.chars().count() <= most {
        return (text.to_owned(), None);
    }
    let begin: String = text.chars().take(most - 1).collect();
    (format!("{}…", begin.trim_end()), Some(text.to_owned()))
}

impl Drawing {
    /// Draws a thread in steps, in the colours of a theme.
    pub(super) fn of(tale: &Tale, theme: Theme, clock: &Clock) -> Self {
        let (tokens, places) = (theme.tokens(), Places::of(tale, Distances::Steps));
        let count = tale.participants.len().max(1) as f32;
        let size = vec2(TIMES + APART * count, TOP + places.foot + tale.missing.len() as f32 * STEP + 12.0);
        let title = format!("Thread {}", tale.name);
        let mut drawing = Self { title, size, ground: tokens.window, theme, marks: Vec::new() };
        for (at, name) in tale.participants.iter().enumerate() {
            let x = x_of(at);
            let (from, to) = (pos2(x, TOP), pos2(x, size.y));
            drawing.marks.push(Mark::Line { from, to, color: tokens.hairline, dashed: false });
            drawing.words(pos2(x, 20.0), Stand::Middle, name, APART - 10.0, tokens.text);
        }
        for place in 0..tale.steps.len() {
            drawing.step(tale, place, TOP + places.ys[place], clock);
        }
        for (nth, missing) in tale.missing.iter().enumerate() {
            let y = TOP + places.foot + nth as f32 * STEP;
            let color = if missing.absence == Certainty::Absent { tokens.error } else { tokens.text_second };
            let middle = TIMES + APART * count / 2.0;
            let words = format!("{} {}", missing.step, missing.absence.words());
            drawing.words(pos2(middle, y), Stand::Middle, &words, APART * count, color);
        }
        drawing
    }

    fn words(&mut self, at: Pos2, stand: Stand, text: &str, room: f32, color: Color32) {
        let (text, whole) = cut(text, room);
        self.marks.push(Mark::Words { at, stand, text, whole, color });
    }

    fn step(&mut self, tale: &Tale, place: usize, y: f32, clock: &Clock) {
        let (step, tokens) = (&tale.steps[place], self.theme.tokens());
        let to = x_of(step.participant);
        let color = fault(tale, place).map_or(tokens.text, |finding| kind_color(tokens, finding));
        let time = step.time_ms.map_or_else(|| "no time".to_owned(), |ms| clock.time_of_day(ms.saturating_mul(NS)));
        self.words(pos2(10.0, y + 4.0), Stand::Start, &time, TIMES, tokens.text_second);
        let cause = tale.causes[place];
        let from = cause.map(|edge| x_of(tale.steps[edge.from as usize].participant)).filter(|from| *from != to);
        let (at, stand) = match from {
            Some(from) => {
                let dashed = !cause.is_some_and(|edge| edge.kind.is_exact());
                let back = if to > from { -7.0 } else { 7.0 };
                self.marks.push(Mark::Line { from: pos2(from, y), to: pos2(to, y), color, dashed });
                let why = cause.map_or("", |edge| edge_words(edge.kind));
                self.marks.push(Mark::Head { tip: pos2(to, y), back, color, why });
                (if from < to { to - APART / 2.0 } else { to + APART / 2.0 }, Stand::Middle)
            }
            None => {
                self.marks.push(Mark::Dot { at: pos2(to, y), color });
                (to + 9.0, Stand::Start)
            }
        };
        // Beside the last service there is only half of its column.
        let is_last = step.participant + 1 == tale.participants.len();
        let room = if stand == Stand::Start && is_last { APART / 2.0 - 12.0 } else { APART - 14.0 };
        self.words(pos2(at, y - 4.0), stand, &step.step, room, color);
        if let Some(ms) = cause.and_then(|edge| edge.latency_ms) {
            self.words(pos2(at, y + 13.0), stand, &span(ms), room, tokens.text_second);
        }
    }

    /// As the text of an SVG file.
    pub(super) fn svg(&self) -> String {
        let Vec2 { x: width, y: height } = self.size;
        let mut text = format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{width:.0}\" height=\"{height:.0}\" \
             viewBox=\"0 0 {width:.0} {height:.0}\" font-family=\"Inter, sans-serif\" font-size=\"11\">\n\
             <title>{}</title>\n<rect width=\"100%\" height=\"100%\" fill=\"{}\"/>\n",
            escaped(&self.title),
            hex(self.ground)
        );
        for mark in &self.marks {
            _ = match mark {
                Mark::Line { from, to, color, dashed } => {
                    let dash = if *dashed { " stroke-dasharray=\"4 3\"" } else { "" };
                    writeln!(
                        text,
                        "<line x1=\"{}\" y1=\"{}\" x2=\"{}\" y2=\"{}\" stroke=\"{}\"{dash}/>",
                        from.x,
                        from.y,
                        to.x,
                        to.y,
                        hex(*color)
                    )
                }
                Mark::Head { tip, back, color, why } => writeln!(
                    text,
                    "<path d=\"M{} {} l{back} -3.5 l0 7 z\" fill=\"{}\"><title>{why}</title></path>",
                    tip.x,
                    tip.y,
                    hex(*color)
                ),
                Mark::Dot { at, color } => {
                    writeln!(text, "<circle cx=\"{}\" cy=\"{}\" r=\"4\" fill=\"{}\"/>", at.x, at.y, hex(*color))
                }
                Mark::Words { at, stand, text: words, whole, color } => {
                    let anchor = if *stand == Stand::Middle { "middle" } else { "start" };
                    let whole = whole.as_ref().map(|whole| format!("<title>{}</title>", escaped(whole)));
                    writeln!(
                        text,
                        "<text x=\"{}\" y=\"{:.0}\" text-anchor=\"{anchor}\" fill=\"{}\">{}{}</text>",
                        at.x,
                        at.y,
                        hex(*color),
                        whole.unwrap_or_default(),
                        escaped(words)
                    )
                }
            };
        }
        text.push_str("</svg>\n");
        text
    }

    /// As the bytes of a PNG file.
    ///
    /// # Errors
    /// In one line, when it is too large.
    pub(super) fn png(&self) -> Result<Vec<u8>, String> {
        raster::png(self.size, self.ground, self.theme, |painter| self.paint(painter))
    }

    fn paint(&self, painter: &Painter) {
        for mark in &self.marks {
            match mark {
                Mark::Line { from, to, color, dashed: false } => {
                    painter.line_segment([*from, *to], Stroke::new(1.0, *color));
                }
                Mark::Line { from, to, color, dashed: true } => {
                    painter.extend(Shape::dashed_line(&[*from, *to], Stroke::new(1.0, *color), 4.0, 3.0));
                }
                Mark::Head { tip, back, color, .. } => {
                    let mut corners = vec![*tip, *tip + vec2(*back, -3.5), *tip + vec2(*back, 3.5)];
                    if *back > 0.0 {
                        corners.swap(1, 2);
                    }
                    painter.add(Shape::convex_polygon(corners, *color, Stroke::NONE));
                }
                Mark::Dot { at, color } => drop(painter.circle_filled(*at, 4.0, *color)),
                Mark::Words { at, stand, text, color, .. } => {
                    let align = if *stand == Stand::Middle { Align2::CENTER_BOTTOM } else { Align2::LEFT_BOTTOM };
                    // SVG places a text by the line that it stands on, the painter by its lower edge.
                    painter.text(*at + vec2(0.0, 3.0), align, text, font::small(), *color);
                }
            }
        }
    }
}

fn x_of(participant: usize) -> f32 {
    TIMES + APART * (participant as f32 + 0.5)
}

fn escaped(text: &str) -> String {
    let plain: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    plain.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn hex(color: Color32) -> String {
    let [r, g, b, _] = color.to_srgba_unmultiplied();
    format!("#{r:02x}{g:02x}{b:02x}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_name_is_cut_and_said_whole() {
        assert_eq!(cut("payments", 100.0), ("payments".to_owned(), None));
        let long = "a-service-with-a-name-that-goes-on-and-on";
        let (shown, whole) = cut(long, 100.0);
        assert!(shown.ends_with('…') && shown.chars().count() as f32 * LETTER <= 100.0, "{shown}");
        assert_eq!(whole.as_deref(), Some(long));
    }

    #[test]
    fn what_is_written_into_svg_cannot_end_it() {
        assert_eq!(escaped("<a & \"b\">\n"), "&lt;a &amp; &quot;b&quot;&gt; ");
    }
}
