import { useState } from 'preact/hooks';

export const themes = ['auto', 'light', 'dark'] as const;
export type Theme = (typeof themes)[number];

const KEY = 'rehome.theme';

export function storedTheme(): Theme {
  const stored = window.localStorage.getItem(KEY);
  return themes.find((theme) => theme === stored) ?? 'auto';
}

/** `auto` follows the system. */
export function applyTheme(theme: Theme): void {
  if (theme === 'auto') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = theme;
}

export function useTheme(): readonly [Theme, (theme: Theme) => void] {
  const [theme, setTheme] = useState(storedTheme);
  return [
    theme,
    (next) => {
      window.localStorage.setItem(KEY, next);
      applyTheme(next);
      setTheme(next);
    },
  ];
}
