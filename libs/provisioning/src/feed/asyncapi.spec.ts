import { spawnSync } from 'node:child_process';
import { asyncApiDocument } from './asyncapi';

interface Message {
  readonly payload: { readonly properties: { readonly data: { readonly properties: Readonly<Record<string, unknown>> } } };
}

const document = asyncApiDocument() as unknown as {
  readonly asyncapi: string;
  readonly components: { readonly messages: Readonly<Record<string, Message>> };
};

test('the AsyncAPI document is valid', () => {
  // In a process of its own, because the parser is made of modules that do not load here.
  const { status, stdout, stderr } = spawnSync(process.execPath, ['scripts/lint-asyncapi.mjs'], {
    input: JSON.stringify(document),
    encoding: 'utf8',
  });
  expect([stdout, stderr, status]).toEqual(['', '', 0]);
}, 30_000);

test('has a message for every event, with the shape that is stored', () => {
  expect(document.asyncapi).toBe('3.0.0');
  const { messages } = document.components;
  for (const type of ['DeviceAssigned', 'HubLinked', 'CampaignStarted', 'WebhookAdded']) expect(messages).toHaveProperty(type);
  expect(messages.DeviceAssigned?.payload.properties.data.properties).toHaveProperty('substatus');
});

test('says that sealed secrets are withheld', () => {
  expect(JSON.stringify(document)).not.toContain('fingerprint');
  expect(JSON.stringify(document)).toContain('"const":"withheld"');
});
