/** Questions to the plugin, at addresses relative to the page: TensorBoard may lie below a path. */
export async function getJson<T>(path: string): Promise<T> {
  const response = await fetch(new URL(path, document.baseURI), { headers: { Accept: "application/json" }, credentials: "same-origin" });
  if (!response.ok) throw new Error(`HTTP ${response.status}`);
  return (await response.json()) as T;
}
