//! A real window on a virtual display: Xvfb, the program, a keyboard, and pictures of what a person would see.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use x11rb::protocol::xproto::{ClientMessageEvent, ConnectionExt as _, EventMask};

use crate::program;

/// How long anything may take that a window does by itself. Software rendering on a busy machine is slow to start.
const PATIENCE: Duration = Duration::from_secs(90);

/// Asks until there is an answer.
///
/// # Errors
/// If there is none within a minute and a half.
pub fn wait_for<T>(what: &str, mut ask: impl FnMut() -> anyhow::Result<Option<T>>) -> anyhow::Result<T> {
    let until = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = ask()? {
            return Ok(answer);
        }
        ensure!(Instant::now() < until, "{what}: not within {} s", PATIENCE.as_secs());
        std::thread::park_timeout(Duration::from_millis(50));
    }
}

/// Whether a thread of a process runs, waits for its turn, or waits for the disk.
fn has_work(process: u32) -> anyhow::Result<bool> {
    for thread in std::fs::read_dir(format!("/proc/{process}/task"))? {
        // A thread may end while it is asked about.
        let Ok(told) = std::fs::read_to_string(thread?.path().join("stat")) else { continue };
        // The name stands in brackets, and may hold some itself; what follows is the state.
        let state = told.rsplit_once(')').and_then(|(_, rest)| rest.trim_start().chars().next());
        if matches!(state, Some('R' | 'D')) {
            return Ok(true);
        }
    }
    Ok(false)
}

/// A virtual display, which ends with this value.
#[derive(Debug)]
pub struct Display {
    server: Child,
    name: String,
    /// Where the server keeps what is on the screen, as a file.
    screen: tempfile::TempDir,
}

impl Display {
    /// What must be installed for it; the first that is missing.
    pub fn missing_part() -> Option<&'static str> {
        ["Xvfb", "xdotool"].into_iter().find(|part| !crate::part::is_installed(part))
    }

    /// Starts a display of its own on a free number.
    ///
    /// # Errors
    /// If Xvfb is missing or does not start.
    pub fn start(width: u32, height: u32) -> anyhow::Result<Self> {
        let screen = tempfile::tempdir()?;
        let mut server = Command::new("Xvfb")
            .args(["-displayfd", "1", "-nolisten", "tcp", "-screen", "0", &format!("{width}x{height}x24"), "-fbdir"])
            .arg(screen.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .context("Xvfb could not be started; install xvfb")?;
        let mut number = String::new();
        let stdout = server.stdout.take().context("Xvfb has a stdout")?;
        BufReader::new(stdout).read_line(&mut number)?;
        let display = Self { server, name: format!(":{}", number.trim()), screen };
        ensure!(display.name.len() > 1, "Xvfb named no display");
        Ok(display)
    }

    /// The display's name, such as `:99`.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Runs xdotool on this display.
    ///
    /// # Errors
    /// If it cannot be started or fails.
    pub fn xdotool(&self, arguments: &[&str]) -> anyhow::Result<String> {
        let ran = Command::new("xdotool").args(arguments).env("DISPLAY", &self.name).output();
        let ran = ran.context("xdotool could not be started")?;
        ensure!(ran.status.success(), "xdotool {arguments:?}: {}", String::from_utf8_lossy(&ran.stderr));
        Ok(String::from_utf8_lossy(&ran.stdout).trim().to_owned())
    }

    /// What is on the screen now.
    ///
    /// # Errors
    /// If the server's file of the screen cannot be read.
    pub fn picture(&self) -> anyhow::Result<Picture> {
        Picture::from_xwd(&std::fs::read(self.screen.path().join("Xvfb_screen0"))?)
    }
}

impl Drop for Display {
    fn drop(&mut self) {
        // A display that is gone already is what is wanted.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The program with its window on a display; both end with this value.
#[derive(Debug)]
pub struct Opened<'a> {
    display: &'a Display,
    program: Child,
    id: String,
}

impl<'a> Opened<'a> {
    /// Starts the program and waits for its window. `home` stands for the person's home: settings are kept there.
    ///
    /// # Errors
    /// If the program ends or shows no window.
    pub fn start(display: &'a Display, home: &Path, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut command = program::command(arguments);
        for (name, folder) in [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_DATA_HOME", "data"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_STATE_HOME", "state"),
        ] {
            command.env(name, home.join(folder));
        }
        command.env("HOME", home).env("DISPLAY", &display.name).env("LIBGL_ALWAYS_SOFTWARE", "1");
        command.env_remove("WAYLAND_DISPLAY").env_remove("WAYLAND_SOCKET").stderr(Stdio::piped());
        let mut opened = Self { display, program: command.spawn()?, id: String::new() };
        opened.id = wait_for("the window", || {
            if let Some(status) = opened.program.try_wait()? {
                let mut said = String::new();
                if let Some(errors) = opened.program.stderr.take() {
                    std::io::Read::read_to_string(&mut BufReader::new(errors), &mut said)?;
                }
                bail!("the program ended ({status}): {said}");
            }
            let found = display.xdotool(&["search", "--onlyvisible", "--name", "Fabula"]);
            Ok(found.ok().and_then(|ids| ids.lines().next().map(str::to_owned)))
        })?;
        Ok(opened)
    }

    /// The window's title.
    ///
    /// # Errors
    /// If the window is gone.
    pub fn title(&self) -> anyhow::Result<String> {
        self.display.xdotool(&["getwindowname", &self.id])
    }

    /// The program's process id.
    pub fn process(&self) -> u32 {
        self.program.id()
    }

    /// Presses keys, by xdotool's names, such as `ctrl+k` or `Escape`.
    ///
    /// # Errors
    /// If the window is gone.
    pub fn press(&self, keys: &str) -> anyhow::Result<()> {
        self.display.xdotool(&["windowfocus", "--sync", &self.id, "key", "--clearmodifiers", keys]).map(drop)
    }

    /// Types text.
    ///
    /// # Errors
    /// If the window is gone.
    pub fn type_text(&self, text: &str) -> anyhow::Result<()> {
        self.display.xdotool(&["windowfocus", "--sync", &self.id, "type", text]).map(drop)
    }

    /// Clicks at a point of the window, in its pixels.
    ///
    /// # Errors
    /// If the window is gone.
    pub fn click(&self, x: u32, y: u32) -> anyhow::Result<()> {
        let (x, y) = (x.to_string(), y.to_string());
        self.display.xdotool(&["mousemove", "--window", &self.id, &x, &y, "click", "1"]).map(drop)
    }

    /// Drags from a point of the window to another, in its pixels.
    ///
    /// # Errors
    /// If the window is gone.
    pub fn drag(&self, from: (u32, u32), to: (u32, u32)) -> anyhow::Result<()> {
        let place = |at: (u32, u32)| (at.0.to_string(), at.1.to_string());
        let (x, y) = place(from);
        self.display.xdotool(&["mousemove", "--window", &self.id, &x, &y])?;
        self.picture_at_rest()?;
        self.display.xdotool(&["mousedown", "1"])?;
        self.picture_at_rest()?;
        for share in 1..=4 {
            let part = |from: u32, to: u32| (i64::from(from) + (i64::from(to) - i64::from(from)) * share / 4) as u32;
            let (x, y) = place((part(from.0, to.0), part(from.1, to.1)));
            self.display.xdotool(&["mousemove", "--window", &self.id, &x, &y])?;
            self.picture_at_rest()?;
        }
        self.display.xdotool(&["mouseup", "1"]).map(drop)
    }

    /// Waits until the picture satisfies a condition, and returns it.
    ///
    /// # Errors
    /// If it does not in time.
    pub fn wait_for_picture(&self, what: &str, wanted: impl Fn(&Picture) -> bool) -> anyhow::Result<Picture> {
        wait_for(what, || Ok(Some(self.display.picture()?).filter(&wanted)))
    }

    /// Waits until two pictures in a row are the same, and neither the program nor the display had work to do when they
    /// were taken: on a busy machine a picture also stands still while what was pressed waits for its turn.
    ///
    /// # Errors
    /// If it never comes to rest.
    pub fn picture_at_rest(&self) -> anyhow::Result<Picture> {
        let mut last = None;
        wait_for("a picture that stands still", || {
            if self.has_work()? {
                last = None;
                return Ok(None);
            }
            let picture = self.display.picture()?;
            let still = picture.colours() > 8 && last.as_ref() == Some(&picture) && !self.has_work()?;
            last = Some(picture);
            Ok(last.clone().filter(|_| still))
        })
    }

    /// Whether a thread of the program or of the display runs, or would if it had its turn.
    fn has_work(&self) -> anyhow::Result<bool> {
        Ok(has_work(self.program.id())? || has_work(self.display.server.id())?)
    }

    /// Sends what a window manager sends when the close button is pressed; there is no window manager here.
    fn ask_to_close(&self) -> anyhow::Result<()> {
        let window = self.id.parse::<u32>()?;
        let (connection, _) = x11rb::connect(Some(self.display.name()))?;
        let [protocols, delete] = [b"WM_PROTOCOLS".as_slice(), b"WM_DELETE_WINDOW"]
            .map(|name| connection.intern_atom(false, name).map(|cookie| cookie.reply()));
        let (protocols, delete) = (protocols??.atom, delete??.atom);
        let message = ClientMessageEvent::new(32, window, protocols, [delete, 0, 0, 0, 0]);
        connection.send_event(false, window, EventMask::NO_EVENT, message)?.check()?;
        Ok(())
    }

    /// Closes the window as its close button would, and waits for the program's end.
    ///
    /// # Errors
    /// If the program does not end.
    pub fn close(mut self) -> anyhow::Result<std::process::ExitStatus> {
        self.ask_to_close()?;
        wait_for("the end of the program", || Ok(self.program.try_wait()?))
    }
}

impl Drop for Opened<'_> {
    fn drop(&mut self) {
        // It may have been closed; then there is nothing to end.
        let _ = self.program.kill();
        let _ = self.program.wait();
    }
}

/// What was on a screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Picture {
    /// Pixels across.
    pub width: u32,
    /// Pixels down.
    pub height: u32,
    /// Red, green and blue of each pixel, row by row.
    pub rgb: Vec<u8>,
}

impl Picture {
    /// Reads an X window dump of 32-bit pixels, which is what Xvfb keeps.
    fn from_xwd(dump: &[u8]) -> anyhow::Result<Self> {
        let word = |at: usize| -> anyhow::Result<usize> {
            let bytes = dump.get(at * 4..at * 4 + 4).context("the dump ends within its header")?;
            Ok(u32::from_be_bytes(bytes.try_into()?) as usize)
        };
        const COLOUR_BYTES: usize = 12;
        let (width, height, little_endian) = (word(4)?, word(5)?, word(7)? == 0);
        ensure!(word(11)? == 32, "pixels of {} bits", word(11)?);
        let (row_bytes, pixels) = (word(12)?, word(0)? + word(19)? * COLOUR_BYTES);
        let mut rgb = Vec::with_capacity(width * height * 3);
        for row in 0..height {
            let from = pixels + row * row_bytes;
            for pixel in dump.get(from..from + width * 4).context("the dump ends within its pixels")?.chunks_exact(4) {
                let [blue, green, red] =
                    if little_endian { [pixel[0], pixel[1], pixel[2]] } else { [pixel[3], pixel[2], pixel[1]] };
                rgb.extend([red, green, blue]);
            }
        }
        Ok(Self { width: width as u32, height: height as u32, rgb })
    }

    /// How many colours it has, up to a thousand: an empty window has one.
    pub fn colours(&self) -> usize {
        let mut seen = std::collections::BTreeSet::new();
        for pixel in self.rgb.chunks_exact(3) {
            seen.insert([pixel[0], pixel[1], pixel[2]]);
            if seen.len() == 1_000 {
                break;
            }
        }
        seen.len()
    }

    /// Which part of the pixels differs from another picture of the same size, from 0 to 1.
    pub fn difference(&self, other: &Self) -> f64 {
        if (self.width, self.height) != (other.width, other.height) {
            return 1.0;
        }
        let pixels = self.rgb.chunks_exact(3).zip(other.rgb.chunks_exact(3));
        pixels.filter(|(a, b)| a != b).count() as f64 / f64::from(self.width * self.height)
    }

    /// Writes it as a PNG of at most 256 colours, the most frequent ones: a fraction of the size, and to the eye the same.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save_small(&self, path: &Path) -> anyhow::Result<()> {
        let mut counts: std::collections::HashMap<[u8; 3], u32> = std::collections::HashMap::new();
        for pixel in self.rgb.chunks_exact(3) {
            *counts.entry([pixel[0], pixel[1], pixel[2]]).or_default() += 1;
        }
        let mut colours: Vec<([u8; 3], u32)> = counts.into_iter().collect();
        colours.sort_unstable_by_key(|(colour, count)| (std::cmp::Reverse(*count), *colour));
        let apart = |one: [u8; 3], other: [u8; 3]| -> i32 {
            one.iter().zip(other).map(|(one, other)| (i32::from(*one) - i32::from(other)).pow(2)).sum()
        };
        // One after the other the colour whose pixels lie furthest from all that were taken: small marks keep theirs.
        let mut palette: Vec<[u8; 3]> = Vec::with_capacity(256);
        let mut away: Vec<i64> = vec![i64::from(i32::MAX); colours.len()];
        while palette.len() < 256 {
            let weight = |at: &usize| away[*at].saturating_mul(i64::from(colours[*at].1));
            let Some(next) = (0..colours.len()).max_by_key(weight).filter(|at| away[*at] > 0) else { break };
            let taken = colours[next].0;
            palette.push(taken);
            for (away, (colour, _)) in away.iter_mut().zip(&colours) {
                *away = (*away).min(i64::from(apart(taken, *colour)));
            }
        }
        let nearest = |colour: [u8; 3]| -> u8 {
            (0..palette.len()).min_by_key(|at| apart(palette[*at], colour)).unwrap_or(0) as u8
        };
        let places: std::collections::HashMap<[u8; 3], u8> =
            colours.iter().map(|(colour, _)| (*colour, nearest(*colour))).collect();
        let pixels: Vec<u8> = self.rgb.chunks_exact(3).map(|pixel| places[&[pixel[0], pixel[1], pixel[2]]]).collect();
        let file = std::fs::File::create(path).with_context(|| path.display().to_string())?;
        let mut encoder = png::Encoder::new(std::io::BufWriter::new(file), self.width, self.height);
        encoder.set_color(png::ColorType::Indexed);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.set_palette(palette.concat());
        encoder.set_compression(png::Compression::High);
        encoder.write_header()?.write_image_data(&pixels)?;
        Ok(())
    }

    /// The part of it from a corner on, so wide and so high.
    pub fn part(&self, (left, top): (u32, u32), (width, height): (u32, u32)) -> Self {
        let (width, height) = (width.min(self.width - left), height.min(self.height - top));
        let row = |y: u32| {
            let from = (((top + y) * self.width + left) * 3) as usize;
            &self.rgb[from..from + (width * 3) as usize]
        };
        Self { width, height, rgb: (0..height).flat_map(row).copied().collect() }
    }

    /// Writes it as PNG.
    ///
    /// # Errors
    /// If the file cannot be written.
    pub fn save(&self, path: &Path) -> anyhow::Result<()> {
        let file = std::fs::File::create(path).with_context(|| path.display().to_string())?;
        let mut encoder = png::Encoder::new(std::io::BufWriter::new(file), self.width, self.height);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        encoder.write_header()?.write_image_data(&self.rgb)?;
        Ok(())
    }
}
