type Level = 'debug' | 'info' | 'warning' | 'error';

export interface LogOptions {
  /** Append to this file; standard error when absent. */
  file?: string | undefined;
  format: 'text' | 'json';
  debug: boolean;
  /** Takes the lines instead of a file or standard error. */
  sink?: (line: string) => void;
}

/** The only process-wide state in the program: where messages go. */
const target: LogOptions = { format: 'text', debug: false };

/** From now on messages go there; what is not named stays as it is. */
export function configureLog(options: LogOptions): void {
  Object.assign(target, options);
}

/** What was configured, so that init can write alike. */
export function logOptions(): Readonly<LogOptions> {
  return target;
}

function render(level: Level, message: string, fields: Record<string, string>): string {
  return escapeHidden(renderPlain(level, message, fields));
}

function renderPlain(level: Level, message: string, fields: Record<string, string>): string {
  const entry = { level, msg: message, time: new Date().toISOString(), ...fields };
  if (target.format === 'json') return `${JSON.stringify(entry)}\n`;
  const rest = Object.entries(fields).map(([key, value]) => ` ${key}=${JSON.stringify(value)}`);
  return `time=${JSON.stringify(entry.time)} level=${level} msg=${JSON.stringify(message)}${rest.join('')}\n`;
}

function write(level: Level, message: string, fields: Record<string, string> = {}): void {
  writeLine(render(level, message, fields));
}

/** Writes a line that has been rendered, here or by init. */
export function writeLine(line: string): void {
  if (target.sink !== undefined) target.sink(line);
  else if (target.file === undefined) writeError(line);
  else appendTo(target.file, line);
}

/** A disk that is full, or a log that is gone, ends no container and hides no message. */
function appendTo(file: string, line: string): void {
  try {
    fs().appendFileSync(file, line, { mode: 0o644 });
  } catch (thrown) {
    writeError(`trunc: --log ${file}: ${(thrown as Error).message}: ${line}`);
  }
}

/** Writes to standard error at once. Through process.stderr a pipe would become non-blocking for its other users. */
export function writeError(text: string): void {
  try {
    fs().writeSync(2, text);
  } catch {
    // It is closed, or its reader has gone: there is nobody to tell.
  }
}

/** Loaded only when there is something to say: node:fs is a good part of a short command's start-up. */
function fs(): typeof import('node:fs') {
  return process.getBuiltinModule('node:fs');
}

export const log = {
  debug: (message: string): void => {
    if (target.debug) write('debug', message);
  },
  info: (message: string, fields: Record<string, string> = {}): void => write('info', message, fields),
  warning: (message: string): void => write('warning', message),
  error: (message: string, fields: Record<string, string> = {}): void => write('error', message, fields),
};

/** A text that may quote anything, such as a path, on one line: what steers a terminal is written as in JSON. */
export function oneLine(text: string): string {
  return escapeHidden(text.replace(/\p{Cc}+/gu, (characters) => JSON.stringify(characters).slice(1, -1)));
}

/** JSON leaves more as it is that steers a terminal: C1 controls, the direction of text, other ends of lines. */
function escapeHidden(text: string): string {
  const code = (character: string): string =>
    (character.codePointAt(0) as number).toString(16).padStart(4, '0');
  return text.replace(
    /[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2066-\u2069]/g,
    (each) => `\\u${code(each)}`,
  );
}
