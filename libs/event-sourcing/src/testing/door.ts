import { randomUUID } from 'node:crypto';
import { EventCodec, EventShape } from '../codec';
import { Decider, Rejected } from '../decider';
import { EventMetadata } from '../events';

/** The smallest decider with a rule, for tests of the kernel: a door that can be opened unless it was bricked up. */
export type DoorEvent =
  | { readonly type: 'DoorOpened'; readonly data: { readonly by: string } }
  | { readonly type: 'DoorClosed'; readonly data: { readonly by: string } }
  | { readonly type: 'DoorBrickedUp'; readonly data: Record<string, never> };

export type DoorCommand =
  { readonly type: 'open'; readonly by: string } | { readonly type: 'close'; readonly by: string } | { readonly type: 'brickUp' };

export type DoorState = 'closed' | 'open' | 'bricked up';

export const door: Decider<DoorState, DoorCommand, DoorEvent> = {
  initialState: 'closed',
  decide: (command, state) => {
    switch (command.type) {
      case 'open':
        if (state === 'bricked up') throw new Rejected('bricked-up', 'there is a wall');
        return state === 'open' ? [] : [{ type: 'DoorOpened', data: { by: command.by } }];
      case 'close':
        return state === 'open' ? [{ type: 'DoorClosed', data: { by: command.by } }] : [];
      case 'brickUp':
        return state === 'bricked up' ? [] : [{ type: 'DoorBrickedUp', data: {} }];
    }
  },
  evolve: (_state, event) => {
    switch (event.type) {
      case 'DoorOpened':
        return 'open';
      case 'DoorClosed':
        return 'closed';
      case 'DoorBrickedUp':
        return 'bricked up';
    }
  },
};

function withName(field: string): (data: unknown) => { readonly by: string } {
  return (data) => {
    const name = (data as Record<string, unknown>)[field];
    if (typeof name !== 'string') throw new Error(`${field} is not a string`);
    return { by: name };
  };
}

const empty: EventShape<Record<string, never>> = { version: 1, parse: () => ({}) };

/** `DoorOpened` was stored as `{ who }` in version 1 and as `{ name }` in version 2. */
export const doorCodec = new EventCodec<DoorEvent>({
  DoorOpened: {
    version: 3,
    parse: withName('by'),
    upcasters: { 1: ({ who }) => ({ name: who ?? null }), 2: ({ name }) => ({ by: name ?? null }) },
  },
  DoorClosed: { version: 1, parse: withName('by') },
  DoorBrickedUp: empty,
});

export const doorMetadata: EventMetadata = { actor: { kind: 'operator', name: 'ann' }, correlationId: 'c1', causationId: 'c0' };

export const doorContext = (stream: string) => ({ stream, metadata: doorMetadata, newId: () => randomUUID() });
