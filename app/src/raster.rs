//! A drawing as a picture: what the toolkit would hand to the graphics card is filled in by the processor, so that a
//! picture has the window's letters and needs no screen. Work for jobs.

use egui::epaint::{ImageData, Mesh, Primitive, Vertex};
use egui::{Color32, Painter, Pos2, RawInput, Rect, TextureId, Vec2, ViewportId};

use crate::theme::{self, Theme};

/// More pixels than this are not held at once.
pub const MOST_PIXELS: u64 = 60_000_000;

/// Paints something of a size in points and gives it as the bytes of a PNG file. It is drawn at twice its size where that
/// leaves it small enough.
///
/// # Errors
/// In one line, when it is too large or cannot be encoded.
pub fn png(size: Vec2, ground: Color32, theme: Theme, paint: impl Fn(&Painter)) -> Result<Vec<u8>, String> {
    let pixels = |scale: f32| (size.x * scale).ceil().max(1.0) as u64 * (size.y * scale).ceil().max(1.0) as u64;
    let scale = if pixels(2.0) <= MOST_PIXELS { 2.0 } else { 1.0 };
    if pixels(scale) > MOST_PIXELS {
        let (has, most) = (pixels(scale) / 1_000_000, MOST_PIXELS / 1_000_000);
        return Err(format!("the picture would have {has} million pixels, more than {most}: save it as SVG instead"));
    }
    let mut canvas = Canvas::new((size * scale).ceil(), ground);
    let context = egui::Context::default();
    theme::install(&context, theme);
    let mut letters = Texture::default();
    // Fonts are there from the second frame on, and letters that it brings are in its own textures.
    for frame in 0..2 {
        let mut input = RawInput { screen_rect: Some(Rect::from_min_size(Pos2::ZERO, size)), ..RawInput::default() };
        input.viewports.entry(ViewportId::ROOT).or_default().native_pixels_per_point = Some(scale);
        let output = context.run_ui(input, |ui| paint(ui.painter()));
        for (_, deltas) in output.textures_delta.set.iter().filter(|(id, _)| **id == TextureId::default()) {
            deltas.iter().for_each(|delta| letters.take(delta.pos, &delta.image));
        }
        if frame == 1 {
            for primitive in context.tessellate(output.shapes, scale) {
                if let Primitive::Mesh(mesh) = &primitive.primitive {
                    canvas.fill(mesh, &letters, scale);
                }
            }
        }
    }
    canvas.encoded()
}

/// The toolkit's letters, and one white pixel for what is none.
#[derive(Default)]
struct Texture {
    size: [usize; 2],
    pixels: Vec<Color32>,
}

impl Texture {
    fn take(&mut self, at: Option<[usize; 2]>, image: &ImageData) {
        let ImageData::Color(image) = image;
        let Some([left, top]) = at else {
            (self.size, self.pixels) = (image.size, image.pixels.clone());
            return;
        };
        for row in 0..image.size[1] {
            let to = (top + row) * self.size[0] + left;
            let from = row * image.size[0];
            self.pixels[to..to + image.size[0]].copy_from_slice(&image.pixels[from..from + image.size[0]]);
        }
    }

    fn at(&self, place: Pos2) -> Color32 {
        let [width, height] = self.size;
        let x = ((place.x * width as f32) as usize).min(width.saturating_sub(1));
        let y = ((place.y * height as f32) as usize).min(height.saturating_sub(1));
        self.pixels.get(y * width + x).copied().unwrap_or(Color32::TRANSPARENT)
    }
}

struct Canvas {
    width: usize,
    height: usize,
    /// Red, green, blue of each pixel: what lies under everything hides what is behind it.
    pixels: Vec<[u8; 3]>,
}

impl Canvas {
    fn new(size: Vec2, ground: Color32) -> Self {
        let (width, height) = (size.x.max(1.0) as usize, size.y.max(1.0) as usize);
        Self { width, height, pixels: vec![[ground.r(), ground.g(), ground.b()]; width * height] }
    }

    fn fill(&mut self, mesh: &Mesh, letters: &Texture, scale: f32) {
        for corners in mesh.indices.as_chunks::<3>().0 {
            let corner = |at: usize| mesh.vertices.get(corners[at] as usize);
            if let (Some(one), Some(two), Some(three)) = (corner(0), corner(1), corner(2)) {
                self.triangle([one, two, three], letters, scale);
            }
        }
    }

    fn triangle(&mut self, corners: [&Vertex; 3], letters: &Texture, scale: f32) {
        let mut corners = corners;
        let mut at = corners.map(|corner| (corner.pos.to_vec2() * scale).to_pos2());
        let mut area = across(at[0], at[1], at[2]);
        if area < 0.0 {
            corners.swap(1, 2);
            at.swap(1, 2);
            area = -area;
        }
        if area < 1e-9 {
            return;
        }
        let least = |of: fn(Pos2) -> f32| at.iter().map(|corner| of(*corner)).fold(f32::INFINITY, f32::min);
        let most = |of: fn(Pos2) -> f32| at.iter().map(|corner| of(*corner)).fold(f32::NEG_INFINITY, f32::max);
        let from = [least(|at| at.x), least(|at| at.y)].map(|least| least.floor().max(0.0) as usize);
        let to_x = (most(|at| at.x).ceil().max(0.0) as usize).min(self.width);
        let to_y = (most(|at| at.y).ceil().max(0.0) as usize).min(self.height);
        // A pixel on an edge that two triangles share is one's only.
        let own = [(1, 2), (2, 0), (0, 1)].map(|(one, other)| {
            let way = at[other] - at[one];
            way.y < 0.0 || (way.y == 0.0 && way.x > 0.0)
        });
        for y in from[1]..to_y {
            for x in from[0]..to_x {
                let middle = Pos2::new(x as f32 + 0.5, y as f32 + 0.5);
                let parts = [across(at[1], at[2], middle), across(at[2], at[0], middle), across(at[0], at[1], middle)];
                let inside = parts.iter().zip(own).all(|(part, own)| *part > 0.0 || (*part == 0.0 && own));
                if inside {
                    let shares = parts.map(|part| part / area);
                    self.blend(y * self.width + x, corners, shares, letters);
                }
            }
        }
    }

    /// Lays a pixel of a triangle over what is there: colours are multiplied with their alpha already, as the toolkit has
    /// them.
    fn blend(&mut self, at: usize, corners: [&Vertex; 3], shares: [f32; 3], letters: &Texture) {
        let mixed = |of: &dyn Fn(&Vertex) -> f32| -> f32 {
            corners.iter().zip(shares).map(|(corner, share)| of(corner) * share).sum()
        };
        let letter = letters.at(Pos2::new(mixed(&|corner| corner.uv.x), mixed(&|corner| corner.uv.y)));
        let light =
            |of: fn(&Color32) -> u8| mixed(&|corner| f32::from(of(&corner.color))) * f32::from(of(&letter)) / 255.0;
        let lights = [light(Color32::r), light(Color32::g), light(Color32::b)];
        let behind = 1.0 - light(Color32::a) / 255.0;
        if let Some(pixel) = self.pixels.get_mut(at) {
            for (shown, light) in pixel.iter_mut().zip(lights) {
                *shown = (f32::from(*shown) * behind + light).round().clamp(0.0, 255.0) as u8;
            }
        }
    }

    fn encoded(&self) -> Result<Vec<u8>, String> {
        let failed = |error: png::EncodingError| format!("the picture cannot be encoded: {error}");
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.width as u32, self.height as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(failed)?;
        writer.write_image_data(self.pixels.as_flattened()).map_err(failed)?;
        writer.finish().map_err(failed)?;
        Ok(bytes)
    }
}

/// Twice the area of a triangle; positive where its corners go clockwise on the screen.
fn across(one: Pos2, two: Pos2, three: Pos2) -> f32 {
    (two.x - one.x) * (three.y - one.y) - (two.y - one.y) * (three.x - one.x)
}

#[cfg(test)]
mod tests {
    use egui::{Align2, vec2};

    use super::*;
    use crate::theme::font;

    fn decoded(bytes: &[u8]) -> (usize, Vec<[u8; 3]>) {
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().expect("a picture");
        let mut pixels = vec![0; reader.output_buffer_size().expect("it has a size")];
        let info = reader.next_frame(&mut pixels).expect("pixels");
        (info.width as usize, pixels.as_chunks::<3>().0.to_vec())
    }

    #[test]
    fn a_drawing_comes_out_in_its_colours_and_letters() {
        let tokens = Theme::Dark.tokens();
        let square = Rect::from_min_size(Pos2::new(10.0, 10.0), vec2(20.0, 20.0));
        let bytes = png(vec2(120.0, 60.0), tokens.window, Theme::Dark, |painter| {
            painter.rect_filled(square, 0.0, tokens.error);
            painter.text(Pos2::new(50.0, 30.0), Align2::LEFT_CENTER, "MM", font::medium(), tokens.text);
        });
        let (width, pixels) = decoded(&bytes.expect("it is drawn"));
        let rgb = |color: Color32| [color.r(), color.g(), color.b()];
        assert_eq!(width, 240, "at twice its size");
        assert_eq!(pixels[40 * 240 + 40], rgb(tokens.error), "the square's middle");
        assert_eq!(pixels[2 * 240 + 2], rgb(tokens.window), "the ground");
        let red = pixels.iter().filter(|pixel| **pixel == rgb(tokens.error)).count();
        assert!((1500..=1600).contains(&red), "the square is whole: {red}");
        let inked = (0..120).flat_map(|y| (100..200).map(move |x| y * 240 + x));
        let inked = inked.filter(|at| pixels[*at] != rgb(tokens.window)).count();
        assert!(inked > 60, "letters are drawn: {inked}");
    }

    #[test]
    fn what_is_too_large_is_refused_with_a_way_out() {
        let refused = png(vec2(9_000.0, 9_000.0), Theme::Dark.tokens().window, Theme::Dark, |_| {});
        assert!(refused.is_err_and(|why| why.contains("SVG")));
    }
}
