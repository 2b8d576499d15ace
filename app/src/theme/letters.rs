//! Letters that the window's own fonts lack, from the fonts of the system.
//!
//! People's names come in every script, and a font for all of them is larger than this program. So each frame's texts are
//! looked over for letters that no font has; a thread then finds the system's fonts that have them, and they stand in
//! from the next frame on. Only fonts that are needed are loaded.

use std::collections::HashSet;
use std::sync::Arc;

use egui::epaint::text::{FontInsert, FontPriority, InsertFontFamily};
use egui::{Context, FontData, FontFamily, FullOutput, Shape};
use parking_lot::Mutex;
use skrifa::MetadataProvider as _;

use super::{font, fonts};

/// How many different letters are remembered as looked for: more than are in use, few enough for memory.
const MOST_LETTERS: usize = 1 << 16;

/// Watches for letters that no font has, and finds fonts for them.
#[derive(Default)]
pub struct Letters {
    /// Letters that were judged: there is a glyph, or one was looked for.
    judged: HashSet<char>,
    search: Arc<Mutex<Search>>,
}

#[derive(Default)]
struct Search {
    running: bool,
    found: Vec<FontInsert>,
}

impl egui::Plugin for Letters {
    fn debug_name(&self) -> &'static str {
        "letters"
    }

    fn output_hook(&mut self, context: &Context, output: &mut FullOutput) {
        let running = {
            let mut search = self.search.lock();
            search.found.drain(..).for_each(|font| context.add_font(font));
            search.running
        };
        if running || self.judged.len() > MOST_LETTERS {
            return;
        }
        let mut lacking = Vec::new();
        for clipped in &output.shapes {
            self.look_over(context, &clipped.shape, &mut lacking);
        }
        if !lacking.is_empty() {
            self.find(context, lacking);
        }
    }
}

impl Letters {
    fn look_over(&mut self, context: &Context, shape: &Shape, lacking: &mut Vec<char>) {
        match shape {
            Shape::Text(text) if !text.galley.text().is_ascii() => {
                for letter in text.galley.text().chars().filter(|letter| !letter.is_ascii()) {
                    if self.judged.insert(letter)
                        && !letter.is_control()
                        && !context.fonts_mut(|fonts| fonts.has_glyph(&font::body(), letter))
                    {
                        lacking.push(letter);
                    }
                }
            }
            Shape::Vec(shapes) => shapes.iter().for_each(|shape| self.look_over(context, shape, lacking)),
            _ => {}
        }
    }

    fn find(&self, context: &Context, letters: Vec<char>) {
        self.search.lock().running = true;
        let (search, context) = (self.search.clone(), context.clone());
        let work = move || {
            let found = fonts_with(letters);
            let any = !found.is_empty();
            *search.lock() = Search { running: false, found };
            if any {
                context.request_repaint();
            }
        };
        if let Err(error) = std::thread::Builder::new().name("fabula-letters".to_owned()).spawn(work) {
            tracing::warn!(%error, "no thread to look for fonts with");
            self.search.lock().running = false;
        }
    }
}

/// The system's fonts that have some letters, each font once; letters that none has are left out.
fn fonts_with(mut letters: Vec<char>) -> Vec<FontInsert> {
    let mut system = fontdb::Database::new();
    system.load_system_fonts();
    // Upright fonts of plain weight without serifs first: they look most like the window's own.
    let mut faces: Vec<_> = system.faces().collect();
    faces.sort_by_key(|face| {
        let serif = face.post_script_name.contains("Serif");
        let plain = face.style == fontdb::Style::Normal && face.stretch == fontdb::Stretch::Normal;
        (!plain, face.weight.0.abs_diff(fontdb::Weight::NORMAL.0), serif, face.post_script_name.clone())
    });
    let mut found = Vec::new();
    for face in faces {
        if letters.is_empty() {
            break;
        }
        let taken = system.with_face_data(face.id, |bytes, index| {
            let font = skrifa::FontRef::from_index(bytes, index).ok()?;
            let charmap = font.charmap();
            let before = letters.len();
            letters.retain(|&letter| charmap.map(letter).is_none());
            (letters.len() < before).then(|| FontData { index, ..FontData::from_owned(bytes.to_vec()) })
        });
        if let Some(data) = taken.flatten() {
            let family =
                |family: &FontFamily| InsertFontFamily { family: family.clone(), priority: FontPriority::Lowest };
            let families = fonts::families().iter().map(family).collect();
            found.push(FontInsert::new(&format!("{} {}", face.post_script_name, face.index), data, families));
        }
    }
    tracing::debug!(fonts = found.len(), lacking = letters.len(), "looked for fonts of the system");
    found
}
