"""tiktoken, for the tests and the benchmark of token counts.

    tokens.py texts SEED COUNT CSV           writes lines {"id", "text"}: seeded texts of many kinds
    tokens.py short LENGTH                   writes such lines: every text up to LENGTH characters, one character
                                             standing for each class that the patterns tell apart
    tokens.py encode FOLDER ENCODING         reads such lines, writes lines {"id", "tokens", "ids"}
    tokens.py speed FOLDER ENCODING FILE...  writes lines {"file", "tokens", "seconds"}: CPU time of encoding each
    tokens.py classes FILE                   compares the classes in FILE with those of tiktoken's expressions

FOLDER holds ENCODING.tokens: our vocabulary, each token as a byte of length and its bytes. It is rewritten here as
the file that OpenAI publishes; tiktoken takes it for its download and checks its SHA-256.
"""

import base64
import csv
import hashlib
import itertools
import json
import os
import pathlib
import random
import sys
import time

URL = "https://openaipublic.blob.core.windows.net/encodings/{}.tiktoken"

BLOCKS = [
    (0x00, 0x7F), (0x80, 0x24F), (0x250, 0x5FF), (0x600, 0x1FFF), (0x2000, 0x33FF), (0x3400, 0x9FFF),
    (0xA000, 0xD7FF), (0xE000, 0xFFFF), (0x10000, 0x1FFFF), (0x20000, 0x3FFFF), (0xE0000, 0xE01FF),
    (0x100000, 0x10FFFF),
]
SPACES = [
    *" \t\n\r\x0b\x0c\x1c\x1f\x85\xa0\u1680\u2000\u2009\u200b\u2028\u2029\u202f\u205f\u3000\ufeff", "\r\n", "  ", "\n\n",
]
CONTRACTIONS = [
    mark + "".join(letters)
    for word in ["s", "t", "re", "ve", "m", "ll", "d", "\u017f", "x"]
    for letters in itertools.product(*((letter, letter.upper()) for letter in word))
    for mark in "'’"
]
EMOJI = ["😀", "👩\u200d💻", "🏳️\u200d🌈", "👨\u200d👩\u200d👧\u200d👦", "🇩🇪", "👍🏽", "1️⃣", "❤️"]
SPECIAL = ["<|endoftext|>", "<|endofprompt|>", "<|fim_prefix|>", "<|im_start|>", "<|", "|>", "endoftext"]
WORDS = "the of Gatemark iPhone McDonald HTTPServer don't I'll YOU'RE naïve Straße ΣΊΣΥΦΟΣ привет ПРИВЕТ हिन्दी ไทย 안녕 مرحبا 日本語 ｆｕｌｌ ǅungla ªº".split()
CODE = ["fn main() {", "    ", "\t", "=>", "!=", "//", "/* x */", "self.x_y", "0x1F", "::<T>", "}\n", ";\n\n", "#[a]", "\\n", "\"%s\""]
# One of each: upper, lower, caseless, mark, number, other; what the patterns name; a folding letter.
CLASSES = ["A", "a", "中", "\u0301", "1", " ", "\t", "\n", "\r", "-", "'", "s", "/"]
CATEGORIES = [r"[\p{Lu}\p{Lt}]", r"\p{Ll}", r"[\p{Lm}\p{Lo}]", r"\p{M}", r"\p{N}", r"[\r\n]", r"[\s&&[^\r\n]]"]


def any_char(chance):
    return chr(chance.randint(*chance.choice(BLOCKS)))


def kinds(chance, natural):
    """One maker of texts of about n characters for each kind."""

    def some(of, n, between=""):
        return between.join(chance.choice(of) for _ in range(n))

    letters = "abcdefghijklmnopqrstuvwxyz"
    return [
        lambda n: "".join(any_char(chance) for _ in range(n)),
        lambda n: some(SPACES, n) + chance.choice(["", "a", "1", "!", "中", "\u0301"]),
        lambda n: chance.randbytes(n).decode("utf-8", "replace"),
        lambda n: "".join(chr(chance.randint(0x4E00, 0x9FA5)) for _ in range(n)) + some("，。！ \n", 2),
        lambda n: some(["가", "ひ", "カ", "ー", "ก", "\u0e34", "न", "\u094d", "ا", "\u064b", "א"], n),
        lambda n: some(EMOJI + [" ", "a"], n),
        lambda n: some(["e\u0301", "\u0301", "A\u0300\u20e3", "\u0488", " ", "x"], n),
        lambda n: some(CODE + WORDS, n),
        lambda n: some("0123456789٣²Ⅷ", n) + some(" ,.", 1) + some("0123456789", n),
        lambda n: some(["it", "IT", "中", " ", "'", "1"] + CONTRACTIONS, n),
        lambda n: some(["Aa", "aA", "AB", "ǅ", "ʰ", "ß", "ſ", "İ", "K", "中", "\u0301", "'s"], n),
        lambda n: some(SPECIAL + [" ", "a"], n),
        lambda n: chance.choice(["a", " ", "\n", "=", "中", "\u0301", "A", "ab", "0", "🙂", "\t "]) * (n * 20),
        lambda n: some(letters[: chance.choice([1, 2, 5, 26])], n * 5),
        lambda n: some(WORDS, n, " "),
        lambda n: some(CLASSES, n),
        lambda n: natural[(at := chance.randrange(len(natural))) : at + n * 10],
    ]


def texts(seed, count, path):
    chance = random.Random(int(seed))
    with open(path, encoding="utf-8", newline="") as file:
        messages = [" ".join(row) for row in csv.reader(file)]
    yield from messages
    makers = kinds(chance, "\n".join(messages))
    for number in range(int(count)):
        yield makers[number % len(makers)](chance.choice([1, 2, 3, 5, 10, 30, 100]))


def write(found):
    for number, text in enumerate(found):
        print(json.dumps({"id": number, "text": text}))


def load(folder, name):
    packed = pathlib.Path(folder, f"{name}.tokens").read_bytes()
    lines, at = [], 0
    while at < len(packed):
        end = at + 1 + packed[at]
        lines.append(base64.b64encode(packed[at + 1 : end]) + b" %d\n" % len(lines))
        at = end
    cached = pathlib.Path(folder, hashlib.sha1(URL.format(name).encode()).hexdigest())
    cached.write_bytes(b"".join(lines))
    os.environ["TIKTOKEN_CACHE_DIR"] = str(folder)
    import tiktoken

    return tiktoken.get_encoding(name)


def encode(folder, name):
    encoding = load(folder, name)
    for line in sys.stdin:
        row = json.loads(line)
        ids = encoding.encode_ordinary(row["text"])
        print(json.dumps({"id": row["id"], "tokens": len(ids), "ids": ids}))


def speed(folder, name, *files):
    encoding = load(folder, name)
    encoding.encode_ordinary("warm")
    for file in files:
        text = pathlib.Path(file).read_bytes().decode()
        began = time.process_time()
        try:
            count = len(encoding.encode_ordinary(text))
        except BaseException as error:  # A panic of its Rust part is no Exception.
            print(json.dumps({"file": file, "error": f"{type(error).__name__}: {error}"[:200]}), flush=True)
            continue
        seconds = time.process_time() - began
        print(json.dumps({"file": file, "tokens": count, "seconds": seconds}), flush=True)


def classes(path):
    import tiktoken

    table, value, shift = bytearray(), 0, 0
    for byte in pathlib.Path(path).read_bytes():
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            table += bytes([value & 7]) * (value >> 3)
            value = shift = 0
    assert len(table) == 0x110000, len(table)
    points = [point for point in range(0x110000) if not 0xD800 <= point <= 0xDFFF]
    everything = "".join(map(chr, points))
    expected = bytearray(0x110000)
    singles = {bytes([byte]): byte for byte in range(256)}
    for number, pattern in enumerate(CATEGORIES, 1):
        encoding = tiktoken.Encoding("class", pat_str=pattern, mergeable_ranks=singles, special_tokens={})
        for char in bytes(encoding.encode_ordinary(everything)).decode():
            expected[ord(char)] = number
    differing = [f"U+{point:04X}" for point in points if table[point] != expected[point]]
    print(json.dumps({"compared": len(points), "differing": len(differing), "first": differing[:20]}))


def main(command="", *arguments):
    match command:
        case "texts":
            write(texts(*arguments))
        case "short":
            lengths = range(int(arguments[0]) + 1)
            write("".join(text) for n in lengths for text in itertools.product(CLASSES, repeat=n))
        case "encode":
            encode(*arguments)
        case "speed":
            speed(*arguments)
        case "classes":
            classes(*arguments)
        case _:
            sys.exit(__doc__)


main(*sys.argv[1:])
