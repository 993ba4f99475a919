//! Words that give little away, and sentences that give a model its part.

use std::collections::HashSet;
use std::sync::LazyLock;

use super::fold::{class, fold};

/// Words that every text has, in the languages that prompts are mostly written in, and those that most system
/// texts have.
const COMMON: &str = "a an the and or but if then else of to in on at by for from with without as is are was \
    were be been being it its this that these those there here you your yours i me my we our us they them \
    their he she his her not no never always only just do does did done will would shall should can could may \
    might must have has had want need any all each every some more most other than so such also into about \
    over under when where which who what how why user users act acting answer answers respond response reply \
    task tasks please provide use using used ensure make give get \
    system prompt prompts instruction instructions rule rules security critical important section data input \
    output example examples format role context message messages following above below note \
    der die das den dem des ein eine einen einem einer und oder aber wenn dann von zu in im an am auf bei für \
    mit ohne als ist sind war sein es dies diese dieser du dein deine sie ihr ihre ihnen ich mir mein wir uns \
    nicht kein keine nie immer nur auch wird werden soll sollen kann können muss müssen hat haben \
    le la les un une des du de et ou mais si alors dans sur pour par avec sans comme est sont être ce cette \
    ces vous votre vos tu ton ta je mon nous ne pas jamais toujours qui que quoi \
    el los las una unos y o pero si entonces del en con sin por para como es son ser esta este estos usted tú \
    su sus tu yo mi nosotros no nunca siempre que quien \
    il lo gli uno e ma se allora di da con senza come è sono essere questo questa lei tuo sua io mio noi non \
    mai sempre che chi \
    os as um uma do dos da das em com sem ser este esta você seu sua eu meu nós não nunca sempre que quem \
    het een en of maar als dan van op bij voor met zonder zijn is dit deze jij je jouw u uw ik mijn wij niet \
    geen nooit altijd ook";

/// How sentences begin that tell a model what it is.
const PARTS: [&str; 34] = [
    "you are",
    "you're",
    "act as",
    "act like",
    "i want you to act",
    "i'd like you to act",
    "your role is",
    "your name is",
    "your job is",
    "serve as",
    "behave as",
    "pretend",
    "imagine you",
    "assume the role",
    "take on the role",
    "play the role",
    "this is",
    "du bist",
    "sie sind",
    "ihr name",
    "tu es",
    "vous êtes",
    "agis comme",
    "agissez",
    "eres",
    "actúa como",
    "você é",
    "atua como",
    "sei un",
    "agisci come",
    "je bent",
    "ты",
    "你是",
    "あなたは",
];

/// With what a text is announced that is told on.
const ANNOUNCED: [&str; 22] = [
    "instruction",
    "system prompt",
    "systemprompt",
    "system message",
    "my prompt",
    "prompt says",
    "prompt reads",
    "internal",
    "i was told",
    "i am told",
    "i've been told",
    "text above",
    "verbatim",
    "anweisung",
    "mir wurde",
    "consigne",
    "instrucci",
    "instruç",
    "istruzion",
    "instructie",
    "инструкц",
    "指令",
];

/// A text as classes.
pub(super) fn classes(text: &str) -> String {
    fold(text).into_iter().map(|symbol| class(symbol.base)).collect()
}

/// Whether a word, given in classes, gives little away.
pub(super) fn is_common(word: &str) -> bool {
    static WORDS: LazyLock<HashSet<String>> =
        LazyLock::new(|| COMMON.split_whitespace().map(classes).collect());
    WORDS.contains(word)
}

/// Whether a sentence, given in classes, begins by telling a model what it is.
pub(super) fn is_part(sentence: &str) -> bool {
    static BEGINNINGS: LazyLock<Vec<String>> =
        LazyLock::new(|| PARTS.into_iter().map(classes).collect());
    BEGINNINGS.iter().any(|beginning| sentence.starts_with(beginning.as_str()))
}

/// Whether what is written before a place announces that something is told on.
pub(super) fn announces(before: &str) -> bool {
    let before = before.to_lowercase();
    ANNOUNCED.iter().any(|word| before.contains(word))
}
