//! The toolkit's style, built from tokens, so that nothing of its own look remains.

use egui::style::{ScrollStyle, Selection, TextCursorStyle, WidgetVisuals, Widgets};
use egui::{Color32, CornerRadius, Margin, Shadow, Stroke, Style, TextStyle, Visuals, vec2};

use super::{DARK, LIGHT, Theme, Tokens, font, fonts, size};

/// Gives a context the fonts and both looks, and shows one.
pub fn install(ctx: &egui::Context, theme: Theme) {
    ctx.set_fonts(fonts::definitions());
    ctx.set_style_of(egui::Theme::Dark, style(&DARK));
    ctx.set_style_of(egui::Theme::Light, style(&LIGHT));
    show(ctx, theme);
}

/// Shows one of the looks.
pub fn show(ctx: &egui::Context, theme: Theme) {
    ctx.set_theme(match theme {
        Theme::Dark => egui::Theme::Dark,
        Theme::Light => egui::Theme::Light,
    });
}

fn style(tokens: &Tokens) -> Style {
    let mut style = Style { visuals: visuals(tokens), animation_time: size::EASE_S, ..Style::default() };
    style.text_styles = [
        (TextStyle::Body, font::body()),
        (TextStyle::Small, font::small()),
        (TextStyle::Button, font::medium()),
        (TextStyle::Heading, font::title()),
        (TextStyle::Monospace, font::mono()),
    ]
    .into();
    style.drag_value_text_style = TextStyle::Body;
    style.explanation_tooltips = false;
    style.interaction.selectable_labels = false;
    style.interaction.tooltip_delay = 0.4;
    style.interaction.resize_grab_radius_side = 4.0;
    let spacing = &mut style.spacing;
    spacing.item_spacing = vec2(8.0, 4.0);
    spacing.button_padding = vec2(8.0, 3.0);
    spacing.interact_size = vec2(24.0, 24.0);
    spacing.window_margin = Margin::same(16);
    spacing.menu_margin = Margin::same(4);
    spacing.indent = 16.0;
    spacing.icon_width = 14.0;
    spacing.icon_width_inner = 8.0;
    spacing.icon_spacing = 6.0;
    spacing.combo_width = 120.0;
    spacing.text_edit_width = 240.0;
    spacing.tooltip_width = 420.0;
    spacing.scroll = scroll();
    style
}

/// Thin bars that float over the content and show themselves when the pointer is near.
fn scroll() -> ScrollStyle {
    ScrollStyle {
        bar_width: 8.0,
        floating_width: 4.0,
        bar_inner_margin: 2.0,
        bar_outer_margin: 2.0,
        handle_min_length: 24.0,
        dormant_handle_opacity: 0.35,
        active_handle_opacity: 0.5,
        interact_handle_opacity: 0.8,
        dormant_background_opacity: 0.0,
        active_background_opacity: 0.0,
        interact_background_opacity: 0.0,
        foreground_color: true,
        ..ScrollStyle::floating()
    }
}

fn visuals(tokens: &Tokens) -> Visuals {
    let base = if tokens.dark { Visuals::dark() } else { Visuals::light() };
    let radius = CornerRadius::same(size::RADIUS);
    Visuals {
        dark_mode: tokens.dark,
        override_text_color: None,
        weak_text_color: Some(tokens.text_second),
        widgets: widgets(tokens, radius),
        selection: Selection { bg_fill: tokens.marked, stroke: Stroke::new(1.0, tokens.accent) },
        hyperlink_color: tokens.accent,
        faint_bg_color: tokens.hovered,
        extreme_bg_color: tokens.window,
        text_edit_bg_color: Some(tokens.window),
        code_bg_color: tokens.raised,
        warn_fg_color: tokens.warning,
        error_fg_color: tokens.error,
        window_corner_radius: CornerRadius::same(size::RADIUS_LARGE),
        window_shadow: Shadow { offset: [0, 12], blur: 40, spread: 0, color: tokens.shadow },
        window_fill: tokens.pane,
        window_stroke: Stroke::new(1.0, tokens.outline),
        menu_corner_radius: CornerRadius::same(size::RADIUS_LARGE),
        panel_fill: tokens.pane,
        popup_shadow: Shadow { offset: [0, 6], blur: 20, spread: 0, color: tokens.shadow },
        text_cursor: TextCursorStyle { stroke: Stroke::new(1.5, tokens.accent), ..base.text_cursor.clone() },
        button_frame: true,
        collapsing_header_frame: false,
        indent_has_left_vline: false,
        striped: false,
        slider_trailing_fill: true,
        interact_cursor: Some(egui::CursorIcon::Default),
        ..base
    }
}

fn widgets(tokens: &Tokens, corner_radius: CornerRadius) -> Widgets {
    let state = |fill: Color32, line: Color32, text: Color32| WidgetVisuals {
        bg_fill: fill,
        weak_bg_fill: fill,
        bg_stroke: Stroke::new(1.0, line),
        corner_radius,
        fg_stroke: Stroke::new(1.0, text),
        expansion: 0.0,
    };
    Widgets {
        noninteractive: state(tokens.pane, tokens.hairline, tokens.text),
        inactive: state(tokens.raised, tokens.hairline, tokens.text),
        hovered: state(tokens.raised_hover, tokens.outline, tokens.text),
        active: state(tokens.raised_hover, tokens.accent, tokens.text),
        open: state(tokens.raised_hover, tokens.outline, tokens.text),
    }
}
