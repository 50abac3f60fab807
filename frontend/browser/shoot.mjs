// Pictures of the page: node browser/shoot.mjs FOLDER NAME...
import { openPage } from "./page.mjs";
import { serve } from "./server.mjs";

const [folder, ...names] = process.argv.slice(2);
for (const name of names) {
  const server = await serve([name]);
  for (const dark of [false, true]) {
    const page = await openPage(server.root, { dark });
    const began = Date.now();
    await page.ready();
    console.log(name, dark ? "dark" : "light", Date.now() - began, "ms", page.errors);
    await page.picture(`${folder}/${name}_${dark ? "dark" : "light"}.png`);
    await page.close();
  }
  server.close();
}
