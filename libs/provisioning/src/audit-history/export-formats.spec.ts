import { AuditEvent } from './audit-event';
import { exportWritings } from './export-formats';

const event: AuditEvent = {
  position: '1',
  stream: 'registration-a',
  revision: '0',
  id: 'id',
  type: 'DeviceAssigned',
  time: '2026-01-01T00:00:00.000Z',
  actor: { kind: 'operator', name: 'anna' },
  correlationId: 'c',
  causationId: 'd',
  apiVersion: null,
  clientVersion: null,
  registrationId: 'a',
  enrollment: null,
  hubs: ['hub-a', 'hub-b'],
  log: 'provisioning',
  data: {},
};

describe('CSV', () => {
  it.each(['=1+1', '+1', '-1', '@sum'])('makes no formula of %s, whoever chose that name', (name) => {
    const text = exportWritings.csv.piece([{ ...event, actor: { kind: 'operator', name } }], true);
    expect(text).toContain(`,'${name},`);
  });

  it('quotes commas, quotes and line ends', () => {
    const text = exportWritings.csv.piece([{ ...event, actor: { kind: 'operator', name: 'a,"b"\nc' }, data: { x: 1 } }], true);
    expect(text).toContain('"a,""b""\nc"');
    expect(text.endsWith('"{""x"":1}"\r\n')).toBe(true);
  });
});

describe('JSON', () => {
  it.each([[[]], [[[event]]], [[[event, event], [event]]]])('is one array, in however many pieces it is written', (pieces) => {
    const { start, piece, end } = exportWritings.json;
    const text = start + pieces.map((events: AuditEvent[], index) => piece(events, index === 0)).join('') + end;
    expect(JSON.parse(text)).toEqual(pieces.flat());
  });
});
