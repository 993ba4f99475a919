use super::*;

fn language(answer: &str) -> Option<&'static str> {
    Refusal::new().unwrap().findings(answer).first().map(|finding| finding.rule)
}

#[test]
fn refusals_at_the_beginning() {
    for (answer, wanted) in [
        ("I'm sorry, but I can't help with that.", Some("en")),
        ("I’m sorry, I can’t assist with that request.", Some("en")),
        ("I am unable to provide medical advice.", Some("en")),
        ("Sorry, I won't be able to help you there. I cannot share this.", Some("en")),
        ("As an AI language model, I cannot have opinions.", Some("en")),
        ("Unfortunately I must decline.", Some("en")),
        ("Es tut mir leid, aber das kann ich nicht tun.", Some("de")),
        ("Ich kann dir dabei leider nicht helfen.", Some("de")),
        ("Je suis désolé, mais je ne peux pas vous aider.", Some("fr")),
        ("Lo siento, pero no puedo ayudarte con eso.", Some("es")),
        ("Mi dispiace, ma non posso aiutarti.", Some("it")),
        ("Desculpe, mas não posso ajudar com isso.", Some("pt")),
        ("Sorry, daar kan ik je helaas niet bij helpen.", Some("nl")),
        ("", None),
        ("Your refund is on its way.", None),
        ("I can't help but smile: it works!", None),
        ("I can't recommend it enough.", None),
        ("I can help with that.", None),
        ("Ich kann dir gern helfen.", None),
    ] {
        assert_eq!(language(answer), wanted, "{answer}");
    }
    let late = format!("{} I can't help with that.", "Here is the answer. ".repeat(20));
    assert_eq!(language(&late), None);
}
