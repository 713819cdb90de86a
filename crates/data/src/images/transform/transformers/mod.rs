//! Preprocessing from transformers' image processors: `preprocessor_config.json`.

mod description;
mod processors;
