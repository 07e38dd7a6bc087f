import { EffectivePolicyName } from '../registrations/registration.events';
import { ReadDatabase, Row } from '../shared/read-database';
import { DeviceStatusFilter, listDeviceStatus } from './device-status.queries';
import { deviceStatusProjection } from './device-status.projection';
import { tableName } from './table-name';
import { ReadModels, startReadModels } from './testing/read-model-database';

const DEVICES = 200_000;
/** Of 200,000 rows nobody may look at more than a page of them and as many again that another filter leaves out. */
const ROWS_LOOKED_AT_MAX = 1_000;
const PAGE = 60;

const table = tableName(deviceStatusProjection);
/** Half of the devices at each hub, in groups of a hundred, one in a hundred failed, one device with a policy of its own. */
const fleet = `
  insert into ${table} (registration_key, registration_id, device_id, status, operation_id, assigned_hub, enrollment_kind, enrollment_id,
    enrollment_key, policy, updated_at, revision)
  select id, id, id, case when number / 2 % 100 = 0 then 'failed' else 'assigned' end, id, 'hub-' || number % 2, 'group', grp, grp,
    case when number = 4711 then 'never' else 'migrate' end, timestamptz '2026-01-01' + number * interval '1 second', 1
  from generate_series(0, $1::int - 1) as number cross join lateral (select 'sn-' || lpad(number::text, 7, '0') as id, 'group-' || number % 2000 as grp) as named`;

interface PlanNode {
  readonly 'Node Type': string;
  readonly 'Index Name'?: string;
  readonly 'Index Cond'?: string;
  readonly 'Actual Rows': number;
  readonly 'Rows Removed by Filter'?: number;
  readonly Plans?: readonly PlanNode[];
}

let models: ReadModels;

beforeAll(async () => {
  models = await startReadModels();
  await models.database.query({ name: 'fleet', text: fleet, values: [DEVICES] });
  await models.database.query({ name: 'statistics', text: `analyze ${table}`, values: [] });
});
afterAll(() => models.close());

/** The nodes of the plan by which PostgreSQL ran the statement of a list. */
async function planOf(filter: DeviceStatusFilter, cursor?: string): Promise<readonly PlanNode[]> {
  const plans: PlanNode[] = [];
  const explaining: ReadDatabase = {
    query: async <T extends Row>({ name, text, values }: Parameters<ReadDatabase['query']>[0]): Promise<T[]> => {
      const explain = `explain (analyze, format json) ${text}`;
      const [row] = await models.database.query({ name: `explain ${name}`.slice(0, 63), text: explain, values });
      plans.push(...(row?.['QUERY PLAN'] as readonly { readonly Plan: PlanNode }[]).map(({ Plan }) => Plan));
      return [];
    },
  };
  await listDeviceStatus(explaining, filter, { limit: PAGE, cursor });
  return plans.flatMap(nodesOf);
}

function nodesOf(node: PlanNode): PlanNode[] {
  return [node, ...(node.Plans ?? []).flatMap(nodesOf)];
}

const hub = 'hub-1';
const never: EffectivePolicyName = 'never';
const searches: readonly (readonly [string, DeviceStatusFilter])[] = [
  ['the beginning of an id', { idPrefix: 'sn-01' }],
  ['a whole id', { idPrefix: 'sn-0123456' }],
  ['the beginning of an id, of one hub', { idPrefix: 'sn-01', hub }],
  ['the beginning of an id, failed', { idPrefix: 'sn-01', status: 'failed' }],
  ['failed ones of one hub', { status: 'failed', hub }],
  ['a policy that one device has', { policy: never }],
  ['a policy that nobody has', { policy: 'reset' }],
  ['a small enrollment group', { enrollment: { kind: 'group', id: 'group-7' } }],
  ['changed since', { changedSince: '2026-01-03T00:00:00.000Z' }],
];

test.each(searches)('the list of %s reads a range of an index, and hardly more than its page', async (_, filter) => {
  const nodes = await planOf(filter);
  const kinds = nodes.map((node) => node['Node Type']);
  expect(kinds.filter((kind) => /Seq Scan|Sort|Bitmap/.test(kind))).toEqual([]);
  const [scan] = nodes.filter((node) => /^Index (Only )?Scan$/.test(node['Node Type']));
  expect(scan).toMatchObject({ 'Index Cond': expect.any(String) as string });
  expect((scan?.['Actual Rows'] ?? Infinity) + (scan?.['Rows Removed by Filter'] ?? 0)).toBeLessThan(ROWS_LOOKED_AT_MAX);
});

test('a next page begins in the index where the one before it ended', async () => {
  const { nextCursor } = await listDeviceStatus(models.database, { hub }, { limit: PAGE });
  const scans = (await planOf({ hub }, nextCursor ?? undefined)).filter((node) => node['Node Type'].includes('Scan'));
  expect(scans).toEqual([expect.objectContaining({ 'Index Cond': expect.stringContaining('registration_key') as string })]);
});
