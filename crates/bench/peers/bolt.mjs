// An app on @slack/bolt over Socket Mode: `bench.mjs trivial|slow`.
import bolt from '@slack/bolt';

const env = process.env;
const rest = process.argv[2] === 'slow' ? () => new Promise((done) => setTimeout(done, 1000)) : async () => {};

const app = new bolt.App({
  token: env.SLACK_BOT_TOKEN,
  appToken: env.SLACK_APP_TOKEN,
  socketMode: true,
  clientOptions: { slackApiUrl: env.SLACK_API_URL },
  logLevel: bolt.LogLevel.ERROR,
});

app.event('app_mention', async () => {
  await rest();
});

app.action('approve', async ({ ack }) => {
  await ack();
  await rest();
});

await app.start();
