import { Inject, Injectable } from '@nestjs/common';
import { QueryBus } from '@nestjs/cqrs';
import { PreviewedDevice, effectOf } from '../campaigns/campaign.preview';
import { numberOrNull, text, textOrNull } from '../read-models/columns';
import { deviceStatusProjection } from '../read-models/device-status.projection';
import { tableName } from '../read-models/table-name';
import { PreviewRegistration } from '../registrations/preview.query';
import type { ReadDatabase } from '../shared/read-database';
import type { EnrollmentKind, ReprovisionPolicy } from '../shared/shapes';
import { READ_DATABASE } from '../shared/tokens';

/** Devices decided one by one; of a larger entry the rest is only counted. */
export const POLICY_PREVIEW_DEVICES_MAX = 1_000;
/** Counting goes no further. */
export const POLICY_PREVIEW_COUNT_MAX = 100_000;
const AT_ONCE_MAX = 32;
/** Of a device whose last registration did not say. */
const API_VERSION_DEFAULT = '2019-03-31';

export interface PolicyFlow {
  readonly from: string | null;
  readonly to: string | null;
  readonly devices: number;
}

/** What another policy of an entry would do to its devices if they all registered now; nothing is stored. */
export interface PolicyEffects {
  /** Of the entry, at most `POLICY_PREVIEW_COUNT_MAX`. */
  readonly devices: number;
  readonly examined: number;
  readonly effects: { readonly migrate: number; readonly reset: number; readonly stay: number; readonly fail: number };
  readonly flows: readonly PolicyFlow[];
}

interface Entry {
  readonly kind: EnrollmentKind;
  readonly id: string;
}

const TABLE = tableName(deviceStatusProjection);
const OF_ENTRY = `from ${TABLE} where enrollment_key = $1 and enrollment_kind = $2`;

@Injectable()
export class PolicyPreviews {
  constructor(
    @Inject(READ_DATABASE) private readonly database: ReadDatabase,
    private readonly queries: QueryBus,
  ) {}

  async preview(entry: Entry, policy: ReprovisionPolicy | null): Promise<PolicyEffects> {
    const values = [entry.id.toLowerCase(), entry.kind];
    const [counted, rows] = await Promise.all([
      this.database.query({
        name: 'policy-preview.count',
        text: `select count(*) as devices from (select 1 ${OF_ENTRY} limit ${POLICY_PREVIEW_COUNT_MAX}) as found`,
        values,
      }),
      this.database.query({
        name: 'policy-preview.devices',
        text: `select registration_key, api_version ${OF_ENTRY} order by registration_key limit ${POLICY_PREVIEW_DEVICES_MAX}`,
        values,
      }),
    ]);
    const devices: PreviewedDevice[] = [];
    for (let from = 0; from < rows.length; from += AT_ONCE_MAX) {
      const part = rows.slice(from, from + AT_ONCE_MAX);
      devices.push(
        ...(await Promise.all(
          part.map((row) => this.device(text(row, 'registration_key'), textOrNull(row, 'api_version'), entry, policy)),
        )),
      );
    }
    const [count] = counted;
    return {
      devices: count === undefined ? 0 : (numberOrNull(count, 'devices') ?? 0),
      examined: devices.length,
      ...summary(devices),
    };
  }

  private async device(
    registrationId: string,
    apiVersion: string | null,
    { kind, id }: Entry,
    reprovisionPolicy: ReprovisionPolicy | null,
  ): Promise<PreviewedDevice> {
    const imagined = {
      apiVersion: apiVersion ?? API_VERSION_DEFAULT,
      payload: null,
      remoteAddress: null,
      enrollmentGroupId: kind === 'group' ? id : null,
      callWebhook: false,
      reprovisionPolicy,
    };
    return effectOf(registrationId, await this.queries.execute(new PreviewRegistration(registrationId, imagined)));
  }
}

function summary(devices: readonly PreviewedDevice[]): Pick<PolicyEffects, 'effects' | 'flows'> {
  const effects = { migrate: 0, reset: 0, stay: 0, fail: 0 };
  const flows = new Map<string, PolicyFlow>();
  for (const { effect, from, to } of devices) {
    effects[effect === 'alreadyThere' ? 'stay' : effect] += 1;
    if (effect !== 'migrate' && effect !== 'reset') continue;
    const key = JSON.stringify([from, to]);
    flows.set(key, { from, to, devices: (flows.get(key)?.devices ?? 0) + 1 });
  }
  return { effects, flows: [...flows.values()] };
}
