import {
  bundle,
  type Command,
  consoleSocket,
  container,
  detach,
  flag,
  help,
  newContainer,
  noSubreaper,
  type Option,
  pidFile,
  text,
} from './command.ts';

export const criuOptions = [
  text('image-path', 'directory of the image (default: checkpoint, in the working directory)'),
  text('work-path', 'directory of logs and other files of the moment (default: that of the image)'),
  flag('tcp-established', 'connections of TCP that are open, too'),
  flag('ext-unix-sk', 'connections of unix sockets to processes outside, too'),
  flag('shell-job', "a process of the caller's session, with its terminal"),
  flag('file-locks', 'locks of files, too'),
  flag('lazy-pages', 'memory is fetched when it is needed, from a page server'),
  flag('auto-dedup', 'memory that is in a later image, or in use again, is taken out of the image'),
  {
    name: 'manage-cgroups-mode',
    type: 'string',
    choices: ['soft', 'full', 'strict', 'ignore'],
    description: 'what of the cgroups is restored (default: soft, properties of those that are missing)',
  },
  {
    name: 'empty-ns',
    type: 'string',
    multiple: true,
    choices: ['network'],
    description: 'namespaces without their contents; that of the network always is',
  },
] as const satisfies readonly Option[];

export const checkpointCommand = {
  name: 'checkpoint',
  description: 'write a running container into files',
  details:
    'criu does it. The container is deleted afterwards, unless it is left running or this is a pre-dump.',
  positionals: [container],
  options: [
    ...criuOptions,
    flag('leave-running', 'let the container go on'),
    flag('pre-dump', 'write its memory only, and let it go on: a later checkpoint writes what has changed'),
    text('parent-path', 'an earlier image or pre-dump, relative to the one of this'),
    flag('tcp-skip-in-flight', 'leave out connections that are being made'),
    flag('link-remap', 'deleted files that are open, too'),
    text('page-server', 'ADDRESS:PORT of a page server, for the memory'),
    text('status-fd', 'descriptor that gets a zero byte when --lazy-pages can be asked for'),
    help,
  ],
  examples: [
    ['trunc checkpoint --image-path /images/web1 web1', 'write web1 to /images/web1 and end it'],
    ['trunc checkpoint --leave-running --tcp-established web1', 'the same as a copy, with connections'],
  ],
} as const satisfies Command;

export const restoreCommand = {
  name: 'restore',
  description: 'make a container of a checkpoint',
  details: 'It goes on where it was, with the rootfs and config.json of the bundle.',
  positionals: [newContainer],
  options: [
    ...criuOptions,
    bundle,
    detach,
    pidFile,
    consoleSocket,
    flag('tcp-close', 'connections of TCP that are in the image are closed'),
    flag('no-pivot', 'accepted: criu changes the root in its own way'),
    noSubreaper,
    text('lsm-profile', 'another security profile, TYPE:NAME, such as apparmor:web'),
    text('lsm-mount-context', 'another SELinux label for mounts'),
    help,
  ],
  examples: [['trunc restore --image-path /images/web1 --bundle /bundles/web -d web1', 'in the background']],
} as const satisfies Command;
