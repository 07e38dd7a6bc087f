import { count, number } from '../../state/words';
import type { CampaignEffects } from './campaign-types';

export function CampaignEffectsNotice({
  effects: { selected, examined, waves, effects, flows },
}: {
  readonly effects: CampaignEffects;
}) {
  return (
    <div class="notice" role="status" data-effects>
      <strong>
        {count(selected, 'device')} in {count(waves, 'wave')}
        {examined < selected ? `; the first ${number(examined)} looked at one by one` : ''}
      </strong>
      <span>
        {number(effects.migrate)} would move with their twins, {number(effects.reset)} from the initial twin,{' '}
        {number(effects.stay)} stay by their policy, {number(effects.alreadyThere)} are there already, {number(effects.fail)}{' '}
        would fail.
      </span>
      {flows.map(({ from, to, devices }) => (
        <span key={`${from ?? ''} ${to ?? ''}`}>
          {from ?? 'no hub'} → {to ?? 'no hub'}: {number(devices)}
        </span>
      ))}
    </div>
  );
}
