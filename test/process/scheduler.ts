import t from 'tap';
import { planScheduler } from '../../src/process/scheduler.ts';

t.test('what is not set is 0', async (t) => {
  const none = { flags: 0, nice: 0, priority: 0, runtime: 0, deadline: 0, period: 0 };
  t.same(planScheduler({ policy: 'SCHED_OTHER' }), { policy: 0, ...none });
  t.same(planScheduler({ policy: 'SCHED_IDLE' }), { policy: 5, ...none });
});

t.test('numbers of the kernel', async (t) => {
  t.same(planScheduler({ policy: 'SCHED_RR', priority: 42, flags: ['SCHED_FLAG_RESET_ON_FORK'] }), {
    policy: 2,
    flags: 1,
    nice: 0,
    priority: 42,
    runtime: 0,
    deadline: 0,
    period: 0,
  });
  const flags = [
    'SCHED_FLAG_RECLAIM',
    'SCHED_FLAG_DL_OVERRUN',
    'SCHED_FLAG_KEEP_POLICY',
    'SCHED_FLAG_KEEP_PARAMS',
    'SCHED_FLAG_UTIL_CLAMP_MIN',
    'SCHED_FLAG_UTIL_CLAMP_MAX',
  ] as const;
  t.same(
    planScheduler({
      policy: 'SCHED_DEADLINE',
      flags: [...flags],
      runtime: 1e6,
      deadline: 2e6,
      period: 2 ** 53,
    }),
    { policy: 6, flags: 0x7e, nice: 0, priority: 0, runtime: 1e6, deadline: 2e6, period: 2 ** 53 },
  );
  t.equal(
    planScheduler({ policy: 'SCHED_BATCH', flags: [flags[0], flags[0]] }).flags,
    2,
    'the same flag twice',
  );
});
