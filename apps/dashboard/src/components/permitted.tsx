import type { ComponentChildren } from 'preact';
import { Right, may } from '../api/session';

interface PermittedProps {
  readonly right: Right;
  readonly children: ComponentChildren;
}

/** What somebody without the right need not see; the service judges every call anyway. */
export function Permitted({ right, children }: PermittedProps) {
  return may(right) ? <>{children}</> : null;
}

/** A form that may be looked at without the right, but not filled in. */
export function Editable({ right, children }: PermittedProps) {
  const isAllowed = may(right);
  return (
    <>
      {isAllowed ? null : (
        <div class="notice" role="note">
          Changing this takes the right {right}, which you do not have.
        </div>
      )}
      <fieldset class="stack" disabled={!isAllowed}>
        {children}
      </fieldset>
    </>
  );
}
