import { useState } from 'preact/hooks';
import { call, read } from '../../api/client';
import type { LinkedHub } from '../../api/types';
import { Check, TextField } from '../../components/fields';
import { Card, Head, ProblemNotice, Shown } from '../../components/parts';
import { Editable } from '../../components/permitted';
import { go, href } from '../../state/router';
import { useAction } from '../../state/use-action';
import { useResource } from '../../state/use-resource';
import { useTitle } from '../../state/use-title';
import { HubForm, hubBody, hubFormOf, problemsOf } from './hub-form';

/** One hub's settings; without a name, a new one. */
export function HubPage({ name }: { readonly name: string | undefined }) {
  useTitle(name ?? 'Link a hub');
  const hub = useResource(`linked-hub ${name ?? ''}`, (signal) =>
    name === undefined ? Promise.resolve(null) : read<LinkedHub>(`/linked-hubs/${encodeURIComponent(name)}`, signal),
  );
  return (
    <>
      <Head title={name ?? 'Link a hub'} lead={<a href={href('hubs')}>Hubs</a>} />
      <Shown of={hub}>{(known) => <HubEditor key={known?.etag ?? 'new'} known={known} />}</Shown>
    </>
  );
}

function HubEditor({ known }: { readonly known: LinkedHub | null }) {
  const [form, setForm] = useState<HubForm>(() => hubFormOf(known));
  const [touched, setTouched] = useState(false);
  const isNew = known === null;
  const problems = problemsOf(form, isNew);
  const shown: typeof problems = touched ? problems : {};
  const change = (changes: Partial<HubForm>): void => {
    setTouched(true);
    setForm({ ...form, ...changes });
  };
  const address = `/api/v1/linked-hubs/${encodeURIComponent(form.name)}`;
  const saving = useAction(async () => {
    await call('PUT', address, { body: hubBody(form), ...(known === null ? {} : { headers: { 'if-match': known.etag } }) });
    go(href('hubs'));
  });
  return (
    <Card>
      <form
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          if (Object.keys(problems).length === 0) saving.run();
          else setTouched(true);
        }}
      >
        <Editable right="ServiceConfig">
          <div class="form">
            <TextField
              wide
              label="Connection string"
              type="password"
              value={form.connectionString}
              onChange={(connectionString) => change({ connectionString, ...(isNew ? { name: hostIn(connectionString) } : {}) })}
              wrong={shown.connectionString}
              hint={
                isNew
                  ? 'HostName=…;SharedAccessKeyName=…;SharedAccessKey=…'
                  : 'Only to replace the one that is stored; it is never shown.'
              }
            />
            <TextField
              label="Weight"
              type="number"
              min={1}
              max={1000}
              value={form.allocationWeight}
              onChange={(allocationWeight) => change({ allocationWeight })}
              wrong={shown.allocationWeight}
              hint="Its share among the hubs of an enrollment."
            />
            <TextField
              label="Capacity"
              type="number"
              min={0}
              value={form.capacity}
              onChange={(capacity) => change({ capacity })}
              wrong={shown.capacity}
              hint="Devices it may have, about. Empty: no limit."
            />
            <TextField
              label="Location"
              value={form.location}
              onChange={(location) => change({ location })}
              hint="For allocation by latency."
            />
            <fieldset class="wide">
              <legend>Which devices it takes</legend>
              <Check
                label="New devices of any enrollment"
                checked={form.applyAllocationPolicy}
                onChange={(applyAllocationPolicy) => change({ applyAllocationPolicy })}
              />
              <Check
                label="Cordoned: no new devices; those that are there stay"
                checked={form.cordoned}
                onChange={(cordoned) => change({ cordoned })}
              />
              <Check
                label="Draining: no new devices, and those that are there move when they register and their policy lets them"
                checked={form.draining}
                onChange={(draining) => change({ draining })}
              />
            </fieldset>
          </div>
          <ProblemNotice problem={saving.problem} />
          <div class="row">
            <button type="submit" class="primary" disabled={saving.isRunning || (touched && Object.keys(problems).length > 0)}>
              {saving.isRunning ? 'Saving…' : isNew ? 'Link' : 'Save'}
            </button>
            {known === null ? null : <Unlink hub={known} />}
          </div>
        </Editable>
      </form>
    </Card>
  );
}

function hostIn(connectionString: string): string {
  return /HostName=([^;]+)/i.exec(connectionString)?.[1]?.toLowerCase() ?? '';
}

/** Asks a second time, because devices stay behind. */
function Unlink({ hub }: { readonly hub: LinkedHub }) {
  const [isAsked, setAsked] = useState(false);
  const unlinking = useAction(async () => {
    await call('DELETE', `/api/v1/linked-hubs/${encodeURIComponent(hub.name)}`, { headers: { 'if-match': hub.etag } });
    go(href('hubs'));
  });
  if (!isAsked) {
    return (
      <button type="button" class="danger" onClick={() => setAsked(true)}>
        Unlink
      </button>
    );
  }
  return (
    <>
      <span>Its devices stay there until they register again. Unlink it?</span>
      <button type="button" class="danger" disabled={unlinking.isRunning} onClick={() => unlinking.run()}>
        Yes, unlink
      </button>
      <button type="button" onClick={() => setAsked(false)}>
        No
      </button>
      <ProblemNotice problem={unlinking.problem} />
    </>
  );
}
