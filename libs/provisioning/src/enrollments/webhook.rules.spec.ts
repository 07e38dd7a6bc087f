import { specification } from '@app/event-sourcing/specification';
import { enrollmentDecider } from './enrollment.decider';
import { enrollmentShapes } from './enrollment.events';
import { at, create, created, seal, storedEntry, update } from './testing/commands';
import { RequestedWebhook } from './webhook.rules';

const given = specification(enrollmentDecider);
const apiVersion = '2021-10-01';
const MASKED = 'https://hook.example/allocate?code=****';

const webhook = (webhookQuery: RequestedWebhook['webhookQuery'], webhookUrl = MASKED): RequestedWebhook => {
  return { webhookUrl, apiVersion, webhookQuery };
};
const stored = { webhookUrl: MASKED, apiVersion, webhookQuery: seal('code=secret') };
const before = created({ customAllocationDefinition: stored });

describe('the webhook of an enrollment', () => {
  it('keeps its query when that comes back masked', () => {
    given([before])
      .when(update({ customAllocationDefinition: webhook('keep') }))
      .then([]);
    given([before])
      .when(update({ customAllocationDefinition: webhook('keep'), iotHubs: ['hub-b'] }))
      .then([
        {
          type: 'EnrollmentUpdated',
          data: { entry: { ...storedEntry, customAllocationDefinition: stored, iotHubs: ['hub-b'] }, at: at(2) },
        },
      ]);
  });

  it('is unchanged when the same query is sealed again, and changed when it is another', () => {
    given([before])
      .when(update({ customAllocationDefinition: webhook(seal('code=secret')) }))
      .then([]);
    const webhookQuery = seal('code=another');
    given([before])
      .when(update({ customAllocationDefinition: webhook(webhookQuery) }))
      .then([
        {
          type: 'EnrollmentUpdated',
          data: { entry: { ...storedEntry, customAllocationDefinition: { ...stored, webhookQuery } }, at: at(2) },
        },
      ]);
  });

  it('cannot be another one with a masked query, nor a new one', () => {
    given([before])
      .when(update({ customAllocationDefinition: webhook('keep', 'https://other.example/?code=****') }))
      .thenRejected('new-secrets-required');
    given([])
      .when(create({ customAllocationDefinition: webhook('keep') }))
      .thenRejected('new-secrets-required');
  });

  it('stays the one stored in clear before queries were sealed, until it is sent in clear again', () => {
    const { entry } = (created() as { data: { entry: object } }).data;
    const old = { webhookUrl: 'https://hook.example/allocate?code=secret', apiVersion };
    const parsed = enrollmentShapes.EnrollmentCreated.parse({ entry: { ...entry, customAllocationDefinition: old }, at: at(0) });
    expect(parsed.entry.customAllocationDefinition).toEqual({ ...old, webhookQuery: null });
    given([{ type: 'EnrollmentCreated', data: parsed }])
      .when(update({ customAllocationDefinition: webhook('keep') }))
      .then([]);
  });
});
