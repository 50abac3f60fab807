/** The library of charts, once it is there. */
export type Library = typeof import("../charts");

let library: Library | null = null;
let arrived: Promise<void> = new Promise(() => undefined);

export function takeCharts(charts: Promise<Library>): void {
  arrived = charts.then((found) => {
    library = found;
  });
  arrived.catch(() => undefined); // the views that wait for it say so
}

/** The library; null while it is being loaded. */
export const chartLibrary = (): Library | null => library;

/** Resolves once the library is there; rejects if it cannot be loaded. */
export const chartsArrived = (): Promise<void> => arrived;
