import { DeviceStatus } from '../read-models/device-status.queries';
import { etagOf } from '../shared/etag';
import { decodedIfMatch, stateOfRow } from './registration-state.document';

const row: DeviceStatus = {
  registrationId: 'Dev-1',
  deviceId: 'Dev-1',
  status: 'assigned',
  substatus: 'initialAssignment',
  assignedHub: 'hub-a',
  targetHub: null,
  operation: { operationId: 'op-1', action: 'create', startedAt: '2026-01-01T00:00:01.000Z' },
  enrollment: { kind: 'group', id: 'g' },
  policy: 'migrate',
  reason: 'first assignment',
  error: null,
  createdAt: '2026-01-01T00:00:01.000Z',
  updatedAt: '2026-01-01T00:00:02.000Z',
  revision: '7',
};
const etag = Buffer.from(etagOf(7n)).toString('base64');

test('an assigned device has its hub, no error and nothing that is ours alone', () => {
  expect(stateOfRow(row)).toEqual({
    registrationId: 'Dev-1',
    createdDateTimeUtc: '2026-01-01T00:00:01.000Z',
    assignedHub: 'hub-a',
    deviceId: 'Dev-1',
    status: 'assigned',
    substatus: 'initialAssignment',
    lastUpdatedDateTimeUtc: '2026-01-01T00:00:02.000Z',
    etag,
  });
});

test('a device that moves names no hub', () => {
  const moving = stateOfRow({ ...row, status: 'assigning', targetHub: 'hub-b' });
  expect(Object.keys(moving).sort()).toEqual([
    'createdDateTimeUtc',
    'etag',
    'lastUpdatedDateTimeUtc',
    'registrationId',
    'status',
  ]);
});

test('a failed one has its error, and its hub where it has one', () => {
  const error = { code: 400207, message: 'the hub said no' };
  const failed = { status: 'failed', errorCode: 400207, errorMessage: 'the hub said no' };
  expect(stateOfRow({ ...row, status: 'failed', error })).toMatchObject({ ...failed, assignedHub: 'hub-a' });
  const nowhere = stateOfRow({ ...row, status: 'failed', error, assignedHub: null, deviceId: null, substatus: null });
  expect(nowhere).toMatchObject(failed);
  expect(nowhere).not.toHaveProperty('assignedHub');
});

test.each([
  [etag, etagOf(7n)],
  [`"${etag}"`, etagOf(7n)],
  [`W/"${etag}"`, etagOf(7n)],
  [etagOf(7n), etagOf(7n)],
  ['*', '*'],
  ['nonsense', 'nonsense'],
  [undefined, undefined],
])('If-Match %s is read as %s', (header, expected) => expect(decodedIfMatch(header)).toBe(expected));
