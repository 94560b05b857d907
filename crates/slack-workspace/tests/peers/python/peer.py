"""What both Python peers share: blocks, views, and the lines that are read and written."""

import json
import sys
import threading

COMMANDS = ("/countersign", "/signed", "/installed")

_lock = threading.Lock()


def write(line):
    """Writes one line of JSON for the test that started us."""
    with _lock:
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()


def plain(text):
    return {"type": "plain_text", "text": text}


def ask_blocks():
    return [
        {"type": "section", "text": plain("May I?")},
        {"type": "actions", "elements": [
            {"type": "button", "action_id": "approve", "value": "r1", "text": plain("Approve")},
            {"type": "button", "action_id": "ask_reason", "value": "r1", "text": plain("Deny")},
        ]},
    ]


def approved_blocks(user):
    return [{"type": "section", "text": {"type": "mrkdwn", "text": f"approved by <@{user}>"}}]


def view(callback):
    return {
        "type": "modal", "callback_id": callback, "title": plain(callback), "submit": plain("Next"),
        "blocks": [{"type": "input", "block_id": "reason", "label": plain("Why"), "optional": True,
                    "element": {"type": "plain_text_input", "action_id": "text"}}],
    }


def submitted(body):
    """The answer to a submitted form, as the arguments of `ack`."""
    entered = body["view"]["state"]["values"]["reason"]["text"].get("value")
    callback = body["view"]["callback_id"]
    if callback == "form" and entered == "short":
        return {"response_action": "errors", "errors": {"reason": "say more"}}
    if callback == "form":
        return {"response_action": "update", "view": view("second")}
    if callback == "second":
        return {"response_action": "push", "view": view("third")}
    return {"response_action": "clear"}


def reply_to(event):
    """The reply to a mention, and whether it goes into the thread."""
    words = event["text"].split()
    if "count" in words:
        return f"counted {words[-1]}", None
    return f"hello <@{event['user']}>", event["ts"]
