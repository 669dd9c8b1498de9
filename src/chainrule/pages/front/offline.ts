/** The page by itself: all that it shows stands in the file that it is. */

import type { Content } from "./content";
import { Page } from "./page";

const data = document.getElementById("content");
if (data) {
  const page = new Page(document.getElementById("page")!, JSON.parse(data.textContent!) as Content);
  Object.assign(globalThis, { chainrule: page });
}
