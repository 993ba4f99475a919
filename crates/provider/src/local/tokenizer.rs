//! `tokenizer.json`, as far as BERT models use it, and texts into ids by it.

use std::collections::HashMap;

use gatemark_core::{Error, Result};
use serde_json::Value;

use super::folder::{Document, Folder};
use super::normal::{Normalizer, words};
use super::wordpiece::WordPiece;

/// A tokenizer.
pub(super) struct Tokenizer {
    /// Texts that are tokens wherever they occur, before anything else is done.
    added: Vec<(String, u32)>,
    normalizer: Normalizer,
    pieces: WordPiece,
    /// The mark of a text's start.
    first: u32,
    /// The mark of its end.
    last: u32,
    lowercase: bool,
}

impl Tokenizer {
    /// Reads it; every id is below `words`.
    pub(super) fn read(folder: &mut Folder, words: usize, lowercase: bool) -> Result<Self> {
        let document = folder.needed("tokenizer.json")?;
        let settings = folder.settings("tokenizer_config.json")?;
        document.among("/pre_tokenizer/type", &["BertPreTokenizer"])?;
        if document.get("/pre_tokenizer").is_none() {
            return Err(document.wrong("/pre_tokenizer", "is missing"));
        }
        let tokenizer = Self {
            added: added(&document)?,
            normalizer: normalizer(&document, settings.as_ref())?,
            pieces: pieces(&document)?,
            first: 0,
            last: 0,
            lowercase,
        };
        let (first, last) = ends(&document)?;
        let known =
            tokenizer.pieces.pieces.values().chain(tokenizer.added.iter().map(|(_, id)| id));
        let most = known.chain([&first, &last]).max().copied().unwrap_or_default();
        if usize::try_from(most).map_or(true, |most| most >= words) {
            let what = format!("holds the id {most}, but vocab_size in config.json is {words}");
            return Err(document.wrong("/model/vocab", &what));
        }
        Ok(Self { first, last, ..tokenizer })
    }

    /// At most `longest` ids, the marks of the ends among them: what is beyond is cut off.
    pub(super) fn ids(&self, text: &str, longest: usize) -> Vec<u32> {
        let most = longest.max(2) - 1;
        let mut ids = vec![self.first];
        let lowered = if self.lowercase { text.to_lowercase() } else { String::new() };
        let mut rest = if self.lowercase { lowered.as_str() } else { text };
        while !rest.is_empty() && ids.len() < most {
            let found = self
                .added
                .iter()
                .filter_map(|(token, id)| Some((rest.find(token.as_str())?, token.len(), *id)));
            // The first, and of those that start there the longest.
            let next = found.min_by_key(|(place, length, _)| (*place, usize::MAX - length));
            let (place, length, id) = match next {
                Some((place, length, id)) => (place, length, Some(id)),
                None => (rest.len(), 0, None),
            };
            self.plain(rest.get(..place).unwrap_or_default(), most, &mut ids);
            ids.extend(id);
            rest = rest.get(place + length..).unwrap_or_default();
        }
        ids.truncate(most);
        ids.push(self.last);
        ids
    }

    /// Whether an id stands for something in the text.
    pub(super) fn counts(&self, id: u32) -> bool {
        id != self.first && id != self.last
    }

    fn plain(&self, text: &str, most: usize, ids: &mut Vec<u32>) {
        let normal = self.normalizer.run(text);
        for word in words(&normal) {
            if ids.len() >= most {
                return;
            }
            self.pieces.split(word, ids);
        }
    }
}

fn normalizer(document: &Document, settings: Option<&Document>) -> Result<Normalizer> {
    if document.among("/normalizer/type", &["BertNormalizer"])?.is_none() {
        return Err(document.wrong("/normalizer/type", "is missing"));
    }
    let flag = |name: &str| -> Result<bool> {
        Ok(document.optional_flag(&format!("/normalizer/{name}"))?.unwrap_or(true))
    };
    let lowercase = flag("lowercase")?;
    let strip = document.optional_flag("/normalizer/strip_accents")?;
    let normalizer = Normalizer {
        clean: flag("clean_text")?,
        spread_chinese: flag("handle_chinese_chars")?,
        strip_accents: strip.unwrap_or(lowercase),
        lowercase,
    };
    // The library lets these settings win over tokenizer.json; a folder in which they differ is a riddle.
    let others = [
        ("/do_lower_case", normalizer.lowercase),
        ("/tokenize_chinese_chars", normalizer.spread_chinese),
        ("/strip_accents", normalizer.strip_accents),
    ];
    for (field, value) in others {
        if let Some(settings) = settings
            && settings.optional_flag(field)?.is_some_and(|other| other != value)
        {
            let what = format!("is not {value}, as the normalizer in tokenizer.json has it");
            return Err(settings.wrong(field, &what));
        }
    }
    if let Some(settings) = settings {
        settings.among("/truncation_side", &["right"])?;
    }
    Ok(normalizer)
}

fn pieces(document: &Document) -> Result<WordPiece> {
    let text = |name: &str, default: &str| -> Result<String> {
        Ok(document.text(&format!("/model/{name}"))?.unwrap_or(default).to_string())
    };
    if let Some(kind) = document.text("/model/type")?.filter(|kind| *kind != "WordPiece") {
        let what = format!("is {kind:?}; this runtime knows WordPiece");
        return Err(document.wrong("/model/type", &what));
    }
    let Some(Value::Object(vocabulary)) = document.get("/model/vocab") else {
        return Err(document.wrong("/model/vocab", "is not a mapping of pieces to ids"));
    };
    let mut pieces = HashMap::with_capacity(vocabulary.len());
    for (piece, id) in vocabulary {
        let id = id.as_u64().and_then(|id| u32::try_from(id).ok());
        let id = id.ok_or_else(|| {
            document.wrong("/model/vocab", &format!("has no usable id for {piece:?}"))
        })?;
        pieces.insert(piece.as_str().into(), id);
    }
    let unknown = text("unk_token", "[UNK]")?;
    let unknown = pieces.get(unknown.as_str()).copied().ok_or_else(|| {
        document.wrong("/model/unk_token", &format!("is {unknown:?}, which is not in vocab"))
    })?;
    Ok(WordPiece {
        pieces,
        inner: text("continuing_subword_prefix", "##")?,
        unknown,
        longest_word: document
            .optional_size("/model/max_input_chars_per_word", 10_000)?
            .unwrap_or(100),
    })
}

fn added(document: &Document) -> Result<Vec<(String, u32)>> {
    let mut added = vec![];
    let Some(Value::Array(list)) = document.get("/added_tokens") else { return Ok(added) };
    for (number, token) in list.iter().enumerate() {
        let field = |name: &str| format!("/added_tokens/{number}/{name}");
        for name in ["single_word", "lstrip", "rstrip", "normalized"] {
            if document.flag(&field(name))? {
                return Err(document.wrong(&field(name), "is true, which this runtime cannot do"));
            }
        }
        let content = document.text(&field("content"))?.filter(|content| !content.is_empty());
        let id = token.get("id").and_then(Value::as_u64).and_then(|id| u32::try_from(id).ok());
        let (Some(content), Some(id)) = (content, id) else {
            return Err(document.wrong(&field("content"), "or its id is missing"));
        };
        added.push((content.to_string(), id));
    }
    Ok(added)
}

/// The ids of the marks that the post-processor puts around a text.
fn ends(document: &Document) -> Result<(u32, u32)> {
    let number = |pointer: &str| -> Result<u32> {
        let id = document.get(pointer).and_then(Value::as_u64);
        id.and_then(|id| u32::try_from(id).ok())
            .ok_or_else(|| document.wrong(pointer, "is not the id of a token"))
    };
    let kind = document.among("/post_processor/type", &["TemplateProcessing", "BertProcessing"])?;
    if kind == Some("BertProcessing") {
        return Ok((number("/post_processor/cls/1")?, number("/post_processor/sep/1")?));
    }
    let template = "/post_processor/single";
    let odd = || -> Error {
        document.wrong(template, "is not one mark, the text and one mark, as BERT has it")
    };
    let Some(Value::Array(parts)) = document.get(template) else { return Err(odd()) };
    let [first, text, last] = parts.as_slice() else { return Err(odd()) };
    if text.pointer("/Sequence/id").and_then(Value::as_str) != Some("A") {
        return Err(odd());
    }
    let mark = |part: &Value| -> Result<u32> {
        let name = part.pointer("/SpecialToken/id").and_then(Value::as_str).ok_or_else(odd)?;
        // In a JSON pointer `~` and `/` are written otherwise.
        let name = name.replace('~', "~0").replace('/', "~1");
        number(&format!("/post_processor/special_tokens/{name}/ids/0"))
    };
    Ok((mark(first)?, mark(last)?))
}
