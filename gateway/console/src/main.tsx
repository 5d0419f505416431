import {QueryClient, QueryClientProvider} from '@tanstack/react-query';
import {StrictMode} from 'react';
import {createRoot} from 'react-dom/client';
import {Problem} from './api/client';
import {App} from './app';
import {SessionProvider} from './shell/session';
import {SettingsProvider} from './shell/settings';
import './console.css';

const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 1000,
      networkMode: 'always', // a gateway on the same machine answers without any network
      // What the gateway said it says again; only silence is worth another try.
      retry: (count, error) => error instanceof Problem && error.status === 0 && count < 2,
      refetchOnWindowFocus: true,
    },
    mutations: {networkMode: 'always'},
  },
});

createRoot(document.getElementById('root')!).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <SettingsProvider>
        <SessionProvider>
          <App />
        </SessionProvider>
      </SettingsProvider>
    </QueryClientProvider>
  </StrictMode>,
);
