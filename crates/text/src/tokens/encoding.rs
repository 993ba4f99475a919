//! An encoding: a way of cutting text into pieces and a vocabulary to merge each piece by.

use std::sync::LazyLock;

use super::classes::Classified;
use super::merge::Merger;
use super::vocabulary::Vocabulary;
use super::{split_cl100k, split_o200k};

/// OpenAI's public encodings. Counts and tokens equal those of tiktoken's `encode_ordinary`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// `o200k_base`, of the models since GPT-4o.
    O200k,
    /// `cl100k_base`, of GPT-4 and GPT-3.5 Turbo.
    Cl100k,
}

static O200K: LazyLock<Vocabulary> =
    LazyLock::new(|| Vocabulary::load(include_bytes!("../../data/o200k_base.bin")));
static CL100K: LazyLock<Vocabulary> =
    LazyLock::new(|| Vocabulary::load(include_bytes!("../../data/cl100k_base.bin")));

impl Encoding {
    /// Every encoding.
    pub const ALL: [Self; 2] = [Self::O200k, Self::Cl100k];

    /// tiktoken's name of it.
    pub fn name(self) -> &'static str {
        match self {
            Self::O200k => "o200k_base",
            Self::Cl100k => "cl100k_base",
        }
    }

    /// The encoding that OpenAI's model `id` reads and writes in; `None` for models of others, whose counts
    /// can only be estimated.
    pub fn of_model(id: &str) -> Option<Self> {
        // A fine-tuned model is named for its base; some providers put the owner before the model.
        let id = id.strip_prefix("ft:").unwrap_or(id);
        let id = id.strip_prefix("openai/").unwrap_or(id);
        let starts = |names: &[&str]| names.iter().any(|name| id.starts_with(name));
        if starts(&[
            "gpt-4o", "gpt-4.1", "gpt-4.5", "gpt-5", "gpt-oss", "chatgpt-", "o1", "o3", "o4",
            "codex-",
        ]) {
            Some(Self::O200k)
        } else if starts(&["gpt-4", "gpt-3.5", "gpt-35", "text-embedding-"]) {
            Some(Self::Cl100k)
        } else {
            None
        }
    }

    /// The encoding of that name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|encoding| encoding.name() == name)
    }

    /// Tokens of `text`. Special tokens such as `<|endoftext|>` count as the text they are.
    ///
    /// Takes time in proportion to the text. The first call unpacks the vocabulary.
    pub fn count(self, text: &str) -> usize {
        let mut total = 0;
        self.each_piece(text, |tokens| {
            total += tokens.len();
            true
        });
        total
    }

    /// Tokens of `text`, or `None` when there are more than `limit`; stops soon after passing it.
    pub fn count_up_to(self, text: &str, limit: usize) -> Option<usize> {
        // No token is longer, so some texts need no look at all.
        if text.len().div_ceil(self.vocabulary().longest()) > limit {
            return None;
        }
        let mut total = 0;
        self.each_piece(text, |tokens| {
            total += tokens.len();
            total <= limit
        });
        (total <= limit).then_some(total)
    }

    /// How many bytes the first `tokens` tokens of `text` cover. They may end inside a character.
    pub fn reach(self, text: &str, tokens: usize) -> usize {
        let vocabulary = self.vocabulary();
        let (mut left, mut bytes) = (tokens, 0);
        self.each_piece(text, |piece| {
            let taken = piece.get(..left.min(piece.len())).unwrap_or_default();
            bytes += taken.iter().map(|token| vocabulary.token(*token).len()).sum::<usize>();
            left -= taken.len();
            left > 0
        });
        bytes
    }

    /// The numbers of the tokens of `text`.
    pub fn encode(self, text: &str) -> Vec<u32> {
        let mut all = vec![];
        self.each_piece(text, |tokens| {
            all.extend_from_slice(tokens);
            true
        });
        all
    }

    /// The bytes of each token, by its number. Not all of them are text: a character may be cut.
    pub fn tokens(self) -> impl ExactSizeIterator<Item = &'static [u8]> {
        let vocabulary = self.vocabulary();
        (0..vocabulary.len())
            .map(|token| vocabulary.token(u32::try_from(token).unwrap_or(u32::MAX)))
    }

    fn vocabulary(self) -> &'static Vocabulary {
        match self {
            Self::O200k => &O200K,
            Self::Cl100k => &CL100K,
        }
    }

    /// Gives the tokens of each piece, until told to stop by `false`.
    #[inline]
    fn each_piece(self, text: &str, mut take: impl FnMut(&[u32]) -> bool) {
        let vocabulary = self.vocabulary();
        let mut merger = Merger::default();
        let pieces = Classified::new(text);
        let mut start = 0;
        while start < text.len() {
            let end = match self {
                Self::O200k => split_o200k::end(&pieces, start),
                Self::Cl100k => split_cl100k::end(&pieces, start),
            };
            let piece = pieces.bytes().get(start..end).unwrap_or_default();
            let go_on = match vocabulary.whole(piece) {
                Some(token) => take(&[token]),
                None => take(merger.merge(vocabulary, piece)),
            };
            if !go_on {
                return;
            }
            start = end;
        }
    }
}

#[cfg(test)]
impl Encoding {
    /// The tokens of a piece by merging alone.
    pub(super) fn merged(self, piece: &[u8]) -> Vec<u32> {
        Merger::default().merge(self.vocabulary(), piece).to_vec()
    }

    /// The same by the bytes alone, which need not be characters.
    pub(super) fn merged_bytes(self, piece: &[u8]) -> Vec<u32> {
        Merger::default().merge_bytes(self.vocabulary(), piece).to_vec()
    }

    /// The token that a piece is as a whole.
    pub(super) fn whole(self, piece: &[u8]) -> Option<u32> {
        self.vocabulary().whole(piece)
    }
}
