"""Asks every model with llama-index; prints one JSON object. Its client needs an older `openai` than others.

usage: llama.py ROOT KEY MODEL...
"""

import json
import sys

from llama_index.core.llms import ChatMessage
from llama_index.core.tools import FunctionTool
from llama_index.llms.openai_like import OpenAILike

root, key, *models = sys.argv[1:]


def weather(city: str) -> str:
    """Tells the weather of a city."""
    return city


tool = FunctionTool.from_defaults(weather)
rows = []
for model in models:
    llm = OpenAILike(
        model=model, api_base=root + "/v1", api_key=key, is_chat_model=True,
        is_function_calling_model=True, context_window=8192, max_retries=0, timeout=30)
    hello = [ChatMessage(role="system", content="Be brief."), ChatMessage(role="user", content="hello")]
    streamed = list(llm.stream_chat(hello))[-1].message.content
    answer = llm.chat_with_tools([tool], user_msg="hello", allow_parallel_tool_calls=True)
    calls = llm.get_tool_calls_from_response(answer, error_on_no_tool_call=False)
    rows.append({
        "model": model, "text": llm.chat(hello).message.content, "streamed": streamed,
        "calls": [[call.tool_name, call.tool_kwargs] for call in calls],
    })
print(json.dumps({"rows": rows}))
