use proptest::prelude::*;

use super::*;

fn shorter(text: &str) -> String {
    compress(text).text
}

#[test]
fn courtesies_and_long_phrases_go() {
    assert_eq!(shorter("Please answer in order to help."), "Answer to help.");
    assert_eq!(shorter("Read it. Please note that prices are net."), "Read it. Prices are net.");
    assert_eq!(shorter("Answer in JSON, please."), "Answer in JSON.");
    assert_eq!(shorter("Stop due to the fact that it is late."), "Stop because it is late.");
    assert_eq!(shorter("Due to the fact that it is late, stop."), "Because it is late, stop.");
    assert_eq!(shorter("- Your task is to sort messages\n"), "- Sort messages\n");
    assert_eq!(shorter("Bitte beachten Sie, dass Preise netto sind."), "Preise netto sind.");
    assert_eq!(shorter("Responde en español, por favor."), "Responde en español.");
    assert_eq!(shorter("I am pleased to report."), "I am pleased to report.", "only whole words");
}

#[test]
fn what_is_said_twice_is_said_once() {
    let twice =
        "Always answer in valid JSON. Be short and kind to people. You must answer in valid JSON.";
    assert_eq!(shorter(twice), "Always answer in valid JSON. Be short and kind to people.");
    let negated = "Never mention the price of items. Mention the price of items.";
    assert_eq!(shorter(negated), negated);
    let bullets =
        "- Do not invent any facts.\n- Be kind.\n- Do not invent any facts.\n- Be brief.\n";
    assert_eq!(shorter(bullets), "- Do not invent any facts.\n- Be kind.\n- Be brief.\n");
}

#[test]
fn tags_code_and_quotes_are_left_alone() {
    for fixed in [
        "{{  please  }}",
        "{% if please  %}x{% endif %}",
        "`in order  to`",
        "```\nplease   x\n\n\n\ny\n```",
        "Say \"please  note that\" to them.",
        "<please attribute>",
    ] {
        assert_eq!(shorter(fixed), fixed);
    }
    assert_eq!(shorter("Please {{ x }} it"), "{{ x }} it");
}

#[test]
fn space_goes_and_indentation_stays() {
    assert_eq!(shorter("a  b   \n\n\n\n  c\td \n\n"), "a b\n\n  c\td\n");
    assert_eq!(shorter("x"), "x");
    assert_eq!(compress("a  b").edits[0].rule, "space");
}

#[test]
fn tags_are_compared_without_their_spaces() {
    assert_eq!(tags("a {{x}} {%- if  y %} {# z #}"), ["{{x}}", "{%- if y %}"]);
}

proptest! {
    #[test]
    fn tags_survive_and_nothing_grows(
        text in r"(please |Please |note that|in order to |\{\{ x \}\}|\{% if a %\}|[a-z]{1,4}[ .,\n]|  |\n|- ){0,40}",
    ) {
        let made = compress(&text);
        prop_assert!(made.text.len() <= text.len(), "{:?}", made.text);
        prop_assert_eq!(tags(&made.text), tags(&text));
        prop_assert_eq!(made.edits.is_empty(), made.text == text);
    }
}
