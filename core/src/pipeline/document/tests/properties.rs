//! What holds of every pipeline and every file.

use proptest::prelude::*;

use super::arbitrary::{changed, changes, notes, pipeline};
use super::styled::{Taste, styled};
use super::*;

/// The same as a file of the pipeline says it.
fn of(pipeline: &Pipeline) -> Document {
    Document::of(pipeline).unwrap_or_else(|problems| panic!("{problems:?}\n{pipeline:#?}"))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    #[test]
    fn what_is_written_reads_back(pipeline in pipeline()) {
        let document = of(&pipeline);
        prop_assert_eq!(document.pipeline(), &pipeline, "{}", document.text());
        let again = parsed(document.text());
        prop_assert_eq!(&again, &document);
    }

    #[test]
    fn the_same_pipeline_leaves_the_text(pipeline in pipeline(), taste: u64) {
        let text = styled(&pipeline, Taste(taste)).text;
        let text = if taste % 3 == 0 { text.replace('\n', "\r\n") } else { text };
        let mut document = parsed(&text);
        prop_assert_eq!(document.pipeline(), &pipeline, "{}", text);
        document.set_pipeline(&pipeline).unwrap();
        prop_assert_eq!(document.text(), text);
    }

    #[test]
    fn what_is_untouched_stays_with_its_comments(pipeline in pipeline(), taste: u64, changes in changes()) {
        let styled = styled(&pipeline, Taste(taste));
        let mut document = parsed(&styled.text);
        let now = changed(&pipeline, &changes);
        prop_assert!(document.set_pipeline(&now).is_ok(), "{:?}\n{}\n{now:#?}", document.clone().set_pipeline(&now), styled.text);
        prop_assert_eq!(document.pipeline(), &now);
        prop_assert_eq!(&parsed(document.text()), &document);
        let untouched = |name: &str| match name.strip_prefix("layout.") {
            Some(name) => pipeline.layout.get(name).is_some_and(|place| now.layout.get(name) == Some(place)),
            None => pipeline.node(name).is_some_and(|node| now.node(name) == Some(node)),
        };
        for (_, comment) in styled.comments.iter().filter(|(node, _)| untouched(node)) {
            prop_assert!(document.text().contains(comment), "{comment} is lost\n{}\n->\n{}", styled.text, document.text());
        }
        for comment in &styled.free {
            prop_assert!(document.text().contains(comment), "{comment} is lost\n{}\n->\n{}", styled.text, document.text());
        }
        for (_, block) in styled.blocks.iter().filter(|(node, _)| untouched(node)) {
            prop_assert!(document.text().contains(block), "{block} is changed\n{}\n->\n{}", styled.text, document.text());
        }
    }

    #[test]
    fn notes_come_and_go_and_touch_nothing_else(
        pipeline in pipeline(), taste: u64, versions in prop::collection::vec(notes(), 1..4)
    ) {
        let text = styled(&pipeline, Taste(taste)).text;
        let mut document = parsed(&text);
        for notes in versions {
            let now = Pipeline { notes, ..pipeline.clone() };
            document.set_pipeline(&now).unwrap();
            prop_assert_eq!(document.pipeline(), &now);
            prop_assert_eq!(&parsed(document.text()), &document);
            let before = text.trim_end();
            let lines_stay = before.lines().filter(|line| !line.trim().is_empty()).all(|line| document.text().contains(line));
            prop_assert!(lines_stay, "{text}\n->\n{}", document.text());
        }
        document.set_pipeline(&pipeline).unwrap();
        prop_assert_eq!(document.pipeline(), &pipeline);
    }

    #[test]
    fn any_pipeline_can_be_written_into_any_file(pipeline in pipeline(), taste: u64, other in pipeline()) {
        let text = styled(&pipeline, Taste(taste)).text;
        let crlf = taste % 3 == 0;
        let mut document = parsed(&if crlf { text.replace('\n', "\r\n") } else { text });
        document.set_pipeline(&other).unwrap();
        prop_assert_eq!(document.pipeline(), &other);
        let lines = document.text().matches('\n').count();
        prop_assert_eq!(document.text().matches("\r\n").count(), if crlf { lines } else { 0 });
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,40}", pipeline in pipeline(), taste: u64, at: prop::sample::Index) {
        let _ = Document::parse(&text);
        // A file with something strange in it.
        let file = styled(&pipeline, Taste(taste)).text;
        let at = (0..=at.index(file.len() + 1)).rev().find(|at| file.is_char_boundary(*at)).unwrap_or(0);
        if let Err(problems) = Document::parse(&format!("{}{text}{}", &file[..at], &file[at..])) {
            prop_assert!(!problems.is_empty());
            prop_assert!(problems.iter().all(|problem| !problem.message.is_empty()));
        }
    }
}
