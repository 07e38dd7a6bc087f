import fc from 'fast-check';
import { fold } from '@app/event-sourcing';
import { sentTwiceChangesNothing, specification } from '@app/event-sourcing/specification';
import { CampaignCommand, campaignDecider } from './campaign.decider';
import { CampaignEvent, CampaignPlan, SettledDevice } from './campaign.events';
import { Campaign } from './campaign.state';
import { nextStep } from './campaign.steps';

const given = specification(campaignDecider);

const plan: CampaignPlan = {
  name: 'to the new hub',
  selection: { by: 'hub', hub: 'hub-a' },
  hubs: ['hub-b'],
  waveSize: 2,
  pauseS: 10,
  waveTimeoutS: 60,
  failuresMax: 1,
  askConnected: true,
};
const ZERO_MS = Date.parse('2026-01-01T00:00:00.000Z');
const at = (second: number): string => new Date(ZERO_MS + second * 1_000).toISOString();

const create: CampaignCommand = { type: 'CreateCampaign', campaignId: 'c-1', plan, at: at(0) };
const start: CampaignCommand = { type: 'StartCampaign', at: at(1) };
const select = (...registrationIds: string[]): CampaignCommand => {
  return { type: 'AddSelected', part: 1, registrationIds, complete: true, at: at(2) };
};
const wave = (number: number, second: number, ...ids: string[]): CampaignCommand => {
  const devices = ids.map((registrationId) => ({ registrationId, from: 'hub-a', hub: 'hub-b' }));
  return { type: 'StartWave', wave: number, devices, at: at(second) };
};
const settle = (second: number, outcome: SettledDevice['outcome'], ...ids: string[]): CampaignCommand => {
  const hub = outcome === 'moved' ? 'hub-b' : 'hub-a';
  const devices = ids.map((registrationId) => ({
    registrationId,
    outcome,
    hub,
    operationId: `op-${registrationId}`,
    detail: '',
  }));
  return { type: 'SettleDevices', devices, at: at(second) };
};

const after = (...commands: readonly CampaignCommand[]): readonly CampaignEvent[] =>
  commands.reduce<readonly CampaignEvent[]>(
    (events, command) => [...events, ...campaignDecider.decide(command, fold(campaignDecider, events))],
    [],
  );
const campaignAfter = (...commands: readonly CampaignCommand[]): Campaign => {
  const state = fold(campaignDecider, after(...commands));
  if (state.status === 'absent') throw new Error('there is no campaign');
  return state;
};
const next = (second: number, ...commands: readonly CampaignCommand[]): unknown =>
  nextStep(campaignAfter(...commands), ZERO_MS + second * 1_000);

const underWay = [create, start, select('a', 'b', 'c'), wave(1, 3, 'a', 'b')] as const;

describe('what an operator says', () => {
  test('a campaign is planned once', () => {
    given(after(create)).when(create).thenNothing();
    given(after(create))
      .when({ ...create, plan: { ...plan, waveSize: 3 } })
      .thenRejected('campaign-exists');
  });

  test.each<[string, readonly CampaignCommand[], CampaignCommand['type'], string]>([
    ['started before it is planned', [], 'StartCampaign', 'campaign-not-found'],
    ['paused before it is started', [create], 'PauseCampaign', 'campaign-not-in-that-state'],
    ['resumed when it is a draft', [create], 'ResumeCampaign', 'campaign-not-in-that-state'],
    ['undone while it runs', underWay, 'UndoCampaign', 'campaign-not-in-that-state'],
    ['released while it runs', underWay, 'ReleaseCampaign', 'campaign-not-in-that-state'],
  ])('it cannot be %s', (_, before, type, reason) => {
    given(after(...before))
      .when({ type, by: 'c-2', at: at(9) } as CampaignCommand)
      .thenRejected(reason);
  });

  test('an abort recalls what has not called, and leaves what has moved', () => {
    const aborted = [...underWay, settle(4, 'moved', 'a'), { type: 'AbortCampaign', at: at(5) }] as const;
    expect(campaignAfter(...aborted)).toMatchObject({ status: 'aborted', queue: [], isOver: false });
    expect(next(6, ...aborted)).toEqual({ do: 'recall' });
    const recalled = [...aborted, settle(6, 'recalled', 'b')] as const;
    expect(next(7, ...recalled)).toEqual({ do: 'end' });
    const over = campaignAfter(...recalled, { type: 'EndCampaign', at: at(7) });
    expect(over).toMatchObject({ status: 'aborted', isOver: true, counts: { moved: 1, recalled: 1 } });
    expect([...over.moved.keys()]).toEqual(['a']);
  });
});

describe('waves', () => {
  test('follow each other: one is over when its devices have settled, the next waits for the pause', () => {
    expect(next(2, create, start)).toEqual({ do: 'select', part: 1 });
    expect(next(2, create, start, select('a', 'b', 'c'))).toEqual({ do: 'startWave', wave: 1, registrationIds: ['a', 'b'] });
    expect(next(4, ...underWay)).toEqual({ do: 'watch' });
    const settled = [...underWay, settle(5, 'moved', 'a'), settle(5, 'stayed', 'b')] as const;
    expect(next(5, ...settled)).toEqual({ do: 'endWave', wave: 1 });
    const ended = [...settled, { type: 'EndWave', wave: 1, at: at(6) }] as const;
    expect(next(15, ...ended)).toEqual({ do: 'watch' });
    expect(next(16, ...ended)).toEqual({ do: 'startWave', wave: 2, registrationIds: ['c'] });
  });

  test('do not wait for ever: devices that have not called are waited for beside the next ones', () => {
    expect(next(62, ...underWay)).toEqual({ do: 'watch' });
    expect(next(63, ...underWay)).toEqual({ do: 'endWave', wave: 1 });
    const all = [...underWay, { type: 'EndWave', wave: 1, at: at(63) }, wave(2, 80, 'c'), settle(81, 'moved', 'c')] as const;
    const last = [...all, { type: 'EndWave', wave: 2, at: at(82) }] as const;
    expect(next(83, ...last)).toEqual({ do: 'watch' });
    expect(next(84, ...last, settle(83, 'moved', 'a', 'b'))).toEqual({ do: 'end' });
  });

  test('are held back by a pause', () => {
    const paused = [...underWay, settle(4, 'moved', 'a', 'b'), { type: 'PauseCampaign', at: at(5) }] as const;
    expect(next(99, ...paused)).toEqual({ do: 'watch' });
    given(after(...paused, { type: 'EndWave', wave: 1, at: at(6) }))
      .when(wave(2, 99, 'c'))
      .thenNothing();
    expect(next(99, ...paused, { type: 'ResumeCampaign', at: at(98) })).toEqual({ do: 'endWave', wave: 1 });
  });

  test('are started by one process only, and in their turn', () => {
    given(after(...underWay))
      .when(wave(1, 9, 'a'))
      .thenNothing();
    given(after(...underWay))
      .when(wave(2, 9, 'c'))
      .thenNothing();
  });
});

describe('a device', () => {
  const firstOver = [...underWay, settle(4, 'moved', 'a'), { type: 'EndWave', wave: 1, at: at(5) }] as const;

  test('is selected once', () => {
    const twice = after(create, start, select('a', 'b', 'a'));
    expect(twice.at(-1)).toMatchObject({ data: { registrationIds: ['a', 'b'], progress: { selected: 2, queued: 2 } } });
    const inTwoParts = after(
      create,
      start,
      { type: 'AddSelected', part: 1, registrationIds: ['a'], complete: false, at: at(2) },
      { type: 'AddSelected', part: 2, registrationIds: ['a', 'b'], complete: true, at: at(2) },
    );
    expect(inTwoParts.at(-1)).toMatchObject({ data: { registrationIds: ['b'], progress: { selected: 2, queued: 2 } } });
  });

  test('is sent once: neither again in the same wave nor in a later one, waited for or settled', () => {
    const twice = after(create, start, select('a', 'b', 'c'), wave(1, 3, 'a', 'a'));
    expect(twice.at(-1)).toMatchObject({ data: { devices: [{ registrationId: 'a' }], progress: { queued: 2, waiting: 1 } } });
    given(after(...firstOver))
      .when(wave(2, 20, 'a', 'b'))
      .thenNothing();
    const third = after(...firstOver, wave(2, 20, 'a', 'b', 'c'));
    expect(third.at(-1)).toMatchObject({
      type: 'WaveStarted',
      data: { wave: 2, devices: [{ registrationId: 'c' }], progress: { queued: 0, waiting: 2, moved: 1 } },
    });
  });

  test('that was never selected is not sent', () => {
    given(after(create, start, select('a')))
      .when(wave(1, 3, 'z'))
      .thenNothing();
  });

  test('settles once', () => {
    const settled = after(...underWay, settle(4, 'moved', 'a', 'a')).at(-1);
    expect(settled).toMatchObject({ data: { progress: { moved: 1, waiting: 1 } } });
    expect(settled).toHaveProperty('data.devices.length', 1);
  });
});

describe('failures', () => {
  test('abort the campaign when they pass the threshold', () => {
    const one = [...underWay, settle(4, 'failed', 'a')] as const;
    expect(campaignAfter(...one)).toMatchObject({ status: 'running', counts: { failed: 1 } });
    const two = after(...one, settle(5, 'failed', 'b'));
    expect(two.slice(-2)).toMatchObject([
      { type: 'DevicesSettled', data: { progress: { failed: 2, waiting: 0, queued: 1 } } },
      { type: 'CampaignAborted', data: { reason: 'failures', progress: { failed: 2, queued: 0 } } },
    ]);
  });

  test('are not counted twice', () => {
    given(after(...underWay, settle(4, 'failed', 'a')))
      .when(settle(5, 'failed', 'a'))
      .thenNothing();
  });
});

describe('properties', () => {
  const ids = ['a', 'b', 'c', 'd', 'e'];
  // Any device in any order and more than once, and one that was not selected.
  const some = fc.array(fc.constantFrom(...ids, 'stranger'), { minLength: 1, maxLength: 6 });
  const command: fc.Arbitrary<CampaignCommand> = fc.oneof(
    fc.constantFrom<CampaignCommand>(
      create,
      start,
      { type: 'PauseCampaign', at: at(9) },
      { type: 'ResumeCampaign', at: at(9) },
      { type: 'EndCampaign', at: at(9) },
      { type: 'ReleaseCampaign', at: at(9) },
      { type: 'EndRelease', at: at(9) },
      { type: 'UndoCampaign', by: 'c-2', at: at(9) },
    ),
    fc.constant(select(...ids)),
    fc.record({ number: fc.integer({ min: 1, max: 3 }), some }).map(({ number, some: which }) => wave(number, 3, ...which)),
    fc
      .record({ some, outcome: fc.constantFrom('moved', 'stayed', 'failed', 'recalled') })
      .map(({ some: which, outcome }) => settle(4, outcome, ...which)),
    fc.integer({ min: 1, max: 3 }).map((number): CampaignCommand => ({ type: 'EndWave', wave: number, at: at(5) })),
  );

  test('every command may be sent twice', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
        sentTwiceChangesNothing(campaignDecider, [create, start, select(...ids), ...commands]);
      }),
    );
  });

  test('no device is lost: queued, waiting and settled are all that were selected, and events tell the same', () => {
    fc.assert(
      fc.property(fc.array(command, { maxLength: 30 }), (commands) => {
        let events: readonly CampaignEvent[] = after(create, start, select(...ids));
        for (const each of commands) {
          try {
            events = [...events, ...campaignDecider.decide(each, fold(campaignDecider, events))];
          } catch {
            continue;
          }
        }
        const state = fold(campaignDecider, events) as Campaign;
        const { moved, stayed, failed, recalled } = state.counts;
        const known = state.queue.length + state.waiting.size + moved + stayed + failed + recalled;
        expect(state.status === 'aborted' ? known <= ids.length : known === ids.length).toBe(true);
        const told = events.flatMap(({ data }) => ('progress' in data ? [data.progress] : [])).at(-1);
        expect(told).toMatchObject({ waiting: state.waiting.size, queued: state.queue.length, ...state.counts });
      }),
    );
  });
});
