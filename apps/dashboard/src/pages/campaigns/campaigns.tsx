import { Badge, Bar, Card, Head, ProblemNotice } from '../../components/parts';
import { Permitted } from '../../components/permitted';
import { href } from '../../state/router';
import { useFeed, useSettled } from '../../state/use-feed';
import { usePages } from '../../state/use-pages';
import { useTitle } from '../../state/use-title';
import { ago, number } from '../../state/words';
import { Campaign, campaignEvents, selectionWords, statusTones, titleOf } from './campaign-types';

const PAGE_CAMPAIGNS = 30;
const SETTLE_MS = 1_000;

export function CampaignsPage() {
  useTitle('Campaigns');
  const campaigns = usePages<Campaign>('/campaigns', {}, PAGE_CAMPAIGNS);
  const settled = useSettled(campaigns.reload, SETTLE_MS);
  useFeed({ types: campaignEvents }, settled, settled);
  const { items, cursor, isLoading, problem } = campaigns;
  return (
    <>
      <Head title="Campaigns" lead="Many devices to other hubs, in waves.">
        <Permitted right="RegistrationStatusWrite">
          <a class="button primary" href={href('campaigns', 'new')}>
            New campaign
          </a>
        </Permitted>
      </Head>
      <ProblemNotice problem={problem} />
      {isLoading && items.length === 0 ? <div class="skeleton" aria-busy="true" aria-label="Loading" /> : null}
      {!isLoading && items.length === 0 && problem === undefined ? (
        <Card>
          <p class="empty">There has been no campaign yet.</p>
        </Card>
      ) : null}
      {items.length === 0 ? null : <List campaigns={items} />}
      {typeof cursor === 'string' ? (
        <div>
          <button type="button" disabled={isLoading} onClick={campaigns.more}>
            Show more
          </button>
        </div>
      ) : null}
    </>
  );
}

function List({ campaigns }: { readonly campaigns: readonly Campaign[] }) {
  return (
    <Card title="Campaigns" flush>
      <div class="scroll-x" tabIndex={0} role="region" aria-label="Campaigns">
        <table>
          <thead>
            <tr>
              <th>Campaign</th>
              <th>Status</th>
              <th>Which</th>
              <th>To</th>
              <th>Moved</th>
              <th>Planned</th>
            </tr>
          </thead>
          <tbody>
            {campaigns.map((campaign) => (
              <tr key={campaign.campaignId}>
                <td>
                  <a href={href('campaigns', campaign.campaignId)}>{titleOf(campaign)}</a>
                </td>
                <td>
                  <Badge tone={statusTones[campaign.status]}>{campaign.status}</Badge>
                </td>
                <td>{selectionWords(campaign.plan.selection)}</td>
                <td>{campaign.plan.hubs.length === 0 ? 'where they were' : campaign.plan.hubs.join(', ')}</td>
                <td>
                  <Moved campaign={campaign} />
                </td>
                <td>{ago(campaign.createdAt)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Card>
  );
}

function Moved({ campaign: { progress } }: { readonly campaign: Campaign }) {
  const { moved, selected } = progress;
  if (selected === 0) return <>–</>;
  return (
    <>
      {number(moved)} of {number(selected)}
      <Bar share={moved / selected} />
    </>
  );
}
