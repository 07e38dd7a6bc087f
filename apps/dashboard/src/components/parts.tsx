import type { ComponentChildren } from 'preact';
import type { Problem } from '../api/problem';
import type { DeviceStatusWord } from '../api/types';
import type { Resource } from '../state/use-resource';

const statusTones: Readonly<Record<DeviceStatusWord, string>> = {
  assigning: 'busy',
  assigned: 'good',
  failed: 'bad',
  disabled: '',
};

export function StatusBadge({ status }: { readonly status: DeviceStatusWord }) {
  return <span class={`badge ${statusTones[status]}`}>{status}</span>;
}

export function Badge({ tone = '', children }: { readonly tone?: string; readonly children: ComponentChildren }) {
  return <span class={`badge ${tone}`}>{children}</span>;
}

export function ProblemNotice({ problem }: { readonly problem: Problem | undefined }) {
  if (problem === undefined) return null;
  return (
    <div class="notice bad" role="alert">
      <strong>{problem.title}</strong>
      <span>{problem.message}</span>
      {problem.errors.map((error) => (
        <span key={error}>{error}</span>
      ))}
    </div>
  );
}

interface ShownProps<Value> {
  readonly of: Resource<Value>;
  readonly children: (value: Value) => ComponentChildren;
}

/** Something read from the service: a quiet placeholder first, a problem where there is one, and the value as soon as it is there. */
export function Shown<Value>({ of, children }: ShownProps<Value>) {
  const { value, problem, isLoading, reload } = of;
  return (
    <>
      <ProblemNotice problem={problem} />
      {problem !== undefined && value === undefined ? (
        <div>
          <button type="button" onClick={reload}>
            Try again
          </button>
        </div>
      ) : null}
      {value !== undefined ? children(value) : isLoading ? <div class="skeleton" aria-busy="true" aria-label="Loading" /> : null}
    </>
  );
}

export function Head({ title, lead, children }: { title: string; lead?: ComponentChildren; children?: ComponentChildren }) {
  return (
    <header class="head">
      <div>
        <h1>{title}</h1>
        {lead === undefined ? null : <p class="lead">{lead}</p>}
      </div>
      <div class="row">{children}</div>
    </header>
  );
}

export function Card({ title, flush = false, children }: { title?: string; flush?: boolean; children: ComponentChildren }) {
  return (
    <section class={flush ? 'card flush' : 'card'} aria-label={title}>
      {title === undefined || flush ? null : <h2>{title}</h2>}
      {children}
    </section>
  );
}

/** A share of a whole, also told as text beside it. */
export function Bar({ share, tone = '' }: { readonly share: number; readonly tone?: string }) {
  const percent = Math.min(100, Math.max(0, share * 100));
  return (
    <span class="bar" aria-hidden="true">
      <i class={tone} style={{ width: `${percent}%` }} />
    </span>
  );
}

export function Json({ value, label }: { readonly value: unknown; readonly label: string }) {
  return (
    <pre tabIndex={0} aria-label={label}>
      {JSON.stringify(value, null, 2)}
    </pre>
  );
}
