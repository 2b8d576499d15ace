//! Which keys send which command.

use egui::{Key, KeyboardShortcut, Modifiers};

use super::Command;
use crate::panes::PaneKind;
use crate::panes::canvas::Look;
use crate::theme::widgets;

const NONE: Modifiers = Modifiers::NONE;
const CTRL: Modifiers = Modifiers::COMMAND;
const CTRL_SHIFT: Modifiers = Modifiers::COMMAND.plus(Modifiers::SHIFT);
const SHIFT: Modifiers = Modifiers::SHIFT;
const ALT: Modifiers = Modifiers::ALT;

const fn on(modifiers: Modifiers, key: Key, command: Command) -> (KeyboardShortcut, Command) {
    (KeyboardShortcut::new(modifiers, key), command)
}

/// Keys and their commands. A command's first keys are the ones shown. More modifiers come before fewer, because the
/// toolkit lets the fewer match as well.
pub const SHORTCUTS: &[(KeyboardShortcut, Command)] = &[
    on(CTRL_SHIFT, Key::Z, Command::Redo),
    on(CTRL_SHIFT, Key::S, Command::SaveWorkspaceAs),
    on(CTRL_SHIFT, Key::O, Command::OpenWorkspace),
    on(CTRL_SHIFT, Key::C, Command::CopyKey),
    on(CTRL_SHIFT, Key::L, Command::ToggleTheme),
    on(CTRL_SHIFT, Key::U, Command::ToggleZone),
    on(SHIFT, Key::N, Command::PreviousMatch),
    on(SHIFT, Key::Y, Command::LookForThread),
    on(SHIFT, Key::U, Command::NextOfId),
    on(CTRL, Key::K, Command::ShowPalette),
    on(CTRL_SHIFT, Key::P, Command::ShowPalette),
    on(CTRL, Key::N, Command::Connect),
    on(CTRL, Key::O, Command::OpenRecording),
    on(CTRL, Key::R, Command::KeepRecording),
    on(CTRL, Key::S, Command::SaveWorkspace),
    on(CTRL, Key::Q, Command::Quit),
    on(CTRL, Key::Z, Command::Undo),
    on(CTRL, Key::C, Command::CopyJson),
    on(CTRL, Key::F, Command::Find),
    on(NONE, Key::Slash, Command::Find),
    on(CTRL, Key::G, Command::GoTo),
    on(CTRL, Key::Comma, Command::ShowSettings),
    on(CTRL, Key::Plus, Command::Scale(1)),
    on(CTRL, Key::Equals, Command::Scale(1)),
    on(CTRL, Key::Minus, Command::Scale(-1)),
    on(CTRL, Key::Num0, Command::Scale(0)),
    on(ALT, Key::Num1, Command::ShowPane(PaneKind::Catalogue)),
    on(ALT, Key::Num2, Command::ShowPane(PaneKind::Timeline)),
    on(ALT, Key::Num3, Command::ShowPane(PaneKind::Story)),
    on(ALT, Key::Num4, Command::ShowPane(PaneKind::Inspector)),
    on(ALT, Key::Num5, Command::ShowPane(PaneKind::Canvas)),
    on(ALT, Key::Num6, Command::ShowPane(PaneKind::View)),
    on(ALT, Key::Num7, Command::ShowPane(PaneKind::Node)),
    on(ALT, Key::Num8, Command::ShowPane(PaneKind::Sql)),
    on(ALT, Key::Num9, Command::ShowPane(PaneKind::Drift)),
    on(ALT, Key::Num0, Command::ShowPane(PaneKind::Threads)),
    on(CTRL, Key::E, Command::ExportView),
    on(NONE, Key::Y, Command::ThreadOfEvent),
    on(NONE, Key::U, Command::ShowFindings(None)),
    on(CTRL, Key::A, Command::SelectAllNodes),
    on(CTRL, Key::D, Command::DuplicateNodes),
    on(NONE, Key::T, Command::AddToCanvas),
    on(NONE, Key::C, Command::ConnectNode),
    on(NONE, Key::E, Command::EditNode),
    on(NONE, Key::G, Command::FocusCanvas),
    on(NONE, Key::Delete, Command::RemoveNode),
    on(ALT, Key::ArrowLeft, Command::LookAt(Look::Left)),
    on(ALT, Key::ArrowRight, Command::LookAt(Look::Right)),
    on(ALT, Key::ArrowUp, Command::LookAt(Look::Up)),
    on(ALT, Key::ArrowDown, Command::LookAt(Look::Down)),
    on(NONE, Key::Plus, Command::LookAt(Look::Nearer)),
    on(NONE, Key::Equals, Command::LookAt(Look::Nearer)),
    on(NONE, Key::Minus, Command::LookAt(Look::Further)),
    on(NONE, Key::Num0, Command::FitCanvas),
    on(NONE, Key::X, Command::CutAtEvent),
    on(NONE, Key::F5, Command::Refresh),
    on(NONE, Key::Comma, Command::PreviousEvent),
    on(NONE, Key::Period, Command::NextEvent),
    on(NONE, Key::OpenBracket, Command::PreviousOfKey),
    on(NONE, Key::CloseBracket, Command::NextOfKey),
    on(NONE, Key::Home, Command::FirstEvent),
    on(NONE, Key::End, Command::LastEvent),
    on(NONE, Key::Enter, Command::OpenChosen),
    on(NONE, Key::N, Command::NextMatch),
    on(NONE, Key::M, Command::ToggleFilter),
    on(NONE, Key::I, Command::ToggleFold),
    on(NONE, Key::P, Command::ToggleLanes),
    on(NONE, Key::B, Command::ToggleBookmark),
    on(NONE, Key::W, Command::ZoomIn),
    on(NONE, Key::S, Command::ZoomOut),
    on(NONE, Key::A, Command::PanLeft),
    on(NONE, Key::D, Command::PanRight),
    on(NONE, Key::F, Command::FitSelection),
    on(NONE, Key::R, Command::ResetView),
    on(NONE, Key::O, Command::ToggleOrder),
    on(NONE, Key::L, Command::ToggleFollow),
    on(NONE, Key::Questionmark, Command::ShowKeys),
    on(NONE, Key::Escape, Command::Back),
];

impl Command {
    /// Its keys as they are written, e.g. `Ctrl+K`.
    pub fn keys(&self) -> Option<String> {
        SHORTCUTS.iter().find(|(_, command)| command == self).map(|(shortcut, _)| written(shortcut))
    }
}

/// A shortcut as it is written: `Ctrl+Shift+P`, `?`, `Esc`.
pub fn written(shortcut: &KeyboardShortcut) -> String {
    let mut parts: Vec<&str> = Vec::new();
    let modifiers = shortcut.modifiers;
    if modifiers.command || modifiers.ctrl {
        parts.push(if cfg!(target_os = "macos") { "⌘" } else { "Ctrl" });
    }
    if modifiers.alt {
        parts.push("Alt");
    }
    if modifiers.shift {
        parts.push("Shift");
    }
    let key = match shortcut.logical_key {
        Key::Escape => "Esc",
        Key::OpenBracket => "[",
        Key::CloseBracket => "]",
        Key::Slash => "/",
        Key::Comma => ",",
        Key::Period => ".",
        Key::Questionmark => "?",
        Key::Plus | Key::Equals => "+",
        Key::Minus => "-",
        Key::ArrowLeft => "←",
        Key::ArrowRight => "→",
        Key::ArrowUp => "↑",
        Key::ArrowDown => "↓",
        key => key.name(),
    };
    parts.push(key);
    parts.join("+")
}

/// What keys are for at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Attention {
    /// The panes.
    Panes,
    /// A table whose rows are gone through: it keeps Home and End.
    Rows,
    /// The canvas: what changes its nodes, and where one looks, is meant only there.
    Canvas,
    /// A text that is being written: it keeps the keys it has a use for, and Esc only leaves it.
    Text,
    /// A dialog: only what closes or changes it.
    Dialog,
}

/// Keys that are left to the widget that has the focus.
struct Kept {
    keys: &'static [Key],
    /// Whether Enter presses the widget.
    enter: bool,
}

impl Kept {
    fn of(ctx: &egui::Context) -> Self {
        let focused = ctx.memory(|memory| memory.focused().is_some());
        // In a list, and on a card, Enter opens what is chosen; every other widget is pressed by it.
        Self { keys: widgets::kept_keys(ctx), enter: focused && !widgets::arrows_are_taken(ctx) }
    }

    fn holds(&self, shortcut: &KeyboardShortcut) -> bool {
        let key = shortcut.logical_key;
        shortcut.modifiers.is_none() && (self.keys.contains(&key) || self.enter && key == Key::Enter)
    }
}

/// Takes the keys pressed in this frame that mean a command.
pub fn pressed(ctx: &egui::Context, attention: Attention) -> Vec<Command> {
    let kept = Kept::of(ctx);
    ctx.input_mut(|input| {
        let mut commands = Vec::new();
        for (shortcut, command) in SHORTCUTS {
            if command.is_of_canvas() && attention != Attention::Canvas || kept.holds(shortcut) {
                continue;
            }
            let plain = !shortcut.modifiers.command && !shortcut.modifiers.alt;
            let leave = match attention {
                Attention::Panes | Attention::Canvas => false,
                Attention::Rows => matches!(command, Command::FirstEvent | Command::LastEvent),
                Attention::Text => {
                    let for_text =
                        matches!(command, Command::Undo | Command::Redo | Command::CopyJson | Command::SelectAllNodes);
                    for_text || plain && *command != Command::Refresh
                }
                Attention::Dialog => {
                    !matches!(command, Command::Back | Command::ShowPalette | Command::Quit | Command::Scale(_))
                }
            };
            if !leave && input.consume_shortcut(shortcut) {
                commands.push(command.clone());
            }
        }
        let panes = matches!(attention, Attention::Panes | Attention::Rows | Attention::Canvas);
        if panes && input.events.iter().any(|event| matches!(event, egui::Event::Copy)) {
            commands.push(Command::CopyJson);
        }
        commands
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_commands_share_their_keys() {
        for (at, (shortcut, command)) in SHORTCUTS.iter().enumerate() {
            for (other, another) in &SHORTCUTS[at + 1..] {
                assert!(shortcut != other, "{} is both {command:?} and {another:?}", written(shortcut));
            }
        }
    }

    #[test]
    fn keys_are_written_as_on_the_keyboard() {
        assert_eq!(Command::ShowPalette.keys().as_deref(), Some("Ctrl+K"));
        assert_eq!(Command::Redo.keys().as_deref(), Some("Ctrl+Shift+Z"));
        assert_eq!(Command::ShowKeys.keys().as_deref(), Some("?"));
    }
}
