"""An app on slack_bolt with threads, over its own WebSocket client: `threads.py trivial|slow`."""

import logging
import os
import sys
import time

from slack_bolt import App
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler
from slack_sdk import WebClient

logging.basicConfig(level=logging.ERROR)
SLOW = sys.argv[1] == "slow"
app = App(client=WebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"]))


def rest():
    if SLOW:
        time.sleep(1)


@app.event("app_mention")
def mentioned():
    rest()


@app.action("approve")
def approve(ack):
    ack()
    rest()


SocketModeHandler(app, os.environ["SLACK_APP_TOKEN"], web_client=app.client).start()
