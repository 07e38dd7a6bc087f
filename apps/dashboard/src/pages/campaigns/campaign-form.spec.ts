import { CampaignForm, bodyOf, problemsOf } from './campaign-form';

const form: CampaignForm = {
  name: '',
  way: 'hub',
  which: 'hub-a.localhost',
  tagValue: '',
  hubs: ['hub-b.localhost'],
  waveSize: '10',
  pauseS: '0',
  failuresMax: '',
};

describe('the form of a campaign', () => {
  it('makes the plan of one', () => {
    expect(problemsOf(form)).toEqual({});
    expect(bodyOf(form)).toEqual({
      selection: { hub: 'hub-a.localhost' },
      hubs: ['hub-b.localhost'],
      waveSize: 10,
      pauseS: 0,
      failuresMax: null,
    });
  });

  it.each([
    [{ way: 'group', which: ' pumps ' }, { enrollmentGroupId: 'pumps' }],
    [
      { way: 'tag', which: 'site.floor', tagValue: '3' },
      { tag: 'site.floor', value: 3 },
    ],
    [
      { way: 'tag', which: 'site', tagValue: 'north' },
      { tag: 'site', value: 'north' },
    ],
    [
      { way: 'tag', which: 'site', tagValue: '"3"' },
      { tag: 'site', value: '3' },
    ],
    [{ way: 'devices', which: 'pump-1\n pump-2,pump-3\n' }, { registrationIds: ['pump-1', 'pump-2', 'pump-3'] }],
  ])('selects by %j', (changes, selection) => {
    expect(bodyOf({ ...form, ...changes })).toMatchObject({ selection });
  });

  it.each([
    ['which', { which: ' ' }],
    ['hubs', { hubs: [] }],
    ['waveSize', { waveSize: '0' }],
    ['pauseS', { pauseS: 'x' }],
    ['failuresMax', { failuresMax: '-1' }],
  ])('says what is wrong with %s', (name, changes) => {
    expect(Object.keys(problemsOf({ ...form, ...changes }))).toEqual([name]);
  });
});
