import { read } from '../../api/client';
import type { LinkedHub } from '../../api/types';
import { Check, SelectField, TextField } from '../../components/fields';
import { useResource } from '../../state/use-resource';
import { AttestationType, EnrollmentForm, Kind, PolicyName, Problems } from './enrollment-form';

interface FieldsProps {
  readonly kind: Kind;
  readonly isNew: boolean;
  readonly form: EnrollmentForm;
  readonly problems: Problems;
  readonly onChange: (changes: Partial<EnrollmentForm>) => void;
}

const policyOptions: readonly { readonly value: PolicyName; readonly label: string }[] = [
  { value: 'migrate', label: 'Migrate: moves with its twin' },
  { value: 'reset', label: 'Reset: moves, twin from the start' },
  { value: 'never', label: 'Never: stays where it is' },
  { value: 'none', label: 'Not set: by its API version' },
];

const allocationOptions = [
  { value: '', label: 'As the service has it' },
  { value: 'hashed', label: 'By weight' },
  { value: 'geoLatency', label: 'By latency' },
  { value: 'static', label: 'Always the one chosen below' },
];

export function EnrollmentFields({ kind, isNew, form, problems, onChange }: FieldsProps) {
  return (
    <div class="form">
      <TextField
        label={kind === 'group' ? 'Group id' : 'Registration id'}
        value={form.id}
        disabled={!isNew}
        autoFocus={isNew}
        onChange={(id) => onChange({ id })}
        wrong={problems.id}
      />
      {kind === 'group' ? null : (
        <TextField
          label="Device id"
          value={form.deviceId}
          onChange={(deviceId) => onChange({ deviceId })}
          wrong={problems.deviceId}
          hint="Empty: the registration id."
        />
      )}
      <Attestation kind={kind} isNew={isNew} form={form} problems={problems} onChange={onChange} />
      <SelectField
        label="When a device registers again"
        value={form.policy}
        options={policyOptions}
        onChange={(policy) => onChange({ policy: policy as PolicyName })}
      />
      <SelectField
        label="Which hub it gets"
        value={form.allocationPolicy}
        options={
          form.allocationPolicy === 'custom' ? [...allocationOptions, { value: 'custom', label: 'Webhook' }] : allocationOptions
        }
        onChange={(allocationPolicy) => onChange({ allocationPolicy })}
      />
      <Hubs chosen={form.hubs} wrong={problems.hubs} onChange={(hubs) => onChange({ hubs })} />
      <div class="wide form">
        <TextField
          label="Initial tags"
          rows={5}
          value={form.tags}
          placeholder="{ }"
          onChange={(tags) => onChange({ tags })}
          wrong={problems.tags}
          hint="JSON; part of the initial twin."
        />
        <TextField
          label="Initial desired properties"
          rows={5}
          value={form.desired}
          placeholder="{ }"
          onChange={(desired) => onChange({ desired })}
          wrong={problems.desired}
          hint="JSON; part of the initial twin."
        />
      </div>
      <div class="wide">
        <Check label="Enabled: devices may register" checked={form.isEnabled} onChange={(isEnabled) => onChange({ isEnabled })} />
      </div>
    </div>
  );
}

function Attestation({ kind, isNew, form, problems, onChange }: FieldsProps) {
  const { attestationType, proof } = form;
  const all = [
    { value: 'symmetricKey', label: 'Symmetric keys' },
    { value: 'x509', label: 'Certificates' },
    ...(kind === 'individual' ? [{ value: 'tpm', label: 'TPM' }] : []),
  ];
  const options = isNew ? all : all.filter(({ value }) => value === attestationType);
  return (
    <>
      <SelectField
        label="Devices prove themselves by"
        value={attestationType}
        options={options}
        onChange={(value) => onChange({ attestationType: value as AttestationType })}
        wrong={problems.attestationType}
        hint={isNew && attestationType === 'symmetricKey' ? 'Keys are made by the service.' : undefined}
      />
      {!isNew || attestationType === 'symmetricKey' ? null : (
        <TextField
          wide
          rows={6}
          label={attestationType === 'tpm' ? 'Endorsement key' : kind === 'group' ? 'Signing certificate' : 'Device certificate'}
          value={proof}
          onChange={(text) => onChange({ proof: text })}
          wrong={problems.proof}
        />
      )}
    </>
  );
}

interface HubsProps {
  readonly chosen: readonly string[];
  readonly wrong: string | undefined;
  readonly onChange: (hubs: readonly string[]) => void;
}

function Hubs({ chosen, wrong, onChange }: HubsProps) {
  const hubs = useResource('linked-hubs', (signal) => read<{ items: readonly LinkedHub[] }>('/linked-hubs', signal));
  const names = [...new Set([...(hubs.value?.items.map(({ name }) => name) ?? []), ...chosen])];
  return (
    <fieldset class="wide">
      <legend>Hubs</legend>
      {names.map((name) => (
        <Check
          key={name}
          label={name}
          checked={chosen.includes(name)}
          onChange={(checked) => onChange(checked ? [...chosen, name] : chosen.filter((each) => each !== name))}
        />
      ))}
      <span class={wrong === undefined ? 'hint' : 'wrong'} aria-live="polite">
        {wrong ?? 'None chosen: any hub that takes devices of every enrollment.'}
      </span>
    </fieldset>
  );
}
