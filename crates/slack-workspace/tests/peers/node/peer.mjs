// What both Node peers share: blocks, views, and the lines that are read and written.
import { createInterface } from 'node:readline';

export const commands = ['/countersign', '/signed', '/installed'];

const plain = (text) => ({ type: 'plain_text', text });

export const askBlocks = [
  { type: 'section', text: plain('May I?') },
  {
    type: 'actions',
    elements: [
      { type: 'button', action_id: 'approve', value: 'r1', text: plain('Approve') },
      { type: 'button', action_id: 'ask_reason', value: 'r1', text: plain('Deny') },
    ],
  },
];

export const approved = (user) => ({
  text: `approved by <@${user}>`,
  blocks: [{ type: 'section', text: { type: 'mrkdwn', text: `approved by <@${user}>` } }],
});

export const view = (callback) => ({
  type: 'modal',
  callback_id: callback,
  title: plain(callback),
  submit: plain('Next'),
  blocks: [
    {
      type: 'input', block_id: 'reason', label: plain('Why'), optional: true,
      element: { type: 'plain_text_input', action_id: 'text' },
    },
  ],
});

/** The answer to a submitted form. */
export function submitted({ callback_id: callback, state }) {
  if (callback === 'form' && state.values.reason.text.value === 'short') {
    return { response_action: 'errors', errors: { reason: 'say more' } };
  }
  if (callback === 'form') return { response_action: 'update', view: view('second') };
  if (callback === 'second') return { response_action: 'push', view: view('third') };
  return { response_action: 'clear' };
}

/** The reply to a mention. */
export function replyTo({ text, user, ts }) {
  const words = text.split(/\s+/);
  if (words.includes('count')) return { text: `counted ${words.at(-1)}` };
  return { text: `hello <@${user}>`, thread_ts: ts };
}

/** The calls that every client makes in the same way. */
export const calls = (client) => ({
  auth: async () => client.auth.test(),
  users: async () => {
    const names = [];
    for await (const page of client.paginate('users.list', { limit: 1 })) {
      names.push(...page.members.map((member) => member.name));
    }
    return names;
  },
  ask: async ({ channel }) => (await client.chat.postMessage({ channel, text: 'May I?', blocks: askBlocks })).ts,
  post: async (args) => (await client.chat.postMessage(args)).ts,
  ephemeral: async (args) => (await client.chat.postEphemeral(args)).message_ts,
  upload: async ({ channel, filename, content, comment }) => {
    const done = await client.filesUploadV2({
      channel_id: channel, filename, content, initial_comment: comment,
    });
    return done.files[0].files[0].id;
  },
  schedule: async (args) => (await client.chat.scheduleMessage(args)).scheduled_message_id,
  scheduled: async (args) =>
    (await client.chat.scheduledMessages.list(args)).scheduled_messages.map((one) => one.id),
  stream: async ({ channel, thread_ts, user, team, parts }) => {
    const stream = client.chatStream({
      channel, thread_ts, recipient_user_id: user, recipient_team_id: team, buffer_size: 10,
    });
    for (const part of parts) await stream.append({ markdown_text: part });
    return (await stream.stop()).ts;
  },
});

const write = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);

/** Reads the readiness line, starts, then does what the following lines want. */
export async function run(start) {
  const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  const tasks = await start(JSON.parse((await lines.next()).value));
  write({ event: 'started' });
  for await (const line of lines) {
    const { id, task, args } = JSON.parse(line);
    try {
      write({ id, result: await tasks[task](args) });
    } catch (error) {
      write({ id, error: String(error.stack ?? error) });
    }
  }
  process.exit(0);
}
