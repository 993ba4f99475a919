//! x
mod bert;
mod folder;
mod kernel;
mod model;
mod normal;
mod recipe;
mod tokenizer;
mod weights;
mod wordpiece;

pub use model::Model;
