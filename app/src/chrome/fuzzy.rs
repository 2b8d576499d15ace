//! Finds a name by some of its letters in their order.

/// How well letters fit a name, and where they stand in it (as indices of characters); `None` when they do not. Letters
/// that follow each other or begin a word count more; a shorter name wins over a longer one.
pub fn fit(letters: &str, name: &str) -> Option<(i32, Vec<usize>)> {
    let name: Vec<char> = name.chars().collect();
    let mut at = 0;
    let mut score = 0;
    let mut places = Vec::new();
    for letter in letters.chars().filter(|letter| !letter.is_whitespace()) {
        let same = |&place: &usize| name[place].to_lowercase().eq(letter.to_lowercase());
        let follows = places.last().map(|last: &usize| last + 1).filter(|place| *place < name.len()).filter(same);
        let begins = (at..name.len()).filter(same).find(|&place| place == 0 || !name[place - 1].is_alphanumeric());
        let place = follows.or(begins).or_else(|| (at..name.len()).find(same))?;
        score += match () {
            () if place == 0 => 10,
            () if follows == Some(place) => 8,
            () if begins == Some(place) => 6,
            () => 1,
        };
        places.push(place);
        at = place + 1;
    }
    Some((score * 4 - name.len().min(60) as i32 / 4, places))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_must_stand_in_their_order() {
        assert!(fit("cev", "Copy event as JSON").is_some());
        assert!(fit("vec", "Copy event").is_none());
        assert_eq!(fit("", "anything").map(|(_, places)| places.len()), Some(0));
    }

    #[test]
    fn beginnings_of_words_win() {
        let better = fit("zi", "Zoom in").expect("fits");
        let worse = fit("zi", "Horizontal size").expect("fits");
        assert!(better.0 > worse.0, "{better:?} {worse:?}");
        assert_eq!(better.1, [0, 5]);
    }

    #[test]
    fn letters_beyond_ascii_are_found() {
        assert!(fit("é", "Café").is_some());
    }
}
