import { type Command, container, flag, format, help, text } from './command.ts';

export const pauseCommand = {
  name: 'pause',
  description: 'stop every process of a container where it is',
  positionals: [container],
  options: [help],
  examples: [['trunc pause web1', 'nothing in web1 runs until it is resumed']],
} as const satisfies Command;

export const resumeCommand = {
  name: 'resume',
  description: 'let a paused container go on',
  positionals: [container],
  options: [help],
  examples: [['trunc resume web1', 'its processes go on where they were']],
} as const satisfies Command;

export const psCommand = {
  name: 'ps',
  description: 'list the processes of a container',
  details: 'The table is that of ps(1), with its options; the pids are those of the host.',
  positionals: [container, { name: 'ps-options', required: false, description: 'for ps (default: -ef)' }],
  takesRest: true,
  options: [format, help],
  examples: [['trunc ps web1 -o pid,rss,args', 'the memory of each process']],
} as const satisfies Command;

export const eventsCommand = {
  name: 'events',
  description: 'report what a container uses, and when it runs out of memory',
  details: 'One JSON object for each line, until the container has ended.',
  positionals: [container],
  options: [
    {
      name: 'interval',
      type: 'string',
      default: '5s',
      description: 'time between two reports (500ms, 5s, 1m)',
    },
    flag('stats', 'report once'),
    help,
  ],
  examples: [
    ['trunc events --stats web1', 'what it uses now'],
    ['trunc events --interval 1s web1', 'again and again, and when it runs out of memory'],
  ],
} as const satisfies Command;

export const updateCommand = {
  name: 'update',
  description: 'change the limits of a container',
  details: 'Sizes take units (512m, 2g); -1 lifts a limit. All of it is carried out, or nothing.',
  positionals: [container],
  options: [
    {
      name: 'resources',
      alias: 'r',
      type: 'string',
      description: 'JSON file as linux.resources, - for standard input; other options are ignored then',
    },
    text('blkio-weight', 'weight of block input and output, 10 to 1000'),
    text('cpu-period', 'length of the period of the CPU quota, in microseconds'),
    text('cpu-quota', 'CPU time in each period, in microseconds'),
    text('cpu-burst', 'CPU time that may be used ahead of the quota, in microseconds'),
    text('cpu-share', 'weight of CPU time, 2 to 262144'),
    text('cpu-rt-period', 'length of the period of real-time CPU time, in microseconds'),
    text('cpu-rt-runtime', 'real-time CPU time in each period, in microseconds'),
    text('cpuset-cpus', 'CPUs to run on (0-3,7)'),
    text('cpuset-mems', 'memory nodes to use (0,1)'),
    text('cpu-idle', '1: run only when nobody else does'),
    { name: 'kernel-memory', type: 'string', description: 'ignored', hidden: true },
    { name: 'kernel-memory-tcp', type: 'string', description: 'ignored', hidden: true },
    text('memory', 'limit of memory, in bytes'),
    text('memory-reservation', 'memory that is not taken away first, in bytes'),
    text('memory-swap', 'limit of memory and swap together, in bytes'),
    text('pids-limit', 'number of processes'),
    text('l3-cache-schema', 'schema of the L3 cache (Intel RDT)'),
    text('mem-bw-schema', 'schema of the memory bandwidth (Intel RDT)'),
    help,
  ],
  examples: [['trunc update --memory 512m --cpu-quota 50000 web1', 'half a CPU and 512 MiB']],
} as const satisfies Command;
