import type { LinkedHub } from '../../api/types';

/** As a person types it. */
export interface HubForm {
  readonly name: string;
  readonly connectionString: string;
  readonly location: string;
  readonly allocationWeight: string;
  readonly capacity: string;
  readonly applyAllocationPolicy: boolean;
  readonly cordoned: boolean;
  readonly draining: boolean;
}

const WEIGHT_MAX = 1_000;
const CAPACITY_MAX = 1_000_000;
const CONNECTION_STRING = /^(?=.*HostName=[^;]+)(?=.*SharedAccessKeyName=[^;]+)(?=.*SharedAccessKey=[^;]+)/i;

export function hubFormOf(hub: LinkedHub | null): HubForm {
  return {
    name: hub?.name ?? '',
    connectionString: '',
    location: hub?.location ?? '',
    allocationWeight: String(hub?.allocationWeight ?? 1),
    capacity: hub?.capacity === null || hub === null ? '' : String(hub.capacity),
    applyAllocationPolicy: hub?.applyAllocationPolicy ?? true,
    cordoned: hub?.cordoned ?? false,
    draining: hub?.draining ?? false,
  };
}

/** A sentence for each member that is not as it must be. */
export function problemsOf(form: HubForm, isNew: boolean): Partial<Record<keyof HubForm, string>> {
  const { connectionString, allocationWeight, capacity } = form;
  const problems: Partial<Record<keyof HubForm, string>> = {};
  if ((isNew || connectionString !== '') && !CONNECTION_STRING.test(connectionString)) {
    problems.connectionString = 'It has HostName, SharedAccessKeyName and SharedAccessKey, separated by semicolons.';
  }
  if (!isWhole(allocationWeight, 1, WEIGHT_MAX)) problems.allocationWeight = `A whole number from 1 to ${WEIGHT_MAX}.`;
  if (capacity !== '' && !isWhole(capacity, 0, CAPACITY_MAX)) problems.capacity = 'A whole number, or nothing.';
  return problems;
}

export function hubBody(form: HubForm): object {
  const { connectionString, location, allocationWeight, capacity, applyAllocationPolicy, cordoned, draining } = form;
  return {
    ...(connectionString === '' ? {} : { connectionString }),
    location,
    allocationWeight: Number(allocationWeight),
    capacity: capacity === '' ? null : Number(capacity),
    applyAllocationPolicy,
    cordoned,
    draining,
  };
}

function isWhole(text: string, min: number, max: number): boolean {
  return /^\d+$/.test(text) && Number(text) >= min && Number(text) <= max;
}
