//! Lists of texts that are changed entry by entry, with the comments beside the others left where they are.

use toml_edit::{Array, Value};

use super::change::replace;
use super::table::{is_plain, raw, split_line};

/// Makes a list hold other texts. What begins and ends alike is left as it stands.
pub(super) fn change_list(list: &mut Array, texts: &[String]) {
    let in_lines = !is_plain(&list.to_string());
    let mut apart = Apart::of(list);
    let slots = &mut apart.slots;
    let alike = |slot: &Slot, text: &String| slot.value.as_str() == Some(text);
    let head = slots.iter().zip(texts).take_while(|(slot, text)| alike(slot, text)).count();
    let behind = slots[head..].iter().rev().zip(texts[head..].iter().rev());
    let tail = behind.take_while(|(slot, text)| alike(slot, text)).count();
    let (old_end, new_end) = (slots.len() - tail, texts.len() - tail);
    for (slot, text) in slots[head..old_end].iter_mut().zip(&texts[head..new_end]) {
        replace(&mut slot.value, Value::from(text));
    }
    if new_end < old_end {
        slots.drain(new_end..old_end);
    }
    for (at, text) in texts.iter().enumerate().take(new_end).skip(old_end) {
        let sibling = slots.get(at.saturating_sub(1));
        slots.insert(at, Slot::beside(sibling, text));
    }
    apart.put(list);
    if !in_lines && old_end != new_end {
        list.fmt();
    }
}

/// An entry with what is about it.
struct Slot {
    /// What stands before it, from the beginning of its line or of the comments above it.
    before: String,
    value: Value,
    /// What stands behind it, to the end of the line.
    behind: String,
}

impl Slot {
    /// A new entry, written as another is.
    fn beside(sibling: Option<&Self>, text: &str) -> Self {
        let before = sibling.map_or("    ", |sibling| sibling.before.rsplit('\n').next().unwrap_or_default());
        let behind = if sibling.is_none_or(|sibling| sibling.behind.ends_with('\n')) { "\n" } else { "" };
        Self { before: before.to_owned(), value: Value::from(text), behind: behind.to_owned() }
    }
}

/// A list taken apart into its entries, each with the comments that are about it.
struct Apart {
    /// What stands behind the bracket, to the end of the line.
    opening: String,
    slots: Vec<Slot>,
    /// What stands before the closing bracket.
    closing: String,
}

impl Apart {
    fn of(list: &Array) -> Self {
        let mut opening = String::new();
        let mut slots: Vec<Slot> = Vec::with_capacity(list.len());
        for value in list.iter() {
            let (line, before) = split_line(raw(value.decor().prefix()));
            match slots.last_mut() {
                Some(former) => former.behind = line,
                None => opening = line,
            }
            slots.push(Slot { before, value: value.clone(), behind: String::new() });
        }
        let (line, closing) = match slots.last_mut() {
            Some(last) if !list.trailing_comma() => {
                let (line, closing) = split_line(raw(last.value.decor().suffix()));
                last.value.decor_mut().set_suffix("");
                (line, format!("{closing}{}", raw(Some(list.trailing()))))
            }
            _ => split_line(raw(Some(list.trailing()))),
        };
        match slots.last_mut() {
            Some(last) => last.behind = line,
            None => opening = line,
        }
        Self { opening, slots, closing }
    }

    fn put(self, list: &mut Array) {
        list.clear();
        let comma = list.trailing_comma() && !self.slots.is_empty();
        let mut line = self.opening;
        for mut slot in self.slots {
            slot.value.decor_mut().set_prefix(format!("{line}{}", slot.before));
            line = slot.behind;
            list.push_formatted(slot.value);
        }
        list.set_trailing_comma(comma);
        list.set_trailing(format!("{line}{}", self.closing));
    }
}
