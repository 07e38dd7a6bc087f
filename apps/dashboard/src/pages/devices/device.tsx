import { useRef, useState } from 'preact/hooks';
import { call, read, withQuery } from '../../api/client';
import type { AuditEvent, Device, Page, Preview, ReprovisionAnswer, Why } from '../../api/types';
import { Card, Head, ProblemNotice, Shown, StatusBadge } from '../../components/parts';
import { Permitted } from '../../components/permitted';
import { href } from '../../state/router';
import { useAction } from '../../state/use-action';
import { useFeed, useSettled } from '../../state/use-feed';
import { useResource } from '../../state/use-resource';
import { useTitle } from '../../state/use-title';
import { time, withTimes } from '../../state/words';
import { PreviewCard } from './preview-card';
import { Timeline } from './timeline';
import { TwinCard } from './twin-card';

const TIMELINE_EVENTS = 200;
const SETTLE_MS = 400;

export function DevicePage({ id }: { readonly id: string }) {
  useTitle(id);
  const path = `/devices/${encodeURIComponent(id)}`;
  // The stream is ahead of the read model: what an event tells of is asked for with its position.
  const told = useRef<string | undefined>(undefined);
  const device = useResource(`${path} now`, (signal) => read<Device>(withQuery(path, { atLeast: told.current }), signal));
  const why = useResource(`${path} why`, (signal) => read<Why>(`${path}/why`, signal));
  const history = useResource(`${path} history`, (signal) =>
    read<Page<AuditEvent>>(`${path}/history?order=desc&limit=${TIMELINE_EVENTS}`, signal),
  );
  const [changes, setChanges] = useState(0);
  const settled = useSettled(() => {
    device.reload();
    why.reload();
    history.reload();
    setChanges((times) => times + 1);
  }, SETTLE_MS);
  useFeed(
    { device: id },
    (event) => {
      told.current = event.position;
      settled();
    },
    settled,
  );

  return (
    <>
      <Head title={id} lead={<a href={href('devices')}>Devices</a>}>
        <Permitted right="RegistrationStatusWrite">
          <ReprovisionButton id={id} />
        </Permitted>
      </Head>
      <Shown of={device}>
        {(known) => (
          <Card title="Where it is, and why">
            <div class="stack">
              <Facts device={known} />
              <Shown of={why}>
                {({ sentences }) => (
                  <ul class="why">
                    {sentences.map((sentence) => (
                      <li key={sentence}>{withTimes(sentence)}</li>
                    ))}
                  </ul>
                )}
              </Shown>
            </div>
          </Card>
        )}
      </Shown>
      <TwinCard path={path} history={history.value?.items ?? []} changes={changes} />
      <div class="columns">
        <PreviewCard id={id} changes={changes} load={preview} />
        <Card title="Timeline">
          <Shown of={history}>{({ items }) => <Timeline events={items} />}</Shown>
        </Card>
      </div>
    </>
  );
}

function preview(id: string, signal: AbortSignal): Promise<Preview> {
  const path = `/api/v1/registrations/${encodeURIComponent(id)}/preview`;
  return call<Preview>('POST', path, { body: {}, signal });
}

function Facts({ device }: { readonly device: Device }) {
  const { status, assignedHub, targetHub, enrollment, policy, updatedAt, error, operation } = device;
  return (
    <dl class="facts">
      <dt>Status</dt>
      <dd>
        <StatusBadge status={status} /> {error === null ? null : <span class="wrong">{error.message}</span>}
      </dd>
      <dt>Hub</dt>
      <dd data-fact="hub">
        {assignedHub ?? 'none'}
        {targetHub === null || targetHub === assignedHub ? null : ` → ${targetHub}`}
      </dd>
      <dt>Policy</dt>
      <dd>{policy ?? 'none'}</dd>
      <dt>Enrollment</dt>
      <dd>
        {enrollment === null ? (
          'none'
        ) : (
          <a href={href('enrollments', enrollment.kind, enrollment.id)}>
            {enrollment.kind === 'group' ? `group ${enrollment.id}` : `individual ${enrollment.id}`}
          </a>
        )}
      </dd>
      <dt>Changed</dt>
      <dd>{time(updatedAt)}</dd>
      <dt>Operation</dt>
      <dd class="mono">{operation.operationId}</dd>
    </dl>
  );
}

const outcomes: Readonly<Record<string, string>> = {
  accepted: 'The device was asked, and comes back.',
  declined: 'The device was asked, and declined.',
  notOnline: 'The device is not connected; it moves when it calls by itself.',
  timedOut: 'The device did not answer in time.',
  hubRefused: 'The hub refused to ask the device.',
  hubUnreachable: 'The hub cannot be reached.',
};

function ReprovisionButton({ id }: { readonly id: string }) {
  const [answer, setAnswer] = useState<ReprovisionAnswer>();
  const asking = useAction(async () => {
    const path = `/api/v1/devices/${encodeURIComponent(id)}/reprovision-request`;
    setAnswer(await call<ReprovisionAnswer>('POST', path));
  });
  return (
    <>
      <button type="button" class="primary" disabled={asking.isRunning} onClick={() => asking.run()}>
        {asking.isRunning ? 'Asking the device…' : 'Reprovision now'}
      </button>
      {answer === undefined ? null : (
        <span role="status" class="hint">
          {outcomes[answer.outcome] ?? answer.outcome}
        </span>
      )}
      <ProblemNotice problem={asking.problem} />
    </>
  );
}
