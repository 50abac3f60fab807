// Builds the page; with --check, says whether the built page is that of the sources.
import { build } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";
import { basename } from "node:path";
import { gzipSync } from "node:zlib";

const TARGET = new URL("../kerastune_lite_tensorboard/static/", import.meta.url);
const LARGEST = 300 * 1024;

// One module each: what TensorBoard imports, the page, and the library of charts. They are imported by these names.
const MODULES = ["index", "page", "charts"];

const result = await build({
  entryPoints: MODULES.map((name) => new URL(`src/${name}.ts`, import.meta.url).pathname),
  outdir: TARGET.pathname,
  external: MODULES.map((name) => `./${name}.js`),
  absWorkingDir: new URL(".", import.meta.url).pathname,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "utf8",
  loader: { ".css": "text" },
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "none",
  banner: { js: "/* The Tuning tab. charts.js contains Apache ECharts, zrender and tslib: see LICENSES.txt. */" },
  write: false,
});
const read = (path) => readFileSync(new URL(path, import.meta.url), "utf8").replaceAll("\r\n", "\n").trim();
const licences = [
  ["Apache ECharts", "node_modules/echarts/LICENSE"],
  ["Apache ECharts: NOTICE", "node_modules/echarts/NOTICE"],
  ["d3, of which Apache ECharts holds parts", "node_modules/echarts/licenses/LICENSE-d3"],
  ["zrender", "node_modules/zrender/LICENSE"],
  ["tslib", "node_modules/tslib/LICENSE.txt"],
];
const rule = "=".repeat(80);
const files = {
  ...Object.fromEntries(result.outputFiles.map(({ path, text }) => [basename(path), text])),
  "LICENSES.txt": licences.map(([name, path]) => `${rule}\n${name}\n${rule}\n${read(path)}\n`).join("\n"),
};
let size = 0;
for (const [name, text] of Object.entries(files).filter(([name]) => name.endsWith(".js"))) {
  const zipped = gzipSync(text).length;
  console.log(`${name}: ${(text.length / 1024).toFixed(0)} KB, ${(zipped / 1024).toFixed(0)} KB gzipped`);
  size += zipped;
}
if (size > LARGEST) throw new Error(`the page must stay below ${LARGEST / 1024} KB gzipped`);
for (const [name, text] of Object.entries(files)) {
  const path = new URL(name, TARGET);
  if (process.argv.includes("--check")) {
    if (readFileSync(path, "utf8") !== text) throw new Error(`${name} is not what the sources build: run "npm run build"`);
  } else {
    writeFileSync(path, text);
  }
}
