//! Go to a time or to an event by topic, partition and offset.

use egui::{Key, Ui, vec2};
use fabula_core::event::Coordinates;
use fabula_core::event::time::{Moment, ms_to_ns, parse_iso_ms};

use crate::command::Command;
use crate::panes::Context;
use crate::state::State;
use crate::theme::{font, widgets};

/// The field that asks where to go.
#[derive(Default)]
pub struct GoTo {
    text: String,
    error: Option<String>,
}

impl GoTo {
    /// Draws the field and says whether it is done with.
    pub fn ui(&mut self, ui: &mut Ui, context: &Context<'_>) -> bool {
        let enter = ui.input_mut(|input| input.consume_key(egui::Modifiers::NONE, Key::Enter));
        let response = ui.add_sized(
            vec2(ui.available_width(), 44.0),
            widgets::bare_field(ui, &mut self.text, "09:14:07.482   2026-03-14 09:00   -15m   orders 3:88214", 16)
                .font(egui::FontSelection::FontId(font::mono())),
        );
        response.ctx.accesskit_node_builder(response.id, |node| node.set_label("Go to time or offset"));
        response.request_focus();
        if response.changed() {
            self.error = None;
        }
        widgets::hairline_h(ui, response.rect.x_range(), response.rect.bottom());
        egui::Frame::new().inner_margin(egui::Margin::symmetric(16, 8)).show(ui, |ui| match &self.error {
            Some(error) => drop(widgets::error_line(ui, error)),
            None => drop(widgets::caption(
                ui,
                format!("A time ({}), a span before the end, or topic partition:offset", context.state.clock.name()),
            )),
        });
        if !enter {
            return false;
        }
        match destination(&self.text, context.state) {
            Ok(command) => {
                context.send(command);
                true
            }
            Err(error) => {
                self.error = Some(error);
                false
            }
        }
    }
}

/// What a person wrote, as the command that goes there.
fn destination(text: &str, state: &State) -> Result<Command, String> {
    let text = text.trim();
    if let Some(coordinates) = coordinates(text) {
        return match state.log.topic(&coordinates.topic) {
            Some(_) => Ok(Command::GoToEvent(coordinates)),
            None => Err(format!("no topic “{}” in this log", coordinates.topic)),
        };
    }
    if let Some(time_ns) = time_of_day(text, state).or_else(|| civil(text, state)) {
        return Ok(Command::GoToMoment(time_ns));
    }
    let moment: Moment = text.parse().map_err(|_| {
        format!("“{text}” is neither a time nor topic partition:offset; write 09:14:07, 2026-03-14 09:00, -15m or orders 3:88214")
    })?;
    let extent = state.extent.ok_or("nothing has been read yet, so there is no time to go to")?;
    Ok(Command::GoToMoment(match moment {
        Moment::Earliest => extent.start_ns,
        Moment::Latest => extent.end_ns,
        Moment::At(ms) => ms_to_ns(ms),
        Moment::BeforeEnd(ms) => extent.end_ns.saturating_sub(ms_to_ns(ms)),
    }))
}

/// `orders 3:88214`, as the inspector and the copied coordinates write it.
fn coordinates(text: &str) -> Option<Coordinates> {
    let (topic, place) = text.rsplit_once([' ', '/'])?;
    let (partition, offset) = place.split_once(':')?;
    let (partition, offset) = (partition.trim().parse().ok()?, offset.trim().replace(',', "").parse().ok()?);
    let topic = topic.trim();
    (!topic.is_empty()).then(|| Coordinates { topic: topic.into(), partition, offset })
}

/// `09:14` or `09:14:07.482`: on the day that is in view.
fn time_of_day(text: &str, state: &State) -> Option<i64> {
    let time: jiff::civil::Time = text.parse().ok()?;
    let view = state.view_or_all()?;
    let day = format!("{}T{time}", state.clock.date(view.start_ns));
    civil(&day, state)
}

/// A date and time without a zone is one in the zone that is shown.
fn civil(text: &str, state: &State) -> Option<i64> {
    let civil: jiff::civil::DateTime = text.parse().ok()?;
    if text.ends_with('Z') || text.contains(['+', '[']) {
        return parse_iso_ms(text).map(ms_to_ns);
    }
    let zoned = civil.to_zoned_datetime(state.clock.time_zone()).ok()?;
    i64::try_from(zoned.timestamp().as_nanosecond()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::state::TimeRange;
    use crate::theme::Theme;
    use crate::zone::{Clock, Zone};

    const DAY_NS: i64 = 1_773_446_400_000_000_000; // 2026-03-14T00:00:00Z

    fn state(zone: Zone) -> State {
        let clock = Clock::new(zone, jiff::tz::TimeZone::fixed(jiff::tz::offset(2)));
        let mut state = State::new(clock, Theme::Dark);
        state.extent = Some(TimeRange::new(DAY_NS + 3_600_000_000_000, DAY_NS + 80_000_000_000_000));
        state
    }

    #[test]
    fn a_time_is_read_in_the_zone_that_is_shown() {
        let hour = 3_600_000_000_000;
        let cases = [
            (Zone::Utc, "09:00", DAY_NS + 9 * hour),
            (Zone::Local, "09:00", DAY_NS + 7 * hour),
            (Zone::Local, "2026-03-14 09:00:00", DAY_NS + 7 * hour),
            (Zone::Local, "2026-03-14T09:00:00Z", DAY_NS + 9 * hour),
            (Zone::Utc, "-10s", DAY_NS + 80_000_000_000_000 - 10_000_000_000),
        ];
        for (zone, text, time_ns) in cases {
            assert_eq!(destination(text, &state(zone)), Ok(Command::GoToMoment(time_ns)), "{text} {zone:?}");
        }
    }

    #[test]
    fn coordinates_are_read_as_they_are_written() {
        let expected = Coordinates { topic: "orders".into(), partition: 3, offset: 88_214 };
        assert_eq!(coordinates("orders 3:88,214"), Some(expected));
        assert_eq!(coordinates("09:14:07"), None);
        assert!(destination("orders 3:1", &state(Zone::Utc)).is_err_and(|error| error.contains("orders")));
        assert!(destination("soon", &state(Zone::Utc)).is_err());
    }
}
