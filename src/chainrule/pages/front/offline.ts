/** The page by itself: all that it shows stands in the file that it is. */

import { inConsole } from "./console";
import { type PackedContent, unpacked } from "./content";
import { Page } from "./page";

const data = document.getElementById("content");
if (data) {
  const page = new Page(document.getElementById("page")!, unpacked(JSON.parse(data.textContent!) as PackedContent));
  inConsole(page);
}
