// Serves the built page and made-up studies as TensorBoard would: in a frame, below a path, with its security policy.
import { createHash } from "node:crypto";
import { createServer } from "node:http";
import { readFileSync } from "node:fs";
import { gzipSync } from "node:zlib";
import { STUDIES } from "../test/fake.mjs";

const SCRIPT = 'import("./index.js").then((m) => void m.render());';
const SHA = createHash("sha256").update(SCRIPT).digest("base64");
const POLICY = `default-src 'self';font-src 'self' data:;frame-src 'self';img-src 'self' data: blob:;object-src 'none';style-src 'self' 'unsafe-inline' data:;connect-src 'self';script-src 'self' 'sha256-${SHA}'`;
const ENTRY = `<!DOCTYPE html><head><base href="plugin/kerastune_lite/" /></head><body><script type="module">${SCRIPT}</script></body>`;
const HOST = `<!DOCTYPE html><html><head><title>TensorBoard</title><style>html,body{margin:0;height:100%}body.dark-mode{background:#303030}
header{height:64px;background:#f57c00}iframe{border:0;width:100%;height:calc(100% - 64px);display:block}</style></head>
<body><header></header><iframe src="data/plugin_entry.html?name=kerastune_lite"></iframe></body></html>`;

/** A server below /prefix/; `names` are the studies in its log directory. `change` answers a changed record. The charts are answered once `held` resolves, with that status. */
export async function serve(names, { built = new URL("../../kerastune_lite_tensorboard/static/", import.meta.url), held = null } = {}) {
  const studies = new Map(names.map((name) => [name, { whole: STUDIES[name](), version: 1, changes: [] }]));
  const state = { broken: false, requests: [], studies, held };
  const server = createServer((request, response) => {
    const url = new URL(request.url, "http://localhost");
    const path = url.pathname.replace(/^\/prefix\//, "");
    state.requests.push(request.url);
    const send = (text, type, code = 200) => {
      const headers = { "Content-Type": type, "Content-Encoding": "gzip", "Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff" };
      if (type.startsWith("text/html")) headers["Content-Security-Policy"] = POLICY;
      response.writeHead(code, headers);
      response.end(gzipSync(text, { level: 3 }));
    };
    const json = (value) => send(JSON.stringify(value), "application/json");
    if (url.pathname === "/favicon.ico") return response.writeHead(204).end();
    if (path === "") return send(HOST, "text/html; charset=utf-8");
    if (path === "data/plugin_entry.html") return send(ENTRY, "text/html; charset=utf-8");
    const [, module] = /^data\/plugin\/kerastune_lite\/(\w+\.js)$/.exec(path) ?? [];
    if (module === "charts.js" && state.held !== null) return void state.held.then((code) => send(code === 200 ? readFileSync(new URL(module, built)) : "", "application/javascript; charset=utf-8", code));
    if (module !== undefined) return send(readFileSync(new URL(module, built)), "application/javascript; charset=utf-8");
    if (state.broken) return send("{}", "application/json", 500);
    if (path === "data/plugin/kerastune_lite/studies") {
      return json({ studies: [...studies].map(([run, { whole }]) => ({ run, name: whole.study.name, updated: whole.study.updated, trials: whole.trials.length, state: whole.study.state })) });
    }
    const newest = [...studies].sort(([, a], [, b]) => b.whole.study.updated - a.whole.study.updated)[0]?.[0];
    const run = url.searchParams.get("run") ?? newest;
    const found = studies.get(run);
    if (run === undefined) return json(null);
    if (path !== "data/plugin/kerastune_lite/study" || found === undefined) return send("{}", "application/json", 404);
    const since = Number(url.searchParams.get("since") ?? 0);
    if (since < 1) return json({ ...found.whole, run, token: String(found.version) });
    const changes = found.changes.filter((change) => change.version > since);
    return json({
      run, token: String(found.version), full: false, removed: [], analysis: null,
      study: changes.length > 0 ? found.whole.study : null, trials: changes.flatMap((change) => change.trials),
    });
  });
  await new Promise((done) => server.listen(0, "127.0.0.1", done));
  const root = `http://127.0.0.1:${server.address().port}/prefix/`;
  const change = (name, trials, study = {}) => {
    const found = studies.get(name);
    found.version++;
    found.changes.push({ version: found.version, trials });
    Object.assign(found.whole.study, study);
    for (const trial of trials) found.whole.trials = [...found.whole.trials.filter((other) => other.number !== trial.number), trial];
  };
  return { root, state, change, close: () => server.close() };
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { root } = await serve(process.argv.length > 2 ? process.argv.slice(2) : Object.keys(STUDIES));
  console.log(root);
}
