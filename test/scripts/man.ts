/**
 * Makes the manual pages of section 8 from the table of commands: DIRECTORY/trunc.8, and one for each command.
 * Usage: man.ts DIRECTORY DATE
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Command, commands, globalOptions, type Option } from '../../src/cli/table.ts';

const [, script, directory, date = '1970-01-01'] = process.argv;
const { version } = JSON.parse(readFileSync(join(import.meta.dirname, '../../package.json'), 'utf8'));

const WIDTH = 76;

/** Variables of the environment and what they do. */
const ENVIRONMENT = {
  NOTIFY_SOCKET:
    'A container that is made with it gets a socket for sd_notify(3); start and run pass on what comes.',
  'LISTEN_FDS, LISTEN_PID':
    'Sockets of socket activation, which are passed on to the program; see sd_listen_fds(3).',
  XDG_RUNTIME_DIR: 'For users other than root the container state is in its subdirectory trunc.',
  USER: 'Tells root of a user namespace, who is another user outside, from the real one.',
  'DBUS_SYSTEM_BUS_ADDRESS, DBUS_SESSION_BUS_ADDRESS': 'Where to find systemd, with --systemd-cgroup.',
  TRUNC_SYSTEMD_TIMEOUT: 'How many seconds to wait for systemd (30).',
  PATH: 'Where criu(8), newuidmap(1), newgidmap(1) and ps(1) are looked for.',
  SHELL: 'The shell that completion writes a script for.',
};

const FILES = {
  '/run/trunc': 'The state of containers: a directory for each.',
  '/run/trunc/ID/state.json': 'What is known of a container.',
  '/run/trunc/@seccomp': 'Compiled filters of linux.seccomp, safe to be removed.',
};

const EXIT_STATUS: Record<string, string> = {
  run: 'That of the program, or 128 and the number of the signal that ended it; 0 with --detach. 1 if there was an error.',
  exec: 'That of the program, or 128 and the number of the signal that ended it; 0 with --detach. 255 if there was an error.',
};
const USUAL_STATUS = '0, or 1 if there was an error, which is then on standard error, on one line.';

/** Text as roff takes it, with hyphens that are typed as such. */
function literal(text: string): string {
  return text.replaceAll('\\', '\\e').replaceAll('-', '\\-');
}

/** Prose as roff takes it: in short lines, of which none begins as a request does. */
export function roff(text: string): string {
  const typed = text
    .replaceAll('\\', '\\e')
    .replace(/(?<!\w)-[-\w]*/g, (option) => option.replaceAll('-', '\\-'));
  const lines = typed.match(new RegExp(`.{1,${WIDTH}}(?: |$)|\\S+`, 'g')) ?? [];
  return lines.map((line) => line.trimEnd().replace(/^(?=[.'])/, '\\&')).join('\n');
}

const bold = (text: string): string => `\\fB${literal(text)}\\fP`;
const italic = (text: string): string => `\\fI${literal(text)}\\fP`;
const sentence = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
const section = (title: string, ...lines: string[]): string[] => [`.SH ${title}`, ...lines];
const item = (term: string, ...text: string[]): string[] => ['.TP', term, ...text];

function header(name: string, description: string): string[] {
  const title = name.replaceAll('-', '\\-').toUpperCase();
  return [
    '.\\" Made by test/scripts/man.ts from the table of commands.',
    `.TH ${title} 8 ${date} "trunc ${version}" "System Administration"`,
    ...section('NAME', `${literal(name)} \\- ${description}`),
  ];
}

function optionItem(option: Option): string[] {
  const { name, alias, type, description, default: value, choices, multiple } = option;
  const argument =
    type === 'boolean' ? '' : ` ${italic(choices?.join('|') ?? (type === 'number' ? 'N' : 'VALUE'))}`;
  const names = [`--${name}`, ...(alias === undefined ? [] : [`-${alias}`])];
  const term = names.map((each) => `${bold(each)}${argument}`).join(', ');
  const more = [
    multiple ? ' It may be given several times.' : '',
    value === undefined || value === 0 ? '' : ` The default is ${value}.`,
  ].join('');
  return item(term, roff(`${sentence(description)}.${more}`));
}

function optionItems(options: readonly Option[]): string[] {
  return options.filter(({ hidden }) => !hidden).flatMap(optionItem);
}

function pairs(values: Record<string, string>): string[] {
  return Object.entries(values).flatMap(([term, text]) => item(bold(term), roff(text)));
}

function examples(list: Command['examples'] = []): string[] {
  if (list.length === 0) return [];
  return section(
    'EXAMPLES',
    ...list.flatMap(([line, meaning]) => item(bold(line), roff(`${sentence(meaning)}.`))),
  );
}

function seeAlso(...names: string[]): string[] {
  return section('SEE ALSO', names.map((name) => `.BR ${name.replaceAll('-', '\\-')} (8)`).join(' ,\n'));
}

/** The page of one command. */
export function commandPage(command: Command): string {
  const { name, description, details, positionals, options, takesRest } = command;
  const placed = positionals.map(({ name, required }, index) => {
    const rest = takesRest && index === positionals.length - 1 ? ' ...' : '';
    return required ? `${italic(name)}${rest}` : `[${italic(name)}${rest}]`;
  });
  const lines = [
    ...header(`trunc-${name}`, description),
    ...section(
      'SYNOPSIS',
      `${bold('trunc')} [${italic('global options')}] ${bold(name)} [${italic('options')}] ${placed.join(' ')}`.trim(),
    ),
    ...section(
      'DESCRIPTION',
      roff(`${sentence(description)}.`),
      ...(details === undefined ? [] : ['.PP', roff(details)]),
    ),
    ...positionals.flatMap(({ name, description }) => item(italic(name), roff(`${sentence(description)}.`))),
    ...section('OPTIONS', ...optionItems(options)),
    ...section('EXIT STATUS', roff(EXIT_STATUS[name] ?? USUAL_STATUS)),
    ...examples(command.examples),
    ...seeAlso('trunc'),
  ];
  return `${lines.join('\n')}\n`;
}

/** The page of the program. */
export function programPage(): string {
  const lines = [
    ...header('trunc', 'run containers from OCI bundles'),
    ...section(
      'SYNOPSIS',
      `${bold('trunc')} [${italic('global options')}] ${italic('command')} [${italic('options')}] [${italic('arguments')}]`,
    ),
    ...section(
      'DESCRIPTION',
      roff(
        'An OCI container runtime: it reads config.json in the directory of a bundle and makes a container of it.',
      ),
      roff('Commands, options, output and exit statuses are those of runc.'),
    ),
    ...section(
      'COMMANDS',
      ...commands.flatMap(({ name, description }) => item(bold(name), roff(`${sentence(description)}.`))),
    ),
    ...section('GLOBAL OPTIONS', roff('They stand before the command.'), ...optionItems(globalOptions)),
    ...section(
      'EXIT STATUS',
      roff(`${USUAL_STATUS} 3 for an unknown command. Of run and exec see their own pages.`),
    ),
    ...section('ENVIRONMENT', ...pairs(ENVIRONMENT)),
    ...section('FILES', ...pairs(FILES)),
    ...examples([
      ['trunc spec --bundle mybundle', 'write an example config.json'],
      ['trunc run --bundle mybundle c1', 'run it'],
    ]),
    ...seeAlso(...commands.map(({ name }) => `trunc-${name}`)),
  ];
  return `${lines.join('\n')}\n`;
}

/** Name of the file → its text. */
export function manualPages(): Record<string, string> {
  const each = commands.map((command) => [`trunc-${command.name}.8`, commandPage(command)]);
  return { 'trunc.8': programPage(), ...Object.fromEntries(each) };
}

function main(directory: string): void {
  mkdirSync(directory, { recursive: true });
  for (const [name, text] of Object.entries(manualPages())) writeFileSync(join(directory, name), text);
}

if (script === import.meta.filename && directory !== undefined) main(directory);
