/** The page by itself: all that it shows stands in the file that it is. */

import { type PackedContent, unpacked } from "./content";
import { Page } from "./page";

const data = document.getElementById("content");
if (data) {
  const page = new Page(document.getElementById("page")!, unpacked(JSON.parse(data.textContent!) as PackedContent));
  Object.assign(globalThis, { chainrule: page });
}
