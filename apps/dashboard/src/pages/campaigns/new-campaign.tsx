import { useState } from 'preact/hooks';
import { read, write } from '../../api/client';
import type { LinkedHub } from '../../api/types';
import { Check, SelectField, TextField } from '../../components/fields';
import { Card, Head, ProblemNotice } from '../../components/parts';
import { Editable } from '../../components/permitted';
import { go, href } from '../../state/router';
import { useAction } from '../../state/use-action';
import { useResource } from '../../state/use-resource';
import { useTitle } from '../../state/use-title';
import { CampaignForm, bodyOf, problemsOf } from './campaign-form';
import { CampaignEffectsNotice } from './campaign-effects';
import type { CampaignEffects } from './campaign-types';

const ways = [
  { value: 'hub', label: 'Those on a hub' },
  { value: 'group', label: 'Those of an enrollment group' },
  { value: 'tag', label: 'Those with a tag' },
  { value: 'devices', label: 'Named ones' },
];

export function NewCampaignPage({ query }: { readonly query: URLSearchParams }) {
  useTitle('New campaign');
  const hubs = useResource('linked-hubs', (signal) => read<{ items: readonly LinkedHub[] }>('/linked-hubs', signal));
  const names = hubs.value?.items.map(({ name }) => name) ?? [];
  const [form, setForm] = useState<CampaignForm>({
    name: '',
    way: query.has('group') ? 'group' : 'hub',
    which: query.get('hub') ?? query.get('group') ?? '',
    tagValue: '',
    hubs: [],
    waveSize: '100',
    pauseS: '0',
    failuresMax: '0',
  });
  const [isTouched, setTouched] = useState(false);
  const [effects, setEffects] = useState<CampaignEffects>();
  const problems = problemsOf(form);
  const shown: typeof problems = isTouched ? problems : {};
  const isWrong = Object.keys(problems).length > 0;
  const change = (changes: Partial<CampaignForm>): void => {
    setEffects(undefined);
    setForm({ ...form, ...changes });
  };
  const previewing = useAction(async () => {
    setEffects(await write<CampaignEffects>('POST', '/campaigns/preview', bodyOf(form)));
  });
  const planning = useAction(async () => {
    const { campaignId } = await write<{ readonly campaignId: string }>('POST', '/campaigns', bodyOf(form));
    go(href('campaigns', campaignId));
  });
  const whenRight = (act: () => void): void => {
    setTouched(true);
    if (!isWrong) act();
  };
  return (
    <>
      <Head title="New campaign" lead={<a href={href('campaigns')}>Campaigns</a>} />
      <Card>
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            whenRight(() => previewing.run());
          }}
        >
          <Editable right="RegistrationStatusWrite">
            <div class="form">
              <TextField label="Name" value={form.name} onChange={(name) => change({ name })} wrong={shown.name} />
              <SelectField label="Which devices" value={form.way} options={ways} onChange={(way) => change({ way, which: '' })} />
              <Which form={form} hubs={names} wrong={shown.which} onChange={change} />
              <fieldset class="wide">
                <legend>To which hubs</legend>
                {names.map((name) => (
                  <Check
                    key={name}
                    label={name}
                    checked={form.hubs.includes(name)}
                    onChange={(checked) =>
                      change({ hubs: checked ? [...form.hubs, name] : form.hubs.filter((each) => each !== name) })
                    }
                  />
                ))}
                {shown.hubs === undefined ? null : <span class="wrong">{shown.hubs}</span>}
              </fieldset>
              <TextField
                label="Devices in a wave"
                type="number"
                min={1}
                value={form.waveSize}
                onChange={(waveSize) => change({ waveSize })}
                wrong={shown.waveSize}
              />
              <TextField
                label="Seconds between waves"
                type="number"
                min={0}
                value={form.pauseS}
                onChange={(pauseS) => change({ pauseS })}
                wrong={shown.pauseS}
              />
              <TextField
                label="Failures that abort it"
                type="number"
                min={0}
                value={form.failuresMax}
                onChange={(failuresMax) => change({ failuresMax })}
                wrong={shown.failuresMax}
                hint="More failed devices than this; empty: any number."
              />
            </div>
            <ProblemNotice problem={previewing.problem ?? planning.problem} />
            {effects === undefined ? null : <CampaignEffectsNotice effects={effects} />}
            <div class="row">
              <button type="submit" class={effects === undefined ? 'primary' : ''} disabled={previewing.isRunning}>
                {previewing.isRunning ? 'Looking…' : 'Preview'}
              </button>
              <button
                type="button"
                class={effects === undefined ? '' : 'primary'}
                disabled={planning.isRunning}
                onClick={() => whenRight(() => planning.run())}
              >
                Plan it
              </button>
              <span class="hint">It begins only when it is started.</span>
            </div>
          </Editable>
        </form>
      </Card>
    </>
  );
}

interface WhichProps {
  readonly form: CampaignForm;
  readonly hubs: readonly string[];
  readonly wrong: string | undefined;
  readonly onChange: (changes: Partial<CampaignForm>) => void;
}

function Which({ form, hubs, wrong, onChange }: WhichProps) {
  const choose = (which: string): void => onChange({ which });
  switch (form.way) {
    case 'hub': {
      const options = [{ value: '', label: 'Choose one' }, ...hubs.map((value) => ({ value, label: value }))];
      return <SelectField label="Hub" value={form.which} options={options} onChange={choose} wrong={wrong} />;
    }
    case 'tag':
      return (
        <>
          <TextField label="Tag" placeholder="site.floor" value={form.which} onChange={choose} wrong={wrong} />
          <TextField label="Its value" value={form.tagValue} onChange={(tagValue) => onChange({ tagValue })} />
        </>
      );
    case 'devices':
      return (
        <TextField wide rows={4} label="Registration ids" hint="One a line." value={form.which} onChange={choose} wrong={wrong} />
      );
    default:
      return <TextField label="Group" value={form.which} onChange={choose} wrong={wrong} />;
  }
}
