//! The chosen node of the canvas: its settings, what is wrong with them, its columns, and what has gone through it.

mod aside_ui;
mod complete_ui;
mod condition;
mod condition_ui;
mod facts_ui;
mod field;
mod form_ui;
mod handle_ui;
mod pick;
mod window_ui;
mod within_ui;

use egui::{ScrollArea, Ui};
use fabula_core::pipeline::Node;

use super::{Context, Pane, PaneKind};
use crate::command::Command;
use crate::theme::{size, widgets};

/// The chosen node.
#[derive(Default)]
pub struct NodePane {
    /// The node as it is being changed, and as it was when that began.
    draft: Option<Draft>,
    /// Whether the form is to get the keyboard.
    focus: bool,
    /// The node of which what it set aside is listed, instead of its settings.
    aside: Option<String>,
    /// Whether an event was chosen there in the last frame.
    chose: bool,
}

struct Draft {
    saved: Node,
    node: Node,
    /// Texts that are being written and are no setting yet: by what they stand for.
    texts: field::Texts,
}

impl NodePane {
    /// Whether an event was just chosen among the rows that were set aside.
    pub fn chose_aside(&self) -> bool {
        self.chose
    }

    fn follow(&mut self, context: &Context<'_>) {
        let chosen = context.state.design.chosen_node();
        match (chosen, &self.draft) {
            (Some(node), Some(draft)) if draft.saved == *node => {}
            (Some(node), _) => {
                self.draft = Some(Draft { saved: node.clone(), node: node.clone(), texts: field::Texts::default() });
            }
            (None, _) => self.draft = None,
        }
    }
}

impl Pane for NodePane {
    fn update(&mut self, context: &Context<'_>) {
        self.follow(context);
    }

    fn command(&mut self, command: &Command, context: &Context<'_>) {
        match command {
            Command::EditNode => {
                self.focus = context.state.design.chosen.is_some();
                self.aside = None;
            }
            Command::ShowAside => match &context.state.design.chosen {
                Some(node) => self.aside = Some(node.clone()),
                None => context.send(Command::Notify("Choose a node first".to_owned())),
            },
            _ => {}
        }
    }

    fn header_ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        if let Some(node) = context.state.design.chosen_node() {
            widgets::caption(ui, node.kind.name());
        }
    }

    fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) {
        let Some(draft) = &mut self.draft else {
            let hint = "Choose a node on the canvas to see and change what it does";
            if widgets::empty_state(ui, "No node chosen", hint, Some("Open the canvas")) {
                context.send(Command::ShowPane(PaneKind::Canvas));
            }
            return;
        };
        if self.aside.as_ref() == Some(&draft.saved.name) {
            let done = aside_ui::aside_ui(ui, &draft.saved.name, context);
            self.chose = done == aside_ui::Done::Chosen;
            if done == aside_ui::Done::Back {
                self.aside = None;
            }
            return;
        }
        self.aside = None;
        ScrollArea::vertical().auto_shrink(false).show(ui, |ui| {
            egui::Frame::NONE.inner_margin(egui::Margin::symmetric(size::INSET as i8, 10)).show(ui, |ui| {
                ui.set_width(ui.available_width());
                let done = form_ui::form_ui(ui, &mut draft.node, &mut draft.texts, &mut self.focus, context);
                if field::was_abandoned(ui) {
                    draft.node = draft.saved.clone();
                    draft.texts.clear();
                } else if done && draft.node != draft.saved {
                    send(&draft.saved, &draft.node, context);
                }
                facts_ui::facts_ui(ui, &draft.saved.name, context);
            });
        });
    }
}

/// Sends the pipeline with one node changed; another name is followed by what takes its rows.
fn send(saved: &Node, node: &Node, context: &Context<'_>) {
    let mut pipeline = (*context.state.design.pipeline).clone();
    if let Some(at) = pipeline.nodes.iter_mut().find(|known| known.name == saved.name) {
        at.kind = node.kind.clone();
    }
    if node.name == saved.name {
        super::canvas::send_edit(&pipeline, context);
        return;
    }
    let refused = fabula_core::pipeline::name_fault(&node.name)
        .or_else(|| pipeline.node(&node.name).map(|_| format!("there is a node {} already", node.name)));
    match refused {
        Some(why) => context.send(Command::Notify(why)),
        None => {
            super::canvas::send_edit(&super::canvas::renamed(&pipeline, &saved.name, &node.name), context);
            context.send(Command::ChooseNode(Some(node.name.clone())));
        }
    }
}
