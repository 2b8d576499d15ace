//! Bytes in several strands, which are written once and read once: the last of each in memory, the others in one file.

use std::io;

use crate::store::TemporaryFile;

/// So many bytes of a strand are written at once. Tests write often.
const BLOCK: usize = if cfg!(test) { 100 } else { 64 << 10 };

/// Strands of bytes that grow at their ends.
#[derive(Debug)]
pub(crate) struct TemporaryBlocks {
    /// There is none until the first block is full.
    file: Option<TemporaryFile>,
    strands: Vec<Strand>,
}

#[derive(Debug, Default, Clone)]
struct Strand {
    /// Where its blocks begin, and how long they are.
    blocks: Vec<(u64, usize)>,
    last: Vec<u8>,
}

impl TemporaryBlocks {
    /// So many empty strands.
    pub(crate) fn new(strands: usize) -> Self {
        Self { file: None, strands: vec![Strand::default(); strands] }
    }

    pub(crate) fn append(&mut self, strand: usize, bytes: &[u8]) -> io::Result<()> {
        let strand = &mut self.strands[strand];
        strand.last.extend_from_slice(bytes);
        if strand.last.len() < BLOCK {
            return Ok(());
        }
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(TemporaryFile::create()?),
        };
        strand.blocks.push((file.append(&strand.last)?, strand.last.len()));
        strand.last.clear();
        Ok(())
    }

    /// All bytes of a strand.
    pub(crate) fn read(&self, strand: usize) -> io::Result<Vec<u8>> {
        let (mut bytes, strand) = (Vec::new(), &self.strands[strand]);
        for (at, len) in &strand.blocks {
            let file = self.file.as_ref().ok_or(io::ErrorKind::NotFound)?;
            bytes.extend_from_slice(&file.read(*at, *len)?);
        }
        bytes.extend_from_slice(&strand.last);
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_strand_comes_back_whole() {
        let mut blocks = TemporaryBlocks::new(3);
        let mut expected = vec![Vec::new(); 3];
        for at in 0..500_usize {
            let bytes = vec![at as u8; at % 17];
            blocks.append(at % 3, &bytes).unwrap();
            expected[at % 3].extend(bytes);
        }
        assert!(blocks.file.is_some());
        for (strand, expected) in expected.iter().enumerate() {
            assert_eq!(blocks.read(strand).unwrap(), *expected);
        }
    }
}
