// Runs the unit tests: node:test, on bundles, since Node 20 reads no TypeScript.
import { spawnSync } from "node:child_process";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { build } from "esbuild";

const folder = mkdtempSync(join(tmpdir(), "tuning-tab-tests-"));
const here = new URL("test/", import.meta.url).pathname;
const names = readdirSync(here).filter((name) => name.endsWith(".test.ts"));
try {
  await build({
    entryPoints: names.map((name) => join(here, name)), outdir: folder, outExtension: { ".js": ".mjs" },
    bundle: true, format: "esm", platform: "node", target: "node20", logLevel: "warning",
  });
  const files = names.map((name) => join(folder, name.replace(/\.ts$/, ".mjs")));
  process.exitCode = spawnSync(process.execPath, ["--test", ...files], { stdio: "inherit", env: { ...process.env, ROOT: new URL("..", import.meta.url).pathname } }).status ?? 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
