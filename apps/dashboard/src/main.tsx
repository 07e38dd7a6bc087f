import { render } from 'preact';
import { App } from './app';
import { applyTheme, storedTheme } from './state/theme';
import './styles/tokens.css';
import './styles/layout.css';
import './styles/parts.css';
import './styles/pages.css';

applyTheme(storedTheme());
const root = document.getElementById('app');
if (root !== null) render(<App />, root);
