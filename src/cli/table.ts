import {
  bundle,
  type Command,
  consoleSocket,
  container,
  detach,
  flag,
  format,
  help,
  newContainer,
  noSubreaper,
  type Option,
  pidFile,
  pidfdSocket,
  seccompLog,
  text,
} from './command.ts';
import { eventsCommand, pauseCommand, psCommand, resumeCommand, updateCommand } from './table-cgroup.ts';
import { checkpointCommand, restoreCommand } from './table-checkpoint.ts';
import { execCommand } from './table-exec.ts';
import { seccompCommand } from './table-seccomp.ts';

export type { Command, Option, Values } from './command.ts';

/** All that can be typed: the fast parser, help and completion are made from this. */

export const globalOptions = [
  flag('debug', 'log debug messages, and where an error arose'),
  text('log', 'append log messages to this file (default: standard error)'),
  {
    name: 'log-format',
    type: 'string',
    default: 'text',
    choices: ['text', 'json'],
    description: 'format of log messages',
  },
  text('root', 'directory of container state, best on a tmpfs (default: /run/trunc)'),
  flag('systemd-cgroup', 'have systemd make cgroups; cgroupsPath is then "slice:prefix:name"'),
  {
    name: 'cgroup-manager',
    type: 'string',
    choices: ['cgroupfs', 'systemd', 'disabled'],
    description:
      'who makes cgroups: trunc itself, systemd (as --systemd-cgroup), or nobody (default: cgroupfs)',
  },
  {
    name: 'rootless',
    type: 'string',
    default: 'auto',
    choices: ['true', 'false', 'auto'],
    description:
      'do without a cgroup where there is no permission to make one and no limit (auto: unless root)',
  },
  flag('no-seccomp-cache', 'compile linux.seccomp anew, do not keep the result in the root'),
  help,
  { name: 'version', alias: 'v', type: 'boolean', description: 'show the version' },
] as const satisfies readonly Option[];

const createOptions = [
  bundle,
  consoleSocket,
  pidfdSocket,
  pidFile,
  flag('no-pivot', 'change the root without pivot_root, for a rootfs on a ramdisk'),
  flag('no-new-keyring', "keep the caller's session keyring"),
  {
    name: 'preserve-fds',
    type: 'number',
    default: 0,
    description: 'pass on this many descriptors after stdio and $LISTEN_FDS',
  },
] as const satisfies readonly Option[];

export const createCommand = {
  name: 'create',
  description: 'create a container',
  details: 'Everything is set up but the program of config.json does not run before "start".',
  positionals: [newContainer],
  options: [...createOptions, help],
  examples: [['trunc create --bundle /bundles/web web1', 'create the container web1']],
} as const satisfies Command;

export const runCommand = {
  name: 'run',
  description: 'create and run a container',
  details: 'The exit status is that of the program, or 128 + the signal that ended it.',
  positionals: [newContainer],
  options: [
    ...createOptions,
    detach,
    flag('keep', 'do not delete the container after its end'),
    noSubreaper,
    seccompLog,
    help,
  ],
  examples: [
    ['trunc run --bundle /bundles/web web1', 'run a bundle in the foreground'],
    ['trunc run -d --pid-file pid --bundle /bundles/web web1', 'in the background, with its pid in a file'],
  ],
} as const satisfies Command;

export const startCommand = {
  name: 'start',
  description: 'run the program of a created container',
  details:
    'It returns when the program has been let go; with $NOTIFY_SOCKET when that says that it is ready.',
  positionals: [container],
  options: [help],
  examples: [['trunc start web1', 'let the program of web1 run']],
} as const satisfies Command;

export const stateCommand = {
  name: 'state',
  description: 'show the state of a container as JSON',
  details: 'The status is creating, created, running, paused or stopped.',
  positionals: [container],
  options: [help],
  examples: [['trunc state web1', 'its pid, status, bundle and annotations']],
} as const satisfies Command;

export const killCommand = {
  name: 'kill',
  description: 'send a signal (default: SIGTERM) to the first process of a container',
  positionals: [
    container,
    { name: 'signal', required: false, description: 'name, with or without SIG, or number' },
  ],
  options: [
    {
      name: 'all',
      alias: 'a',
      type: 'boolean',
      description: 'signal all processes of the container, if any',
      hidden: true,
    },
    help,
  ],
  examples: [['trunc kill web1 KILL', 'end the container web1 at once']],
} as const satisfies Command;

export const deleteCommand = {
  name: 'delete',
  description: 'delete a stopped container',
  positionals: [container],
  options: [
    {
      name: 'force',
      alias: 'f',
      type: 'boolean',
      description: 'end it first if it is still running (SIGKILL)',
    },
    help,
  ],
  examples: [['trunc delete --force web1', 'end the container web1, if there is one, and delete it']],
} as const satisfies Command;

export const listCommand = {
  name: 'list',
  description: 'list the containers of the given root',
  positionals: [],
  options: [format, { name: 'quiet', alias: 'q', type: 'boolean', description: 'show IDs only' }, help],
  examples: [
    ['trunc list', 'a table of ID, pid, status, bundle, time and owner'],
    ['trunc --root /run/mine list --format json', 'the containers of another root, as JSON'],
  ],
} as const satisfies Command;

export const specCommand = {
  name: 'spec',
  description: 'write an example config.json',
  details: 'A starting point: it runs "sh" in the directory "rootfs" of the bundle.',
  positionals: [],
  options: [bundle, flag('rootless', 'for a container that needs no root privilege'), help],
  examples: [['trunc spec --bundle /bundles/web', 'write /bundles/web/config.json']],
} as const satisfies Command;

export const featuresCommand = {
  name: 'features',
  description: 'show what this version carries out as JSON',
  details: 'Whether the kernel and the libraries of this host can do it all is another question.',
  positionals: [],
  options: [help],
  examples: [['trunc features', 'the features document of the specification']],
} as const satisfies Command;

export const helpCommand = {
  name: 'help',
  alias: 'h',
  description: 'show help on a command',
  positionals: [{ name: 'command', required: false, description: 'name of the command' }],
  options: [help],
  examples: [['trunc help create', 'what create does, its options and examples']],
} as const satisfies Command;

export const completionCommand = {
  name: 'completion',
  description: 'write a completion script for bash or zsh',
  details:
    'It is for the shell that $SHELL names. With it the shell proposes commands, options, values and IDs of containers.',
  positionals: [],
  options: [help],
  examples: [
    ['trunc completion >trunc', 'for bash, in ~/.local/share/bash-completion/completions'],
    ['SHELL=zsh trunc completion >_trunc', 'for zsh, in a directory of $fpath'],
  ],
} as const satisfies Command;

export const commands: readonly Command[] = [
  createCommand,
  startCommand,
  runCommand,
  execCommand,
  stateCommand,
  killCommand,
  deleteCommand,
  listCommand,
  psCommand,
  pauseCommand,
  resumeCommand,
  updateCommand,
  eventsCommand,
  checkpointCommand,
  restoreCommand,
  specCommand,
  featuresCommand,
  seccompCommand,
  helpCommand,
  completionCommand,
];

/** By its name or its alias. */
export function findCommand(name: string): Command | undefined {
  return commands.find((command) => command.name === name || command.alias === name);
}

/** How an argument stands in a synopsis. */
export function positionalUsage({ name, required }: Command['positionals'][number]): string {
  return required ? `<${name}>` : `[${name}]`;
}
