use proptest::prelude::*;
use sha2::{Digest, Sha256};

use super::*;

/// SHA-256 that tiktoken expects of the file that OpenAI publishes.
const PUBLISHED: [(Encoding, &str, usize); 2] = [
    (Encoding::O200k, "446a9538cb6c348e3516120d7c08b09f57c36495e2acfffe59a5bf8b0cfb1a2d", 199_998),
    (Encoding::Cl100k, "223921b76ee99bde995b7ff738513eef100fb51d18c93597a113bcffe865b2a7", 100_256),
];

fn base64(bytes: &[u8]) -> String {
    let alphabet = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = chunk.iter().fold(0usize, |bits, byte| bits << 8 | usize::from(*byte))
            << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let letter = alphabet[bits >> (18 - 6 * place) & 63];
            text.push(if place <= chunk.len() { char::from(letter) } else { '=' });
        }
    }
    text
}

fn decode(encoding: Encoding, tokens: &[u32]) -> Vec<u8> {
    let all: Vec<&[u8]> = encoding.tokens().collect();
    tokens.iter().flat_map(|token| all[*token as usize]).copied().collect()
}

/// Texts in which the alternatives of the patterns meet: a few characters of each class.
fn any_text() -> impl Strategy<Value = String> {
    prop_oneof![
        "\\PC{0,120}",
        "[aA中\u{301}ǅ1 \\t\\n\\r'sſ!/\u{a0}]{0,60}",
        "[ab]{0,300}",
        "[a-z]{90,300}",
        " {0,200}\\n* {0,5}x?",
    ]
}

/// What we embed is what OpenAI publishes, bit by bit.
#[test]
fn the_vocabularies_are_the_published_ones() {
    for (encoding, hash, tokens) in PUBLISHED {
        assert_eq!(encoding.tokens().len(), tokens);
        let mut hasher = Sha256::new();
        for (rank, token) in encoding.tokens().enumerate() {
            hasher.update(format!("{} {rank}\n", base64(token)));
        }
        let found: String = hasher.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(found, hash, "{}", encoding.name());
    }
}

/// A token is found as a whole, and merging its bytes makes it too.
#[test]
fn every_token_is_one_token() {
    for encoding in Encoding::ALL {
        for (number, bytes) in (0..).zip(encoding.tokens()) {
            assert_eq!(encoding.merged_bytes(bytes), [number], "{} {bytes:?}", encoding.name());
            if std::str::from_utf8(bytes).is_ok() {
                assert_eq!(encoding.merged(bytes), [number], "{} {bytes:?}", encoding.name());
            }
            assert_eq!(encoding.whole(bytes), Some(number), "{} {bytes:?}", encoding.name());
        }
    }
}

/// Every token that begins or ends inside a character, amid characters of up to three bytes that it can
/// be cut from: those whose merges something outside disturbs are among them.
#[test]
fn characters_that_tokens_cut_merge_as_their_bytes() {
    for encoding in Encoding::ALL {
        let mut texts = 0;
        for token in encoding.tokens().filter(|token| std::str::from_utf8(token).is_err()) {
            for text in completions(token) {
                let (begun, bytes) =
                    (encoding.merged(text.as_bytes()), encoding.merged_bytes(text.as_bytes()));
                assert_eq!(begun, bytes, "{} {text:?} from {token:?}", encoding.name());
                texts += 1;
            }
        }
        assert!(texts > 5_000, "{texts}");
    }
}

/// Characters around the bytes of a token.
fn completions(token: &[u8]) -> Vec<String> {
    let mut heads = vec![vec![]];
    if token.first().is_some_and(|first| first & 0xC0 == 0x80) {
        let seconds = [&[][..], &[0x80], &[0x8C], &[0x97], &[0xBF]];
        heads = (0xC2..=0xEF)
            .flat_map(|first| seconds.map(|second| [&[first], second].concat()))
            .collect();
    }
    let tails = [vec![], vec![0x80], vec![0x9F, 0x85]];
    let mut found = vec![];
    for head in &heads {
        for tail in &tails {
            found.extend(String::from_utf8([head, token, tail].concat()).ok());
        }
    }
    found
}

#[test]
fn known_counts() {
    assert_eq!(count(""), 0);
    assert_eq!(count("hello world"), 2);
    assert_eq!(count("tiktoken is great!"), 6);
    assert_eq!(Encoding::Cl100k.count("tiktoken is great!"), 6);
    assert_eq!(Encoding::Cl100k.encode("hello world"), [15339, 1917]);
}

#[test]
fn special_tokens_are_the_text_they_are() {
    for encoding in Encoding::ALL {
        let tokens = encoding.encode("<|endoftext|>");
        assert!(tokens.len() > 1, "{tokens:?}");
        assert_eq!(decode(encoding, &tokens), b"<|endoftext|>");
    }
}

#[test]
fn the_limit_itself_is_allowed() {
    assert_eq!(count_up_to("hello world", 2), Some(2));
    assert_eq!(count_up_to("hello world", 1), None);
    assert_eq!(count_up_to("", 0), Some(0));
}

#[test]
fn names_are_read_back() {
    for encoding in Encoding::ALL {
        assert_eq!(Encoding::parse(encoding.name()), Some(encoding));
    }
    assert_eq!(Encoding::parse("O200K_BASE"), None);
}

proptest! {
    /// Tokens one after the other, and what is no character among them left out.
    #[test]
    fn characters_merge_as_their_bytes(numbers in prop::collection::vec(any::<prop::sample::Index>(), 1..40)) {
        for encoding in Encoding::ALL {
            let all: Vec<&[u8]> = encoding.tokens().filter(|token| !token.is_ascii()).collect();
            let bytes: Vec<u8> = numbers.iter().flat_map(|number| *number.get(&all)).copied().collect();
            let text = String::from_utf8_lossy(&bytes).replace('\u{fffd}', "");
            let (begun, bytes) = (encoding.merged(text.as_bytes()), encoding.merged_bytes(text.as_bytes()));
            prop_assert_eq!(begun, bytes);
        }
    }

    #[test]
    fn tokens_spell_the_text(text in any_text()) {
        for encoding in Encoding::ALL {
            let tokens = encoding.encode(&text);
            prop_assert_eq!(encoding.count(&text), tokens.len());
            prop_assert_eq!(decode(encoding, &tokens), text.as_bytes());
        }
    }

    #[test]
    fn counting_up_to_a_limit_agrees_with_counting(text in any_text(), limit in 0usize..80) {
        for encoding in Encoding::ALL {
            let all = encoding.count(&text);
            let expected = (all <= limit).then_some(all);
            prop_assert_eq!(encoding.count_up_to(&text, limit), expected);
        }
    }
}
