import { MalformedEvent, UnknownEventType } from './codec';
import { doorCodec, DoorEvent, doorMetadata } from './testing/door';

describe('codec', () => {
  const opened: DoorEvent = { type: 'DoorOpened', data: { by: 'ann' } };
  const id = '00000000-0000-4000-8000-000000000001';

  it('gives back what was stored', () => {
    const stored = doorCodec.encode(opened, id, doorMetadata);
    expect(stored).toEqual({ id, type: 'DoorOpened', data: { by: 'ann' }, metadata: { ...doorMetadata, schemaVersion: 3 } });
    expect(doorCodec.decode(stored)).toEqual(opened);
  });

  it('writes no version while the shape is the first', () => {
    expect(doorCodec.encode({ type: 'DoorClosed', data: { by: 'ann' } }, id, doorMetadata).metadata).toEqual(doorMetadata);
  });

  it.each([
    [undefined, { who: 'bob' }],
    [1, { who: 'bob' }],
    [2, { name: 'bob' }],
    [3, { by: 'bob' }],
  ])('lifts data of version %s to the newest', (schemaVersion, data) => {
    const metadata = schemaVersion === undefined ? doorMetadata : { ...doorMetadata, schemaVersion };
    expect(doorCodec.decode({ type: 'DoorOpened', data, metadata })).toEqual({ type: 'DoorOpened', data: { by: 'bob' } });
  });

  it('refuses data of a version that it does not know yet', () => {
    const metadata = { ...doorMetadata, schemaVersion: 4 };
    expect(() => doorCodec.decode({ type: 'DoorOpened', data: { by: 'bob' }, metadata })).toThrow(/version 4 is newer/);
  });

  it('refuses unknown types in both directions', () => {
    expect(() => doorCodec.decode({ type: 'DoorPainted', data: {}, metadata: doorMetadata })).toThrow(UnknownEventType);
    const painted = { type: 'DoorPainted', data: {} } as unknown as DoorEvent;
    expect(() => doorCodec.encode(painted, id, doorMetadata)).toThrow(UnknownEventType);
    expect(doorCodec.knows('DoorPainted')).toBe(false);
    expect(doorCodec.types).toEqual(['DoorOpened', 'DoorClosed', 'DoorBrickedUp']);
  });

  it('refuses a wrong shape in both directions, naming type and field', () => {
    const malformed = { type: 'DoorOpened', data: { by: 7 } } as unknown as DoorEvent;
    expect(() => doorCodec.encode(malformed, id, doorMetadata)).toThrow(MalformedEvent);
    const stored = { type: 'DoorClosed', data: { by: 7 }, metadata: doorMetadata };
    expect(() => doorCodec.decode(stored)).toThrow(/DoorClosed.*by is not a string/);
  });

  it('refuses types that every object has by birth', () => {
    expect(() => doorCodec.decode({ type: 'constructor', data: {}, metadata: doorMetadata })).toThrow(UnknownEventType);
  });
});
