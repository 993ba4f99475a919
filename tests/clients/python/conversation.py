"""Three turns of a conversation at each door with the vendors' own clients, the last one streamed; prints one
JSON object of what they saw.

usage: conversation.py ROOT KEY MODEL
"""

import json
import sys

import anthropic
import openai

root, key, model = sys.argv[1:]
claude = anthropic.Anthropic(base_url=root, api_key=key, max_retries=0, timeout=30)
gpt = openai.OpenAI(base_url=root + "/v1", api_key=key, max_retries=0, timeout=30)
TURNS = ["first question", "second question", "third question"]


def told(headers):
    names = ("conversation", "conversation-turn", "conversation-summary")
    return [headers.get("x-gatemark-" + name) for name in names]


def by_chat():
    seen = []
    for number, text in enumerate(TURNS):
        stream = number == 2
        raw = gpt.chat.completions.with_raw_response.create(
            model=model, messages=[{"role": "user", "content": text}], stream=stream,
            extra_body={"conversation": "c-chat"})
        if stream:
            chunks = [c.choices[0].delta.content or "" for c in raw.parse() if c.choices]
            seen.append(["".join(chunks), *told(raw.headers)])
        else:
            seen.append([raw.parse().choices[0].message.content, *told(raw.headers)])
    return seen


def by_responses():
    seen = []
    for number, text in enumerate(TURNS):
        stream = number == 2
        raw = gpt.responses.with_raw_response.create(
            model=model, input=text, conversation="c-responses", stream=stream)
        if stream:
            said = [e.delta for e in raw.parse() if e.type == "response.output_text.delta"]
            seen.append(["".join(said), *told(raw.headers)])
        else:
            seen.append([raw.parse().output_text, *told(raw.headers)])
    return seen


def by_messages():
    seen = []
    for number, text in enumerate(TURNS):
        fields = {"model": model, "max_tokens": 100, "messages": [{"role": "user", "content": text}]}
        if number == 2:
            with claude.messages.stream(
                    extra_headers={"x-gatemark-conversation": "c-messages"}, **fields) as events:
                said = events.get_final_message().content
                headers = events.response.headers
        else:
            raw = claude.messages.with_raw_response.create(
                extra_body={"conversation": "c-messages"}, **fields)
            said, headers = raw.parse().content, raw.headers
        seen.append(["".join(b.text for b in said if b.type == "text"), *told(headers)])
    return seen


def refused(call):
    try:
        call()
    except openai.APIStatusError as error:
        return [type(error).__name__, error.status_code, error.code, error.param]
    return None


print(json.dumps({
    "chat": by_chat(), "responses": by_responses(), "messages": by_messages(),
    "bad_id": refused(lambda: gpt.responses.create(model=model, input="x", conversation="a/b")),
    "object": gpt.responses.with_raw_response.create(
        model=model, input="x", conversation={"id": "c-object"}
    ).headers["x-gatemark-conversation"],
}))
