import { Decider } from '@app/event-sourcing';
import { ErasureEvent } from './erasure.events';

export type ErasureCommand =
  | {
      readonly type: 'RequestErasure';
      readonly registrationId: string;
      readonly reason: string;
      readonly deleteEnrollment: boolean;
      readonly at: string;
    }
  | {
      readonly type: 'CompleteErasure';
      readonly hubs: Extract<ErasureEvent, { type: 'DeviceDataErased' }>['data']['hubs'];
      readonly at: string;
    };

export type ErasureState =
  | { readonly status: 'none' }
  | {
      readonly status: 'requested';
      readonly registrationId: string;
      readonly reason: string;
      readonly deleteEnrollment: boolean;
      readonly requestedAt: string;
    }
  | { readonly status: 'erased'; readonly reason: string; readonly requestedAt: string; readonly erasedAt: string };

/** A device that has come back since may be erased again. */
function decide(command: ErasureCommand, state: ErasureState): readonly ErasureEvent[] {
  switch (command.type) {
    case 'RequestErasure': {
      if (state.status === 'requested') return [];
      const { registrationId, reason, deleteEnrollment, at } = command;
      return [{ type: 'ErasureRequested', data: { registrationId, reason, deleteEnrollment, at } }];
    }
    case 'CompleteErasure':
      if (state.status !== 'requested') return [];
      return [{ type: 'DeviceDataErased', data: { hubs: [...command.hubs], at: command.at } }];
  }
}

function evolve(state: ErasureState, event: ErasureEvent): ErasureState {
  switch (event.type) {
    case 'ErasureRequested': {
      const { registrationId, reason, deleteEnrollment, at } = event.data;
      return { status: 'requested', registrationId, reason, deleteEnrollment, requestedAt: at };
    }
    case 'DeviceDataErased': {
      if (state.status !== 'requested') return state;
      const { reason, requestedAt } = state;
      return { status: 'erased', reason, requestedAt, erasedAt: event.data.at };
    }
  }
}

export const erasureDecider: Decider<ErasureState, ErasureCommand, ErasureEvent> = {
  initialState: { status: 'none' },
  decide,
  evolve,
};
