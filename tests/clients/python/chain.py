"""Asks every model with langchain-openai through both of OpenAI's doors; prints one JSON object.

usage: chain.py ROOT KEY MODEL...
"""

import json
import sys

from langchain_openai import ChatOpenAI, OpenAIEmbeddings

root, key, *models = sys.argv[1:]
places = {"base_url": root + "/v1", "api_key": key, "max_retries": 0, "timeout": 30}


def weather(city: str) -> str:
    """Tells the weather of a city."""
    return city


def text(message):
    content = message.content
    if isinstance(content, str):
        return content
    return "".join(part.get("text", "") for part in content if part.get("type") == "text")


rows = []
for model in models:
    for responses in (False, True):
        chat = ChatOpenAI(model=model, use_responses_api=responses, stream_usage=True, **places)
        tools = chat.bind_tools([weather])
        for stream in (False, True):
            answers = []
            for asked in (chat, tools):
                if not stream:
                    answers.append(asked.invoke("hello"))
                    continue
                whole = None
                for piece in asked.stream("hello"):
                    whole = piece if whole is None else whole + piece
                answers.append(whole)
            plain, called = answers
            rows.append({
                "model": model, "responses": responses, "stream": stream, "text": text(plain),
                "usage": [plain.usage_metadata["input_tokens"], plain.usage_metadata["output_tokens"]],
                "calls": [[call["name"], call["args"]] for call in called.tool_calls],
            })
vectors = OpenAIEmbeddings(
    model="chat/m", check_embedding_ctx_length=False, base_url=root + "/v1", api_key=key)
print(json.dumps({"rows": rows, "vectors": vectors.embed_documents(["a", "b"])}))
