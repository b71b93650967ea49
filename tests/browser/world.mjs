// What the cases of one file share: a server and a browser, there from its first case to its last.

import { after, before } from "node:test";

import { openBrowser, withPage } from "./browser.mjs";
import { serve } from "./server.mjs";

export function world(serving = {}) {
  const here = {
    // page("/path", {size, scheme}, async (page) => ...): a page of the server.
    page: (path, look, act) =>
      withPage(here.browser, look, async (page, faults) => {
        await page.goto(here.url + path);
        await act(page, faults);
      }),
  };
  before(async () => {
    here.server = await serve(serving);
    here.url = here.server.url;
    here.browser = await openBrowser();
  });
  after(async () => {
    await here.browser?.close();
    await here.server?.stop();
  });
  return here;
}
