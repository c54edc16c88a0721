import { describe, expect, it } from '@jest/globals';
import { type Assignment, Witness } from '../../load/witness.js';

function anAssignment(changes: Partial<Assignment> = {}): Assignment {
  return {
    task: { taskId: 'task-1', input: { n: 0 } },
    attempt: 1,
    stage: 'PROPOSE',
    leaseToken: 'lease-1',
    ...changes,
  };
}

describe('the witness', () => {
  it('follows a task from its submission to its end', () => {
    const witness = new Witness();
    const ended: number[] = [];
    witness.onFinal = (n) => ended.push(n);
    witness.submitted('t_load', 'task-1', 0);
    witness.took('t_load', 'agent-1', anAssignment());
    expect(witness.open).toBe(1);
    witness.handedIn('t_load', 'task-1', 'lease-1', 'SUCCEEDED');
    expect(witness.open).toBe(0);
    expect(ended).toEqual([0]);
    expect(witness.seen()).toMatchObject({
      tasks: [{ taskId: 'task-1', status: 'SUCCEEDED', successes: 1 }],
      violationCount: 0,
    });
  });

  it('takes the same answer to the same submission for one', () => {
    const witness = new Witness();
    witness.submitted('t_load', 'task-1', 0);
    witness.handedIn('t_load', 'task-1', 'lease-1', 'SUCCEEDED');
    witness.handedIn('t_load', 'task-1', 'lease-1', 'SUCCEEDED');
    expect(witness.seen()).toMatchObject({ tasks: [{ successes: 1 }], violationCount: 0 });
  });

  it('notices a task that was done twice', () => {
    const witness = new Witness();
    witness.handedIn('t_load', 'task-1', 'lease-1', 'SUCCEEDED');
    witness.handedIn('t_load', 'task-1', 'lease-2', 'SUCCEEDED');
    expect(witness.seen().violations).toEqual(['task task-1 was done 2 times']);
  });

  it('notices an attempt that two agents were given', () => {
    const witness = new Witness();
    witness.took('t_load', 'agent-1', anAssignment());
    witness.took('t_load', 'agent-2', anAssignment({ leaseToken: 'lease-2' }));
    expect(witness.seen().violationCount).toBe(1);
  });

  it('notices an execution that nobody had approved', () => {
    const witness = new Witness();
    const approval = { reviewId: 'card-1', output: {}, outputDigest: 'sha256:0' };
    witness.took('t_load', 'agent-1', anAssignment({ stage: 'EXECUTE', approval }));
    expect(witness.seen().violationCount).toBe(1);
    witness.approves('card-2');
    const approved = { ...approval, reviewId: 'card-2' };
    witness.took('t_load', 'agent-1', anAssignment({ attempt: 2, stage: 'EXECUTE', approval: approved }));
    expect(witness.seen().violationCount).toBe(1);
  });
});
