//! What stands around the marks of a chart: title, legend, grid, axes. A canvas and scales in; the area that is left for marks, out.

use super::canvas::{Anchor, Area, Canvas, color, fitted, text_width};
use super::scale::{Scale, Tick};

/// The size of letters on axes and in legends.
pub(crate) const LETTER: f64 = 13.0;

/// The size of letters of what is said once below an axis.
const SMALL: f64 = 11.0;

/// Room between the edge of the drawing and what is in it.
pub(crate) const EDGE: f64 = 14.0;

/// How wide one entry of a legend gets at most.
const ENTRY: f64 = 230.0;

/// Between two lines of a legend.
const LINE: f64 = 20.0;

/// A title at the top left of the area; what is left below it.
pub(crate) fn title(canvas: &mut Canvas, area: Area, text: Option<&str>) -> Area {
    let Some(text) = text.filter(|text| !text.is_empty()) else { return area };
    const SIZE: f64 = 17.0;
    canvas.text((area.x, area.y + 14.0), Anchor::Start, "t", &fitted(text, SIZE, area.w));
    below(area, 30.0)
}

/// The area without so much of its upper part.
pub(crate) fn below(area: Area, taken: f64) -> Area {
    Area { y: area.y + taken, h: area.h - taken, ..area }
}

/// An entry of a legend: a name and the class of its color.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    /// The name.
    pub(crate) name: String,
    /// The class.
    pub(crate) class: String,
}

/// The entries of so many series, those without a color of their own as one.
pub(crate) fn entries<'a>(names: impl ExactSizeIterator<Item = &'a str>, colors: &[usize]) -> Vec<Entry> {
    let gray = colors.iter().filter(|at| color(**at) == "cx").count();
    let mut out: Vec<Entry> = names
        .zip(colors)
        .filter(|(_, at)| color(**at) != "cx")
        .map(|(name, at)| Entry { name: if name.is_empty() { "(empty)" } else { name }.to_owned(), class: color(*at) })
        .collect();
    if gray > 0 {
        out.push(Entry { name: format!("{gray} {}", if gray == 1 { "other" } else { "others" }), class: "cx".to_owned() });
    }
    out
}

/// A legend at the top of the area, in as many lines as it needs; what is left below it.
pub(crate) fn legend(canvas: &mut Canvas, area: Area, entries: &[Entry]) -> Area {
    const SWATCH: f64 = 11.0;
    let (mut x, mut y) = (area.x, area.y + 11.0);
    for entry in entries {
        let name = fitted(&entry.name, LETTER, ENTRY);
        let width = SWATCH + 6.0 + text_width(&name, LETTER);
        if x > area.x && x + width > area.right() {
            (x, y) = (area.x, y + LINE);
        }
        let swatch = Area { x, y: y - SWATCH + 1.0, w: SWATCH, h: SWATCH };
        canvas.rect(&swatch, &format!("{} br", entry.class), if name == entry.name { "" } else { &entry.name });
        canvas.text((x + SWATCH + 6.0, y), Anchor::Start, "", &name);
        x += width + 18.0;
    }
    if entries.is_empty() { area } else { below(area, y - area.y + 15.0) }
}

/// The rectangle in which marks stand, and the scales that place them.
pub(crate) struct Plot {
    /// The rectangle.
    pub(crate) area: Area,
    /// Along it.
    pub(crate) x: Scale,
    /// Up it.
    pub(crate) y: Scale,
}

impl Plot {
    /// Where a pair of values stands.
    pub(crate) fn at(&self, x: f64, y: f64) -> (f64, f64) {
        (self.px(x), self.py(y))
    }

    /// How far right a value stands.
    pub(crate) fn px(&self, x: f64) -> f64 {
        self.area.x + self.area.w * self.x.at(x)
    }

    /// How far down a value stands.
    pub(crate) fn py(&self, y: f64) -> f64 {
        self.area.bottom() - self.area.h * self.y.at(y)
    }

    /// Where marks of a value begin: zero if it is on the scale, else the end that is nearest to it.
    pub(crate) fn ground(&self) -> f64 {
        match self.y {
            Scale::Number { low, high } | Scale::Span { low, high } => 0f64.clamp(low, high),
            Scale::Log { low, .. } | Scale::Time { low, .. } => low,
            Scale::Rooms(_) => 0.0,
        }
    }
}

/// Titles of axes and the names along a scale of rooms.
#[derive(Clone, Debug, Default)]
pub(crate) struct Labels<'a> {
    /// Below the horizontal axis.
    pub(crate) x: Option<&'a str>,
    /// Above the vertical axis.
    pub(crate) y: Option<&'a str>,
    /// The names of rooms.
    pub(crate) rooms: &'a [String],
}

/// Draws grid and axes into the area and gives the plot between them.
pub(crate) fn axes(canvas: &mut Canvas, area: Area, x: Scale, y: Scale, labels: &Labels<'_>) -> Plot {
    let area = match labels.y.filter(|text| !text.is_empty()) {
        Some(text) => {
            canvas.text((area.x, area.y + 10.0), Anchor::Start, "", &fitted(text, LETTER, area.w));
            below(area, 22.0)
        }
        None => below(area, 6.0),
    };
    let rows = ((area.h / 45.0) as usize).clamp(2, 8);
    let left = widest(&y.ticks(rows)) + 9.0;
    let bottom = foot(&x, area.w - left, labels) + if labels.x.is_some_and(|text| !text.is_empty()) { 20.0 } else { 0.0 };
    // Half of the last label may stand out to the right.
    let right = if matches!(x, Scale::Rooms(_)) { 2.0 } else { 14.0 };
    let plot = Area { x: area.x + left, y: area.y, w: area.w - left - right, h: area.h - bottom };
    let plot = Plot { area: plot, x, y };
    up(canvas, &plot, rows);
    along(canvas, &plot, labels);
    if let Some(text) = labels.x.filter(|text| !text.is_empty()) {
        let middle = plot.area.x + plot.area.w / 2.0;
        canvas.text((middle, area.bottom() - 3.0), Anchor::Middle, "", &fitted(text, LETTER, plot.area.w));
    }
    plot
}

fn widest(ticks: &[Tick]) -> f64 {
    ticks.iter().map(|tick| text_width(&tick.label, LETTER)).fold(0.0, f64::max)
}

/// Grid lines and labels of the vertical axis.
fn up(canvas: &mut Canvas, plot: &Plot, most: usize) {
    for tick in plot.y.ticks(most) {
        let y = plot.py(tick.value);
        canvas.line((plot.area.x, y), (plot.area.right(), y), "g");
        canvas.text((plot.area.x - 8.0, y + 4.5), Anchor::End, "", &tick.label);
    }
}

/// Labels and small lines of the horizontal axis.
fn along(canvas: &mut Canvas, plot: &Plot, labels: &Labels<'_>) {
    let zero = plot.py(plot.ground());
    canvas.line((plot.area.x, zero), (plot.area.right(), zero), "x");
    if let Scale::Rooms(n) = plot.x {
        return rooms(canvas, plot, n, labels.rooms);
    }
    ticks_below(canvas, &plot.x, &plot.area);
}

/// Labels below an area, each with a small line up to it; a clock says once that it is UTC.
pub(crate) fn ticks_below(canvas: &mut Canvas, scale: &Scale, area: &Area) {
    let base = area.bottom();
    let mut zone = if matches!(scale, Scale::Time { .. }) { " UTC" } else { "" };
    for tick in scale.ticks(columns(area.w)) {
        let x = area.x + area.w * scale.at(tick.value);
        canvas.line((x, base), (x, base + 5.0), "x");
        canvas.text((x, base + 19.0), Anchor::Middle, "", &tick.label);
        if let Some(below) = &tick.below {
            let text = format!("{below}{zone}");
            // A day below the first tick is wider than what stands left of the axis.
            let x = x.max(text_width(&text, SMALL) / 2.0 + 2.0);
            canvas.text((x, base + 35.0), Anchor::Middle, "s", &text);
            zone = "";
        }
    }
}

/// How many labels there is room for.
pub(crate) fn columns(width: f64) -> usize {
    ((width / 85.0) as usize).clamp(2, 10)
}

/// How high the labels of the horizontal axis are.
fn foot(x: &Scale, width: f64, labels: &Labels<'_>) -> f64 {
    match x {
        Scale::Time { .. } => 42.0,
        Scale::Rooms(n) => match slant(*n, width, labels.rooms) {
            None => 26.0,
            Some(longest) => longest * std::f64::consts::FRAC_1_SQRT_2 + 22.0,
        },
        _ => 26.0,
    }
}

/// The longest that a slanted name gets.
const SLANTED: f64 = 120.0;

/// How long names get if they must slant to fit into their rooms.
fn slant(n: usize, width: f64, names: &[String]) -> Option<f64> {
    let room = width / n.max(1) as f64;
    let longest = names.iter().map(|name| text_width(name, LETTER)).fold(0.0, f64::max);
    (longest + 8.0 > room).then_some(longest.min(SLANTED))
}

fn rooms(canvas: &mut Canvas, plot: &Plot, n: usize, names: &[String]) {
    let base = plot.area.bottom();
    let room = plot.area.w / n.max(1) as f64;
    let slanted = slant(n, plot.area.w, names).is_some();
    let every = if slanted { (17.0 / room).ceil().max(1.0) as usize } else { 1 };
    for (at, name) in names.iter().enumerate().step_by(every) {
        let x = plot.px(at as f64);
        if slanted {
            canvas.slanted((x + 4.0, base + 16.0), "", &fitted(name, LETTER, SLANTED));
        } else {
            canvas.text((x, base + 19.0), Anchor::Middle, "", name);
        }
    }
}
