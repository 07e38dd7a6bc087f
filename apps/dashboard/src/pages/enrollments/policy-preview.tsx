import { write } from '../../api/client';
import type { PolicyEffects, ReprovisionPolicy } from '../../api/types';
import { Shown } from '../../components/parts';
import { useResource } from '../../state/use-resource';
import { count, number } from '../../state/words';
import type { Kind } from './enrollment-form';

interface PolicyPreviewProps {
  readonly kind: Kind;
  readonly id: string;
  readonly policy: ReprovisionPolicy | null;
}

const nouns: Readonly<Record<Kind, string>> = { individual: 'enrollments', group: 'enrollment-groups' };

/** How many devices another policy would move if they all registered now. */
export function PolicyPreview({ kind, id, policy }: PolicyPreviewProps) {
  const path = `/${nouns[kind]}/${encodeURIComponent(id)}/reprovision-policy/preview`;
  const preview = useResource(`${path} ${JSON.stringify(policy)}`, () => write<PolicyEffects>('POST', path, { policy }));
  return (
    <div class="notice" role="status" data-policy-preview>
      <Shown of={preview}>{(effects) => <Effects effects={effects} />}</Shown>
    </div>
  );
}

function Effects({ effects: { devices, examined, effects, flows } }: { readonly effects: PolicyEffects }) {
  const moving = effects.migrate + effects.reset;
  const part = examined < devices ? ` of the first ${number(examined)}` : '';
  return (
    <>
      <strong>
        With this policy {count(moving, 'device')}
        {part} of {number(devices)} would move if all registered now.
      </strong>
      <span>
        {number(effects.migrate)} with their twins, {number(effects.reset)} from the initial twin, {number(effects.stay)} stay
        {effects.fail === 0 ? '' : `, ${number(effects.fail)} would fail`}.
      </span>
      {flows.map(({ from, to, devices: moved }) => (
        <span key={`${from ?? ''} ${to ?? ''}`}>
          {from ?? 'no hub'} → {to ?? 'no hub'}: {number(moved)}
        </span>
      ))}
    </>
  );
}
