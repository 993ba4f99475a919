//! What a folder's settings ask for, as far as this runtime can do it. Anything else is refused with the
//! file and the field: a model that is run almost as it was meant gives scores that look right.

use gatemark_core::Result;

use super::folder::{Document, Folder};
use super::kernel::Activation;

/// The encoder's measures.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Shape {
    pub(super) hidden: usize,
    pub(super) layers: usize,
    pub(super) heads: usize,
    pub(super) intermediate: usize,
    pub(super) words: usize,
    pub(super) positions: usize,
    pub(super) kinds: usize,
    pub(super) epsilon: f64,
    pub(super) activation: Activation,
}

/// How a text's vector comes from those of its tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pooling {
    /// Their mean.
    Mean,
    /// The first.
    Cls,
    /// The largest number of each column.
    Max,
}

/// Everything but the weights and the vocabulary.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Recipe {
    pub(super) shape: Shape,
    pub(super) pooling: Pooling,
    /// Whether vectors are brought to length 1.
    pub(super) normalize: bool,
    /// Whether texts are lower-cased before they are split into tokens.
    pub(super) lowercase: bool,
    /// Most tokens of a text for its vector, with the marks of its ends.
    pub(super) longest: usize,
    /// The same for the vectors of its tokens.
    pub(super) longest_tokens: usize,
}

/// Longest text that this runtime takes, in tokens: attention needs memory with its square.
const MOST_TOKENS: usize = 4096;

pub(super) fn read(folder: &mut Folder) -> Result<Recipe> {
    let config = folder.needed("config.json")?;
    let shape = shape(&config)?;
    let (pooling, normalize, transformer) = modules(folder, shape.hidden)?;
    if let Some(document) = folder.settings("config_sentence_transformers.json")?
        && document.get("/default_prompt_name").is_some()
    {
        let what = "asks for a text in front of every text, which this runtime does not add";
        return Err(document.wrong("/default_prompt_name", what));
    }
    let tokenizer = folder.settings("tokenizer_config.json")?;
    let tokens = match &tokenizer {
        // Some tokenizers say 10^30 where they mean that there is no bound.
        Some(document) => document
            .get("/model_max_length")
            .and_then(|length| length.as_u64())
            .and_then(|length| usize::try_from(length).ok())
            .unwrap_or(usize::MAX),
        None => usize::MAX,
    };
    let longest_tokens = tokens.min(shape.positions).min(MOST_TOKENS);
    let name = inside(&transformer, "sentence_bert_config.json");
    let (mut longest, mut lowercase) = (longest_tokens, false);
    if let Some(document) = folder.settings(&name)? {
        let most = shape.positions.min(MOST_TOKENS);
        longest = document.optional_size("/max_seq_length", most)?.unwrap_or(longest);
        lowercase = document.flag("/do_lower_case")?;
    }
    Ok(Recipe { shape, pooling, normalize, lowercase, longest, longest_tokens })
}

fn shape(config: &Document) -> Result<Shape> {
    if config.among("/model_type", &["bert"])?.is_none() {
        return Err(config.wrong("/model_type", "is missing; this runtime knows bert"));
    }
    config.among("/position_embedding_type", &["absolute"])?;
    if config.flag("/is_decoder")? {
        return Err(config.wrong("/is_decoder", "is true; this runtime runs encoders"));
    }
    let activation = match config.among("/hidden_act", &["gelu", "relu"])? {
        Some("relu") => Activation::Relu,
        _ => Activation::Gelu,
    };
    let epsilon = match config.get("/layer_norm_eps") {
        None => 1e-12,
        Some(value) => match value.as_f64().filter(|number| *number > 0.0 && *number < 1.0) {
            Some(number) => number,
            None => return Err(config.wrong("/layer_norm_eps", "is not between 0 and 1")),
        },
    };
    let shape = Shape {
        hidden: config.size("/hidden_size", 8192)?,
        layers: config.size("/num_hidden_layers", 96)?,
        heads: config.size("/num_attention_heads", 256)?,
        intermediate: config.size("/intermediate_size", 65_536)?,
        words: config.size("/vocab_size", 4_000_000)?,
        positions: config.size("/max_position_embeddings", 65_536)?,
        kinds: config.optional_size("/type_vocab_size", 64)?.unwrap_or(2),
        epsilon,
        activation,
    };
    if !shape.hidden.is_multiple_of(shape.heads) {
        let what = format!("is {}, which does not divide hidden_size", shape.heads);
        return Err(config.wrong("/num_attention_heads", &what));
    }
    if shape.positions < 3 {
        return Err(config.wrong("/max_position_embeddings", "leaves no room for a text"));
    }
    Ok(shape)
}

/// Pooling, normalisation and the folder of the encoder's settings.
fn modules(folder: &mut Folder, hidden: usize) -> Result<(Pooling, bool, String)> {
    // What sentence-transformers makes of a plain encoder.
    let Some(list) = folder.settings("modules.json")? else {
        return Ok((Pooling::Mean, false, String::new()));
    };
    let (mut pooling, mut normalize) = (None, false);
    for number in 0..8 {
        let field = |name: &str| format!("/{number}/{name}");
        if list.get(&format!("/{number}")).is_none() {
            break;
        }
        let kind = list.text(&field("type"))?.unwrap_or_default();
        let path = list.text(&field("path"))?.unwrap_or_default();
        match (number, kind.rsplit('.').next().unwrap_or_default()) {
            (0, "Transformer") if path.is_empty() => {}
            (0, "Transformer") => {
                let what = format!("is {path:?}; the encoder must be in the folder itself");
                return Err(list.wrong(&field("path"), &what));
            }
            (1, "Pooling") => {
                let settings = folder.needed(&inside(path, "config.json"))?;
                pooling = Some(pool(&settings, hidden)?);
            }
            (2.., "Normalize") if pooling.is_some() => normalize = true,
            _ => {
                let what = format!(
                    "is {kind:?}; this runtime knows a Transformer, then a Pooling, then a Normalize"
                );
                return Err(list.wrong(&field("type"), &what));
            }
        }
    }
    match pooling {
        Some(pooling) => Ok((pooling, normalize, String::new())),
        None => Err(list.wrong("/1/type", "is missing; there is no Pooling")),
    }
}

fn pool(settings: &Document, hidden: usize) -> Result<Pooling> {
    for name in ["/word_embedding_dimension", "/embedding_dimension"] {
        if settings.optional_size(name, usize::MAX)?.is_some_and(|size| size != hidden) {
            return Err(settings.wrong(name, &format!("is not the hidden_size {hidden}")));
        }
    }
    match settings.among("/pooling_mode", &["mean", "cls", "max"])? {
        Some("mean") => return Ok(Pooling::Mean),
        Some("cls") => return Ok(Pooling::Cls),
        Some(_) => return Ok(Pooling::Max),
        None => {}
    }
    for name in ["mean_sqrt_len_tokens", "weightedmean_tokens", "lasttoken"] {
        let name = format!("/pooling_mode_{name}");
        if settings.flag(&name)? {
            return Err(settings.wrong(&name, "is true; this runtime knows mean, cls and max"));
        }
    }
    let flags = [
        (settings.flag("/pooling_mode_mean_tokens")?, Pooling::Mean),
        (settings.flag("/pooling_mode_cls_token")?, Pooling::Cls),
        (settings.flag("/pooling_mode_max_tokens")?, Pooling::Max),
    ];
    let mut chosen = flags.iter().filter(|(flag, _)| *flag).map(|(_, pooling)| *pooling);
    match (chosen.next(), chosen.next()) {
        (Some(pooling), None) => Ok(pooling),
        _ => {
            Err(settings
                .wrong("/pooling_mode_mean_tokens", "and its like: exactly one must be true"))
        }
    }
}

fn inside(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.into() } else { format!("{folder}/{name}") }
}
