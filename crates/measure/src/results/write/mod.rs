//! Writing a results folder: all or nothing.

mod folder;
#[cfg(test)]
mod tests;

pub use folder::FolderWriter;
