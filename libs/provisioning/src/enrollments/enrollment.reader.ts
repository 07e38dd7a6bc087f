import { EventStore, StateReader } from '@app/event-sourcing';
import { RECENT_MS } from '../shared/recent';
import { EnrollmentKind } from '../shared/shapes';
import { enrollmentDecider, EnrollmentState, PresentEnrollment } from './enrollment.decider';
import { enrollmentCodec, EnrollmentEvent, enrollmentGroupStream, individualEnrollmentStream } from './enrollment.events';

/** Entries kept folded. With the longest documents (96 KB) all of them still fit in memory; usual ones have 2 KB. */
const STATES_MAX = 2_000;

export function enrollmentStream(kind: EnrollmentKind, id: string): string {
  switch (kind) {
    case 'individual':
      return individualEnrollmentStream(id);
    case 'group':
      return enrollmentGroupStream(id);
  }
}

/** Enrollments as their streams say they are now. */
export class EnrollmentReader {
  readonly states: StateReader<EnrollmentState, EnrollmentEvent>;

  constructor(store: EventStore) {
    this.states = new StateReader(store, enrollmentDecider, enrollmentCodec, { statesMax: STATES_MAX });
  }

  async read(kind: EnrollmentKind, id: string): Promise<EnrollmentState> {
    const { state } = await this.states.read(enrollmentStream(kind, id));
    return state;
  }

  /** As `find`, for devices, which ask often: what this process wrote is always in it, what another wrote at most `RECENT_MS` later. */
  async findRecent(kind: EnrollmentKind, id: string): Promise<PresentEnrollment | undefined> {
    const { state } = await this.states.readRecent(enrollmentStream(kind, id), RECENT_MS);
    return state.status === 'present' ? state : undefined;
  }

  /** undefined when there is no such entry, or not any more. */
  async find(kind: EnrollmentKind, id: string): Promise<PresentEnrollment | undefined> {
    const state = await this.read(kind, id);
    return state.status === 'present' ? state : undefined;
  }
}
