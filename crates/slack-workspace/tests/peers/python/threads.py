"""slack_bolt and slack_sdk with threads: `threads.py builtin|websocket_client`."""

import json
import sys
import tempfile
import threading
from wsgiref.simple_server import WSGIRequestHandler, make_server

from slack_bolt import App, Assistant
from slack_bolt.adapter.socket_mode.builtin import SocketModeHandler as BuiltinHandler
from slack_bolt.adapter.socket_mode.websocket_client import SocketModeHandler as WebsocketClientHandler
from slack_bolt.adapter.wsgi import SlackRequestHandler
from slack_bolt.oauth.oauth_settings import OAuthSettings
from slack_sdk import WebClient
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.oauth.installation_store import FileInstallationStore
from slack_sdk.oauth.state_store import FileOAuthStateStore

import peer

HANDLERS = {"builtin": BuiltinHandler, "websocket_client": WebsocketClientHandler}


def client_for(ready, token=None):
    client = WebClient(token=token, base_url=ready["api_url"])
    client.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=2))
    return client


def listen(app):
    @app.event("app_mention")
    def mentioned(event, say):
        text, thread = peer.reply_to(event)
        say(text=text, thread_ts=thread)

    @app.event("message")
    def ignored():
        pass

    @app.action("approve")
    def approve(ack, body, client):
        ack()
        user = body["user"]["id"]
        client.chat_update(channel=body["channel"]["id"], ts=body["message"]["ts"],
                           text=f"approved by <@{user}>", blocks=peer.approved_blocks(user))

    @app.action("ask_reason")
    def ask_reason(ack, body, client):
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=peer.view("form"))

    for callback in ("form", "second", "third"):
        @app.view(callback)
        def submitted(ack, body):
            ack(**peer.submitted(body))

    for command in peer.COMMANDS:
        @app.command(command)
        def commanded(ack, respond, command):
            ack("checking")
            respond(text=f"{command['text']}: all is well", response_type="in_channel")

    assistant = Assistant()

    @assistant.thread_started
    def started(say, set_suggested_prompts):
        say("How can I help?")
        set_suggested_prompts(prompts=[{"title": "Help", "message": "Help me"}])

    @assistant.user_message
    def asked(payload, set_title, set_status, say):
        set_title(payload["text"])
        set_status("is thinking...")
        say(f"You asked: {payload['text']}")

    app.use(assistant)
    return app


class Quiet(WSGIRequestHandler):
    def log_message(self, *args):
        pass


def serve(application):
    server = make_server("127.0.0.1", 0, application, handler_class=Quiet)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return {"url": f"http://127.0.0.1:{server.server_port}"}


class Tasks:
    def __init__(self, ready):
        self.ready = ready
        self.client = client_for(ready, ready["bot_token"])

    def auth(self):
        return self.client.auth_test().data

    def users(self):
        return [member["name"] for page in self.client.users_list(limit=1) for member in page["members"]]

    def ask(self, channel):
        return self.client.chat_postMessage(channel=channel, text="May I?", blocks=peer.ask_blocks())["ts"]

    def post(self, channel, text):
        return self.client.chat_postMessage(channel=channel, text=text)["ts"]

    def ephemeral(self, channel, user, text):
        return self.client.chat_postEphemeral(channel=channel, user=user, text=text)["message_ts"]

    def upload(self, channel, filename, content, comment):
        done = self.client.files_upload_v2(channel=channel, filename=filename, content=content,
                                           initial_comment=comment)
        return done["file"]["id"]

    def schedule(self, channel, text, post_at):
        return self.client.chat_scheduleMessage(channel=channel, text=text, post_at=post_at)["scheduled_message_id"]

    def scheduled(self, channel):
        listed = self.client.chat_scheduledMessages_list(channel=channel)
        return [one["id"] for one in listed["scheduled_messages"]]

    def stream(self, channel, thread_ts, user, team, parts):
        stream = self.client.chat_stream(channel=channel, thread_ts=thread_ts, recipient_user_id=user,
                                         recipient_team_id=team, buffer_size=10)
        for part in parts:
            stream.append(markdown_text=part)
        return stream.stop()["ts"]

    def serve_signed(self, bot_token, signing_secret):
        app = App(client=client_for(self.ready, bot_token), signing_secret=signing_secret)
        return serve(SlackRequestHandler(listen(app)))

    def serve_install(self, client_id, client_secret, signing_secret, authorize_url, scopes):
        store = tempfile.mkdtemp(prefix="installations-", dir=".")
        settings = OAuthSettings(
            client_id=client_id, client_secret=client_secret, scopes=scopes, authorization_url=authorize_url,
            install_page_rendering_enabled=False,
            installation_store=FileInstallationStore(base_dir=store, client_id=client_id),
            state_store=FileOAuthStateStore(expiration_seconds=60, base_dir=store, client_id=client_id),
        )
        app = App(client=client_for(self.ready), signing_secret=signing_secret, oauth_settings=settings)
        return serve(SlackRequestHandler(listen(app)))


def main():
    ready = json.loads(sys.stdin.readline())
    tasks = Tasks(ready)
    app = listen(App(client=client_for(ready, ready["bot_token"])))
    HANDLERS[sys.argv[1]](app, ready["app_token"]).connect()
    peer.write({"event": "started"})
    for line in sys.stdin:
        wanted = json.loads(line)
        try:
            result = getattr(tasks, wanted["task"])(**wanted["args"])
            peer.write({"id": wanted["id"], "result": result})
        except Exception as error:
            peer.write({"id": wanted["id"], "error": repr(error)})


main()
