// The text editor: CodeMirror with YAML. A chunk of its own. It lives in a shadow root, where it can use constructed
// style sheets: in a document it would need inline styles, which the content security policy forbids.
import {autocompletion, closeBrackets, completionKeymap, type CompletionContext, type CompletionResult} from '@codemirror/autocomplete';
import {defaultKeymap, history, historyKeymap, indentWithTab} from '@codemirror/commands';
import {yaml} from '@codemirror/lang-yaml';
import {bracketMatching, HighlightStyle, indentUnit, syntaxHighlighting} from '@codemirror/language';
import {lintGutter, lintKeymap, setDiagnostics, type Diagnostic} from '@codemirror/lint';
import {Compartment, EditorState} from '@codemirror/state';
import {drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers} from '@codemirror/view';
import {tags} from '@lezer/highlight';
import type {Mode} from '../shell/theme';

export interface Suggestion {
  label: string;
  detail?: string;
  apply?: string;
}
export interface Mark {
  line: number; // from 1
  column?: number; // from 1
  severity: 'error' | 'warning' | 'info';
  message: string;
}
export interface Options {
  parent: HTMLElement;
  text: string;
  label: string;
  mode: Mode;
  readOnly?: boolean;
  onChange: (text: string) => void;
  suggest?: (text: string, at: number) => {from: number; options: Suggestion[]} | null;
}
export interface Editor {
  setText: (text: string) => void;
  setMarks: (marks: Mark[]) => void;
  setMode: (mode: Mode) => void;
  goTo: (line: number) => void;
  destroy: () => void;
}

const ink = {
  light: {text: '#1b2530', dim: '#5a6773', key: '#0b5a8f', string: '#1d6b3a', number: '#8a4b00', back: '#ffffff', active: '#f3f6f8', gutter: '#f7f9fa', selection: '#cfe3f7', cursor: '#1b2530', box: '#ffffff', line: '#8d98a3', bad: '#b3261e'},
  dark: {text: '#e6eaee', dim: '#a0abb6', key: '#7cc0ff', string: '#8fd6a5', number: '#f0b858', back: '#171c22', active: '#1d242c', gutter: '#1b2128', selection: '#2a4a6b', cursor: '#e6eaee', box: '#1e252d', line: '#55616d', bad: '#ff8a80'},
};

function look(mode: Mode) {
  const c = ink[mode];
  return [
    EditorView.theme(
      {
        '&': {color: c.text, backgroundColor: c.back, fontSize: '13px'},
        '.cm-scroller': {fontFamily: "ui-monospace, SFMono-Regular, 'Cascadia Mono', Menlo, Consolas, 'DejaVu Sans Mono', 'Noto Sans Mono CJK SC', monospace", lineHeight: '1.55', overflow: 'auto'},
        '&.cm-editor': {maxHeight: '56vh'},
        '.cm-content': {caretColor: c.cursor, minHeight: '240px'},
        '&.cm-focused': {outline: `2px solid ${c.key}`, outlineOffset: '-2px'},
        '.cm-gutters': {backgroundColor: c.gutter, color: c.dim, border: 'none'},
        '.cm-activeLine': {backgroundColor: c.active},
        '&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground': {backgroundColor: c.selection},
        '.cm-cursor': {borderLeftColor: c.cursor},
        '.cm-tooltip': {backgroundColor: c.box, color: c.text, border: `1px solid ${c.line}`},
        '.cm-tooltip-autocomplete > ul > li[aria-selected]': {backgroundColor: c.key, color: c.back},
        // Marks without the pictures that CodeMirror draws as data: addresses, which the policy forbids.
        '.cm-lintRange-error': {backgroundImage: 'none', textDecoration: `underline wavy ${c.bad}`},
        '.cm-lintRange-warning': {backgroundImage: 'none', textDecoration: `underline wavy ${c.number}`},
        '.cm-lintRange-info': {backgroundImage: 'none', textDecoration: `underline dotted ${c.dim}`},
        '.cm-lint-marker-error': {content: 'normal', color: c.bad},
        '.cm-lint-marker-error::before': {content: '"✕"'},
        '.cm-lint-marker-warning': {content: 'normal', color: c.number},
        '.cm-lint-marker-warning::before': {content: '"!"', fontWeight: '700'},
        '.cm-lint-marker-info': {content: 'normal', color: c.dim},
        '.cm-lint-marker-info::before': {content: '"i"'},
        '.cm-completionDetail': {color: 'inherit', fontStyle: 'normal', marginLeft: '1em'},
      },
      {dark: mode === 'dark'},
    ),
    syntaxHighlighting(
      HighlightStyle.define([
        {tag: [tags.propertyName, tags.definition(tags.propertyName)], color: c.key},
        {tag: [tags.string, tags.special(tags.string)], color: c.string},
        {tag: [tags.number, tags.bool, tags.null, tags.keyword], color: c.number},
        {tag: [tags.comment, tags.lineComment], color: c.dim},
        {tag: [tags.content, tags.literal], color: c.text},
      ]),
    ),
  ];
}

export function createEditor(options: Options): Editor {
  const root = options.parent.shadowRoot ?? options.parent.attachShadow({mode: 'open'});
  const inside = document.createElement('div');
  root.replaceChildren(inside);
  const looks = new Compartment();
  let quiet = false;
  const complete = (context: CompletionContext): CompletionResult | null => {
    const found = options.suggest?.(context.state.doc.toString(), context.pos);
    if (!found || (found.options.length === 0)) return null;
    if (!context.explicit && context.pos === found.from && !context.matchBefore(/[\w.:-]$|: $/)) return null;
    return {from: found.from, options: found.options.map((one) => ({label: one.label, detail: one.detail, apply: one.apply, type: 'property'})), validFor: /^[\w.:-]*$/};
  };
  const view = new EditorView({
    parent: inside,
    root,
    state: EditorState.create({
      doc: options.text,
      extensions: [
        lineNumbers(),
        history(),
        drawSelection(),
        highlightActiveLine(),
        bracketMatching(),
        closeBrackets(),
        lintGutter(),
        indentUnit.of('  '),
        yaml(),
        autocompletion({override: [complete], icons: false}),
        // Tab leaves the editor unless something is being completed: the keyboard must not be caught in here.
        keymap.of([...completionKeymap, ...defaultKeymap, ...historyKeymap, ...lintKeymap, {key: 'Ctrl-]', run: indentWithTab.run}]),
        // Typing over a selection is done here: the browser would keep the colour of what stood there in an inline style.
        EditorView.domEventHandlers({
          beforeinput: (event, typed) => {
            if (event.inputType !== 'insertText' || !event.data || event.isComposing || typed.state.readOnly || typed.state.selection.main.empty) return false;
            event.preventDefault();
            typed.dispatch(typed.state.replaceSelection(event.data), {userEvent: 'input.type'});
            return true;
          },
        }),
        EditorView.lineWrapping,
        EditorView.contentAttributes.of({'aria-label': options.label, spellcheck: 'false', tabindex: '0'}),
        EditorState.readOnly.of(options.readOnly ?? false),
        EditorView.updateListener.of((update) => {
          if (update.docChanged && !quiet) options.onChange(update.state.doc.toString());
        }),
        looks.of(look(options.mode)),
      ],
    }),
  });
  return {
    setText: (text) => {
      if (text === view.state.doc.toString()) return;
      quiet = true;
      view.dispatch({changes: {from: 0, to: view.state.doc.length, insert: text}});
      quiet = false;
    },
    setMarks: (marks) => {
      const lines = view.state.doc.lines;
      const found: Diagnostic[] = marks
        .filter((mark) => mark.line >= 1 && mark.line <= lines)
        .map((mark) => {
          const line = view.state.doc.line(mark.line);
          const from = Math.min(line.from + Math.max(0, (mark.column ?? 1) - 1), line.to);
          return {from, to: line.to, severity: mark.severity, message: mark.message};
        });
      view.dispatch(setDiagnostics(view.state, found));
    },
    setMode: (mode) => view.dispatch({effects: looks.reconfigure(look(mode))}),
    goTo: (line) => {
      const at = view.state.doc.line(Math.min(Math.max(1, line), view.state.doc.lines)).from;
      view.dispatch({selection: {anchor: at}, effects: EditorView.scrollIntoView(at, {y: 'center'})});
      view.focus();
    },
    destroy: () => view.destroy(),
  };
}
