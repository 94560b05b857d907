// @slack/web-api and @slack/socket-mode without a framework.
import { SocketModeClient } from '@slack/socket-mode';
import { WebClient } from '@slack/web-api';
import { approved, calls, replyTo, run, submitted, view } from './peer.mjs';

const logger = Object.fromEntries(
  ['debug', 'info', 'warn', 'error'].map((level) => [level, (...words) => console.error(level, ...words)]),
);
Object.assign(logger, { setLevel() {}, getLevel: () => 'info', setName() {} });

async function act(client, body) {
  const [{ action_id: action }] = body.actions;
  if (action === 'approve') {
    await client.chat.update({ channel: body.channel.id, ts: body.message.ts, ...approved(body.user.id) });
  } else {
    await client.views.open({ trigger_id: body.trigger_id, view: view('form') });
  }
}

await run(async (ready) => {
  const clientOptions = { slackApiUrl: ready.api_url, logger };
  const client = new WebClient(ready.bot_token, clientOptions);
  const socket = new SocketModeClient({ appToken: ready.app_token, clientOptions, logger });
  socket.on('app_mention', async ({ ack, event }) => {
    await ack();
    await client.chat.postMessage({ channel: event.channel, ...replyTo(event) });
  });
  socket.on('message', ({ ack }) => ack());
  socket.on('interactive', async ({ ack, body }) => {
    if (body.type === 'view_submission') return ack(submitted(body.view));
    await ack();
    return act(client, body);
  });
  socket.on('slash_commands', async ({ ack, body }) => {
    await ack({ text: 'checking' });
    await fetch(body.response_url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ text: `${body.text}: all is well`, response_type: 'in_channel' }),
    });
  });
  await socket.start();
  return calls(client);
});
