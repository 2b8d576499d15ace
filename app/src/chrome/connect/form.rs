//! The fields that say how to reach a cluster.

use egui::{Checkbox, ComboBox, RichText, Ui};
use fabula_core::log::Isolation;

use super::profile::{Login, Profile, Secrets, is_secret};
use crate::chrome::fields::{edit, field, named, text};
use crate::theme::{font, icon::Icon, tokens, widgets};

/// Draws the fields and says whether one was changed.
pub fn form_ui(ui: &mut Ui, profile: &mut Profile, secrets: &mut Secrets) -> bool {
    let before = (profile.clone(), secrets.clone());
    ui.spacing_mut().item_spacing.y = 6.0;
    text(ui, "Name", &mut profile.name, "shop-staging");
    text(ui, "Brokers", &mut profile.brokers, "broker-1:9092,broker-2:9092");
    ui.add_space(6.0);
    security_ui(ui, profile, secrets);
    ui.add_space(6.0);
    field(ui, "Transactions", |ui| {
        for (isolation, name, what) in [
            (Isolation::ReadCommitted, "Committed", "Only records of committed transactions, and those outside of any"),
            (Isolation::ReadUncommitted, "All", "Every record, aborted and undecided ones too"),
        ] {
            let on = profile.isolation == isolation;
            if widgets::bar_toggle(ui, name, on).on_hover_text(what).clicked() {
                profile.isolation = isolation;
            }
        }
    });
    field(ui, "Production", |ui| {
        ui.add(Checkbox::new(&mut profile.production, "Put a coloured band on the window"));
    });
    ui.add_space(6.0);
    properties_ui(ui, profile, secrets);
    before != (profile.clone(), secrets.clone())
}

fn security_ui(ui: &mut Ui, profile: &mut Profile, secrets: &mut Secrets) {
    field(ui, "Login", |ui| {
        let login = ComboBox::from_id_salt("login")
            .icon(widgets::list_mark)
            .selected_text(profile.security.login.name())
            .width(220.0)
            .show_ui(ui, |ui| {
                for login in Login::ALL {
                    ui.selectable_value(&mut profile.security.login, login, login.name());
                }
            });
        ui.ctx().accesskit_node_builder(login.response.id, |node| node.set_label("Login"));
    });
    let login = profile.security.login;
    if login == Login::Certificate {
        profile.security.tls = true;
        text(ui, "Certificate", &mut profile.certificate_file, "/path/to/client.pem");
        text(ui, "Private key", &mut profile.key_file, "/path/to/client.key");
    } else {
        field(ui, "Encryption", |ui| {
            ui.add(Checkbox::new(&mut profile.security.tls, "TLS"));
            if login.mechanism().is_some() && !profile.security.tls {
                let warning = "The secret goes over the network in a form that others may read";
                ui.label(RichText::new("not encrypted").font(font::small()).color(tokens(ui).warning))
                    .on_hover_text(warning);
            }
        });
    }
    if profile.security.tls {
        text(ui, "Authority", &mut profile.ca_file, "the system's own authorities");
    }
    match login {
        Login::Plain | Login::Scram256 | Login::Scram512 => drop(text(ui, "User", &mut profile.username, "")),
        Login::OauthBearer => {
            text(ui, "Token URL", &mut profile.token_url, "https://identity.example/oauth2/token");
            text(ui, "Client", &mut profile.client_id, "");
            text(ui, "Scope", &mut profile.scope, "optional");
        }
        Login::None | Login::Certificate => {}
    }
    if let Some((property, name)) = login.secret() {
        secret(ui, name, secrets.entry(property));
        field(ui, "", |ui| {
            ui.add(Checkbox::new(&mut profile.keep_secrets, "Keep in the system's keychain"))
                .on_hover_text("If not, it is asked for each time. It is never written into a workspace or recording");
        });
    }
}

/// Any other property of librdkafka, one a row; an empty row at the end takes the next.
fn properties_ui(ui: &mut Ui, profile: &mut Profile, secrets: &mut Secrets) {
    let mut removed = None;
    let mut moved = None;
    for (at, (name, value)) in profile.properties.iter_mut().enumerate() {
        field(ui, if at == 0 { "Properties" } else { "" }, |ui| {
            let width = (ui.available_width() - 34.0) / 2.0;
            ui.add(edit(ui, name, "property").desired_width(width - 10.0));
            ui.add(edit(ui, value, "value").desired_width(width - 10.0));
            if widgets::icon_button(ui, Icon::Close, "Remove this property").clicked() {
                removed = Some(at);
            }
        });
        if is_secret(name) && !value.is_empty() {
            moved = Some(at);
        }
    }
    if let Some(at) = moved {
        // A secret among the properties is one all the same: it leaves the profile, which is saved.
        let (name, value) = profile.properties.remove(at);
        *secrets.entry(name.trim()) = value;
    } else if let Some(at) = removed {
        profile.properties.remove(at);
    }
    let shown = profile.security.login.secret().map(|(property, _)| property);
    let others: Vec<String> =
        secrets.iter().map(|(name, _)| name.to_owned()).filter(|name| Some(name.as_str()) != shown).collect();
    for name in others {
        secret(ui, &name, secrets.entry(&name));
    }
    field(ui, if profile.properties.is_empty() { "Properties" } else { "" }, |ui| {
        if widgets::link(ui, "Add a property").on_hover_text("Any property that librdkafka knows").clicked() {
            profile.properties.push(Default::default());
        }
    });
}

fn secret(ui: &mut Ui, label: &str, value: &mut String) {
    field(ui, label, |ui| {
        let response = ui.add(edit(ui, value, "").password(true).desired_width(f32::INFINITY));
        named(&response, label);
    });
}
