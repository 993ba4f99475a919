//! Phrases of other languages around an input.
//!
//! This is no translation: the input stays in its own language. It tells whether a prompt loses its way
//! when greeting and thanks are foreign, as in mail that people forward, and no more than that. Cases in
//! another language have to be written by people who speak it.

use super::dice::Dice;

/// What comes before and after, in languages of several scripts.
const FRAMES: [(&str, &str); 16] = [
    ("Guten Tag, ich habe eine Frage. ", " Vielen Dank im Voraus!"),
    ("Bonjour, j'ai besoin d'aide. ", " Merci d'avance pour votre réponse."),
    ("Buenos días, necesito ayuda con esto: ", " Muchas gracias."),
    ("Olá, preciso de ajuda. ", " Obrigado!"),
    ("Buongiorno, ho un problema. ", " Grazie mille."),
    ("Goedemiddag, ik heb een vraag: ", " Alvast bedankt."),
    ("Dzień dobry, mam pytanie. ", " Dziękuję."),
    ("Merhaba, bir sorum var: ", " Teşekkürler."),
    ("Здравствуйте, у меня вопрос. ", " Спасибо."),
    ("Γεια σας, έχω μια ερώτηση: ", " Ευχαριστώ."),
    ("こんにちは。質問があります。", " よろしくお願いします。"),
    ("你好,我有一个问题:", " 谢谢。"),
    ("안녕하세요, 질문이 있습니다. ", " 감사합니다."),
    ("مرحبا، لدي سؤال: ", " شكرا."),
    ("שלום, יש לי שאלה: ", " תודה."),
    ("नमस्ते, मेरा एक सवाल है: ", " धन्यवाद।"),
];

/// `None` for a text without words.
pub(super) fn framed(text: &str, dice: &mut Dice) -> Option<String> {
    if text.trim().is_empty() {
        return None;
    }
    let (before, after) = dice.choose(&FRAMES)?;
    Some(match dice.below(3) {
        0 => format!("{before}{text}"),
        1 => format!("{text}{after}"),
        _ => format!("{before}{text}{after}"),
    })
}
