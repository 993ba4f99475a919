"""What only the doors of responses, embeddings and models do, with OpenAI's client; prints one JSON object.

usage: responses.py ROOT KEY MODEL...
"""

import json
import sys

import openai
import pydantic

root, key, *models = sys.argv[1:]
client = openai.OpenAI(base_url=root + "/v1", api_key=key, max_retries=0, timeout=30)


class Weather(pydantic.BaseModel):
    city: str
    degrees: int


def refused(call):
    try:
        call()
    except openai.APIStatusError as error:
        return {"class": type(error).__name__, "status": error.status_code, "code": error.code,
                "param": error.param, "message": error.message}
    return None


def asks(**fields):
    return lambda: client.responses.create(**({"model": "chat/m", "input": "hello"} | fields))


seen = {"parsed": {}, "broken": {}, "refused": {}}
for model in ("chat/m", "gpt/m"):
    whole = client.responses.parse(model=model, input="Graz?", text_format=Weather).output_parsed
    with client.responses.stream(model=model, input="Graz?", text_format=Weather) as events:
        streamed = [e for e in events if e.type == "response.output_text.done"][0].parsed
    seen["parsed"][model] = [whole.model_dump(), streamed.model_dump()]

raw = client.responses.with_raw_response.create(
    model="chat/m", input="hello", metadata={"team": "x"}, temperature=0.5, user="u",
    parallel_tool_calls=True, store=False, truncation="disabled",
)
answer = raw.parse()
seen["echo"] = [answer.metadata, answer.temperature, answer.status, answer.model, answer.id.split("_")[0],
                raw.headers["x-gatemark-cost-usd"], answer.usage.total_tokens]

for model in models:
    try:
        for _ in client.responses.create(model=model, input="break off", stream=True):
            pass
    except openai.APIError as error:
        seen["broken"][model] = error.message

web = [{"type": "web_search"}]
seen["native"] = asks(model="gpt/m", previous_response_id="resp_0", tools=web, store=True)().output_text
seen["refused"] = {
    "previous": refused(asks(previous_response_id="resp_0")),
    "web_search": refused(asks(tools=web)),
    "background": refused(asks(background=True)),
    "for_claude": refused(asks(model="claude/m", previous_response_id="resp_0")),
    "reference": refused(asks(input=[{"type": "item_reference", "id": "msg_1"}])),
    "no_model": refused(asks(model="no/no")),
    "no_input": refused(asks(input=openai.NOT_GIVEN)),
}


def embeds(**fields):
    return client.embeddings.create(**({"model": "chat/m", "input": "hello"} | fields))


seen["vectors"] = {
    "one": [item.embedding for item in embeds().data],
    "floats": [item.embedding for item in embeds(input=["a", "b"], encoding_format="float").data],
    "tokens": len(embeds(input=[[1, 2], [3]], dimensions=2).data),
    "responses": len(embeds(model="gpt/m").data),
    "sim": [len(item.embedding) for item in embeds(model="sim/any-2026-11-01", input=["a", "b"]).data],
    "sim_forms": [
        [f"{number:.6f}" for number in embeds(model="sim/any-2026-11-01", **form).data[0].embedding]
        for form in ({}, {"encoding_format": "float"})
    ],
    "usage": embeds(input=["a", "b"]).usage.prompt_tokens,
}
seen["no_vectors"] = {
    "claude": refused(lambda: embeds(model="claude/m")),
    "dimensions": refused(lambda: embeds(model="sim/any-2026-11-01", dimensions=3)),
    "tokens": refused(lambda: embeds(model="sim/any-2026-11-01", input=[1, 2])),
    "empty": refused(lambda: embeds(input=[])),
    "many": refused(lambda: embeds(input=["a"] * 2049)),
    "prompt": refused(lambda: embeds(model="gatemark/a/b")),
    "stream": refused(lambda: embeds(extra_body={"stream": True})),
}
seen["models"] = [model.id for model in client.models.list()]
seen["model"] = [client.models.retrieve(name).id for name in ("chat/m", "sim/any/2026")]
seen["no_model"] = refused(lambda: client.models.retrieve("chatt/m"))
print(json.dumps(seen))
