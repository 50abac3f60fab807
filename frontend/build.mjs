// Builds the page; with --check, says whether the built page is that of the sources.
import { build } from "esbuild";
import { readFileSync, writeFileSync } from "node:fs";
import { gzipSync } from "node:zlib";

const TARGET = new URL("../kerastune_lite_tensorboard/static/", import.meta.url);
const LARGEST = 300 * 1024;

const result = await build({
  entryPoints: [new URL("src/index.ts", import.meta.url).pathname],
  absWorkingDir: new URL(".", import.meta.url).pathname,
  bundle: true,
  format: "esm",
  target: "es2022",
  minify: true,
  charset: "utf8",
  loader: { ".css": "text" },
  define: { "process.env.NODE_ENV": '"production"' },
  legalComments: "none",
  banner: { js: "/* The Tuning tab. Contains Apache ECharts, zrender and tslib: see LICENSES.txt. */" },
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
  "index.js": result.outputFiles[0].text,
  "LICENSES.txt": licences.map(([name, path]) => `${rule}\n${name}\n${rule}\n${read(path)}\n`).join("\n"),
};
const size = gzipSync(files["index.js"]).length;
console.log(`index.js: ${(files["index.js"].length / 1024).toFixed(0)} KB, ${(size / 1024).toFixed(0)} KB gzipped`);
if (size > LARGEST) throw new Error(`the page must stay below ${LARGEST / 1024} KB gzipped`);
for (const [name, text] of Object.entries(files)) {
  const path = new URL(name, TARGET);
  if (process.argv.includes("--check")) {
    if (readFileSync(path, "utf8") !== text) throw new Error(`${name} is not what the sources build: run "npm run build"`);
  } else {
    writeFileSync(path, text);
  }
}
