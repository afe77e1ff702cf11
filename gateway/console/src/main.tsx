import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app/app';
import { chooseLanguage } from './i18n';
import { ThemeProvider } from './ui/theme';

const root = document.getElementById('root');
if (root === null) throw new Error('the page has no #root');
await chooseLanguage(navigator.languages);
createRoot(root).render(
  <StrictMode>
    <ThemeProvider>
      <App />
    </ThemeProvider>
  </StrictMode>,
);
