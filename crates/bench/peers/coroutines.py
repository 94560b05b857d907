"""An app on slack_bolt with coroutines, over aiohttp: `coroutines.py trivial|slow`."""

import asyncio
import logging
import os
import sys

from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

logging.basicConfig(level=logging.ERROR)
SLOW = sys.argv[1] == "slow"


async def rest():
    if SLOW:
        await asyncio.sleep(1)


async def main():
    client = AsyncWebClient(token=os.environ["SLACK_BOT_TOKEN"], base_url=os.environ["SLACK_API_URL"])
    app = AsyncApp(client=client)

    @app.event("app_mention")
    async def mentioned():
        await rest()

    @app.action("approve")
    async def approve(ack):
        await ack()
        await rest()

    await AsyncSocketModeHandler(app, os.environ["SLACK_APP_TOKEN"], web_client=client).start_async()


asyncio.run(main())
