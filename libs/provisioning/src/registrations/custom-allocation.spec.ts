import { fold } from '@app/event-sourcing';
import { registrationDecider } from './registration.decider';
import { RegistrationEvent } from './registration.events';
import { EntryOverrides, register, stepsOf } from './testing/commands';
import { WebhookFact } from './webhook';

const migrate = { updateHubAssignment: true, migrateDeviceData: true };
const never = { updateHubAssignment: false, migrateDeviceData: true };

const answered = (overrides: Partial<Extract<WebhookFact, { outcome: 'answered' }>> = {}): WebhookFact => ({
  outcome: 'answered',
  status: 200,
  durationMs: 12,
  hub: 'hub-b',
  initialTwin: null,
  payload: null,
  ...overrides,
});
const failed: WebhookFact = { outcome: 'failed', status: 500, durationMs: 3, reason: 'the webhook answered with status 500' };

function decide(events: readonly RegistrationEvent[], webhook: WebhookFact | null, entry: EntryOverrides = {}) {
  const command = register({
    operationId: `op-${events.length + 2}`,
    entry: { allocationPolicy: 'custom', reprovisionPolicy: migrate, ...entry },
    webhook,
  });
  return registrationDecider.decide(command, fold(registrationDecider, events));
}

/** All the events of an assignment, hubs doing as they are told. */
function assigned(events: readonly RegistrationEvent[], webhook: WebhookFact): readonly RegistrationEvent[] {
  let all = [...events, ...decide(events, webhook)];
  const state = fold(registrationDecider, all);
  if (state.status !== 'assigning') throw new Error(`it is ${state.status}`);
  for (const command of stepsOf(state)) {
    all = [...all, ...registrationDecider.decide(command, fold(registrationDecider, all))];
  }
  return all;
}

const onHubA = assigned([], answered({ hub: 'hub-a' }));
const twin = { tags: { by: 'webhook' }, desired: { interval: 1 } };

describe('custom allocation', () => {
  test("sends the device where the webhook says, whatever the letters' case, and the grounds have its answer", () => {
    expect(decide([], answered({ hub: 'HUB-B', payload: { hello: 'device' } }))).toMatchObject([
      {
        type: 'AssignmentStarted',
        data: {
          plan: { action: 'create', to: 'hub-b' },
          initialTwin: { tags: { site: 'factory' } },
          returnedPayload: { hello: 'device' },
          grounds: {
            allocation: {
              policy: 'custom',
              reason: 'the webhook chose hub-b',
              webhook: { status: 200, durationMs: 12, hub: 'HUB-B', hadInitialTwin: false, hadPayload: true, failure: null },
            },
          },
        },
      },
    ]);
  });

  test('starts a new device from the twin that the webhook gives', () => {
    expect(decide([], answered({ initialTwin: twin }))).toMatchObject([
      { data: { plan: { action: 'create' }, initialTwin: twin } },
    ]);
  });

  test('migrates when the webhook says nothing of a twin, and resets to its twin when it does', () => {
    expect(decide(onHubA, answered())).toMatchObject([{ data: { plan: { action: 'migrate', from: 'hub-a', to: 'hub-b' } } }]);
    expect(decide(onHubA, answered({ initialTwin: twin }))).toMatchObject([
      { data: { plan: { action: 'reset', from: 'hub-a', to: 'hub-b' }, initialTwin: twin } },
    ]);
    expect(decide(onHubA, answered({ hub: 'hub-a', initialTwin: twin }))).toMatchObject([
      { data: { plan: { action: 'reset', from: 'hub-a', to: 'hub-a' }, initialTwin: twin } },
    ]);
  });

  test('leaves a device under never where it is, with its twin, and returns the payload', () => {
    const policy = { reprovisionPolicy: never };
    expect(decide(onHubA, answered({ initialTwin: twin, payload: { n: 1 } }), policy)).toMatchObject([
      {
        data: {
          plan: { action: 'keep', to: 'hub-a' },
          initialTwin: { tags: { site: 'factory' } },
          returnedPayload: { n: 1 },
        },
      },
    ]);
    expect(decide(onHubA, failed, policy)).toMatchObject([
      { data: { plan: { action: 'keep', to: 'hub-a' }, returnedPayload: null } },
    ]);
  });

  test.each([
    [failed, 'Custom allocation failed with status code: 500'],
    [{ ...failed, status: null }, 'Custom allocation failed: the webhook gave no usable answer'],
    [answered({ hub: 'hub-z' }), 'Custom allocation failed: the webhook named a hub that is not among linkedHubs'],
    [answered({ hub: null }), 'Custom allocation failed: the webhook named no hub'],
    [null, 'Custom allocation failed: the webhook was not called'],
  ])('fails with 400207 after %j, and the device stays where it was', (webhook, errorMessage) => {
    const failure = { errorCode: 400207, errorMessage };
    expect(decide([], webhook)).toMatchObject([{ type: 'AssignmentFailed', data: { ...failure, hub: null } }]);
    expect(decide(onHubA, webhook)).toMatchObject([{ type: 'AssignmentFailed', data: { ...failure, hub: 'hub-a' } }]);
  });

  test('may not choose a hub that the enrollment does not list', () => {
    expect(decide([], answered(), { iotHubs: ['hub-a'] })).toMatchObject([{ data: { errorCode: 400207 } }]);
  });
});
