/*
 * What /api/v1 answers, as far as the pages use it; times are ISO 8601 UTC. `test/architecture/dashboard-answers.types.ts` compares it
 * with what the service's own routes answer.
 */

/** A text member of a document; empty where it is none. */
export function textIn(value: JsonValue | undefined): string {
  return typeof value === 'string' ? value : '';
}

export interface Page<Item> {
  readonly items: readonly Item[];
  readonly nextCursor: string | null;
}

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [name: string]: JsonValue;
}

export const deviceStatuses = ['assigning', 'assigned', 'failed', 'disabled'] as const;
export type DeviceStatusWord = (typeof deviceStatuses)[number];

export interface Device {
  readonly registrationId: string;
  readonly deviceId: string | null;
  readonly status: DeviceStatusWord;
  readonly substatus: string | null;
  readonly assignedHub: string | null;
  readonly targetHub: string | null;
  readonly operation: { readonly operationId: string; readonly action: string | null; readonly startedAt: string | null };
  readonly enrollment: { readonly kind: 'individual' | 'group'; readonly id: string } | null;
  readonly policy: string | null;
  readonly reason: string | null;
  readonly error: { readonly code: number; readonly message: string } | null;
  readonly createdAt: string | null;
  readonly updatedAt: string;
  readonly revision: string;
}

export interface HubStatus {
  readonly hub: string;
  readonly linked: boolean;
  readonly answers: boolean;
  readonly devices: number;
  readonly capacity: number | null;
  readonly allocationWeight: number;
  readonly cordoned: boolean;
  readonly draining: boolean;
  readonly location: string;
}

export interface FleetStatus {
  readonly at: string;
  readonly devices: number;
  readonly statuses: readonly { readonly status: DeviceStatusWord; readonly devices: number }[];
  readonly hubs: readonly HubStatus[];
  readonly failures: readonly { readonly kind: 'assignment' | 'attestation'; readonly reason: string; readonly count: number }[];
  readonly minutes: readonly MinuteCount[];
}

export interface MinuteCount {
  readonly at: string;
  readonly registrations: number;
  readonly moves: number;
  readonly failures: number;
}

/** Devices that came to a hub; `from` is null for those that had none before. */
export interface HubFlow {
  readonly from: string | null;
  readonly to: string;
  readonly action: 'create' | 'migrate' | 'reset';
  readonly devices: number;
  readonly steps: readonly { readonly at: string; readonly devices: number }[];
}

export interface HubFlows {
  readonly since: string;
  readonly until: string;
  readonly step: 'hour' | 'day';
  readonly devices: number;
  readonly flows: readonly HubFlow[];
}

export interface ProjectionStatus {
  readonly name: string;
  readonly state: 'running' | 'standby' | 'stopped' | 'failed';
  readonly caughtUp: boolean;
  readonly lagMs: number;
  readonly lagEvents: number | null;
  readonly error: string | null;
}

export interface LinkedHub {
  readonly name: string;
  readonly location: string;
  readonly allocationWeight: number;
  readonly applyAllocationPolicy: boolean;
  readonly cordoned: boolean;
  readonly draining: boolean;
  readonly capacity: number | null;
  readonly linkedAt: string;
  readonly updatedAt: string;
  readonly etag: string;
}

export interface ReprovisionPolicy {
  readonly updateHubAssignment: boolean;
  readonly migrateDeviceData: boolean;
}

export interface Enrollment {
  readonly kind: 'individual' | 'group';
  readonly id: string;
  readonly document: JsonObject;
  readonly provisioningStatus: 'enabled' | 'disabled';
  readonly reprovisionPolicy: ReprovisionPolicy | null;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly etag: string;
}

export interface AuditEvent {
  readonly position: string;
  readonly stream: string;
  readonly revision: string;
  readonly id: string;
  readonly type: string;
  readonly time: string;
  readonly actor: { readonly kind: string; readonly name: string };
  readonly correlationId: string;
  readonly registrationId: string | null;
  readonly enrollment: { readonly kind: string; readonly id: string } | null;
  readonly hubs: readonly string[];
  readonly log: 'provisioning' | 'hubs';
  readonly data: JsonObject;
}

export interface Neighbour {
  readonly position: string;
  readonly stream: string;
  readonly revision: string;
  readonly type: string;
}

export interface WholeAuditEvent extends AuditEvent {
  readonly metadata: JsonObject;
  readonly hash: string | null;
  readonly previousHash: string | null;
  readonly inStream: { readonly previous: Neighbour | null; readonly next: Neighbour | null };
  readonly inLog: { readonly previous: Neighbour | null; readonly next: Neighbour | null };
}

export interface Why {
  readonly registrationId: string;
  readonly summary: string;
  readonly sentences: readonly string[];
}

export interface TwinSection {
  readonly values: JsonObject;
  readonly version: number;
}
export interface Twin {
  readonly tags: JsonObject;
  readonly desired: TwinSection;
  readonly reported: TwinSection;
}

export interface TwinData {
  readonly initial: { readonly twin: { readonly tags: JsonObject; readonly desired: JsonObject }; readonly at: string } | null;
  readonly lastKnown: { readonly twin: Twin | null; readonly hub: string; readonly source: string; readonly at: string } | null;
  readonly atHub?: {
    readonly hub: string;
    readonly source: 'hubLog' | 'provisioningLog';
    readonly twin: Twin | null;
    readonly recordedAt: string;
  } | null;
}

export interface Preview {
  readonly outcome: 'assign' | 'fail' | 'refuse' | 'join';
  readonly action: 'create' | 'keep' | 'migrate' | 'reset' | null;
  readonly hub: string | null;
  readonly previousHub: string | null;
  readonly error: { readonly code: number; readonly message: string } | null;
  readonly rules: readonly { readonly rule: string; readonly outcome: string }[];
  readonly grounds: JsonObject | null;
}

export interface ReprovisionAnswer {
  readonly hub: string;
  readonly outcome: string;
  readonly methodStatus: number | null;
  readonly detail: string | null;
}

export interface PolicyEffects {
  readonly devices: number;
  readonly examined: number;
  readonly effects: { readonly migrate: number; readonly reset: number; readonly stay: number; readonly fail: number };
  readonly flows: readonly { readonly from: string | null; readonly to: string | null; readonly devices: number }[];
}
