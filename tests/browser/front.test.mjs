import assert from "node:assert/strict";
import { test } from "node:test";

import { checkSoundness, desktop, phone } from "./browser.mjs";
import { world } from "./world.mjs";

const here = world({ options: [] });

for (const scheme of ["light", "dark"]) {
  for (const [name, size] of Object.entries({ desktop, phone })) {
    test(`the front page is sound, ${name}, ${scheme}`, () =>
      here.page("/", { size, scheme }, async (page) => {
        assert.match(await page.title(), /Gatehouse/);
        await checkSoundness(page);
      }));
  }
}
