import { type Command, container, help } from './command.ts';

const text = <const N extends string>(name: N, description: string) =>
  ({ name, type: 'string', description }) as const;

export const execCommand = {
  name: 'exec',
  description: 'run another program in a container',
  details:
    'It runs as process of config.json says, but for what the options change. The exit status is that of the program, ' +
    '128 + the signal that ended it, or 255 if there was none. Options stand before the ID of the container.',
  positionals: [container, { name: 'command', required: false, description: 'program and its arguments' }],
  takesRest: true,
  options: [
    text('console-socket', 'unix socket that receives the pseudoterminal'),
    text('pidfd-socket', 'unix socket that receives a pidfd of the process'),
    text('pid-file', 'file to write the process ID to'),
    text('cwd', 'working directory in the container'),
    { name: 'env', alias: 'e', type: 'string', multiple: true, description: 'one more variable, NAME=value' },
    { name: 'tty', alias: 't', type: 'boolean', description: 'give it a pseudoterminal' },
    { name: 'user', alias: 'u', type: 'string', description: 'numbers of user and group, UID[:GID]' },
    {
      name: 'additional-gids',
      alias: 'g',
      type: 'string',
      multiple: true,
      description: 'number of one more group',
    },
    {
      name: 'process',
      alias: 'p',
      type: 'string',
      description: 'JSON file as process of config.json; options about the program are ignored then',
    },
    { name: 'detach', alias: 'd', type: 'boolean', description: 'do not wait for the end of the program' },
    text('process-label', 'SELinux label'),
    text('apparmor', 'AppArmor profile'),
    { name: 'no-new-privs', type: 'boolean', description: 'the program cannot gain privileges by execve' },
    {
      name: 'cap',
      alias: 'c',
      type: 'string',
      multiple: true,
      description: 'one more capability, such as CAP_NET_ADMIN',
    },
    {
      name: 'preserve-fds',
      type: 'number',
      default: 0,
      description: 'pass on this many descriptors after stdio',
    },
    {
      name: 'cgroup',
      type: 'string',
      multiple: true,
      description: "existing cgroup below the container's, [CONTROLLER[,CONTROLLER]:]PATH",
    },
    {
      name: 'ignore-paused',
      type: 'boolean',
      description: 'in a paused container wait until it is resumed',
    },
    {
      name: 'seccomp-log',
      type: 'boolean',
      description: 'log at the end which system calls linux.seccomp has refused',
    },
    help,
  ],
  examples: [
    ['trunc exec web1 ps -ef', 'the processes that the container sees'],
    ['trunc exec -t -u 1000:1000 -e TERM=xterm web1 sh', 'a shell for the user 1000'],
    ['trunc exec -d -p process.json --pid-file pid web1', 'as process.json says, in the background'],
  ],
} as const satisfies Command;
