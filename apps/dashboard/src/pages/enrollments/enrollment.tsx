import { useState } from 'preact/hooks';
import { call } from '../../api/client';
import { JsonObject, textIn } from '../../api/types';
import { Card, Head, ProblemNotice, Shown } from '../../components/parts';
import { Editable, Permitted } from '../../components/permitted';
import { go, href } from '../../state/router';
import { useAction } from '../../state/use-action';
import { useResource } from '../../state/use-resource';
import { useTitle } from '../../state/use-title';
import { EnrollmentFields } from './enrollment-fields';
import { EnrollmentForm, Kind, documentOf, enrollmentFormOf, policies, problemsOf } from './enrollment-form';
import { KeysCard } from './keys-card';
import { PolicyPreview } from './policy-preview';
import { serviceAddress } from './service-address';

/** One entry; without an id, a new one. */
export function EnrollmentPage({ kind, id }: { readonly kind: Kind; readonly id: string | undefined }) {
  const title = id ?? (kind === 'group' ? 'New group' : 'New individual enrollment');
  useTitle(title);
  const document = useResource(`enrollment ${kind} ${id ?? ''}`, (signal) =>
    id === undefined ? Promise.resolve(null) : call<JsonObject>('GET', serviceAddress(kind, id), { signal }),
  );
  const filter = kind === 'group' ? 'enrollmentGroupId' : 'enrollmentId';
  return (
    <>
      <Head title={title} lead={<a href={`${href('enrollments')}?kind=${kind}`}>Enrollments</a>}>
        {id === undefined ? null : (
          <a class="button" href={`${href('devices')}?${filter}=${encodeURIComponent(id)}`}>
            Its devices
          </a>
        )}
      </Head>
      <Shown of={document}>
        {(known) => (
          <Editor key={known === null ? 'new' : textIn(known.etag)} kind={kind} known={known} onSaved={document.reload} />
        )}
      </Shown>
    </>
  );
}

interface EditorProps {
  readonly kind: Kind;
  readonly known: JsonObject | null;
  readonly onSaved: () => void;
}

function Editor({ kind, known, onSaved }: EditorProps) {
  const [form, setForm] = useState<EnrollmentForm>(() => enrollmentFormOf(kind, known));
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  const isNew = known === null;
  const before = enrollmentFormOf(kind, known);
  const problems = problemsOf(form, kind, isNew);
  const shown = Object.fromEntries(Object.entries(problems).filter(([name]) => touched.has(name)));
  const isWrong = Object.keys(problems).length > 0;
  const saving = useAction(async () => {
    const headers = typeof known?.etag === 'string' ? { 'if-match': known.etag } : undefined;
    await call('PUT', serviceAddress(kind, form.id), { body: documentOf(form, kind, known), headers });
    if (isNew) go(href('enrollments', kind, form.id));
    else onSaved();
  });
  const change = (changes: Partial<EnrollmentForm>): void => {
    setTouched(new Set([...touched, ...Object.keys(changes)]));
    setForm({ ...form, ...changes });
  };
  return (
    <>
      <Card>
        <form
          class="stack"
          onSubmit={(event) => {
            event.preventDefault();
            if (isWrong) setTouched(new Set(Object.keys(form)));
            else saving.run();
          }}
        >
          <Editable right="EnrollmentWrite">
            <EnrollmentFields kind={kind} isNew={isNew} form={form} problems={shown} onChange={change} />
            {isNew || form.policy === before.policy ? null : (
              <PolicyPreview kind={kind} id={form.id} policy={policies[form.policy]} />
            )}
            <ProblemNotice problem={saving.problem} />
            <div class="row">
              <button type="submit" class="primary" disabled={saving.isRunning}>
                {saving.isRunning ? 'Saving…' : isNew ? 'Create' : 'Save'}
              </button>
              {isNew ? null : <Remove kind={kind} id={form.id} etag={textIn(known.etag)} />}
            </div>
          </Editable>
        </form>
      </Card>
      {isNew || form.attestationType !== 'symmetricKey' ? null : (
        <Permitted right="EnrollmentWrite">
          <KeysCard kind={kind} id={form.id} />
        </Permitted>
      )}
    </>
  );
}

/** Asks a second time, because devices are refused from then on. */
function Remove({ kind, id, etag }: { readonly kind: Kind; readonly id: string; readonly etag: string }) {
  const [isAsked, setAsked] = useState(false);
  const removing = useAction(async () => {
    await call('DELETE', serviceAddress(kind, id), { headers: { 'if-match': etag } });
    go(`${href('enrollments')}?kind=${kind}`);
  });
  if (!isAsked) {
    return (
      <button type="button" class="danger" onClick={() => setAsked(true)}>
        Delete
      </button>
    );
  }
  return (
    <>
      <span>Its devices stay at their hubs and cannot register any more. Delete it?</span>
      <button type="button" class="danger" disabled={removing.isRunning} onClick={() => removing.run()}>
        Yes, delete
      </button>
      <button type="button" onClick={() => setAsked(false)}>
        No
      </button>
      <ProblemNotice problem={removing.problem} />
    </>
  );
}
