import assert from "node:assert/strict";
import { test } from "node:test";
import { DEFAULT, INITIAL, stateIn, withState, type ViewState } from "../src/view_state";

const CHOSEN: ViewState = {
  study: "a&b=c/d", filter: "lr<0.01 #1 100% é", hidden: ["failed"], sort: "-hp:lr", page: 3, rows: 25, axes: ["hp:lr"],
  brush: [{ axis: "hp:lr", ranges: [[0.001, Infinity]], categories: ["a,b"], na: true }], picked: [DEFAULT, 7],
  importance: "top_quarter", slice: "units", contour: ["a", "b"], curves: "all", others: ["x/y"],
};

test("a state goes into the hash and comes back", () => assert.deepEqual(stateIn(withState("", CHOSEN)), CHOSEN));
test("a state that nobody changed leaves no trace", () => assert.equal(withState("#kerastune_lite", INITIAL), "#kerastune_lite"));
test("TensorBoard's own parts of the hash stay", () => {
  const hash = withState("#kerastune_lite&tagFilter=x", CHOSEN);
  assert.ok(hash.startsWith("#kerastune_lite&tagFilter=x&p.kerastune_lite."));
  assert.equal(withState(hash, INITIAL), "#kerastune_lite&tagFilter=x");
});
test("each part is one key and one value, as TensorBoard reads them", () => {
  for (const part of withState("#kerastune_lite", CHOSEN).slice(1).split("&").slice(1)) assert.equal(part.split("=").length, 2);
});
test("what is malformed is ignored", () => {
  const parts = ["brush=%7B", "page=-1", "rows=7", "trials=%5B%22x%22%2C2%2C3%2C4%5D", "curves=odd", "axes=3", "filter=%E0%A4%A", "contour=%5B%22a%22%5D", "study"];
  const state = stateIn(`#kerastune_lite&${parts.map((part) => `p.kerastune_lite.${part}`).join("&")}`);
  assert.deepEqual(state, { ...INITIAL, picked: [2, 3] });
});
test("clauses of a hash are checked", () => {
  const brush = encodeURIComponent(JSON.stringify([null, 3, { axis: 1 }, { axis: "score", ranges: [[1], ["inf", 2], [0, "inf"]], categories: [1, "a"] }]));
  assert.deepEqual(stateIn(`#p.kerastune_lite.brush=${brush}`).brush, [{ axis: "score", ranges: [[Infinity, 2], [0, Infinity]], categories: ["a"], na: false }]);
});
