/* Draws the report from the data beside it. Runs in a browser, without a network. */
const { machine, runs, rules } = JSON.parse(document.getElementById('data').textContent);
const colours = ['#2f6fde', '#e0812b', '#2a9d55', '#b0309b', '#8a6d1d', '#c5283d', '#1b8a9c', '#555'];

document.getElementById('machine').textContent =
  `${machine.cores} cores (${machine.processor}), ${machine.memoryGiB} GiB, ${machine.system}, Node ${machine.node}, ` +
  `${machine.postgres}, ${machine.redis}, commit ${machine.commit}`;
for (const run of runs) document.getElementById('runs').append(section(run));

function section(run) {
  const { options, outcome, account, verdicts } = run;
  const element = document.createElement('section');
  const instances = options.instances > 1 ? ` ×${options.instances}` : '';
  element.append(
    heading(`${options.scenario}${instances}`),
    paragraph(
      `${run.begun}: ${options.agents} agents, ${options.durationS} s after ${options.warmupS} s of warm-up, ` +
        `${options.instances} API process(es), ${options.redis ? 'Redis' : 'PostgreSQL only'}, seed ${options.seed}; ` +
        `settings ${JSON.stringify(run.settings)}; load generator busy ${(outcome.generatorBusy * 100).toFixed(0)} %`,
    ),
    table(
      ['promise', 'measured', 'at most', 'aim', ''],
      verdicts.map(({ promise, measured, unit, floor, aim, kept }) => [
        promise,
        `${number(measured)} ${unit}`,
        number(floor),
        aim === undefined ? '' : number(aim),
        kept ? '✓' : '✗',
      ]),
    ),
    table(
      ['ms', 'count', 'failed', 'mean', 'p50', 'p95', 'p99', 'max'],
      measured(outcome.totals).map(([name, one]) => [
        name,
        one.count,
        Object.entries(one.failures)
          .map(([code, count]) => `${count} × ${code}`)
          .join(', ') || '0',
        ...[one.mean, one.p50, one.p95, one.p99, one.max].map(number),
      ]),
    ),
    table(
      ['figure', ''],
      Object.entries(outcome.figures).map(([name, value]) => [name, number(value)]),
    ),
    paragraph(
      `Account: ${account.submitted} submitted (${account.unanswered} unanswered) = ${account.final} final + ` +
        `${account.waiting} waiting (${JSON.stringify(account.byStatus)}); ${account.transitions} transitions, ` +
        `${account.auditEvents} audit events.`,
    ),
  );
  for (const { rule, count, examples } of account.breaches) {
    element.append(paragraph(`✗ ${rules[rule]}: ${count} times not. ${examples.join('; ')}`, 'broken'));
  }
  element.append(charts(run));
  return element;
}

/** What was measured after the warm-up. */
function measured(totals) {
  return Object.entries(totals).filter(([, one]) => one.count > 0 || Object.keys(one.failures).length > 0);
}

function charts({ seconds, samples, begun }) {
  const element = document.createElement('div');
  element.className = 'charts';
  const times = seconds.map(({ at }) => at);
  const names = [...new Set(seconds.flatMap(({ series }) => Object.keys(series)))];
  const of = (name, read) =>
    seconds.map(({ series }) => (series[name]?.count > 0 ? read(series[name]) : null));
  for (const name of names) {
    const lines = ['p50', 'p95', 'p99'].map((percentile) => [percentile, of(name, (one) => one[percentile])]);
    draw(element, `${name}: latency, ms`, times, lines);
  }
  const throughput = names.map((name) => [name, seconds.map(({ series }) => series[name]?.count ?? 0)]);
  draw(element, 'throughput, a second', times, throughput);
  draw(element, 'tasks that have not ended', times, [
    ['queue', seconds.map(({ gauges }) => gauges.queue ?? 0)],
  ]);
  const from = Date.parse(begun);
  const sampled = samples.map(({ at }) => (at - from) / 1000);
  const api = (read) => samples.map((sample) => (sample.api ? read(sample.api) : null));
  draw(element, 'memory, MiB', sampled, [
    ['resident', api((one) => one.rssBytes / 2 ** 20)],
    ['heap', api((one) => one.heapBytes / 2 ** 20)],
    ['Redis', samples.map(({ redisBytes }) => (redisBytes === null ? null : redisBytes / 2 ** 20))],
  ]);
  draw(element, 'event-loop lag of the API, p99 of each second, ms', sampled, [
    ['lag', api((one) => one.lagP99Ms)],
  ]);
  draw(element, 'open files and handles of the API', sampled, [
    ['files', api((one) => one.files)],
    ['handles', api((one) => one.handles)],
  ]);
  const sized = samples.filter(({ tables }) => tables !== null);
  const tables = [...new Set(sized.flatMap(({ tables: sizes }) => Object.keys(sizes)))].filter((name) =>
    sized.some(({ tables: sizes }) => sizes[name] > 2 ** 20),
  );
  if (tables.length > 0) {
    const lines = tables.map((name) => [
      name,
      sized.map(({ tables: sizes }) => (sizes[name] ?? 0) / 2 ** 20),
    ]);
    draw(
      element,
      'tables with their indexes, MiB',
      sized.map(({ at }) => (at - from) / 1000),
      lines,
    );
  }
  return element;
}

function draw(parent, title, times, lines) {
  if (times.length === 0 || lines.every(([, values]) => values.every((value) => value === null))) return;
  const options = {
    title,
    width: 540,
    height: 240,
    scales: { x: { time: false } },
    series: [
      { label: 's' },
      ...lines.map(([label], index) => ({ label, stroke: colours[index % colours.length], spanGaps: false })),
    ],
  };
  const holder = document.createElement('div');
  parent.append(holder);
  // The library has put it there.
  new globalThis.uPlot(options, [times, ...lines.map(([, values]) => values)], holder);
}

function heading(text) {
  const element = document.createElement('h2');
  element.textContent = text;
  return element;
}

function paragraph(text, className = '') {
  const element = document.createElement('p');
  element.textContent = text;
  element.className = className;
  return element;
}

function table(head, rows) {
  const element = document.createElement('table');
  const add = (cells, tag) => {
    const line = element.insertRow();
    for (const text of cells) {
      const cell = document.createElement(tag);
      cell.textContent = text;
      if (text === '✓') cell.className = 'kept';
      if (text === '✗') cell.className = 'broken';
      line.append(cell);
    }
  };
  if (rows.length > 0) add(head, 'th');
  for (const cells of rows) add(cells, 'td');
  return element;
}

function number(value) {
  if (value === null || Number.isNaN(value)) return 'not measured';
  return Number.isInteger(value) ? String(value) : value.toFixed(Math.abs(value) >= 100 ? 0 : 2);
}
