"""Asks every model through all doors with the vendors' own clients; prints one JSON object of what they saw.

usage: doors.py ROOT KEY MODEL...
"""

import json
import sys

import anthropic
import openai

root, key, *models = sys.argv[1:]
claude = anthropic.Anthropic(base_url=root, api_key=key, max_retries=0, timeout=30)
gpt = openai.OpenAI(base_url=root + "/v1", api_key=key, max_retries=0, timeout=30)
PNG = "iVBORw0KGgo="
SCHEMA = {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}


def by_claude(model, case, stream):
    fields = {"model": model, "max_tokens": 100, "system": "Be brief."}
    if not model.startswith("gpt/"):
        fields["stop_sequences"] = ["END"]
    turns = [{"role": "user", "content": "hello"}]
    if case != "text":
        fields["tools"] = [{"name": "weather", "description": "d", "input_schema": SCHEMA}]
        fields["tool_choice"] = {"type": "any"}
    if case == "results":
        turns += [
            {"role": "assistant", "content": [
                {"type": "text", "text": "Let me look."},
                {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Graz"}},
                {"type": "tool_use", "id": "t2", "name": "weather", "input": {"city": "Bern"}}]},
            {"role": "user", "content": [
                {"type": "tool_result", "tool_use_id": "t1", "content": "4 C"},
                {"type": "tool_result", "tool_use_id": "t2",
                 "content": [{"type": "text", "text": "7 C"}]}]},
        ]
    if case == "image":
        del fields["tools"], fields["tool_choice"]
        source = {"type": "base64", "media_type": "image/png", "data": PNG}
        turns = [{"role": "user", "content": [
            {"type": "text", "text": "look"}, {"type": "image", "source": source}]}]
    order = []
    if stream:
        with claude.messages.stream(messages=turns, **fields) as events:
            order = [e.type for e in events if e.type.split("_")[0] in ("message", "content")]
            answer = events.get_final_message()
    else:
        answer = claude.messages.create(messages=turns, **fields)
    calls = [[b.name, b.input] for b in answer.content if b.type == "tool_use"]
    used = answer.usage
    cached, written = used.cache_read_input_tokens or 0, used.cache_creation_input_tokens or 0
    return {
        "text": "".join(b.text for b in answer.content if b.type == "text"),
        "thinking": "".join(b.thinking for b in answer.content if b.type == "thinking"),
        "calls": calls,
        "stop": {"end_turn": "end", "tool_use": "tools"}[answer.stop_reason],
        "usage": [used.input_tokens + cached + written, cached, used.output_tokens],
        "order": order,
    }


def by_gpt(model, case, stream):
    fields = {"model": model, "max_tokens": 100}
    if not model.startswith("gpt/"):
        fields["stop"] = ["END"]
    turns = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "hello"}]
    if case != "text":
        function = {"name": "weather", "description": "d", "parameters": SCHEMA}
        fields["tools"] = [{"type": "function", "function": function}]
        fields["tool_choice"] = "required"
    if case == "results":
        call = lambda id, city: {"id": id, "type": "function", "function": {
            "name": "weather", "arguments": json.dumps({"city": city})}}
        turns += [
            {"role": "assistant", "content": "Let me look.",
             "tool_calls": [call("t1", "Graz"), call("t2", "Bern")]},
            {"role": "tool", "tool_call_id": "t1", "content": "4 C"},
            {"role": "tool", "tool_call_id": "t2", "content": "7 C"},
        ]
    if case == "image":
        del fields["tools"], fields["tool_choice"]
        turns[1]["content"] = [
            {"type": "text", "text": "look"},
            {"type": "image_url", "image_url": {"url": f"data:image/png;base64,{PNG}"}}]
    if not stream:
        answer = gpt.chat.completions.create(messages=turns, **fields)
        said, finish, used = answer.choices[0].message, answer.choices[0].finish_reason, answer.usage
        text, thinking = said.content or "", getattr(said, "reasoning_content", None) or ""
        calls = [[c.function.name, json.loads(c.function.arguments)] for c in said.tool_calls or []]
    else:
        text, thinking, finish, used, parts = "", "", None, None, {}
        for chunk in gpt.chat.completions.create(
            messages=turns, stream=True, stream_options={"include_usage": True}, **fields
        ):
            used = chunk.usage or used
            for choice in chunk.choices:
                text += choice.delta.content or ""
                thinking += getattr(choice.delta, "reasoning_content", None) or ""
                finish = choice.finish_reason or finish
                for c in choice.delta.tool_calls or []:
                    part = parts.setdefault(c.index, ["", ""])
                    part[0] += c.function.name or ""
                    part[1] += c.function.arguments or ""
        calls = [[name, json.loads(arguments)] for _, (name, arguments) in sorted(parts.items())]
    return {
        "text": text, "thinking": thinking, "calls": calls,
        "stop": {"stop": "end", "tool_calls": "tools"}[finish],
        "usage": [used.prompt_tokens, used.prompt_tokens_details.cached_tokens, used.completion_tokens],
        "order": [],
    }


def by_responses(model, case, stream):
    fields = {"model": model, "max_output_tokens": 100, "instructions": "Be brief."}
    items = [{"role": "user", "content": "hello"}]
    if case != "text":
        fields["tools"] = [{"type": "function", "name": "weather", "description": "d",
                            "parameters": SCHEMA, "strict": False}]
        fields["tool_choice"] = "required"
    if case == "results":
        call = lambda id, city: {"type": "function_call", "call_id": id, "name": "weather",
                                 "arguments": json.dumps({"city": city})}
        result = lambda id, output: {"type": "function_call_output", "call_id": id, "output": output}
        items += [{"role": "assistant", "content": "Let me look."}, call("t1", "Graz"), call("t2", "Bern"),
                  result("t1", "4 C"), result("t2", [{"type": "input_text", "text": "7 C"}])]
    if case == "image":
        del fields["tools"], fields["tool_choice"]
        items = [{"role": "user", "content": [
            {"type": "input_text", "text": "look"},
            {"type": "input_image", "image_url": f"data:image/png;base64,{PNG}", "detail": "auto"}]}]
    order = []
    if stream:
        with gpt.responses.stream(input=items, **fields) as events:
            for event in events:
                order.append([event.type, event.sequence_number])
            answer = events.get_final_response()
    else:
        answer = gpt.responses.create(input=items, **fields)
    thoughts = [part.text for item in answer.output if item.type == "reasoning" for part in item.summary]
    calls = [[i.name, json.loads(i.arguments)] for i in answer.output if i.type == "function_call"]
    used = answer.usage
    assert answer.status == "completed" and answer.object == "response", answer
    return {
        "text": answer.output_text, "thinking": "".join(thoughts), "calls": calls,
        "stop": "tools" if calls else "end",
        "usage": [used.input_tokens, used.input_tokens_details.cached_tokens, used.output_tokens],
        "order": order,
    }


def refused(call):
    try:
        call()
    except (anthropic.APIStatusError, openai.APIStatusError) as error:
        return {"class": type(error).__name__, "status": error.status_code, "body": error.body,
                "request": error.response.headers.get("request-id")}
    return None


seen = {"rows": []}
for door, ask in (("messages", by_claude), ("chat", by_gpt), ("responses", by_responses)):
    for model in models:
        for case in ("text", "tools", "results", "image"):
            for stream in (False, True):
                row = {"door": door, "model": model, "case": case, "stream": stream}
                seen["rows"].append(row | ask(model, case, stream))

document = {"type": "document", "source": {"type": "text", "media_type": "text/plain", "data": "x"}}
hard = lambda model: claude.messages.create(
    model=model, max_tokens=9, messages=[{"role": "user", "content": [document]}],
    extra_headers={"anthropic-beta": "files-1"},
)
count = lambda model: claude.messages.with_raw_response.count_tokens(
    model=model, messages=[{"role": "user", "content": "hello"}])
bad = claude.with_options(api_key="gm-wrong")
seen["refusals"] = {
    "document": {model: refused(lambda: hard(model)) for model in models},
    "bad_key": refused(lambda: bad.messages.create(model=models[0], max_tokens=9, messages=[])),
    "no_model": refused(lambda: claude.messages.create(model="no/no", max_tokens=9, messages=[])),
    "broken": {},
}
for model in models:
    try:
        with claude.messages.stream(
            model=model, max_tokens=9, messages=[{"role": "user", "content": "break off"}]
        ) as events:
            for _ in events:
                pass
    except anthropic.APIError as error:
        seen["refusals"]["broken"][model] = type(error).__name__
seen["counts"] = {}
for model in models:
    raw = count(model)
    seen["counts"][model] = [raw.parse().input_tokens, raw.headers.get("x-gatemark-estimate")]
print(json.dumps(seen))
