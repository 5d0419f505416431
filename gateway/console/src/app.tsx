// Providers and routes. Every page is a chunk of its own, loaded when somebody goes there.
import {lazy, Suspense, useEffect} from 'react';
import {Redirect, Route, Router, Switch} from 'wouter';
import {Frame, useStatus} from './shell/frame';
import {useEvents} from './shell/live';
import {useSession} from './shell/session';
import {useSettings, useWords} from './shell/settings';
import {cityColour} from './shell/theme';
import {Nothing, Page, ProblemNote, Waiting} from './ui/parts';
import {Problem} from './api/client';

const pages = {
  overview: lazy(() => import('./overview/page')),
  network: lazy(() => import('./network/page')),
  platforms: lazy(() => import('./network/platforms')),
  tenants: lazy(() => import('./network/tenants')),
  usage: lazy(() => import('./network/usage')),
  me: lazy(() => import('./network/me')),
  jobs: lazy(() => import('./jobs/list')),
  job: lazy(() => import('./jobs/job')),
  submit: lazy(() => import('./jobs/submit')),
  data: lazy(() => import('./data/page')),
  access: lazy(() => import('./data/requests')),
  projects: lazy(() => import('./projects/list')),
  project: lazy(() => import('./projects/project')),
  reviews: lazy(() => import('./reviews/list')),
  review: lazy(() => import('./reviews/review')),
  policy: lazy(() => import('./policy/active')),
  policyEdit: lazy(() => import('./policy/edit')),
  policyImport: lazy(() => import('./policy/import')),
  policyChanges: lazy(() => import('./policy/changes')),
  proposal: lazy(() => import('./policy/proposal')),
  counters: lazy(() => import('./policy/counters')),
  filings: lazy(() => import('./policy/filings')),
  audit: lazy(() => import('./audit/search')),
  entry: lazy(() => import('./audit/entry')),
  head: lazy(() => import('./audit/head')),
  statements: lazy(() => import('./audit/statements')),
  people: lazy(() => import('./audit/people')),
  story: lazy(() => import('./audit/story')),
  reconcile: lazy(() => import('./audit/reconcile')),
};

const SignInPage = lazy(() => import('./shell/sign_in').then((found) => ({default: found.SignInPage})));
const SignInAgain = lazy(() => import('./shell/sign_in').then((found) => ({default: found.SignInAgain})));

function NoPage() {
  const {t} = useWords();
  return (
    <Page title={t('shell.noPage')}>
      <Nothing>{t('shell.noPageHint')}</Nothing>
    </Page>
  );
}

function Routes() {
  const {expired} = useSession();
  useEvents(!expired);
  return (
    <Frame>
      <Switch>
        <Route path="/" component={pages.overview} />
        <Route path="/network" component={pages.network} />
        <Route path="/platforms" component={pages.platforms} />
        <Route path="/tenants" component={pages.tenants} />
        <Route path="/usage" component={pages.usage} />
        <Route path="/me" component={pages.me} />
        <Route path="/jobs" component={pages.jobs} />
        <Route path="/jobs/:id" component={pages.job} />
        <Route path="/submit" component={pages.submit} />
        <Route path="/data" component={pages.data} />
        <Route path="/data/requests" component={pages.access} />
        <Route path="/projects" component={pages.projects} />
        <Route path="/projects/:id" component={pages.project} />
        <Route path="/reviews" component={pages.reviews} />
        <Route path="/reviews/:id" component={pages.review} />
        <Route path="/policy" component={pages.policy} />
        <Route path="/policy/edit" component={pages.policyEdit} />
        <Route path="/policy/import" component={pages.policyImport} />
        <Route path="/policy/changes" component={pages.policyChanges} />
        <Route path="/policy/changes/:id" component={pages.proposal} />
        <Route path="/policy/counters" component={pages.counters} />
        <Route path="/policy/filings" component={pages.filings} />
        <Route path="/audit" component={pages.audit} />
        <Route path="/audit/entries/:sequence" component={pages.entry} />
        <Route path="/audit/head" component={pages.head} />
        <Route path="/audit/statements" component={pages.statements} />
        <Route path="/audit/people" component={pages.people} />
        <Route path="/audit/story" component={pages.story} />
        <Route path="/audit/reconcile" component={pages.reconcile} />
        <Route path="/index.html">
          <Redirect to="/" />
        </Route>
        <Route component={NoPage} />
      </Switch>
      {expired && (
        <Suspense>
          <SignInAgain />
        </Suspense>
      )}
    </Frame>
  );
}

function Inside() {
  const {state, caller} = useSession();
  const {t} = useWords();
  if (state === 'loading') return <Waiting />;
  if (state === 'out') {
    return (
      <Suspense fallback={<Waiting />}>
        <SignInPage />
      </Suspense>
    );
  }
  if (state === 'unreachable') {
    return (
      <main className="alone">
        <ProblemNote error={new Problem(0, 'unreachable', t('shell.unreachable'))} />
      </main>
    );
  }
  // Another person gets pages of their own, with nothing of the one before.
  return <Themed key={`${caller?.tenant}/${caller?.user}`} />;
}

// The accent is the city's whose gateway this is.
function Themed() {
  const region = useStatus().data?.region ?? 'shenzhen';
  const {mode} = useSettings();
  useEffect(() => document.documentElement.style.setProperty('--accent', cityColour(region, mode)), [mode, region]);
  return <Routes />;
}

export function App() {
  return (
    <Router base="/console">
      <Inside />
    </Router>
  );
}
