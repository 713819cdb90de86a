//! What torch.save writes: zip files since 1.6, before that one stream of pickles and storages.

mod contents;
mod saved;
mod script;
mod tar;

pub(super) use saved::open;
pub use script::ScriptFile;
