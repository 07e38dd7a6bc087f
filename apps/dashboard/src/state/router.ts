import { useEffect, useState } from 'preact/hooks';

const BASE = '/dashboard';

export interface Place {
  /** Parts of the path behind /dashboard, decoded. */
  readonly parts: readonly string[];
  readonly query: URLSearchParams;
}

function here(): Place {
  const { pathname, search } = window.location;
  const parts = pathname
    .slice(BASE.length)
    .split('/')
    .filter((part) => part !== '')
    .map(decoded);
  return { parts, query: new URLSearchParams(search) };
}

function decoded(part: string): string {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

/** An address within the dashboard. */
export function href(...parts: readonly string[]): string {
  return `${BASE}/${parts.map(encodeURIComponent).join('/')}`;
}

export function go(address: string, { replace = false } = {}): void {
  if (replace) window.history.replaceState(null, '', address);
  else window.history.pushState(null, '', address);
  window.dispatchEvent(new Event('rehome:place'));
}

/** Where the page is; follows links within the dashboard without loading it again. */
export function usePlace(): Place {
  const [place, setPlace] = useState(here);
  useEffect(() => {
    const moved = (): void => setPlace(here());
    const followed = (event: MouseEvent): void => {
      const link = event.target instanceof Element ? event.target.closest('a') : null;
      const isPlain = event.button === 0 && !event.metaKey && !event.ctrlKey && !event.shiftKey && !event.altKey;
      if (link === null || !isPlain || link.target !== '' || link.origin !== window.location.origin) return;
      if (!link.pathname.startsWith(BASE) || link.pathname.startsWith(`${BASE}/oidc`)) return;
      event.preventDefault();
      go(link.pathname + link.search);
      window.scrollTo(0, 0);
      document.getElementById('content')?.focus({ preventScroll: true });
    };
    window.addEventListener('popstate', moved);
    window.addEventListener('rehome:place', moved);
    document.addEventListener('click', followed);
    return () => {
      window.removeEventListener('popstate', moved);
      window.removeEventListener('rehome:place', moved);
      document.removeEventListener('click', followed);
    };
  }, []);
  return place;
}
