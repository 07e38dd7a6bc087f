import * as fc from 'fast-check';
import { RecordedEvent } from '@app/event-sourcing';
import { recordedRegistration, RegistrationHistory } from '../../read-models/testing/recorded';
import type { Outcome } from '../../registrations/registration.decider';
import { instantOf, register } from '../../registrations/testing/commands';

/** One registration of a device, with whatever came of it; `steps` of it are seen by the log, and then the device is forgotten or not. */
export interface Attempt {
  readonly hub: string;
  readonly migrateDeviceData: boolean;
  readonly provisioningStatus: 'enabled' | 'disabled';
  readonly end: Outcome | 'failed' | 'none';
  readonly isDeletedAfter: boolean;
}

export const attempts = fc.array(
  fc.record<Attempt>({
    hub: fc.constantFrom('hub-a', 'hub-b', 'hub-unknown'),
    migrateDeviceData: fc.boolean(),
    provisioningStatus: fc.constantFrom('enabled', 'enabled', 'enabled', 'disabled'),
    end: fc.constantFrom('created', 'existed', 'recreated', 'unchanged', 'moved', 'failed', 'none'),
    isDeletedAfter: fc.constantFrom(false, false, false, true),
  }),
  { minLength: 1, maxLength: 5 },
);

/** The events of a device's life through the real decider, whatever comes. */
export function lifeOf(id: string, lived: readonly Attempt[]): readonly RecordedEvent[] {
  const history = new RegistrationHistory();
  for (const [index, { hub, migrateDeviceData, provisioningStatus, end, isDeletedAfter }] of lived.entries()) {
    const operationId = `${id}-${index}`;
    const at = instantOf(index);
    const reprovisionPolicy = { updateHubAssignment: true, migrateDeviceData };
    const entry = { iotHubs: [hub], allocationPolicy: 'static', reprovisionPolicy, provisioningStatus } as const;
    history.send({ ...register({ operationId, at, entry }), registrationId: id });
    const section = { values: { n: index }, version: index + 1, metadata: null };
    const twin = { tags: {}, desired: section, reported: section };
    const recorded = { status: 'enabled', statusReason: null, generationId: 'gen' } as const;
    history.send(
      { type: 'RecordStatus', operationId, recorded, at },
      { type: 'RecordTwinMigrated', operationId, twin, complete: true, sourceTag: 'tag', at },
      { type: 'RecordTwinReset', operationId, at },
    );
    if (end === 'none') return recordedRegistration(id, history.events);
    history.send(
      end === 'failed'
        ? { type: 'FailAssignment', operationId, errorCode: 400207, errorMessage: 'the hub said no', at }
        : { type: 'CompleteAssignment', operationId, outcome: end, generationId: 'gen', at },
    );
    if (isDeletedAfter) history.send({ type: 'DeleteRecord', at });
  }
  return recordedRegistration(id, history.events);
}

/** Lives side by side: of each in its order, of all in the order that `choices` gives. */
export function interleaved(lives: readonly (readonly RecordedEvent[])[], choices: readonly number[]): readonly RecordedEvent[] {
  const left = lives.map((life) => [...life]);
  const all: RecordedEvent[] = [];
  for (let turn = 0; left.some((life) => life.length > 0); turn++) {
    const waiting = left.filter((life) => life.length > 0);
    const next = waiting[(choices[turn % choices.length] ?? 0) % waiting.length]?.shift();
    if (next !== undefined) all.push(next);
  }
  return all;
}
