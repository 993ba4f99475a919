//! A whole model of a few hundred bytes, and folders that it is written to.

use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use serde_json::{Map, json};

/// A folder that goes away with its owner.
pub(crate) struct Folder(PathBuf);

impl Folder {
    pub(crate) fn new() -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        // A killed test leaves its folder, and another process may get its number.
        loop {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("gatemark-model-{}-{number}", std::process::id());
            let path = std::env::temp_dir().join(name);
            if std::fs::create_dir(&path).is_ok() {
                return Self(path);
            }
        }
    }

    /// A folder with the model in it.
    pub(crate) fn with_model() -> Self {
        let folder = Self::new();
        for (name, bytes) in files() {
            let path = folder.path().join(name);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, bytes).unwrap();
        }
        folder
    }

    pub(crate) fn path(&self) -> &Path {
        &self.0
    }

    pub(crate) fn write(&self, name: &str, bytes: impl AsRef<[u8]>) {
        std::fs::write(self.0.join(name), bytes).unwrap();
    }

    /// Replaces a text that must be in a file.
    #[track_caller]
    pub(crate) fn edit(&self, name: &str, from: &str, to: &str) {
        let text = std::fs::read_to_string(self.0.join(name)).unwrap();
        assert!(text.contains(from), "{from:?} is not in {text}");
        self.write(name, text.replace(from, to));
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// The model's files, in the order in which they are fetched.
pub(crate) fn files() -> Vec<(&'static str, Vec<u8>)> {
    let config = json!({
        "model_type": "bert", "hidden_size": 4, "num_hidden_layers": 1, "num_attention_heads": 2,
        "intermediate_size": 8, "vocab_size": 6, "max_position_embeddings": 16,
    });
    let tokenizer = json!({
        "normalizer": {"type": "BertNormalizer"},
        "pre_tokenizer": {"type": "BertPreTokenizer"},
        "post_processor": {"type": "BertProcessing", "sep": ["[SEP]", 2], "cls": ["[CLS]", 1]},
        "model": {"type": "WordPiece", "unk_token": "[UNK]", "vocab":
            {"[UNK]": 0, "[CLS]": 1, "[SEP]": 2, "good": 3, "bad": 4, "##ly": 5}},
    });
    let modules = json!([
        {"path": "", "type": "sentence_transformers.models.Transformer"},
        {"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"},
    ]);
    let pooling = json!({"word_embedding_dimension": 4, "pooling_mode_mean_tokens": true});
    vec![
        ("config.json", config.to_string().into_bytes()),
        ("tokenizer.json", tokenizer.to_string().into_bytes()),
        ("modules.json", modules.to_string().into_bytes()),
        ("1_Pooling/config.json", pooling.to_string().into_bytes()),
        ("model.safetensors", weights()),
    ]
}

/// Tensors of small numbers, by hand: the length of the header, the header, the numbers.
fn weights() -> Vec<u8> {
    let mut tensors: Vec<(String, Vec<usize>)> = vec![
        ("embeddings.word_embeddings.weight".into(), vec![6, 4]),
        ("embeddings.position_embeddings.weight".into(), vec![16, 4]),
        ("embeddings.token_type_embeddings.weight".into(), vec![2, 4]),
        ("embeddings.LayerNorm.weight".into(), vec![4]),
        ("embeddings.LayerNorm.bias".into(), vec![4]),
    ];
    for (part, out, of) in [
        ("attention.self.query", 4, 4),
        ("attention.self.key", 4, 4),
        ("attention.self.value", 4, 4),
        ("attention.output.dense", 4, 4),
        ("intermediate.dense", 8, 4),
        ("output.dense", 4, 8),
    ] {
        tensors.push((format!("encoder.layer.0.{part}.weight"), vec![out, of]));
        tensors.push((format!("encoder.layer.0.{part}.bias"), vec![out]));
    }
    for part in ["attention.output", "output"] {
        tensors.push((format!("encoder.layer.0.{part}.LayerNorm.weight"), vec![4]));
        tensors.push((format!("encoder.layer.0.{part}.LayerNorm.bias"), vec![4]));
    }
    let (mut header, mut numbers) = (Map::new(), Vec::<u8>::new());
    for (name, shape) in tensors {
        let start = numbers.len();
        for number in 0..shape.iter().product() {
            let value = f32::from(u8::try_from(number * 37 % 101).unwrap()) / 100.0 - 0.3;
            numbers.extend(value.to_le_bytes());
        }
        let place = json!([start, numbers.len()]);
        header.insert(name, json!({"dtype": "F32", "shape": shape, "data_offsets": place}));
    }
    let header = serde_json::to_vec(&header).unwrap();
    let length = u64::try_from(header.len()).unwrap().to_le_bytes();
    [length.as_slice(), &header, &numbers].concat()
}
