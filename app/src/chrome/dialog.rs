//! What is in front of the panes: at most one of palette, `?` sheet and dialogs.

use egui::{Align2, Area, Frame, Id, Margin, Modal, Order, RichText, Ui, UiKind, vec2};

use super::connect::Connect;
use super::go_to::GoTo;
use super::import::Import;
use super::keys_sheet::KeysSheet;
use super::palette::Palette;
use super::settings;
use crate::panes::Context;
use crate::theme::{font, icon::Icon, tokens, widgets};

/// What is in front of the panes.
#[derive(Default)]
pub enum Front {
    /// Only the panes.
    #[default]
    Nothing,
    /// Commands and topics by name.
    Palette(Palette),
    /// Every command with its keys.
    Keys(KeysSheet),
    /// Connect to a cluster.
    Connect(Box<Connect>),
    /// Settings.
    Settings,
    /// Go to a time or an offset.
    GoTo(GoTo),
    /// Make a recording of files.
    Import(Box<Import>),
}

impl Front {
    /// Commands and topics by name.
    pub fn palette() -> Self {
        Self::Palette(Palette::default())
    }

    /// Every command with its keys.
    pub fn keys() -> Self {
        Self::Keys(KeysSheet::default())
    }

    /// Go to a time or an offset.
    pub fn go_to() -> Self {
        Self::GoTo(GoTo::default())
    }

    /// Whether something is in front.
    pub fn is_open(&self) -> bool {
        !matches!(self, Self::Nothing)
    }
}

/// Draws what is in front, and takes it away when it is done with.
pub fn dialog_ui(ui: &Ui, front: &mut Front, context: &Context<'_>) {
    let (width, at_top): (f32, bool) = match front {
        Front::Nothing => return,
        Front::Palette(_) => (600.0, true),
        Front::Keys(_) => (760.0, false),
        Front::Connect(_) => (760.0, false),
        Front::Settings => (440.0, false),
        Front::GoTo(_) => (460.0, true),
        Front::Import(_) => (560.0, false),
    };
    let tokens = tokens(ui);
    let margin = if at_top { Margin::ZERO } else { Margin::same(20) };
    let frame = Frame::window(ui.style()).inner_margin(margin);
    let room = ui.ctx().content_rect();
    let mut area = Area::new(Id::new("front")).kind(UiKind::Modal).sense(egui::Sense::hover()).order(Order::Foreground);
    area = if at_top {
        area.anchor(Align2::CENTER_TOP, vec2(0.0, 64.0))
    } else {
        area.anchor(Align2::CENTER_CENTER, vec2(0.0, 0.0))
    };
    let response =
        Modal::new(Id::new("front")).area(area).backdrop_color(tokens.scrim).frame(frame).show(ui.ctx(), |ui| {
            ui.set_width(width.min(room.width() - 48.0));
            ui.set_max_height(room.height() - 80.0);
            match front {
                Front::Nothing => true,
                Front::Palette(palette) => palette.ui(ui, context),
                Front::Keys(sheet) => sheet.ui(ui),
                Front::Connect(connect) => connect.ui(ui, context),
                Front::Settings => settings::settings_ui(ui, context),
                Front::GoTo(go_to) => go_to.ui(ui, context),
                Front::Import(import) => import.ui(ui, context),
            }
        });
    if response.inner || response.backdrop_response.clicked() {
        *front = Front::Nothing;
        ui.ctx().request_repaint();
    }
}

/// A dialog's title, with the mark that closes it; says whether that was pressed.
pub(super) fn title_ui(ui: &mut Ui, title: &str) -> bool {
    let mut closed = false;
    ui.horizontal(|ui| {
        ui.label(RichText::new(title).font(font::title()).color(tokens(ui).text));
        ui.with_layout(egui::Layout::right_to_left(egui::Align::Center), |ui| {
            closed = widgets::icon_button(ui, Icon::Close, "Close").clicked();
        });
    });
    ui.add_space(12.0);
    closed
}
