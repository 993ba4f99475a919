"""Records what sentence-transformers and bert-score make of many texts, for crates/provider/tests/local.rs.

    python embeddings.py MODEL_FOLDER > crates/provider/tests/fixtures/minilm.json
    python embeddings.py MODEL_FOLDER --texts < texts.json    (an array of texts in, an array of vectors out)

Both packages need torch, which is too large for `make setup`; so the numbers are kept as a fixture. To
record them anew: pip install torch sentence-transformers bert-score, and the folder of all-MiniLM-L6-v2.
Vectors are base64 of little-endian float32.
"""

import base64
import hashlib
import json
import os
import random
import sys

import bert_score
import bert_score.utils
import numpy
import sentence_transformers
import torch
import transformers

SENTENCES = """The refund was sent on Monday.
A refund has been issued at the start of the week.
The printer is out of paper.
My parcel never arrived and nobody answers the phone!
Is there a discount for students?
The quick brown fox jumps over the lazy dog.
Please reset the password of my account.
He didn't say he'd go, did he?
Temperatures fell to -12.5 °C overnight.
We shipped order #10-4432 at 09:15 a.m.
Photosynthesis turns light into chemical energy.
The contract ends on 31 December 2026.
I would never buy this again.
I would buy this again and again.
Call me at +49 30 123456 or write to a.b@example.org.
See https://example.com/path?query=1&other=two#part for more.
Costs rose by 3,5 % to €1.234,56.
yes
no
OK.""".splitlines()

ODD = [
    "", " ", "\n\n\t ", "\u00a0\u2003", "\u200b", "\ufeff", "\x00", "a\x00b\x07c\x7f", "\ufffd", ".", "...", "?!",
    "a", "I", "é", "e\u0301", "ﬁancé", "Ångström ångström ÅNGSTRÖM", "naïve café résumé coöperate",
    "İstanbul ısparta IŞIK", "STRASSE straße ẞ", "Ελληνικά ΟΔΥΣΣΕΥΣ ὀδυσσεύς", "Русский текст ёлка Ё",
    "Українська їжак ґанок", "עברית שָׁלוֹם", "العربية مُحَمَّد", "हिन्दी नमस्ते दुनिया", "ไทยภาษา สวัสดี",
    "한국어 문장입니다", "한국어 자모", "日本語の文章です。カタカナ ガギグ ｶﾞ", "中文句子，没有空格。",
    "混合 mixed 文字 text 和 emoji 🎉", "𠀀𠀁 extension B", "㐀㐁 extension A", "豈更 compatibility", "〇々〆",
    "🎉", "👩‍👩‍👧‍👦 family", "👍🏽 ok", "🇩🇪🇫🇷", "☕️ break", "❤️❤️❤️", "½ ⅓ ² ³ ① Ⅳ", "™ © ® № ℃", "ﷺ",
    "x² + y² = z²", "∀x ∈ ℝ: x ≤ x + 1 → ⊤", "a–b—c…d‘e’f“g”h", "«guillemets» „low“", "¿Qué? ¡Sí!",
    "don't can't won't it's", "rock'n'roll", "e-mail re-enter co-op", "snake_case camelCase PascalCase kebab-case",
    "fn main() { println!(\"{}\", 1 + 2); }", "def f(x):\n    return [y**2 for y in x if y % 2 == 0]",
    "SELECT * FROM t WHERE a = 'b' AND c <> 3;", "{\"key\": [1, 2.5e-3, null, true]}", "<p class=\"x\">a &amp; b</p>",
    "if (a && b || !c) { d ^= ~e; }", "C:\\Windows\\System32\\", "/usr/local/bin:$PATH `cmd` $(x)", "a\tb\r\nc\u2028d\u2029e\u0085f",
    "[CLS]", "[SEP] in the middle [SEP]", "[MASK] me", "[PAD][PAD]", "x[UNK]y", "[cls] [Sep] [ MASK ]", "##ing ##s",
    "\ue000\ue001 private", "\U000f0000", "a\u00adb soft hyphen", "zero\u200dwidth\u200cjoin", "\u202eright to left", "combining a\u0300\u0301\u0302\u0303",
    "Zalgo t̷̡͕̀ẹ̸͂x̶̱̽t̵͇̂", "ﬀﬁﬂﬃ", "Ǆ ǅ ǆ", "ǰ ŉ ΐ", "q\u0307\u0323", "\u1e9b\u0323", "Vietnamese tiếng Việt đường",
    "Đorđe Łukasz Ørsted Æsir Þór", "ŒUVRE œuvre", "ĲSSEL ĳs", "0123456789", "1234567890123456789012345678901234567890",
    "3.14159 1e10 0xFF 1_000", "a" * 99, "a" * 100, "a" * 101, "ab" * 60, "é" * 100, "é" * 101, "x" * 5000,
    "supercalifragilisticexpialidocious antidisestablishmentarianism", "qqzzxxjjkk vvwwqq",
    "The THE the tHe", "UPPER CASE SHOUTING!!!", "word " * 3, "a b c d e f g h i j k l m n o p q r s t u v w x y z",
    "!" * 50, "-" * 300, "中" * 254, "中" * 255, "中" * 600, "word " * 253, "word " * 254, "word " * 255, "word " * 600,
    "\u00df" * 40, "tab\tseparated\tvalues", "  leading and trailing  ", "multi\n\n\nline\ntext", "¹²³⁴⁵", "\u3000全角　スペース",
    "ｆｕｌｌｗｉｄｔｈ ＡＢＣ１２３", "\u1680ogham\u180emongolian", "\u0600\u06dd number signs", "ᾈ ᾳ ῼ", "ꙮ", "𝔘𝔫𝔦𝔠𝔬𝔡𝔢 𝒎𝒂𝒕𝒉", "\u0345 alone", "\u0301",
    "\U0001f1e6", "\U0002fa1d", "ⓐⓑⓒ Ⓐ", "؟،؛", "。、！？", "՞ ։", "$ + < = > ^ ` | ~", "¬ ± × ÷ § ¶", "€ £ ¥ ₹ ₿", "\ufdd0",
]

PAIRS = [
    (0, 1), (1, 0), (0, 2), (12, 13), (3, 6), (4, 9), (5, 5), (17, 18), (10, 11), (14, 15), (8, 16), (7, 19),
]
ODD_PAIRS = [
    ("", "something"), ("something", ""), ("", ""), ("yes", "yes"), ("Yes!", "yes"), ("café", "cafe"), ("日本語", "中文"),
    ("[SEP] x", "x"), ("a " * 300, "b " * 300), ("a " * 600, "the end"), ("🎉", "party"), ("x" * 200, "[UNK]"),
]


def sentences(seed, count):
    """Texts of 1 to 60 words drawn from the sentences above."""
    draw = random.Random(seed)
    words = " ".join(SENTENCES).split()
    return [" ".join(draw.choice(words) for _ in range(draw.randint(1, 60))) for _ in range(count)]


def packed(array):
    return base64.b64encode(numpy.ascontiguousarray(array, dtype="<f4").tobytes()).decode()


def score_pairs(folder, pairs):
    scorer = bert_score.BERTScorer(model_type=folder, num_layers=6, device="cpu", idf=False)
    tokenizer = scorer._tokenizer
    # bert-score asks this of the tokenizer for empty texts; transformers 5 no longer has it.
    tokenizer.build_inputs_with_special_tokens = lambda ids: [tokenizer.cls_token_id, *ids, tokenizer.sep_token_id]
    rows = []
    for candidate, reference in pairs:
        # One pair at a time: padding to a batch's longest text lets a zero into the maxima.
        p, r, f = scorer.score([candidate], [reference])
        values = [float(p[0]), float(r[0]), float(f[0])]
        rows.append({"candidate": candidate, "reference": reference, "precision": values[0], "recall": values[1], "f1": values[2]})
    return rows


def ids_of(model, text):
    return model.tokenizer(text, truncation=True, max_length=model.max_seq_length)["input_ids"]


def main():
    folder = sys.argv[1]
    torch.set_num_threads(1)
    model = sentence_transformers.SentenceTransformer(folder, device="cpu")
    model.eval()
    if "--texts" in sys.argv:
        vectors = model.encode(json.load(sys.stdin), batch_size=1)
        json.dump([packed(vector) for vector in vectors], sys.stdout)
        return
    texts = SENTENCES + ODD + sentences(1, 60)
    vectors = model.encode(texts, batch_size=8)
    token_texts = [SENTENCES[0], "", "Ångström 🎉 中文 [MASK]", "supercalifragilisticexpialidocious"]
    tokens = model.encode(token_texts, output_value="token_embeddings", batch_size=1)
    pairs = [(SENTENCES[a], SENTENCES[b]) for a, b in PAIRS] + ODD_PAIRS
    pairs += list(zip(sentences(2, 20), sentences(3, 20)))
    with open(os.path.join(folder, "model.safetensors"), "rb") as file:
        digest = hashlib.sha256(file.read()).hexdigest()
    record = {
        "sha256": digest,
        "packages": {m.__name__: m.__version__ for m in (sentence_transformers, transformers, torch, bert_score)},
        "texts": [
            {"text": text, "ids": ids_of(model, text), "vector": packed(vector)} for text, vector in zip(texts, vectors)
        ],
        "tokens": [{"text": text, "vectors": packed(rows)} for text, rows in zip(token_texts, tokens)],
        "bertscore": score_pairs(folder, pairs),
    }
    json.dump(record, sys.stdout, ensure_ascii=True, separators=(",", ":"))
    sys.stdout.write("\n")


main()
