import { JsonObject } from '@app/event-sourcing';
import { idsAllowed, meets, projected } from './query.evaluation';
import { parseQuery } from './query.parser';

const twin: JsonObject = {
  deviceId: 'dev-1',
  status: 'enabled',
  connectionState: 'Connected',
  tags: { floor: 3, site: { name: "Ann's" }, 'odd key': true, nothing: null },
  properties: { desired: { interval: 5, mode: 'eco', $version: 2 }, reported: { firmware: '1.10', ok: true } },
};
const where = (condition: string): boolean => {
  const query = parseQuery(`SELECT * FROM devices WHERE ${condition}`);
  if (query.where === null) throw new Error('no condition');
  return meets(twin, query.where);
};

describe('a condition', () => {
  it.each([
    ["deviceId = 'dev-1'", true],
    ["devices.deviceId = 'dev-1'", true],
    ['deviceid != "dev-1"', false],
    ["deviceId = 'DEV-1'", false],
    ["status='enabled' and tags.floor=3", true],
    ["status = 'disabled' OR tags.floor > 2", true],
    ['tags.floor >= 3 AND tags.floor <= 3 AND NOT tags.floor < 3', true],
    ['tags.floor <> 3', false],
    ['tags.Floor = 3', false],
    ["tags.site.name = 'Ann''s'", true],
    ['tags[[odd key]] = true', true],
    ['tags.nothing = null', true],
    ["tags.floor IN [1, 2, 3] and deviceId in ('a', 'dev-1')", true],
    ["properties.desired.mode = 'eco'", true],
    ['properties.reported.ok = false', false],
    ["Properties.Reported.firmware < '1.2'", true],
    ['tags.missing > 1', false],
    ['tags.missing != 1', true],
    ['is_defined(tags.missing)', false],
    ['IS_DEFINED(tags.site) and properties.desired.$version = 2', true],
    ["tags.floor = '3'", false],
    ["status = 'disabled' and tags.floor = 3 or connectionState = 'Connected'", true],
    ["status = 'disabled' and (tags.floor = 3 or connectionState = 'Connected')", false],
    ['tags.constructor = 1', false],
    ['is_defined(tags.__proto__)', false],
  ])('%s: %s', (condition, expected) => {
    expect(where(condition)).toBe(expected);
  });
});

describe('what is selected', () => {
  it('is the twin, or its members', () => {
    expect(projected(twin, parseQuery('select * from devices;'))).toBe(twin);
    const query = parseQuery('SELECT deviceId, tags.site, properties.reported.firmware, tags.missing FROM devices');
    expect(projected(twin, query)).toEqual({ deviceId: 'dev-1', site: { name: "Ann's" }, firmware: '1.10' });
  });
});

describe('the ids a condition allows', () => {
  it.each([
    ["deviceId = 'a'", ['a']],
    ["tags.x = 1 and deviceId in ['a', 'b', 'a']", ['a', 'b']],
    ["deviceId = 'a' or deviceId = 'b'", undefined],
    ["not deviceId = 'a'", undefined],
    ["deviceId != 'a'", undefined],
  ])('%s', (condition, ids) => {
    expect(idsAllowed(parseQuery(`select * from devices where ${condition}`).where)).toEqual(ids);
  });
});

describe('a query that is not understood is refused', () => {
  it.each([
    [''],
    ['select'],
    ['select * from devices.modules'],
    ['select * from devices.jobs'],
    ['select count() as n from devices'],
    ["select * from devices where deviceId like 'a%'"],
    ['select * from devices where tags.a = tags.b'],
    ["select * from devices where deviceId = 'unclosed"],
    ['select * from devices where (tags.a = 1'],
    ['select * from devices group by status'],
    ['select * from devices where'],
    [`select * from devices where ${'('.repeat(50)}tags.a = 1${')'.repeat(50)}`],
    [`select * from devices where ${Array.from({ length: 200 }, () => 'tags.a = 1').join(' or ')}`],
    [`select * from devices where ${'not '.repeat(1000)}tags.a = 1`],
  ])('%.80s', (text) => {
    expect(() => parseQuery(text)).toThrow(/^the query: /);
  });
});
