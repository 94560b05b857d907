"""slack_bolt and slack_sdk with asyncio: `coroutines.py aiohttp|websockets`."""

import asyncio
import json
import sys
import tempfile

from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler as AiohttpHandler
from slack_bolt.adapter.socket_mode.websockets import AsyncSocketModeHandler as WebsocketsHandler
from slack_bolt.async_app import AsyncApp, AsyncAssistant
from slack_bolt.oauth.async_oauth_settings import AsyncOAuthSettings
from slack_sdk.http_retry.builtin_async_handlers import AsyncRateLimitErrorRetryHandler
from slack_sdk.oauth.installation_store import FileInstallationStore
from slack_sdk.oauth.state_store import FileOAuthStateStore
from slack_sdk.web.async_client import AsyncWebClient

import peer

HANDLERS = {"aiohttp": AiohttpHandler, "websockets": WebsocketsHandler}


def client_for(ready, token=None):
    client = AsyncWebClient(token=token, base_url=ready["api_url"])
    client.retry_handlers.append(AsyncRateLimitErrorRetryHandler(max_retry_count=2))
    return client


def listen(app):
    @app.event("app_mention")
    async def mentioned(event, say):
        text, thread = peer.reply_to(event)
        await say(text=text, thread_ts=thread)

    @app.event("message")
    async def ignored():
        pass

    @app.action("approve")
    async def approve(ack, body, client):
        await ack()
        user = body["user"]["id"]
        await client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"],
                                 text=f"approved by <@{user}>", blocks=peer.approved_blocks(user))

    @app.action("ask_reason")
    async def ask_reason(ack, body, client):
        await ack()
        await client.views_open(trigger_id=body["trigger_id"], view=peer.view("form"))

    for callback in ("form", "second", "third"):
        @app.view(callback)
        async def submitted(ack, body):
            await ack(**peer.submitted(body))

    for command in peer.COMMANDS:
        @app.command(command)
        async def commanded(ack, respond, command):
            await ack("checking")
            await respond(text=f"{command['text']}: all is well", response_type="in_channel")

    assistant = AsyncAssistant()

    @assistant.thread_started
    async def started(say, set_suggested_prompts):
        await say("How can I help?")
        await set_suggested_prompts(prompts=[{"title": "Help", "message": "Help me"}])

    @assistant.user_message
    async def asked(payload, set_title, set_status, say):
        await set_title(payload["text"])
        await set_status("is thinking...")
        await say(f"You asked: {payload['text']}")

    app.use(assistant)
    return app


async def serve(app):
    runner = web.AppRunner(app.web_app())
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    return {"url": f"http://127.0.0.1:{runner.addresses[0][1]}"}


class Tasks:
    def __init__(self, ready):
        self.ready = ready
        self.client = client_for(ready, ready["bot_token"])

    async def auth(self):
        return (await self.client.auth_test()).data

    async def users(self):
        return [member["name"] async for page in await self.client.users_list(limit=1) for member in page["members"]]

    async def ask(self, channel):
        posted = await self.client.chat_postMessage(channel=channel, text="May I?", blocks=peer.ask_blocks())
        return posted["ts"]

    async def post(self, channel, text):
        return (await self.client.chat_postMessage(channel=channel, text=text))["ts"]

    async def ephemeral(self, channel, user, text):
        return (await self.client.chat_postEphemeral(channel=channel, user=user, text=text))["message_ts"]

    async def upload(self, channel, filename, content, comment):
        done = await self.client.files_upload_v2(channel=channel, filename=filename, content=content,
                                                 initial_comment=comment)
        return done["file"]["id"]

    async def schedule(self, channel, text, post_at):
        done = await self.client.chat_scheduleMessage(channel=channel, text=text, post_at=post_at)
        return done["scheduled_message_id"]

    async def scheduled(self, channel):
        listed = await self.client.chat_scheduledMessages_list(channel=channel)
        return [one["id"] for one in listed["scheduled_messages"]]

    async def stream(self, channel, thread_ts, user, team, parts):
        stream = await self.client.chat_stream(channel=channel, thread_ts=thread_ts, recipient_user_id=user,
                                               recipient_team_id=team, buffer_size=10)
        for part in parts:
            await stream.append(markdown_text=part)
        return (await stream.stop())["ts"]

    async def serve_signed(self, bot_token, signing_secret):
        app = AsyncApp(client=client_for(self.ready, bot_token), signing_secret=signing_secret)
        return await serve(listen(app))

    async def serve_install(self, client_id, client_secret, signing_secret, authorize_url, scopes):
        store = tempfile.mkdtemp(prefix="installations-", dir=".")
        settings = AsyncOAuthSettings(
            client_id=client_id, client_secret=client_secret, scopes=scopes, authorization_url=authorize_url,
            install_page_rendering_enabled=False,
            installation_store=FileInstallationStore(base_dir=store, client_id=client_id),
            state_store=FileOAuthStateStore(expiration_seconds=60, base_dir=store, client_id=client_id),
        )
        app = AsyncApp(client=client_for(self.ready), signing_secret=signing_secret, oauth_settings=settings)
        return await serve(listen(app))


async def main():
    ready = json.loads(sys.stdin.readline())
    tasks = Tasks(ready)
    app = listen(AsyncApp(client=client_for(ready, ready["bot_token"])))
    await HANDLERS[sys.argv[1]](app, ready["app_token"]).connect_async()
    peer.write({"event": "started"})
    while line := await asyncio.to_thread(sys.stdin.readline):
        wanted = json.loads(line)
        try:
            result = await getattr(tasks, wanted["task"])(**wanted["args"])
            peer.write({"id": wanted["id"], "result": result})
        except Exception as error:
            peer.write({"id": wanted["id"], "error": repr(error)})


asyncio.run(main())
