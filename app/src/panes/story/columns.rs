//! The story's columns and where they stand.

use egui::Rangef;

use crate::state::Column;

/// Which column.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Place {
    /// When.
    Time,
    /// How long after the event before.
    Since,
    /// The topic, with its colour.
    Topic,
    /// Partition and offset.
    Offset,
    /// What kind of event it says it is.
    Kind,
    /// One of the chosen columns: key, value, a field.
    Chosen(Column),
}

impl Place {
    /// Its heading.
    pub fn heading(&self) -> &str {
        match self {
            Self::Time => "time",
            Self::Since => "Δ",
            Self::Topic => "topic",
            Self::Offset => "part:offset",
            Self::Kind => "type",
            Self::Chosen(column) => column.name(),
        }
    }

    /// How wide it is unless a person says otherwise.
    fn usual_width(&self) -> f32 {
        match self {
            Self::Time => 100.0,
            Self::Since => 70.0,
            Self::Topic => 122.0,
            Self::Offset => 82.0,
            Self::Kind => 108.0,
            Self::Chosen(Column::Key) => 84.0,
            Self::Chosen(Column::Field(name)) => (name.chars().count() as f32 * 6.5 + 20.0).clamp(80.0, 180.0),
            Self::Chosen(Column::Value) => f32::INFINITY,
        }
    }
}

/// A column and its place on the screen.
#[derive(Debug, Clone, PartialEq)]
pub struct Placed {
    /// Which column.
    pub place: Place,
    /// From where to where its text stands.
    pub x: Rangef,
}

/// The space between two columns.
const GAP: f32 = 10.0;
/// No column is narrower.
pub const NARROWEST: f32 = 36.0;
/// The value keeps at least this much, before other columns are taken out.
const VALUE_LEAST: f32 = 160.0;

/// Lays the columns out from left to right; the value takes what is left. Where there is little room, the columns
/// that can be spared go first: the type, then the offset, then the wait, so that time, topic and value stay.
pub fn layout(chosen: &[Column], widths: &std::collections::BTreeMap<Place, f32>, x: Rangef) -> Vec<Placed> {
    let mut places = vec![Place::Time, Place::Since, Place::Topic, Place::Offset];
    let key = chosen.iter().position(|column| *column == Column::Key);
    if key == Some(0) {
        places.push(Place::Chosen(Column::Key));
    }
    places.push(Place::Kind);
    places.extend(chosen.iter().skip(usize::from(key == Some(0))).cloned().map(Place::Chosen));

    let width = |place: &Place| widths.get(place).copied().unwrap_or_else(|| place.usual_width());
    for spared in [Place::Kind, Place::Offset, Place::Since] {
        let fixed: f32 =
            places.iter().map(|place| if width(place).is_finite() { width(place) + GAP } else { VALUE_LEAST }).sum();
        if fixed <= x.span() {
            break;
        }
        places.retain(|place| *place != spared);
    }
    let fixed: f32 = places.iter().map(&width).filter(|width| width.is_finite()).map(|width| width + GAP).sum();
    let rest = (x.span() - fixed).max(VALUE_LEAST);
    let mut left = x.min;
    places
        .into_iter()
        .map(|place| {
            let own = Some(width(&place)).filter(|width| width.is_finite()).unwrap_or(rest);
            let placed = Placed { place, x: Rangef::new(left, left + own) };
            left += own + GAP;
            placed
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(placed: &[Placed]) -> Vec<&str> {
        placed.iter().map(|placed| placed.place.heading()).collect()
    }

    #[test]
    fn columns_stand_as_drawn() {
        let placed = layout(&[Column::Key, Column::Value], &Default::default(), Rangef::new(12.0, 970.0));
        assert_eq!(names(&placed), ["time", "Δ", "topic", "part:offset", "key", "type", "value"]);
        assert!((placed.last().unwrap().x.max - 970.0).abs() < 1.0);
    }

    #[test]
    fn columns_never_overlap() {
        let chosen = [Column::Key, Column::Field("value.order_id".into()), Column::Value];
        for width in [200.0, 500.0, 700.0, 2_000.0] {
            let placed = layout(&chosen, &Default::default(), Rangef::new(0.0, width));
            assert!(placed.windows(2).all(|pair| pair[0].x.max < pair[1].x.min), "{width}");
        }
    }

    #[test]
    fn a_narrow_pane_keeps_time_topic_and_value() {
        let placed = layout(&[Column::Key, Column::Value], &Default::default(), Rangef::new(0.0, 420.0));
        assert_eq!(names(&placed), ["time", "topic", "key", "value"]);
    }

    #[test]
    fn a_width_that_a_person_chose_is_kept() {
        let widths = [(Place::Topic, 200.0)].into();
        let placed = layout(&[Column::Value], &widths, Rangef::new(0.0, 1_000.0));
        let topic = placed.iter().find(|placed| placed.place == Place::Topic).unwrap();
        assert_eq!(topic.x.span(), 200.0);
    }
}
