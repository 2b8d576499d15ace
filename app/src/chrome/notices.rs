//! Notices: what matters for a moment (copied, saved), at the foot of the window, gone by itself.

use egui::{Align2, Area, Frame, Id, Margin, Order, RichText, Ui, vec2};

use crate::theme::{font, tokens};

const SECONDS: f64 = 4.0;
const AT_MOST: usize = 3;

/// The notices in sight.
#[derive(Default)]
pub struct Notices {
    shown: Vec<(f64, String)>,
}

impl Notices {
    /// Shows a notice from `now`, the window's clock in seconds.
    pub fn add(&mut self, now: f64, text: String) {
        self.shown.retain(|(_, other)| *other != text);
        self.shown.push((now + SECONDS, text));
        if self.shown.len() > AT_MOST {
            self.shown.remove(0);
        }
    }

    /// Draws the notices and forgets those whose time is over.
    pub fn ui(&mut self, ui: &Ui) {
        let now = ui.input(|input| input.time);
        self.shown.retain(|(until, _)| *until > now);
        let Some(next) = self.shown.iter().map(|(until, _)| until - now).reduce(f64::min) else { return };
        ui.ctx().request_repaint_after(std::time::Duration::from_secs_f64(next + 0.01));
        let area = Area::new(Id::new("notices")).order(Order::Tooltip).interactable(false);
        area.anchor(Align2::RIGHT_BOTTOM, vec2(-12.0, -36.0)).show(ui.ctx(), |ui| {
            for (_, text) in &self.shown {
                let frame = Frame::popup(ui.style()).inner_margin(Margin::symmetric(12, 8)).fill(tokens(ui).raised);
                frame.show(ui, |ui| {
                    ui.set_max_width(420.0);
                    ui.label(RichText::new(text).font(font::body()).color(tokens(ui).text));
                });
            }
        });
    }
}
