//! What a member of a group has been assigned, in the bytes of Kafka's consumer protocol: a version (int16), an array of
//! topics (a name, an array of partition numbers), and whatever the clients add. The bytes come from other people's
//! clients, so nothing in them is trusted.

use crate::event::{TopicName, TopicPartition};

/// The partitions that the bytes name, sorted; `None` if they are not of that protocol.
pub(super) fn decode(bytes: &[u8]) -> Option<Vec<TopicPartition>> {
    let mut rest = Rest(bytes);
    let version = rest.int16()?;
    if version < 0 {
        return None;
    }
    let mut assigned = Vec::new();
    for _ in 0..rest.count()? {
        let length = usize::try_from(rest.int16()?).ok()?;
        let name: TopicName = std::str::from_utf8(rest.take(length)?).ok()?.into();
        let partitions = rest.count()?;
        // Each takes four bytes: a count that is larger than what follows reserves nothing.
        let numbers = rest.take(partitions.checked_mul(4)?)?;
        for number in numbers.chunks_exact(4) {
            let number = i32::from_be_bytes(number.try_into().ok()?);
            if number < 0 {
                return None;
            }
            assigned.push(TopicPartition { topic: name.clone(), partition: number });
        }
    }
    assigned.sort();
    assigned.dedup();
    Some(assigned)
}

struct Rest<'b>(&'b [u8]);

impl<'b> Rest<'b> {
    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let (taken, rest) = self.0.split_at_checked(length)?;
        self.0 = rest;
        Some(taken)
    }

    fn int16(&mut self) -> Option<i16> {
        Some(i16::from_be_bytes(self.take(2)?.try_into().ok()?))
    }

    fn count(&mut self) -> Option<usize> {
        usize::try_from(i32::from_be_bytes(self.take(4)?.try_into().ok()?)).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As a client writes it.
    fn encode(version: i16, topics: &[(String, Vec<i32>)], more: &[u8]) -> Vec<u8> {
        let mut bytes = version.to_be_bytes().to_vec();
        bytes.extend((topics.len() as i32).to_be_bytes());
        for (name, partitions) in topics {
            bytes.extend((name.len() as i16).to_be_bytes());
            bytes.extend(name.as_bytes());
            bytes.extend((partitions.len() as i32).to_be_bytes());
            partitions.iter().for_each(|number| bytes.extend(number.to_be_bytes()));
        }
        bytes.extend(more);
        bytes
    }

    #[test]
    fn counts_beyond_the_bytes_and_numbers_below_zero_are_refused() {
        let sound = encode(1, &[("orders".to_owned(), vec![0, 2])], &[]);
        assert_eq!(decode(&sound).map(|assigned| assigned.len()), Some(2));
        let mut many = sound.clone();
        many[2..6].copy_from_slice(&i32::MAX.to_be_bytes());
        assert_eq!(decode(&many), None);
        let mut partitions = sound.clone();
        partitions[14..18].copy_from_slice(&i32::MAX.to_be_bytes());
        assert_eq!(decode(&partitions), None);
        for wrong in [&b""[..], b"\0", b"\xff\xff\0\0\0\0", b"\0\0\xff\xff\xff\xff"] {
            assert_eq!(decode(wrong), None, "{wrong:?}");
        }
        assert_eq!(decode(&encode(0, &[("orders".to_owned(), vec![-1])], &[])), None);
        assert_eq!(decode(&encode(3, &[], b"")), Some(Vec::new()));
    }

    proptest! {
        #[test]
        fn what_a_client_writes_is_what_is_read(
            version in 0_i16..4,
            topics in prop::collection::vec(("[a-z.é-]{0,12}", prop::collection::vec(0_i32..500, 0..9)), 0..6),
            more in prop::collection::vec(any::<u8>(), 0..12),
        ) {
            let mut expected: Vec<TopicPartition> = topics
                .iter()
                .flat_map(|(name, numbers)| numbers.iter().map(|number| TopicPartition::new(name.as_str(), *number)))
                .collect();
            expected.sort();
            expected.dedup();
            prop_assert_eq!(decode(&encode(version, &topics, &more)), Some(expected));
        }

        #[test]
        fn hostile_bytes_are_refused_or_read_and_never_more_than_they_hold(
            mut bytes in prop::collection::vec(any::<u8>(), 0..200),
            plain in any::<bool>(),
        ) {
            if plain && bytes.len() > 4 {
                // A plausible beginning, so that more than the first check is reached.
                bytes[..5].copy_from_slice(&[0, 0, 0, 0, 0]);
            }
            if let Some(assigned) = decode(&bytes) {
                prop_assert!(assigned.len() <= bytes.len() / 4);
                prop_assert!(assigned.iter().all(|partition| partition.partition >= 0));
            }
        }

        #[test]
        fn cut_short_it_is_refused_unless_all_that_counts_is_there(
            topics in prop::collection::vec(("[a-z]{1,6}", prop::collection::vec(0_i32..50, 1..5)), 1..4),
            cut in 0_usize..100,
        ) {
            let whole = encode(1, &topics, &[]);
            let cut = cut.min(whole.len());
            prop_assert_eq!(decode(&whole[..cut]).is_some(), cut == whole.len());
        }
    }
}
