import { rebuildProjection } from '@app/postgres';
import type { RecordedEvent } from '@app/event-sourcing';
import { operationsProjection } from '../read-models/operations.projection';
import { ReadModels, startReadModels } from '../read-models/testing/read-model-database';
import { RegistrationHistory } from '../read-models/testing/recorded';
import { RegisterOverrides, register, stepsOf } from '../registrations/testing/commands';
import { FlowStep } from './flow-range';
import { CountedFlows, FLOWS_MAX, countFlows } from './hub-flows.queries';

const migrate = { updateHubAssignment: true, migrateDeviceData: true };
const reset = { updateHubAssignment: true, migrateDeviceData: false };
const never = { updateHubAssignment: false, migrateDeviceData: false };

let readModels: ReadModels;

/** One registration of a device on a day of January, to its end, and `more` said of it. */
class Life {
  private readonly history = new RegistrationHistory();
  private operations = 0;

  constructor(readonly id: string) {}

  register(at: string, hub: string, reprovisionPolicy = migrate, more: RegisterOverrides = {}): this {
    this.begin(at, hub, reprovisionPolicy, more);
    this.history.follow((state) => stepsOf(state, at));
    return this;
  }

  /** The hub refuses it. */
  fail(at: string, hub: string): this {
    const operationId = this.begin(at, hub, migrate, {});
    this.history.send({ type: 'FailAssignment', operationId, errorCode: 400207, errorMessage: 'the hub said no', at });
    return this;
  }

  delete(at: string): this {
    this.history.send({ type: 'DeleteRecord', at });
    return this;
  }

  recorded(): RecordedEvent[] {
    return this.history.recorded(this.id);
  }

  private begin(at: string, hub: string, reprovisionPolicy: typeof migrate, more: RegisterOverrides): string {
    const operationId = `${this.id}-${++this.operations}`;
    const entry = { iotHubs: [hub], allocationPolicy: 'static', reprovisionPolicy } as const;
    this.history.send({ ...register({ operationId, at, entry, ...more }), registrationId: this.id });
    return operationId;
  }
}

const january = (day: number, time = '10:00:00.000'): string => `2026-01-${String(day).padStart(2, '0')}T${time}Z`;
const flows = (step: FlowStep, since: string, until: string): Promise<CountedFlows> =>
  countFlows(readModels.database, { since, until, step });

const lives = [
  new Life('mover').register(january(1), 'hub-a').register(january(2, '08:15:00.000'), 'hub-b'),
  new Life('second').register(january(1, '10:59:59.999'), 'hub-a').register(january(2, '08:59:59.999'), 'hub-b'),
  new Life('returner')
    .register(january(1, '11:00:00.000'), 'hub-a')
    .register(january(2, '09:00:00.000'), 'hub-b')
    .register(january(3), 'hub-a'),
  new Life('starts-anew').register(january(1), 'hub-a').register(january(3), 'hub-b', reset),
  new Life('left-behind').register(january(1), 'hub-a').register(january(3), 'hub-b', reset, { linked: ['hub-b'] }),
  new Life('stays').register(january(1), 'hub-a').register(january(3), 'hub-a').register(january(3), 'hub-b', never),
  new Life('anew-in-place').register(january(1), 'hub-a').register(january(3), 'hub-a', reset),
  new Life('refused').register(january(1), 'hub-a').fail(january(3), 'hub-b'),
  new Life('nowhere').fail(january(3), 'hub-a'),
  new Life('comes-back').register(january(1), 'hub-b').delete(january(3)).register(january(4), 'hub-a'),
];

const byDay: CountedFlows = {
  devices: 16,
  flows: [
    { from: null, to: 'hub-a', action: 'create', devices: 9, steps: [count(1, 8), count(4, 1)] },
    { from: 'hub-a', to: 'hub-b', action: 'migrate', devices: 3, steps: [count(2, 3)] },
    { from: 'hub-a', to: 'hub-b', action: 'reset', devices: 2, steps: [count(3, 2)] },
    { from: 'hub-b', to: 'hub-a', action: 'migrate', devices: 1, steps: [count(3, 1)] },
    { from: null, to: 'hub-b', action: 'create', devices: 1, steps: [count(1, 1)] },
  ],
};

function count(day: number, devices: number) {
  return { at: january(day, '00:00:00.000'), devices };
}

beforeAll(async () => {
  readModels = await startReadModels();
  for (const life of lives) await readModels.take(life.recorded());
});
afterAll(() => readModels.close());

test('devices that came to a hub count, by day, from where and how; those that stayed or were refused do not', async () => {
  expect(await flows('day', january(1, '00:00:00.000'), january(5, '00:00:00.000'))).toEqual(byDay);
});

test('an hour has those that came from its beginning to before its end', async () => {
  const { flows: counted } = await flows('hour', january(2, '00:00:00.000'), january(3, '00:00:00.000'));
  const steps = [
    { at: january(2, '08:00:00.000'), devices: 2 },
    { at: january(2, '09:00:00.000'), devices: 1 },
  ];
  expect(counted).toEqual([{ from: 'hub-a', to: 'hub-b', action: 'migrate', devices: 3, steps }]);
  expect(await flows('hour', january(2, '09:00:00.000'), january(2, '10:00:00.000'))).toMatchObject({ devices: 1 });
  expect(await flows('hour', january(2, '10:00:00.000'), january(3, '00:00:00.000'))).toEqual({ devices: 0, flows: [] });
});

test('only the flows with most devices are told, and all devices are counted', async () => {
  const hubs = Array.from({ length: FLOWS_MAX + 1 }, (_, index) => `hub-${String(index).padStart(3, '0')}`);
  const arrivals = hubs.map((hub) => new Life(`at-${hub}`).register(january(20), hub, migrate, { linked: hubs }));
  const second = new Life('at-the-last').register(january(20), hubs.at(-1) ?? '', migrate, { linked: hubs });
  await readModels.take([...arrivals, second].flatMap((life) => life.recorded()));
  const counted = await flows('day', january(20, '00:00:00.000'), january(21, '00:00:00.000'));
  expect([counted.devices, counted.flows.length]).toEqual([FLOWS_MAX + 2, FLOWS_MAX]);
  expect(counted.flows.map(({ to }) => to).slice(0, 2)).toEqual([hubs.at(-1), hubs[0]]);
});

test('days are those of UTC, wherever the database is', async () => {
  const { database } = readModels;
  await database.query({ name: 'zone', text: `select set_config('timezone', 'Pacific/Auckland', false)`, values: [] });
  expect(await flows('day', january(1, '00:00:00.000'), january(5, '00:00:00.000'))).toEqual(byDay);
});

test('a rebuilt read model tells the same', async () => {
  const { store, config } = readModels;
  const report = await rebuildProjection({ store, config, projection: operationsProjection });
  expect(report).toMatchObject({ switched: true });
  expect(await flows('day', january(1, '00:00:00.000'), january(5, '00:00:00.000'))).toEqual(byDay);
});
