//! Fabula's desktop program: the window and the command line over [`fabula_core`].

pub mod asking;
pub mod chrome;
pub mod cli;
pub mod command;
pub mod comparison;
pub mod export;
pub mod files;
pub mod formats;
pub mod jobs;
pub mod layout;
pub mod meters;
pub mod panes;
pub mod raster;
pub mod source;
mod standing;
pub mod state;
pub mod theme;
pub mod tying;
pub mod whole_run;
pub mod window;
pub mod workspace;
pub mod zone;

pub use fabula_core::event::figures;
use window::{Options, Window};

/// The system's allocator keeps what was freed when batches of every size come and go for hours, so that a window which
/// follows a busy log grows without end; this one gives it back.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Opens the window and stays in it until it is closed.
///
/// # Errors
/// When there is no display, or the system gives no threads or no drawing surface.
pub fn run_window(options: Options) -> anyhow::Result<()> {
    let window = Window::new(options)?;
    let native = eframe::NativeOptions {
        viewport: egui::ViewportBuilder::default()
            .with_title("Fabula")
            .with_app_id("fabula")
            .with_inner_size([1600.0, 1000.0])
            .with_min_inner_size([720.0, 420.0])
            .with_drag_and_drop(true),
        persist_window: false,
        ..eframe::NativeOptions::default()
    };
    eframe::run_native(
        "fabula",
        native,
        Box::new(|creation| {
            creation.egui_ctx.add_plugin(theme::Letters::default());
            Ok(Box::new(Native(window)))
        }),
    )
    .map_err(|error| anyhow::anyhow!("the window could not be opened: {}; is there a display?", reason(&error)))
}

/// What went wrong, without the place in the toolkit's source that it puts before it.
fn reason(error: &eframe::Error) -> String {
    let text = error.to_string();
    let place = text.find(".rs:").and_then(|at| text[at..].find(": ").map(|colon| at + colon + 2));
    text[place.unwrap_or(0)..].to_owned()
}

/// The window within the system's frame.
struct Native(Window);

impl eframe::App for Native {
    fn ui(&mut self, ui: &mut egui::Ui, _frame: &mut eframe::Frame) {
        self.0.ui(ui);
    }

    fn clear_color(&self, visuals: &egui::Visuals) -> [f32; 4] {
        visuals.panel_fill.to_normalized_gamma_f32()
    }

    fn on_exit(&mut self, _gl: Option<&eframe::glow::Context>) {
        self.0.close();
    }

    fn persist_egui_memory(&self) -> bool {
        false
    }
}
