"""Scores of the reference packages, for the tests and the benchmark.

    scores.py pairs            reads {"id", "actual", "expected": [texts]}, prints a line of scores for each
    scores.py corpus           the same with "corpus", prints sacrebleu's corpus_bleu of each and all
    scores.py stems            reads words, prints NLTK's Porter stem of each
    scores.py time SECONDS     reads pairs, prints pairs per CPU second of each package
"""

import json
import logging
import sys
import time

import sacrebleu
from nltk.stem.porter import PorterStemmer
from rapidfuzz.distance import Levenshtein
from rouge_score.rouge_scorer import RougeScorer
from sacrebleu.metrics import BLEU, CHRF

logging.disable(logging.CRITICAL)

TYPES = ["rouge1", "rouge2", "rouge3", "rougeL"]
SENTENCE = BLEU(effective_order=True)
CHRF_PLAIN = CHRF()
CHRF_WORDS = CHRF(word_order=2)
ROUGE = RougeScorer(TYPES)
ROUGE_STEMMED = RougeScorer(TYPES, use_stemmer=True)


def lines():
    return (json.loads(line) for line in sys.stdin.buffer if line.strip())


def rouge(scorer, actual, expected):
    scores = scorer.score_multi(expected, actual)
    return {name: [s.precision, s.recall, s.fmeasure] for name, s in scores.items()}


def scores(pair):
    actual, expected = pair["actual"], pair["expected"]
    bleu = SENTENCE.sentence_score(actual, expected)
    return {
        "id": pair["id"],
        "bleu": bleu.score / 100,
        "precisions": [precision / 100 for precision in bleu.precisions],
        "brevity_penalty": bleu.bp,
        "chrf": CHRF_PLAIN.sentence_score(actual, expected).score / 100,
        "chrf++": CHRF_WORDS.sentence_score(actual, expected).score / 100,
        "rouge": rouge(ROUGE, actual, expected),
        "rouge_stemmed": rouge(ROUGE_STEMMED, actual, expected),
        "distance": min(Levenshtein.distance(actual, one) for one in expected),
        "similarity": max(Levenshtein.normalized_similarity(actual, one) for one in expected),
    }


def corpora():
    groups = {"all": []}
    for pair in lines():
        groups["all"].append(pair)
        groups.setdefault(pair["corpus"], []).append(pair)
    for name, pairs in groups.items():
        most = max(len(pair["expected"]) for pair in pairs)
        streams = [
            [pair["expected"][n] if n < len(pair["expected"]) else None for pair in pairs]
            for n in range(most)
        ]
        bleu = BLEU().corpus_score([pair["actual"] for pair in pairs], streams)
        yield {"corpus": name, "bleu": bleu.score / 100, "brevity_penalty": bleu.bp}


def rate(seconds, pairs, work):
    """Runs over the pairs until the time is spent. sacrebleu keeps tokenised lines in a cache, which
    repeated lines would find: it is emptied, for no test set repeats itself."""
    caches = [SENTENCE.tokenizer.__class__.__call__, SENTENCE.tokenizer._post_tokenizer.__class__.__call__]
    done, start = 0, time.process_time()
    while time.process_time() - start < seconds:
        for cache in caches:
            cache.cache_clear()
        for pair in pairs:
            work(pair["actual"], pair["expected"])
        done += len(pairs)
    return done / (time.process_time() - start)


def timed(seconds):
    """Each score through an object that is kept, as one measures many pairs, and through the package's own
    function or an object for each call, as one measures one pair."""
    pairs = list(lines())
    three = ["rouge1", "rouge2", "rougeL"]
    only = {stem: {n: RougeScorer([n], use_stemmer=stem) for n in TYPES} for stem in (False, True)}
    together = {stem: RougeScorer(three, use_stemmer=stem) for stem in (False, True)}
    for name, how, work in [
        ("bleu", "BLEU object kept", SENTENCE.sentence_score),
        ("bleu", "sacrebleu.sentence_bleu", sacrebleu.sentence_bleu),
        ("rouge-1", "scorer kept", lambda a, e: only[False]["rouge1"].score_multi(e, a)),
        ("rouge-2", "scorer kept", lambda a, e: only[False]["rouge2"].score_multi(e, a)),
        ("rouge-L", "scorer kept", lambda a, e: only[False]["rougeL"].score_multi(e, a)),
        ("rouge-1 stemmed", "scorer kept", lambda a, e: only[True]["rouge1"].score_multi(e, a)),
        ("rouge-1+2+L", "one scorer kept", lambda a, e: together[False].score_multi(e, a)),
        ("rouge-1+2+L", "one scorer per call", lambda a, e: RougeScorer(three).score_multi(e, a)),
        ("rouge-1+2+L stemmed", "one scorer kept", lambda a, e: together[True].score_multi(e, a)),
        ("chrf", "CHRF object kept", CHRF_PLAIN.sentence_score),
        ("chrf", "sacrebleu.sentence_chrf", sacrebleu.sentence_chrf),
        ("chrf++", "CHRF object kept", CHRF_WORDS.sentence_score),
        ("levenshtein", "rapidfuzz", lambda a, e: min(Levenshtein.distance(a, one) for one in e)),
    ]:
        yield {"name": name, "how": how, "per_second": rate(seconds, pairs, work)}


def main():
    match sys.argv[1:]:
        case ["pairs"]:
            answers = map(scores, lines())
        case ["corpus"]:
            answers = corpora()
        case ["stems"]:
            stemmer = PorterStemmer()
            answers = (stemmer.stem(line.decode().strip()) for line in sys.stdin.buffer)
        case ["time", seconds]:
            answers = timed(float(seconds))
        case _:
            sys.exit(__doc__)
    for answer in answers:
        print(json.dumps(answer), flush=True)


main()
