import { PgConfig, openPool } from '@app/postgres';
import { deviceStatusProjection } from '@app/provisioning/read-models/device-status.projection';
import { hubMembershipProjection } from '@app/provisioning/read-models/hub-membership.projection';
import { tableName } from '@app/provisioning/read-models/table-name';

const ROWS_AT_ONCE = 100_000;
/** One device in so many has failed. */
const FAILED_EVERY = 100;

/** Ids in the order of their numbers, so that every prefix of digits is a tenth of the one before it. */
export const fleetDeviceOf = (index: number): string => `sn-${String(index).padStart(7, '0')}`;

const status = tableName(deviceStatusProjection);
const membership = tableName(hubMembershipProjection);

/** Rows like those of the devices that are there already, with other ids: odd ones like the first of `models`, even ones like the second. */
const copies = (table: string, changes: string): string => `
  insert into ${table}
  select copy.* from generate_series($1::int, $2::int) as number
  cross join lateral (select 'sn-' || lpad(number::text, 7, '0') as id) as named
  join ${table} as model on model.registration_key = case when number % 2 = 1 then $3 else $4 end
  cross join lateral jsonb_populate_record(model, jsonb_build_object(
    'registration_key', id, 'registration_id', id, 'device_id', id) || ${changes}) as copy`;

const failures = `case when number % ${FAILED_EVERY} = 0
  then '{"status":"failed","error_code":400208,"error_message":"no hub takes it"}'::jsonb else '{}'::jsonb end`;

export interface FleetModels {
  readonly odd: string;
  readonly even: string;
}

/** Writes the rows of a fleet into the read models of the device list and of the hubs' counts, as if the log had that many devices. */
export async function writeFleetRows(config: PgConfig, devices: number, { odd, even }: FleetModels): Promise<void> {
  const pool = openPool(config, { applicationName: 'bench', max: 1 });
  try {
    for (let first = 0; first < devices; first += ROWS_AT_ONCE) {
      const values = [first, Math.min(first + ROWS_AT_ONCE, devices) - 1, odd, even];
      await pool.query(copies(status, failures), values);
      await pool.query(copies(membership, `'{}'::jsonb`), values);
    }
    await pool.query(`vacuum analyze ${status}, ${membership}`);
  } finally {
    await pool.end();
  }
}
