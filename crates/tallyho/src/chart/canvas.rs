//! SVG as text: shapes and labels in, markup out. Here alone is markup written; all text passes [`escape::html`].
//!
//! Colors are classes, not attributes, so that one style sheet ([`STYLE`]) serves light, dark and paper.

use std::fmt::Write as _;

use crate::escape;

/// What the classes look like. A page that holds charts has it once; a chart by itself carries it.
pub(crate) const STYLE: &str = include_str!("style.css");

/// Series that have a color of their own; those beyond are gray.
pub(crate) const COLORS: usize = 10;

/// The class of the series at that place.
pub(crate) fn color(at: usize) -> String {
    if at < COLORS { format!("c{at}") } else { "cx".to_owned() }
}

/// A rectangle.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct Area {
    /// Its left edge.
    pub(crate) x: f64,
    /// Its upper edge.
    pub(crate) y: f64,
    /// How wide it is.
    pub(crate) w: f64,
    /// How high it is.
    pub(crate) h: f64,
}

impl Area {
    /// Its right edge.
    pub(crate) fn right(&self) -> f64 {
        self.x + self.w
    }

    /// Its lower edge.
    pub(crate) fn bottom(&self) -> f64 {
        self.y + self.h
    }
}

/// Which end of a text its place is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Anchor {
    /// It starts there.
    Start,
    /// Its middle is there.
    Middle,
    /// It ends there.
    End,
}

/// A drawing in progress.
pub(crate) struct Canvas {
    width: f64,
    height: f64,
    body: String,
}

impl Canvas {
    /// An empty one.
    pub(crate) fn new(width: f64, height: f64) -> Canvas {
        Canvas { width, height, body: String::new() }
    }

    /// The same drawing, so high.
    pub(crate) fn with_height(self, height: f64) -> Canvas {
        Canvas { height, ..self }
    }

    /// A rectangle; `tip` is shown under the mouse.
    pub(crate) fn rect(&mut self, area: &Area, class: &str, tip: &str) {
        let (x, y, w, h) = (short(area.x), short(area.y), short(area.w.max(0.0)), short(area.h.max(0.0)));
        self.shape(&format!("rect x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\""), class, tip);
    }

    /// A straight line.
    pub(crate) fn line(&mut self, from: (f64, f64), to: (f64, f64), class: &str) {
        let (x1, y1, x2, y2) = (short(from.0), short(from.1), short(to.0), short(to.1));
        self.shape(&format!("line x1=\"{x1}\" y1=\"{y1}\" x2=\"{x2}\" y2=\"{y2}\""), class, "");
    }

    /// A circle.
    pub(crate) fn circle(&mut self, (x, y): (f64, f64), radius: f64, class: &str, tip: &str) {
        self.shape(&format!("circle cx=\"{}\" cy=\"{}\" r=\"{}\"", short(x), short(y), short(radius)), class, tip);
    }

    /// A path made by [`Path`].
    pub(crate) fn path(&mut self, path: &Path, class: &str, tip: &str) {
        if !path.0.is_empty() {
            self.shape(&format!("path d=\"{}\"", path.0), class, tip);
        }
    }

    fn shape(&mut self, start: &str, class: &str, tip: &str) {
        let name = start.split(' ').next().unwrap_or_default();
        let _ = match tip {
            "" => writeln!(self.body, "<{start} class=\"{class}\"/>"),
            tip => writeln!(self.body, "<{start} class=\"{class}\"><title>{}</title></{name}>", escape::html(tip)),
        };
    }

    /// A line of text whose base line is at `y`.
    pub(crate) fn text(&mut self, (x, y): (f64, f64), anchor: Anchor, class: &str, text: &str) {
        self.label(&format!("x=\"{}\" y=\"{}\"", short(x), short(y)), anchor, class, text);
    }

    /// A line of text that rises to the right by 45 degrees, its end at the place.
    pub(crate) fn slanted(&mut self, (x, y): (f64, f64), class: &str, text: &str) {
        let (x, y) = (short(x), short(y));
        self.label(&format!("x=\"{x}\" y=\"{y}\" transform=\"rotate(-45 {x} {y})\""), Anchor::End, class, text);
    }

    fn label(&mut self, place: &str, anchor: Anchor, class: &str, text: &str) {
        let anchor = match anchor {
            Anchor::Start => "",
            Anchor::Middle => " text-anchor=\"middle\"",
            Anchor::End => " text-anchor=\"end\"",
        };
        let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
        let _ = writeln!(self.body, "<text {place}{anchor}{class}>{}</text>", escape::html(text));
    }

    /// What is drawn until [`Canvas::end_clip`] is cut off outside the area.
    pub(crate) fn clip(&mut self, area: &Area) {
        let (x, y, w, h) = (short(area.x), short(area.y), short(area.w), short(area.h));
        // A drawing in the drawing, in the same coordinates: unlike a clip path it needs no name that is its own in the page.
        let _ = writeln!(
            self.body,
            "<svg x=\"{x}\" y=\"{y}\" width=\"{w}\" height=\"{h}\" viewBox=\"{x} {y} {w} {h}\" preserveAspectRatio=\"none\">"
        );
    }

    /// Ends what [`Canvas::clip`] began.
    pub(crate) fn end_clip(&mut self) {
        self.body.push_str("</svg>\n");
    }

    /// The drawing; `label` says in a few words what it shows, to those who cannot see it.
    pub(crate) fn finish(self, label: &str) -> String {
        let (width, height) = (short(self.width), short(self.height));
        format!(
            "<svg class=\"kc\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\" role=\"img\" \
             aria-label=\"{}\" xmlns=\"http://www.w3.org/2000/svg\">\n{}</svg>\n",
            escape::html(label),
            self.body
        )
    }
}

/// A drawing as a file by itself: with its style, and paper below.
pub(crate) fn standalone(svg: &str) -> String {
    let Some(end) = svg.find(">\n") else { return svg.to_owned() };
    let (head, body) = svg.split_at(end + 2);
    format!("{head}<style>\n{STYLE}</style>\n<rect width=\"100%\" height=\"100%\" class=\"bg\"/>\n{body}")
}

/// The course of a line.
#[derive(Clone, Debug, Default)]
pub(crate) struct Path(String);

impl Path {
    /// Lifts the pen and puts it down there.
    pub(crate) fn start(&mut self, (x, y): (f64, f64)) {
        let _ = write!(self.0, "M{} {}", short(x), short(y));
    }

    /// Draws a straight line.
    pub(crate) fn to(&mut self, (x, y): (f64, f64)) {
        let _ = write!(self.0, "L{} {}", short(x), short(y));
    }

    /// Draws a part of a circle, clockwise; `large` says whether it is more than half of it.
    pub(crate) fn arc(&mut self, radius: f64, large: bool, (x, y): (f64, f64)) {
        let _ = write!(self.0, "A{r} {r} 0 {} 1 {} {}", u8::from(large), short(x), short(y), r = short(radius));
    }

    /// Draws back to where the pen was put down.
    pub(crate) fn close(&mut self) {
        self.0.push('Z');
    }
}

/// A coordinate to a tenth, and nothing that is no number.
fn short(value: f64) -> String {
    const FAR: f64 = 1e6;
    let value = if value.is_nan() { 0.0 } else { value.clamp(-FAR, FAR) };
    let text = format!("{value:.1}");
    match text.strip_suffix(".0").unwrap_or(&text) {
        "-0" => "0".to_owned(),
        text => text.to_owned(),
    }
}

/// About how wide a text is at a size of letters, in the widest of the fonts that browsers take for `system-ui` (DejaVu Sans): what
/// fits there fits everywhere.
pub(crate) fn text_width(text: &str, size: f64) -> f64 {
    let em = |c: char| match c {
        'i' | 'j' | 'l' | '\'' | '|' | 'I' => 0.3,
        '.' | ',' | ':' | ';' | '!' | ' ' => 0.33,
        'f' | 't' | 'r' | '(' | ')' | '[' | ']' | '/' | '-' => 0.4,
        'm' | 'w' | 'M' | 'W' | '@' | '%' => 0.94,
        'A'..='Z' | '&' => 0.7,
        '0'..='9' => 0.64,
        c if u32::from(c) >= 0x1100 => 1.0,
        _ => 0.61,
    };
    text.chars().map(em).sum::<f64>() * size
}

/// The text, or its beginning and an ellipsis, no wider than `most`.
pub(crate) fn fitted(text: &str, size: f64, most: f64) -> String {
    if text_width(text, size) <= most {
        return text.to_owned();
    }
    let mut out = String::new();
    let mut width = text_width("…", size);
    for c in text.chars() {
        width += text_width(c.encode_utf8(&mut [0; 4]), size);
        if width > most {
            break;
        }
        out.push(c);
    }
    out.push('…');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_text_whatever_is_in_it() {
        let mut canvas = Canvas::new(10.0, 10.0);
        canvas.text((1.0, 2.0), Anchor::End, "", "</text><script>\u{1b}");
        canvas.rect(&Area { x: f64::NAN, y: f64::INFINITY, w: -1.0, h: 1.25 }, "c0", "\"&");
        let svg = canvas.finish("a \"b\"");
        assert!(svg.contains("&lt;/text&gt;&lt;script&gt;\\x1b") && svg.contains("<title>&quot;&amp;</title>"), "{svg}");
        assert!(svg.contains("aria-label=\"a &quot;b&quot;\"") && svg.contains("width=\"0\" height=\"1.2\""), "{svg}");
        assert!(standalone(&svg).contains("<style>"));
    }

    #[test]
    fn long_text_is_cut() {
        assert_eq!(fitted("short", 10.0, 100.0), "short");
        let cut = fitted("a very long name of a host", 10.0, 60.0);
        assert!(cut.ends_with('…') && text_width(&cut, 10.0) <= 60.0, "{cut}");
    }
}
