import { signOut } from '../api/session';
import type { Session } from '../api/session';
import icon from '../icon.svg';
import { pageAt, sections } from '../pages/routes';
import { href, usePlace } from '../state/router';
import { themes, useTheme } from '../state/theme';

const themeWords = { auto: 'System colours', light: 'Light', dark: 'Dark' } as const;

export function Shell({ session }: { readonly session: Session }) {
  const place = usePlace();
  const [theme, setTheme] = useTheme();
  const current = place.parts[0] ?? 'fleet';
  return (
    <div class="shell">
      <a class="skip" href="#content">
        To the content
      </a>
      <div class="side">
        <a class="brand" href={href()}>
          <img src={icon} alt="" />
          Rehome
        </a>
        <nav class="nav" aria-label="Sections">
          {sections.map(({ id, title }) => (
            <a key={id} href={id === 'fleet' ? href() : href(id)} aria-current={current === id ? 'page' : undefined}>
              {title}
            </a>
          ))}
        </nav>
        <div class="side-end">
          <span class="who" title={session.name}>
            {session.name}
          </span>
          <select
            class="theme"
            aria-label="Colours"
            value={theme}
            onChange={(event) => setTheme(themes.find((each) => each === event.currentTarget.value) ?? 'auto')}
          >
            {themes.map((each) => (
              <option key={each} value={each} selected={each === theme}>
                {themeWords[each]}
              </option>
            ))}
          </select>
          <button type="button" onClick={() => void signOut()}>
            Sign out
          </button>
        </div>
      </div>
      <main class="content" id="content" tabIndex={-1}>
        {pageAt(place)}
      </main>
    </div>
  );
}
