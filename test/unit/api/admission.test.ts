import { beforeEach, describe, expect, it } from '@jest/globals';
import { Admission, classOf, type RequestClass } from '../../../src/api/admission.js';

describe('admission', () => {
  let time: number;
  let asleep: number;
  let admission: Admission;

  beforeEach(() => {
    time = 0;
    asleep = 0;
    admission = new Admission(
      () => asleep,
      () => time,
    );
  });

  /** Lets in what it can of a number of requests. */
  const enter = (count: number, request: RequestClass = 'WORK') =>
    Array.from({ length: count }, () => admission.enter(request)).filter((leave) => leave !== undefined);

  /** Rounds in which as many as are let in come at once, and each is answered after `tookMs`. */
  const rounds = (count: number, offered: number, tookMs: number, request: RequestClass = 'WORK') => {
    for (let round = 0; round < count; round += 1) {
      const leaves = enter(offered, request);
      time += tookMs;
      for (const leave of leaves) leave();
    }
  };

  it('lets four thousand heartbeats in that come at one instant', () => {
    expect(enter(4_096)).toHaveLength(4_096);
    expect(enter(1)).toHaveLength(0);
    expect(admission.refused).toBe(1);
  });

  it('has room for those that wait for something to happen', () => {
    enter(4_096, 'WAIT');
    asleep = 4_000;
    expect(enter(1)).toHaveLength(1);
  });

  it('turns new work away first', () => {
    enter(2_048);
    expect(enter(1, 'NEW_WORK')).toHaveLength(0);
    expect(enter(1)).toHaveLength(1);
  });

  it('never turns operations away', () => {
    enter(5_000);
    expect(enter(1, 'OPERATIONS')).toHaveLength(1);
  });

  it('does not take a burst for overload', () => {
    rounds(2, 1_000, 600);
    for (let calm = 0; calm < 20; calm += 1) rounds(1, 20, 10);
    rounds(2, 1_000, 600);
    expect(admission.currentLimit).toBe(4_096);
  });

  it('lets fewer in while answers stay slow, but never fewer than 1,024', () => {
    rounds(5, 2_000, 600);
    expect(admission.currentLimit).toBeLessThan(3_000);
    rounds(30, 2_000, 600);
    expect(admission.currentLimit).toBe(1_024);
  });

  it('lets as many in as before within five seconds of answers being fast again', () => {
    rounds(30, 2_000, 600);
    rounds(500, 50, 10);
    expect(admission.currentLimit).toBe(4_096);
  });

  it('lets fewer submissions in while they are slow, and as much of the rest as before', () => {
    rounds(60, 1_000, 600, 'NEW_WORK');
    expect(admission.currentNewWorkLimit).toBe(128);
    expect(enter(600, 'NEW_WORK')).toHaveLength(128);
    expect(admission.currentLimit).toBe(4_096);
    expect(enter(1)).toHaveLength(1);
  });

  it('lets as many submissions in as before once they are fast again', () => {
    rounds(60, 1_000, 600, 'NEW_WORK');
    rounds(500, 50, 10, 'NEW_WORK');
    expect(admission.currentNewWorkLimit).toBe(1_024);
  });

  it('is not moved by long polls, however long they take', () => {
    for (let round = 0; round < 20; round += 1) {
      const leaves = enter(500, 'WAIT');
      time += 30_000;
      for (const leave of leaves) leave();
    }
    expect(admission.currentLimit).toBe(4_096);
  });

  it.each<[string, string, RequestClass]>([
    ['POST', '/v1/tenants/t_a/tasks', 'NEW_WORK'],
    ['POST', '/v1/tenants/t_a/tasks/batch', 'NEW_WORK'],
    ['GET', '/v1/tenants/t_a/tasks', 'WORK'],
    ['POST', '/v1/tenants/t_a/tasks/1/results', 'WORK'],
    ['POST', '/v1/tenants/t_a/agents/a/heartbeat', 'WORK'],
    ['POST', '/v1/tenants/t_a/agents/a/claims', 'WAIT'],
    ['GET', '/v1/tenants/t_a/tasks/1/result?waitMs=30000', 'WAIT'],
    ['GET', '/v1/tenants/t_a/tasks/1/result', 'WORK'],
    ['GET', '/v1/tenants/t_a/events', 'WAIT'],
    ['GET', '/health/ready', 'OPERATIONS'],
    ['GET', '/metrics', 'OPERATIONS'],
  ])('takes %s %s for %s', (method, url, expected) => {
    expect(classOf(method, url)).toBe(expected);
  });
});
