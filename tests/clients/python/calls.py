"""Calls a running Gatemark with the official openai client; prints one JSON object of what it saw.

usage: calls.py BASE_URL KEY PROMPT MODEL MESSAGE
"""

import json
import sys

import openai

base_url, key, prompt, model, message = sys.argv[1:6]
client = openai.OpenAI(base_url=base_url, api_key=key, max_retries=0, timeout=30)
seen = {}

raw = client.chat.completions.with_raw_response.create(
    model=f"gatemark/{prompt}", messages=[], extra_body={"variables": {"message": message}}
)
answer = raw.parse()
seen["named"] = {
    "text": answer.choices[0].message.content,
    "finish": answer.choices[0].finish_reason,
    "input_tokens": answer.usage.prompt_tokens,
    "version": raw.headers["x-gatemark-version"],
    "outcome": raw.headers["x-gatemark-outcome"],
    "call": raw.headers["x-gatemark-call-id"],
}

answer = client.chat.completions.create(
    model="gatemark",
    messages=[],
    extra_body={"prompt": {"id": prompt, "variables": {"message": message}}},
)
seen["prompt_object"] = answer.choices[0].message.content

chunks = list(
    client.chat.completions.create(
        model=f"gatemark/{prompt}",
        messages=[],
        stream=True,
        stream_options={"include_usage": True},
        extra_body={"variables": {"message": message}},
    )
)
seen["streamed"] = {
    "text": "".join(c.choices[0].delta.content or "" for c in chunks if c.choices),
    "chunks": len(chunks),
    "finish": [c.choices[0].finish_reason for c in chunks if c.choices][-1],
    "usage": chunks[-1].usage.completion_tokens if chunks[-1].usage else None,
}

answer = client.chat.completions.create(
    model=model,
    messages=[
        {"role": "system", "content": "Answer with one word."},
        {"role": "user", "content": "Say yes."},
    ],
    temperature=0,
)
seen["plain"] = answer.choices[0].message.content
seen["models"] = sorted(m.id for m in client.models.list())


def refused(call):
    """The class and message of the error that `call` raises."""
    try:
        call()
    except openai.APIStatusError as error:
        return {"class": type(error).__name__, "status": error.status_code, "code": error.code,
                "param": error.param, "message": error.message}
    return None


def named(**fields):
    return client.chat.completions.create(**({"model": f"gatemark/{prompt}", "messages": []} | fields))


seen["errors"] = {
    "missing_variable": refused(lambda: named()),
    "unknown_prompt": refused(lambda: named(model="gatemark/no/such")),
    "unknown_version": refused(lambda: named(model=f"gatemark/{prompt}@9.9.9")),
    "unknown_model": refused(lambda: named(model="nobody/nothing")),
    "bad_key": refused(
        lambda: client.with_options(api_key="gm-wrong").chat.completions.create(
            model=f"gatemark/{prompt}", messages=[]
        )
    ),
}
print(json.dumps(seen))
