import { RecordedEvent } from '@app/event-sourcing';
import { campaignShapes } from '../campaigns/campaign.events';
import { caCertificateShapes } from '../certificates/ca-certificate.events';
import { enrollmentShapes } from '../enrollments/enrollment.events';
import { erasureShapes } from '../erasure/erasure.events';
import { hubShapes } from '../hubs/hub.events';
import { registrationShapes } from '../registrations/registration.events';
import { webhookShapes } from '../webhooks/webhook.events';
import { eventKey, timeKey } from './audit-facts';
import { auditIndexProjection } from './audit-index.projection';

const id = '5f1d3a5e-0000-4000-8000-000000000001';

function recorded(fields: Partial<RecordedEvent>): RecordedEvent {
  return {
    id,
    stream: 'registration-sn-1',
    revision: 3n,
    position: '17',
    type: 'TwinMigrated',
    recordedAt: '2026-01-02T03:04:05.678Z',
    data: { from: 'Hub-A', to: 'hub-b' },
    metadata: { actor: { kind: 'device', name: 'sn-1' }, correlationId: id, causationId: id },
    ...fields,
  };
}

describe('the key of an event', () => {
  it('sorts by time first, then by the place in the log, in either form of a position', () => {
    const later = { recordedAt: '2026-01-02T03:04:05.679Z' };
    const events = [recorded({ position: '9' }), recorded({ position: '10' }), recorded({ position: '2', ...later })];
    const pairs = [recorded({ position: '9:8' }), recorded({ position: '9:10' }), recorded({ position: '10:1' })];
    for (const keys of [events.map(eventKey), pairs.map(eventKey)]) expect([...keys].sort()).toEqual(keys);
  });

  it('lies between the keys of its millisecond and the next, also for the largest position', () => {
    const key = eventKey(recorded({ position: '18446744073709551615' }));
    expect(key > timeKey('2026-01-02T03:04:05.678Z') && key < timeKey('2026-01-02T03:04:05.679Z')).toBe(true);
  });

  it('is refused where the position is of no known store', () => {
    expect(() => eventKey(recorded({ position: 'x' }))).toThrow(RangeError);
  });
});

describe('the index', () => {
  it('has one row for an event and one for each hub it names', () => {
    const key = eventKey(recorded({}));
    expect(auditIndexProjection.project(recorded({}))).toEqual([
      {
        table: 'audit_index',
        op: 'upsert',
        key,
        columns: {
          position: '17',
          stream: 'registration-sn-1',
          revision: '3',
          type: 'TwinMigrated',
          actor_kind: 'device',
          actor_name: 'sn-1',
          registration_key: 'sn-1',
          enrollment_key: null,
        },
      },
      ...['hub-a', 'hub-b'].map((hub) => {
        return {
          table: 'audit_index_hubs',
          op: 'upsert',
          key: `${hub}/${key}`,
          columns: { hub, type: 'TwinMigrated', event_key: key },
        };
      }),
    ]);
  });

  it.each([
    ['a decision', { data: { grounds: { enrollment: { kind: 'group', id: 'Line-4' } } } }, 'group:line-4'],
    ['a change of a group', { stream: 'enrollmentGroup-line-4', data: {} }, 'group:line-4'],
    ['a change of an entry', { stream: 'individualEnrollment-sn-1', data: {} }, 'individual:sn-1'],
    ['anything else', { stream: 'linkedHubs', data: {} }, null],
  ])('knows the enrollment of %s', (_, fields, expected) => {
    const [change] = auditIndexProjection.project(recorded(fields));
    expect(change).toMatchObject({ columns: { enrollment_key: expected } });
  });

  it('takes in every type of every stored contract', () => {
    const contracts = [
      registrationShapes,
      enrollmentShapes,
      hubShapes,
      caCertificateShapes,
      campaignShapes,
      erasureShapes,
      webhookShapes,
    ];
    const types = contracts.flatMap((shapes) => Object.keys(shapes));
    expect(types.filter((type) => !auditIndexProjection.eventTypes.includes(type))).toEqual([]);
  });
});
