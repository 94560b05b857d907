// @slack/bolt, with the clients it brings along.
import bolt from '@slack/bolt';
import { approved, calls, commands, replyTo, run, submitted, view } from './peer.mjs';

const { App, Assistant, HTTPReceiver } = bolt;

// stdout is the test's: everything that is logged goes to stderr.
const logger = Object.fromEntries(
  ['debug', 'info', 'warn', 'error'].map((level) => [level, (...words) => console.error(level, ...words)]),
);
Object.assign(logger, { setLevel() {}, getLevel: () => 'info', setName() {} });

function listen(app) {
  app.event('app_mention', async ({ event, say }) => {
    await say(replyTo(event));
  });
  app.action('approve', async ({ ack, body, client }) => {
    await ack();
    await client.chat.update({ channel: body.channel.id, ts: body.message.ts, ...approved(body.user.id) });
  });
  app.action('ask_reason', async ({ ack, body, client }) => {
    await ack();
    await client.views.open({ trigger_id: body.trigger_id, view: view('form') });
  });
  app.view(/^(form|second|third)$/, async ({ ack, body }) => {
    await ack(submitted(body.view));
  });
  for (const name of commands) {
    app.command(name, async ({ ack, command, respond }) => {
      await ack('checking');
      await respond({ text: `${command.text}: all is well`, response_type: 'in_channel' });
    });
  }
  app.assistant(
    new Assistant({
      threadStarted: async ({ say, setSuggestedPrompts }) => {
        await say('How can I help?');
        await setSuggestedPrompts({ prompts: [{ title: 'Help', message: 'Help me' }] });
      },
      userMessage: async ({ message, say, setStatus, setTitle }) => {
        await setTitle(message.text);
        await setStatus('is thinking...');
        await say(`You asked: ${message.text}`);
      },
    }),
  );
  return app;
}

async function serve(app) {
  const server = await app.start({ host: '127.0.0.1', port: 0 });
  return { url: `http://127.0.0.1:${server.address().port}` };
}

class MemoryStore {
  installations = new Map();
  async storeInstallation(installation) {
    this.installations.set(installation.team.id, installation);
  }
  async fetchInstallation({ teamId }) {
    return this.installations.get(teamId);
  }
}

await run(async (ready) => {
  const clientOptions = { slackApiUrl: ready.api_url, logger };
  const app = listen(
    new App({ token: ready.bot_token, appToken: ready.app_token, socketMode: true, clientOptions, logger }),
  );
  await app.start();
  return {
    ...calls(app.client),
    serve_signed: async ({ bot_token: token, signing_secret: signingSecret }) => {
      const receiver = new HTTPReceiver({ signingSecret, logger });
      return serve(listen(new App({ token, receiver, clientOptions, logger })));
    },
    serve_install: async ({ client_id, client_secret, signing_secret: signingSecret, authorize_url, scopes }) => {
      const receiver = new HTTPReceiver({
        signingSecret, clientId: client_id, clientSecret: client_secret, stateSecret: 'state', scopes, logger,
        installationStore: new MemoryStore(),
        installerOptions: { authorizationUrl: authorize_url, clientOptions, directInstall: true },
      });
      return serve(listen(new App({ receiver, clientOptions, logger })));
    },
  };
});
