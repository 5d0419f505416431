// Styles that libraries make while they run, as constructed style sheets: the content security policy forbids <style>
// elements, and this way it needs no exception. Has the functions of @rc-component/util's dynamicCSS and of the icons'
// cssUtils, which the build replaces by this file.

interface Options {
  mark?: string;
  prepend?: boolean | 'queue';
  priority?: number;
}

interface Piece {
  key: string;
  order: number;
  css: string;
  sheet: CSSStyleSheet;
  element: HTMLStyleElement; // callers hang attributes on it; it is never part of the document
}

const pieces: Piece[] = [];

function orderOf({prepend, priority = 0}: Options): number {
  if (prepend === 'queue') return priority;
  return prepend ? -1_000_000 : 1_000_000;
}

function show() {
  const own = new Set(pieces.map((piece) => piece.sheet));
  const others = document.adoptedStyleSheets.filter((sheet) => !own.has(sheet) && !retired.has(sheet));
  retired.clear();
  document.adoptedStyleSheets = [...others, ...pieces.map((piece) => piece.sheet)];
}
const retired = new Set<CSSStyleSheet>();

// Many pieces come within one rendering: the document hears of them once, before it paints.
let waiting = false;
function showSoon() {
  if (waiting) return;
  waiting = true;
  queueMicrotask(() => {
    waiting = false;
    show();
  });
}

const nameOf = (key: string, options: Options) => `${options.mark ?? ''}|${key}`;

export function updateCSS(css: string, key: string, options: Options = {}): HTMLStyleElement {
  const name = nameOf(key, options);
  const known = pieces.find((piece) => piece.key === name);
  if (known) {
    if (known.css !== css) {
      known.css = css;
      known.sheet.replaceSync(css);
    }
    return known.element;
  }
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(css);
  const piece = {key: name, order: orderOf(options), css, sheet, element: document.createElement('style')};
  const at = pieces.findIndex((other) => other.order > piece.order);
  pieces.splice(at < 0 ? pieces.length : at, 0, piece);
  showSoon();
  return piece.element;
}

export function injectCSS(css: string, options: Options = {}): HTMLStyleElement {
  return updateCSS(css, css, options);
}

export function removeCSS(key: string, options: Options = {}) {
  const at = pieces.findIndex((piece) => piece.key === nameOf(key, options));
  if (at < 0) return;
  for (const piece of pieces.splice(at, 1)) retired.add(piece.sheet);
  showSoon();
}

export function clearContainerCache() {}
export const getShadowRoot = () => null;
export function warningOnce() {}
