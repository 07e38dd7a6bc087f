import { randomUUID } from 'node:crypto';
import { EventTooLarge, InvalidAppend } from './event-store';
import { EventToAppend, JsonObject } from './events';
import { EVENT_DATA_BYTES_MAX, EVENT_METADATA_BYTES_MAX, EVENTS_PER_APPEND_MAX, prepareAppend } from './prepared-append';
import { doorMetadata } from './testing/door';

const event = (data: JsonObject = {}): EventToAppend => ({ id: randomUUID(), type: 'Happened', data, metadata: doorMetadata });
const FRAME_BYTES = '{"t":""}'.length;

describe('what every store checks', () => {
  it('serialises data and metadata', () => {
    const appended = event({ a: [1, 'é'] });
    expect(prepareAppend('s', [appended])).toEqual([
      { id: appended.id, type: 'Happened', data: '{"a":[1,"é"]}', metadata: JSON.stringify(doorMetadata) },
    ]);
  });

  it('takes an id in capitals as the same id', () => {
    const appended = event();
    expect(prepareAppend('s', [{ ...appended, id: appended.id.toUpperCase() }])[0]?.id).toBe(appended.id);
  });

  it.each(['x', 'é', '東'])('takes data up to the limit in bytes, of %s', (character) => {
    const count = Math.floor((EVENT_DATA_BYTES_MAX - FRAME_BYTES) / Buffer.byteLength(character));
    expect(() => prepareAppend('s', [event({ t: character.repeat(count) })])).not.toThrow();
    expect(() => prepareAppend('s', [event({ t: character.repeat(count + 1) })])).toThrow(EventTooLarge);
  });

  it('limits metadata', () => {
    const metadata = { ...doorMetadata, note: 'x'.repeat(EVENT_METADATA_BYTES_MAX) };
    expect(() => prepareAppend('s', [{ ...event(), metadata }])).toThrow(EventTooLarge);
  });

  it.each(['', 'x'.repeat(513), 'a\u0000b', 'a\u001eb', 'a\nb', 'half \ud800 pair'])('refuses the stream name %j', (stream) => {
    expect(() => prepareAppend(stream, [event()])).toThrow(InvalidAppend);
  });

  it.each(['', 'x'.repeat(201), 'a\u001eb'])('refuses the event type %j', (type) => {
    expect(() => prepareAppend('s', [{ ...event(), type }])).toThrow(InvalidAppend);
  });

  it.each(['', '1', `${randomUUID()}0`, '{00000000-0000-4000-8000-000000000001}'])('refuses the id %j', (id) => {
    expect(() => prepareAppend('s', [{ ...event(), id }])).toThrow(InvalidAppend);
  });

  it('refuses no events, too many, and one id twice', () => {
    expect(() => prepareAppend('s', [])).toThrow(InvalidAppend);
    const many = Array.from({ length: EVENTS_PER_APPEND_MAX + 1 }, () => event());
    expect(() => prepareAppend('s', many)).toThrow(InvalidAppend);
    expect(() => prepareAppend('s', many.slice(1))).not.toThrow();
    const appended = event();
    expect(() => prepareAppend('s', [appended, appended])).toThrow(InvalidAppend);
  });
});
