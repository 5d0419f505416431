// The frame around every page: where one is, where one can go, whose gateway this is.
import {useQuery} from '@tanstack/react-query';
import {Component, Suspense, useEffect, useRef, useState, type ReactNode} from 'react';
import {Link, useLocation} from 'wouter';
import {get} from '../api/client';
import type {Role, Status} from '../api/types';
import {City, Waiting} from '../ui/parts';
import {languageNames, languages, type Key, type Language} from '../words';
import {Away} from './away';
import {useLive, usePace} from './live';
import {River} from './river';
import {useSession} from './session';
import {useSettings, useWords, type ModeChoice} from './settings';

interface Place {
  path: string;
  name: Key;
  roles: Role[]; // empty: everybody
}
const places: {name: Key; places: Place[]}[] = [
  {name: 'nav.now', places: [{path: '/', name: 'nav.overview', roles: []}, {path: '/network', name: 'nav.network', roles: []}, {path: '/platforms', name: 'nav.platforms', roles: []}, {path: '/tenants', name: 'nav.tenants', roles: ['operator', 'policy-admin', 'auditor']}]},
  {
    name: 'nav.work',
    places: [
      {path: '/submit', name: 'nav.submit', roles: ['submitter']},
      {path: '/jobs', name: 'nav.jobs', roles: ['submitter', 'reviewer', 'auditor']},
      {path: '/data', name: 'nav.data', roles: ['submitter', 'data-owner', 'reviewer', 'auditor']},
      {path: '/data/requests', name: 'nav.access', roles: ['submitter', 'data-owner', 'auditor']},
      {path: '/projects', name: 'nav.projects', roles: ['submitter', 'data-owner', 'auditor']},
    ],
  },
  {name: 'nav.decide', places: [{path: '/reviews', name: 'nav.reviews', roles: ['reviewer', 'auditor']}]},
  {
    name: 'nav.policyGroup',
    places: [
      {path: '/policy', name: 'nav.policy', roles: []},
      {path: '/policy/edit', name: 'nav.policyEdit', roles: ['policy-admin']},
      {path: '/policy/import', name: 'nav.policyImport', roles: ['policy-admin']},
      {path: '/policy/changes', name: 'nav.policyChanges', roles: ['policy-admin', 'reviewer', 'auditor']},
      {path: '/policy/counters', name: 'nav.counters', roles: ['policy-admin', 'reviewer', 'auditor', 'operator']},
      {path: '/policy/filings', name: 'nav.filings', roles: ['policy-admin', 'reviewer', 'auditor']},
    ],
  },
  {
    name: 'nav.books',
    places: [
      {path: '/audit', name: 'nav.audit', roles: ['auditor']},
      {path: '/audit/head', name: 'nav.head', roles: ['auditor']},
      {path: '/audit/reconcile', name: 'nav.reconcile', roles: ['auditor', 'operator']},
      {path: '/audit/statements', name: 'nav.statements', roles: ['auditor']},
      {path: '/audit/people', name: 'nav.people', roles: ['auditor']},
      {path: '/usage', name: 'nav.usage', roles: ['submitter', 'operator', 'auditor']},
    ],
  },
];
const everywhere = places.flatMap((group) => group.places);

export const useStatus = () => {
  const pace = usePace(4000, 10_000);
  return useQuery({queryKey: ['status'], queryFn: ({signal}) => get<Status>('/api/v1/status', signal), refetchInterval: pace});
};

// The longest place that the path lies in.
const currentOf = (path: string) =>
  everywhere.reduce((best, place) => (path === place.path || (place.path !== '/' && path.startsWith(`${place.path}/`)) ? (place.path.length >= best.length ? place.path : best) : best), '');

function Navigation({close}: {close: () => void}) {
  const {t} = useWords();
  const {has} = useSession();
  const status = useStatus();
  const [path] = useLocation();
  const current = currentOf(path);
  return (
    <nav aria-label={t('nav.label')}>
      {places.map((group) => {
        const shown = group.places.filter((place) => place.roles.length === 0 || has(...place.roles));
        if (shown.length === 0) return null;
        return (
          <div key={group.name} className="nav-group">
            <h2>{t(group.name)}</h2>
            <ul>
              {shown.map((place) => (
                <li key={place.path}>
                  <Link href={place.path} aria-current={current === place.path ? 'page' : undefined} onClick={close}>
                    {t(place.name)}
                    {place.path === '/reviews' && Boolean(status.data?.reviews_open) && <span className="count">{status.data?.reviews_open}</span>}
                  </Link>
                </li>
              ))}
            </ul>
          </div>
        );
      })}
    </nav>
  );
}

function Choices({place}: {place: string}) {
  const {t} = useWords();
  const {language, setLanguage, modeChoice, setMode} = useSettings();
  const modes: ModeChoice[] = ['system', 'light', 'dark'];
  const modeNames: Record<ModeChoice, Key> = {system: 'shell.modeSystem', light: 'shell.modeLight', dark: 'shell.modeDark'};
  return (
    <span className={`choices ${place}`}>
      <select aria-label={t('shell.language')} value={language} onChange={(event) => setLanguage(event.target.value as Language)}>
        {languages.map((each) => (
          <option key={each} value={each} lang={each}>
            {languageNames[each]}
          </option>
        ))}
      </select>
      <select aria-label={t('shell.mode')} value={modeChoice} onChange={(event) => setMode(event.target.value as ModeChoice)}>
        {modes.map((each) => (
          <option key={each} value={each}>
            {t(modeNames[each])}
          </option>
        ))}
      </select>
    </span>
  );
}

function Person() {
  const {t, word} = useWords();
  const {caller, signOut} = useSession();
  if (!caller) return null;
  return (
    <div className="person">
      <Link href="/me" title={caller.roles.map((role) => word('role', role)).join(', ')}>
        <span className="person-name">{caller.user}</span> <span className="person-tenant">{caller.tenant}</span>
      </Link>
      <button type="button" onClick={() => void signOut()}>
        {t('shell.signOut')}
      </button>
    </div>
  );
}

class Boundary extends Component<{children: ReactNode; words: ReactNode; at: string}, {failed: string}> {
  state = {failed: ''};
  static getDerivedStateFromError = (error: Error) => ({failed: String(error?.message ?? error)});
  componentDidUpdate(before: {at: string}) {
    if (before.at !== this.props.at && this.state.failed) this.setState({failed: ''});
  }
  render() {
    if (!this.state.failed) return this.props.children;
    return (
      <div className="note bad" role="alert">
        <p>{this.props.words}</p>
        <p className="small">{this.state.failed}</p>
      </div>
    );
  }
}

export function Frame({children}: {children: ReactNode}) {
  const {t} = useWords();
  const status = useStatus();
  const live = useLive();
  const [path] = useLocation();
  const [open, setOpen] = useState(false);
  const main = useRef<HTMLElement>(null);
  const first = useRef(true);
  // A new page is told to those who don't see it: its heading takes the focus.
  useEffect(() => {
    if (first.current) {
      first.current = false;
      return;
    }
    main.current?.scrollTo(0, 0);
    main.current?.focus({preventScroll: true});
  }, [path]);
  useEffect(() => {
    if (!open) return;
    const close = (event: KeyboardEvent) => event.key === 'Escape' && setOpen(false);
    window.addEventListener('keydown', close);
    return () => window.removeEventListener('keydown', close);
  }, [open]);
  return (
    <div className={`frame${open ? ' nav-open' : ''}`}>
      <a className="skip" href="#main" onClick={(event) => (event.preventDefault(), main.current?.focus())}>
        {t('shell.skip')}
      </a>
      <header className="top">
        <button type="button" className="burger" aria-expanded={open} aria-controls="side" aria-label={t('nav.label')} onClick={() => setOpen(!open)}>
          <span aria-hidden="true">☰</span>
        </button>
        <Link href="/" className="brand" aria-label={t('shell.brand')}>
          <River small />
          <span className="brand-name">{t('shell.brand')}</span>
        </Link>
        {status.data && (
          <span className="whose">
            <City region={status.data.region} /> <span className="gateway-name">{status.data.gateway}</span>
          </span>
        )}
        <span className={`live ${live ? 'on' : ''}`} title={live ? t('shell.liveOn') : t('shell.liveOff')}>
          {live ? t('shell.live') : t('shell.asking')}
        </span>
        <div className="top-end">
          <Choices place="above" />
          <Person />
        </div>
      </header>
      <aside id="side" className="side">
        <Navigation close={() => setOpen(false)} />
        <Choices place="beside" />
        <p className="small foot">
          {t('shell.timeZone')}
          <br />
          {status.data && `${t('shell.version')} ${status.data.version}`} · <a href="/console/licences.txt">{t('shell.licences')}</a>
        </p>
      </aside>
      {open && <div className="veil" onClick={() => setOpen(false)} aria-hidden="true" />}
      <main id="main" ref={main} tabIndex={-1}>
        <Away />
        <Boundary words={t('shell.broken')} at={path}>
          <Suspense fallback={<Waiting />}>{children}</Suspense>
        </Boundary>
      </main>
    </div>
  );
}
