import { useRef } from 'preact/hooks';
import { lastWritten, read, withQuery, write } from '../../api/client';
import { Badge, Bar, Card, Head, ProblemNotice, Shown } from '../../components/parts';
import { Permitted } from '../../components/permitted';
import { go, href } from '../../state/router';
import { useAction } from '../../state/use-action';
import { useFeed, useSettled } from '../../state/use-feed';
import { usePages } from '../../state/use-pages';
import { useResource } from '../../state/use-resource';
import { useTitle } from '../../state/use-title';
import { number, time } from '../../state/words';
import { Campaign, CampaignDevice, campaignEvents, parts, selectionWords, statusTones, titleOf } from './campaign-types';

const PAGE_DEVICES = 50;
const SETTLE_MS = 500;

export function CampaignPage({ id }: { readonly id: string }) {
  const path = `/campaigns/${encodeURIComponent(id)}`;
  // The stream is ahead of the read model: what an event tells of is asked for with its position.
  const told = useRef<string | undefined>(undefined);
  const campaign = useResource(path, (signal) =>
    read<Campaign>(withQuery(path, { atLeast: told.current ?? lastWritten() }), signal),
  );
  const devices = usePages<CampaignDevice>(`${path}/devices`, {}, PAGE_DEVICES);
  useTitle(campaign.value === undefined ? id : titleOf(campaign.value));
  const settled = useSettled(() => {
    campaign.reload();
    if (devices.items.length <= PAGE_DEVICES) devices.reload();
  }, SETTLE_MS);
  useFeed(
    { types: campaignEvents },
    (event) => {
      told.current = event.position;
      settled();
    },
    settled,
  );
  return (
    <Shown of={campaign}>
      {(known) => (
        <>
          <Head title={titleOf(known)} lead={<a href={href('campaigns')}>Campaigns</a>}>
            <Permitted right="RegistrationStatusWrite">
              <Acts campaign={known} path={path} onDone={settled} />
            </Permitted>
          </Head>
          <ProgressCard campaign={known} />
          <Devices devices={devices.items} onMore={typeof devices.cursor === 'string' ? devices.more : undefined} />
        </>
      )}
    </Shown>
  );
}

function ProgressCard({ campaign }: { readonly campaign: Campaign }) {
  const { plan, progress, status, wave, startedAt, endedAt, undoneBy, abortReason } = campaign;
  const done = progress.moved + progress.stayed + progress.failed + progress.recalled;
  return (
    <Card title="Progress">
      <div class="stack">
        <dl class="facts">
          <dt>Status</dt>
          <dd data-fact="status">
            <Badge tone={statusTones[status]}>{status}</Badge> {abortReason === 'failures' ? 'too many devices failed' : null}
          </dd>
          <dt>Which</dt>
          <dd>{selectionWords(plan.selection)}</dd>
          <dt>To</dt>
          <dd>{plan.hubs.length === 0 ? 'where they were' : plan.hubs.join(', ')}</dd>
          <dt>Wave</dt>
          <dd>
            {wave}, of {number(plan.waveSize)} devices each
          </dd>
          <dt>Began</dt>
          <dd>{startedAt === null ? 'not yet' : time(startedAt)}</dd>
          <dt>Ended</dt>
          <dd>{endedAt === null ? 'not yet' : time(endedAt)}</dd>
          {undoneBy === null ? null : (
            <>
              <dt>Undone by</dt>
              <dd>
                <a href={href('campaigns', undoneBy)}>{undoneBy}</a>
              </dd>
            </>
          )}
        </dl>
        <Bar share={progress.selected === 0 ? 0 : done / progress.selected} />
        <div class="row" role="status">
          {parts.map(({ id, title, tone }) => (
            <Badge key={id} tone={progress[id] === 0 ? '' : tone}>
              {number(progress[id])} {title}
            </Badge>
          ))}
        </div>
      </div>
    </Card>
  );
}

type Act = 'start' | 'pause' | 'resume' | 'abort' | 'undo';
const actsOf: Readonly<Record<Campaign['status'], readonly Act[]>> = {
  draft: ['start', 'abort'],
  running: ['pause', 'abort'],
  paused: ['resume', 'abort'],
  aborted: ['undo'],
  ended: ['undo'],
};
const actWords: Readonly<Record<Act, string>> = {
  start: 'Start',
  pause: 'Pause',
  resume: 'Resume',
  abort: 'Abort',
  undo: 'Undo',
};

function Acts({ campaign, path, onDone }: { readonly campaign: Campaign; readonly path: string; readonly onDone: () => void }) {
  const acting = useAction(async (act: Act) => {
    const answer = await write<{ readonly campaignId: string }>('POST', `${path}/${act}`);
    if (act === 'undo') go(href('campaigns', answer.campaignId));
    else onDone();
  });
  const acts = actsOf[campaign.status].filter((act) => act !== 'undo' || campaign.undoneBy === null);
  return (
    <>
      {acts.map((act) => (
        <button
          key={act}
          type="button"
          class={act === 'abort' ? 'danger' : act === 'start' || act === 'resume' ? 'primary' : ''}
          disabled={acting.isRunning}
          onClick={() => acting.run(act)}
        >
          {actWords[act]}
        </button>
      ))}
      <ProblemNotice problem={acting.problem} />
    </>
  );
}

function Devices({
  devices,
  onMore,
}: {
  readonly devices: readonly CampaignDevice[];
  readonly onMore: (() => void) | undefined;
}) {
  if (devices.length === 0) return null;
  return (
    <Card title="Devices" flush>
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Devices">
        <table>
          <thead>
            <tr>
              <th>Device</th>
              <th class="number">Wave</th>
              <th>From</th>
              <th>To</th>
              <th>Outcome</th>
            </tr>
          </thead>
          <tbody>
            {devices.map((device) => (
              <tr key={device.registrationId}>
                <td>
                  <a href={href('devices', device.registrationId)}>{device.registrationId}</a>
                </td>
                <td class="number">{device.wave}</td>
                <td>{device.from ?? 'none'}</td>
                <td>{device.to}</td>
                <td>
                  <Badge tone={parts.find(({ id }) => id === device.outcome)?.tone ?? ''}>{device.outcome}</Badge> {device.detail}
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
      {onMore === undefined ? null : (
        <button type="button" class="plain" onClick={onMore}>
          Show more
        </button>
      )}
    </Card>
  );
}
