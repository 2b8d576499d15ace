//! What whole-program tests stand on: the program itself, the real parts around it, and how a test says that a part
//! it needs cannot be had.

pub mod agreement;
pub mod bench;
pub mod catalogue;
pub mod copies;
pub mod kafka;
pub mod nexmark;
pub mod oracle;
pub mod pane;
pub mod part;
pub mod postgres;
pub mod process;
pub mod program;
mod python;
pub mod readers;
pub mod recordings;
pub mod shown;
pub mod walkthrough;
pub mod window;
