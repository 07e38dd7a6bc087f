import * as fc from 'fast-check';
import { liveTable, simulationTable } from './live-table';
import { PacketReader, messageIn, publishPacket } from './mqtt-packets';
import { Tally } from './tally';

describe('MQTT packets', () => {
  test('come out as they went in, however they are cut', () => {
    const messages = fc.array(fc.record({ topic: fc.string({ minLength: 1 }), payload: fc.string({ maxLength: 300 }) }), {
      maxLength: 5,
    });
    fc.assert(
      fc.property(messages, fc.integer({ min: 1, max: 50 }), (sent, cut) => {
        const bytes = Buffer.concat(sent.map(({ topic, payload }, index) => publishPacket(topic, payload, index + 1)));
        const reader = new PacketReader();
        const received = [];
        for (let at = 0; at < bytes.length; at += cut) received.push(...reader.take(bytes.subarray(at, at + cut)));
        expect(received.map(messageIn)).toEqual(
          sent.map(({ topic, payload }, index) => ({
            topic: Buffer.from(topic).toString(),
            payload: Buffer.from(payload).toString(),
            id: index + 1,
          })),
        );
      }),
    );
  });

  test('a length that no packet has is an error', () => {
    expect(() => new PacketReader().take(Buffer.from([0x30, 0xff, 0xff, 0xff, 0xff, 0x01]))).toThrow('too long');
  });
});

test('the tally counts what devices do', () => {
  let nowMs = 0;
  const tally = new Tally(() => nowMs);
  tally.is('a', 'registering');
  tally.registered('a', 'hub-1');
  tally.is('a', 'living');
  tally.registered('b', 'hub-1');
  tally.registered('b', 'hub-2');
  tally.disconnected();
  tally.reported();
  tally.failed('b', 'no hub');
  nowMs = 2_000;
  const summary = tally.summary();
  expect(summary).toEqual({
    devices: 2,
    states: { waiting: 0, registering: 0, living: 1, failed: 1 },
    hubs: [
      { hub: 'hub-1', devices: 1 },
      { hub: 'hub-2', devices: 1 },
    ],
    registrations: 3,
    registrationsPerSecond: 1.5,
    moved: 1,
    reports: 1,
    disconnections: 1,
    failures: 1,
    lastFailure: 'b: no hub',
    elapsedS: 2,
  });
  expect(simulationTable(summary)).toMatch(/^registrations +3 \(1\.5\/s\)$/m);
});

test('the live table is drawn at a terminal alone, over itself, and taken away in the end', () => {
  const drawn = (isTTY: boolean): string => {
    let text = '';
    const stderr = { isTTY, write: (more: string) => (text += more) };
    const stop = liveTable({ stdout: stderr, stderr, env: {}, signal: new AbortController().signal }, new Tally(() => 0));
    stop();
    return text;
  };
  expect(drawn(false)).toBe('');
  const lines = simulationTable(new Tally(() => 0).summary()).split('\n').length;
  expect(drawn(true)).toMatch(new RegExp(`^SIMULATION\\n[^]*\\u001b\\[${lines}A\\u001b\\[0J$`));
});
